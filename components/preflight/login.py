"""The deploying identity, as the Azure provider sees it.

Read before the first resource is declared, so that a missing login gives one clear message and creates nothing.
"""

from dataclasses import dataclass
from typing import TypedDict

from pulumi_azure_native import authorization

from components.preflight import ending
from modelops import network

_SHOWN = 300
"""Characters of the provider's message to show; the whole message can fill a screen."""


class SubscriptionArgs(TypedDict):
    """Where a deployment goes, as arguments of a component."""

    subscription_id: str
    """The Azure subscription."""

    tenant_id: str
    """The Entra tenant of the subscription."""


@dataclass(frozen=True)
class Login:
    """The deploying identity.

    Attributes:
        subscription_id: The Azure subscription of the deployment.
        tenant_id: The Entra tenant of the subscription.
        object_id: Object id of the user or service principal.
    """

    subscription_id: str
    tenant_id: str
    object_id: str

    @property
    def place(self) -> SubscriptionArgs:
        """Where it deploys to, as arguments of a component."""
        return {"subscription_id": self.subscription_id, "tenant_id": self.tenant_id}


def current() -> Login:
    """Ask the provider for the signed-in identity.

    Raises: pulumi.RunError: There is no login, it has no subscription, or Azure was not reached.
    """
    try:
        client = authorization.get_client_config()
    except Exception as error:  # noqa: BLE001 - the SDK raises the bare class
        raise ending.because(_missing(str(error))) from None
    if not client.subscription_id or not client.object_id:
        raise ending.because(_missing("the login does not name a subscription or a principal"))
    return Login(client.subscription_id, client.tenant_id, client.object_id)


def _missing(reason: str) -> str:
    # The engine wraps the provider's text twice.
    said = " ".join(reason.rpartition("returned an error: ")[2].split())
    shown = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}..."
    if network.is_about(said):
        return (
            f"Azure was not reached, so nothing was created or changed.\n  {network.advice(said)}\n"
            f"The provider said: {shown}"
        )
    return (
        "No usable Azure login was found, so nothing was created or changed.\n"
        "  A person: az login, then az account set --subscription ID\n"
        "  A pipeline: set ARM_TENANT_ID, ARM_CLIENT_ID, ARM_SUBSCRIPTION_ID, and a secret or ARM_USE_OIDC=true\n"
        "  A rehearsal without Azure: python -m sandbox run -- pulumi up\n"
        f"The provider said: {shown}"
    )
