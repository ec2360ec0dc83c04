"""What differs between Azure and the set-up, and the requests that remove the difference, one after another.

Planning and making are the same walk, so that they cannot disagree: a plan leaves the requests out. Nothing is ever
deleted. Federated credentials of one identity are written one by one, because Azure refuses them side by side.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from modelops.errors import ReleaseError, UsageError
from prerequisites.access import items, trusts
from prerequisites.access.grants import Grant, all_grants
from prerequisites.access.items import Item
from prerequisites.access.resource_manager import ResourceManager
from prerequisites.access.setup import READER, Setup
from prerequisites.checks.subscription import NAMESPACES, REGISTERED

Action = Literal["create", "update", "unchanged", "not in the set-up"]
_MOST_CREDENTIALS: Final = 20
"""Of one identity (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations)."""
_SUBSCRIPTION_VERSION: Final = "2022-12-01"
_FORBIDDEN: Final = 403


@dataclass(frozen=True)
class Change:
    """One line of the plan: `where` is an ARM id; `differs` names what an update corrects."""

    action: Action
    kind: str
    name: str
    where: str
    differs: tuple[str, ...] = ()

    @property
    def is_made(self) -> bool:
        """Whether something is sent to Azure for it."""
        return self.action in ("create", "update")


@dataclass
class Known:
    """What Azure gave names: the tenant, and each identity's principal id and client id by its key."""

    tenant_id: str = ""
    identities: dict[str, Mapping[str, str]] = field(default_factory=dict)


