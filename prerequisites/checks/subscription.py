"""The subscription: that the login sees it, that it may be written to, and that its resource providers are registered.

The provider registers none (https://github.com/pulumi/pulumi-azure-native/issues/3479).
"""

from collections.abc import Iterator
from typing import Final

from components.preflight import arm
from prerequisites.checks.around import Azure
from prerequisites.checks.finding import Finding, not_checked

SUBJECT: Final = "subscription"
PROVIDERS: Final = "resource providers"

NAMESPACES: Final = (
    "Microsoft.MachineLearningServices",
    "Microsoft.Storage",
    "Microsoft.KeyVault",
    "Microsoft.ContainerRegistry",
    "Microsoft.Insights",
    "Microsoft.OperationalInsights",
    "Microsoft.ManagedIdentity",
    "Microsoft.Logic",
)
"""The resource providers of what a stack creates."""
REGISTERED: Final = frozenset({"Registered", "Registering"})
"""The states of one that can be used."""
_OF_TRIGGERS: Final = "Microsoft.Logic"

_SUBSCRIPTIONS: Final = "2022-12-01"
_RESOURCES: Final = "2021-04-01"
"""The api-versions of subscriptions, and of their resource providers."""

_WRITABLE: Final = ("Enabled", "PastDue")
"""https://learn.microsoft.com/azure/cost-management-billing/manage/subscription-states: the others are read-only."""

_SELECTING: Final = ("az account set --subscription ID", "in a pipeline: set ARM_SUBSCRIPTION_ID")
_SHOWN: Final = 5


def not_named() -> Finding:
    """Return the problem of a login without a subscription."""
    return Finding(
        SUBJECT,
        "nothing says which subscription to deploy to.",
        _SELECTING,
    )


def state(azure: Azure) -> str:
    """Return the subscription's state, such as `Enabled`.

    Raises:
        arm.Refused: the login cannot read it.
        arm.Unanswered: Azure gave no usable answer.
    """
    try:
        found = azure.arm.read(azure.scope, version=_SUBSCRIPTIONS)
    except arm.Refused:
        # A login whose roles are in a resource group finds the subscription in its list, and may not read it.
        listed = azure.arm.read_all("/subscriptions", version=_SUBSCRIPTIONS)
        same = [each for each in listed if str(each.get("subscriptionId")).lower() == azure.subscription.lower()]
        if not same:
            raise
        found = same[0]
    return str(found.get("state", "Enabled"))


def unreadable(azure: Azure, error: arm.Refused) -> Finding:
    """Return the problem of a subscription that the login cannot read."""
    return Finding(
        SUBJECT,
        f"the login ({azure.principal}) cannot read subscription {azure.subscription} (HTTP {error.status}). "
        f"{_seen(azure)}",
        _SELECTING,
    )


def find(azure: Azure, state: str) -> Iterator[Finding]:
    """Yield why nothing can be created in a subscription of this state."""
    if state not in _WRITABLE:
        yield Finding(
            SUBJECT,
            f"subscription {azure.subscription} is {state}: nothing can be created in it. Allowed: an Enabled one.",
            ("az account list --query \"[?state=='Enabled'].{name:name, id:id}\" --output table",),
        )


def providers(azure: Azure, *, has_triggers: bool) -> Iterator[Finding]:
    """Yield the resource providers that the stack needs and that are not registered."""
    states = {}
    for namespace in NAMESPACES:
        if namespace == _OF_TRIGGERS and not has_triggers:
            continue
        try:
            found = azure.arm.read(f"{azure.scope}/providers/{namespace}", version=_RESOURCES)
        except (arm.Refused, arm.Unanswered) as error:
            yield not_checked(PROVIDERS, error)
            return
        states[namespace] = found.get("registrationState", "unknown")
    missing = [name for name, state in states.items() if state not in REGISTERED]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        yield Finding(
            PROVIDERS,
            f"{', '.join(missing)} {verb} not registered in subscription {azure.subscription}.",
            tuple(f"az provider register --namespace {each} --subscription {azure.subscription}" for each in missing),
        )


def _seen(azure: Azure) -> str:
    try:
        found = azure.arm.read_all("/subscriptions", version=_SUBSCRIPTIONS)
    except (arm.Refused, arm.Unanswered):
        return "Which ones it can read is unknown."
    names = [f"{each.get('displayName')} ({each.get('subscriptionId')})" for each in found]
    if not names:
        return "It cannot read any."
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"It can read: {', '.join(names[:_SHOWN])}{more}."