class Walk:
    """One walk over everything that is made.

    Iterating yields the changes, each after it was made if `makes`; afterwards, `known` has the ids that Azure gave.

    Raises:
        ReleaseError: Azure refused something or did not answer; what was yielded before is done.
        UsageError: the subscription does not exist, or an identity would have too many credentials.
    """

    def __init__(self, setup: Setup, azure: ResourceManager, *, makes: bool) -> None:
        self._setup, self._azure, self._makes = setup, azure, makes
        self.known = Known()

    @property
    def subscription(self) -> str:
        """Where everything is made."""
        return self._setup.subscription

    def __iter__(self) -> Iterator[Change]:
        setup = self._setup
        self.known.tenant_id = self._tenant()
        for namespace in NAMESPACES:
            yield self._provider(namespace)
        for each in (*items.groups(setup), *items.state(setup), *items.secrets(setup, self.known.tenant_id)):
            yield self._change(each)
        for key in (READER, *setup.environments):
            yield self._identity(key)
            yield from self._credentials(key)
        for each in items.custom_roles(setup):
            yield self._role(each)
        for grant in all_grants(setup):
            yield self._grant(grant)

    def _tenant(self) -> str:
        found = self._azure.read(self._setup.scope, _SUBSCRIPTION_VERSION)
        if found is None:
            raise UsageError(
                f"subscription {self._setup.subscription} does not exist, or this login may not see it: nothing was "
                "made. `az account list --query [].id` prints those that it sees."
            )
        return str(found["tenantId"])

    def _provider(self, namespace: str) -> Change:
        """Register a resource provider: a deployer's roles end at its resource group, so it cannot."""
        path = f"{self._setup.scope}/providers/{namespace}"
        live = self._azure.read(path, items.GROUP_VERSION)
        if live is not None and live["registrationState"] in REGISTERED:
            return Change("unchanged", "resource provider", namespace, path)
        if self._makes:
            self._azure.write("POST", f"{path}/register", items.GROUP_VERSION, {})
        return Change("update", "resource provider", namespace, path, ("registrationState",))

    def _change(self, item: Item, told: str = "") -> Change:
        """Compare an item with Azure, and correct it."""
        live = self._azure.read(item.id, item.version)
        name = told or item.name
        if live is None and not item.is_inborn:
            if self._makes:
                self._azure.write("PUT", item.id, item.version, item.create)
            return Change("create", item.kind, name, item.id)
        differs = tuple(items.differences(item.keep, live or {}, is_exact=item.is_exact))
        if not differs:
            return Change("unchanged", item.kind, name, item.id)
        if self._makes:
            self._azure.write(item.method, item.id, item.version, items.correction(item, live))
        return Change("update", item.kind, name, item.id, differs)

    def _identity(self, key: str) -> Change:
        item = items.identity(self._setup, key)
        change = self._change(item)
        if (live := self._azure.read(item.id, item.version)) is not None:
            self.known.identities[key] = live["properties"]
        return change

    def _credentials(self, key: str) -> Iterator[Change]:
        """Compare the trusts of an identity; one by another name is the same trust, and Azure has it only once."""
        identity = items.identity_id(self._setup, key)
        wanted = trusts.reader(self._setup) if key == READER else trusts.deployer(self._setup, key)
        there = self._azure.read_all(f"{identity}/federatedIdentityCredentials", items.IDENTITY_VERSION)
        live = {(each["properties"]["issuer"], each["properties"]["subject"]): each for each in there}
        names = {str(each["name"]).lower() for each in there} | {name.lower() for name in wanted}
        if len(names) > _MOST_CREDENTIALS:
            raise UsageError(
                f"identity {identity} would have {len(names)} federated credentials, and Azure allows "
                f"{_MOST_CREDENTIALS}: nothing was added to it. `az identity federated-credential list --ids "
                f"{identity}` shows them."
            )
        kept: set[str] = set()
        for name, trust in wanted.items():
            same = live.get((trust.issuer, trust.subject))
            item = items.credential(identity, str(same["name"]) if same else name, trust)
            kept.add(item.name.lower())
            yield self._change(item, told=trust.subject)
        for each in there:
            if str(each["name"]).lower() not in kept:
                subject = str(each["properties"]["subject"])
                yield Change("not in the set-up", "federated credential", subject, str(each["id"]))

    def _role(self, item: Item) -> Change:
        """Compare a custom role. A PUT replaces its scopes, so those of other subscriptions are sent again."""
        live = self._azure.read(item.id, item.version)
        if live is None:
            return self._change(item)
        scopes = [*live["properties"].get("assignableScopes", ())]
        ours = [
            each for each in item.create["properties"]["assignableScopes"] if each.lower() not in map(str.lower, scopes)
        ]
        properties = {**item.create["properties"], "assignableScopes": [*scopes, *ours]}
        body = {"properties": properties}
        return self._change(Item(item.kind, item.id, item.version, body, body), told=str(properties["roleName"]))

    def _grant(self, grant: Grant) -> Change:
        """Compare a grant; one by another name is the same, and Azure has it only once."""
        who = "the reader" if grant.identity == READER else f"the deployer of {grant.identity}"
        told = f"{grant.role.name} of {who}"
        known = self.known.identities.get(grant.identity)
        if known is None:
            return Change("create", "role assignment", told, grant.scope)
        principal = known["principalId"]
        body = grant.body(principal, self._setup.subscription)
        there = self._azure.read_all(
            f"{grant.scope}/providers/Microsoft.Authorization/roleAssignments",
            items.ROLE_VERSION,
            **{"$filter": f"principalId eq '{principal}'"},
        )
        same = next((each for each in there if _is_same(each, grant)), None)
        path = str(same["id"]) if same else grant.assignment_id(principal)
        # Azure may spell the role's id without the subscription; the role itself was compared above.
        keep = {"properties": {key: each for key, each in body["properties"].items() if key.startswith("condition")}}
        made = self._change(Item("role assignment", path, items.ROLE_VERSION, body, keep), told=told)
        return Change(made.action, made.kind, made.name, grant.scope, made.differs)


def _is_same(assignment: Mapping[str, Any], grant: Grant) -> bool:
    properties = assignment["properties"]
    return (
        str(properties["scope"]).lower() == grant.scope.lower()
        and str(properties["roleDefinitionId"]).lower().rpartition("/")[2] == grant.role.id
    )


def made(walk: Walk, tell: Callable[[Change], None]) -> list[Change]:
    """Make everything and return the changes; `tell` is called after each.

    Raises:
        ReleaseError: with what was done before, and how to go on.
    """
    done: list[Change] = []
    try:
        for change in walk:
            done.append(change)
            tell(change)
    except ReleaseError as error:
        count = sum(each.is_made for each in done)
        owner = (
            f"\nThe administrator needs the role Owner on subscription {walk.subscription}, or Contributor and User "
            "Access Administrator."
            if getattr(error.__cause__, "status_code", None) == _FORBIDDEN
            else ""
        )
        raise ReleaseError(
            f"{error}{owner}\nMade before that: {count}, which stay. Run apply again: it makes only what is missing."
        ) from None
    return done
