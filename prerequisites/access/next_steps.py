"""What is left for the administrator and for the team's repository: variables, environments, stacks."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Final

from components import roles
from prerequisites.access.changes import Known
from prerequisites.access.grants import KEY_USER
from prerequisites.access.items import CONTAINER, KEY
from prerequisites.access.setup import READER, Setup

UNKNOWN: Final = "known after apply"


def variables(setup: Setup, known: Known) -> Mapping[str, Mapping[str, str]]:
    """Return GitHub's variables by environment; "" has those of the repository, which an environment's go before.

    None of them is a secret: a client id is of no use without a token that the identity trusts.
    """
    clients = {key: each["clientId"] for key, each in known.identities.items()}
    shared = {
        "AZURE_TENANT_ID": known.tenant_id,
        "AZURE_SUBSCRIPTION_ID": setup.subscription,
        "AZURE_CLIENT_ID": clients.get(READER, UNKNOWN),
        "PULUMI_BACKEND_URL": f"azblob://{CONTAINER}?storage_account={setup.account}",
    }
    own = {each: {"AZURE_CLIENT_ID": clients.get(each, UNKNOWN)} for each in setup.environments}
    return {"": shared, **own}


def secrets_provider(setup: Setup) -> str:
    """Return the address of the key that encrypts the secrets in the state, as Pulumi writes it."""
    return f"azurekeyvault://{setup.vault}.vault.azure.net/keys/{KEY}"


def commands(setup: Setup, known: Known) -> Iterator[str]:
    """Yield what to run next, headings among the commands; they can be pasted."""
    if setup.repository:
        yield f"GitHub (without the rule for {setup.branch}, everybody who may push a branch could deploy):"
        for each in setup.environments:
            yield from _environment(setup, each)
        for environment, values in variables(setup, known).items():
            place = f"--repo {setup.repository}" + (f" --env {environment}" if environment else "")
            for name, value in values.items():
                yield f"  gh variable set {name} {place} --body {shlex.quote(value)}"
        last = setup.environments[-1]
        yield f"Then ask for an approval of deployments to {last}: Settings, Environments, {last}, Required reviewers."
    for each in setup.connections:
        client = known.identities.get(each, {}).get("clientId", UNKNOWN)
        yield f"Azure DevOps, service connection of {each}: client id {client}, tenant {known.tenant_id}"
    yield f"Stacks (once for each, by somebody with {roles.BLOB_CONTRIBUTOR.name} and {KEY_USER.name} there):"
    yield f"  pulumi login {shlex.quote(variables(setup, known)['']['PULUMI_BACKEND_URL'])}"
    for each in setup.environments:
        yield f"  pulumi stack init {each} --secrets-provider {secrets_provider(setup)}"
    for each in setup.environments:
        principal = known.identities.get(each, {}).get("principalId", UNKNOWN)
        yield f"In Pulumi.{each}.yaml, below config:"
        yield f"  resourceGroup: {setup.group(each).rpartition('/')[2]}"
        yield f"  deployer: {{principalId: {principal}, principalType: ServicePrincipal}}"


def _environment(setup: Setup, environment: str) -> Iterator[str]:
    """Yield what makes a GitHub environment, and lets only jobs of the branch use it.

    Both requests: https://docs.github.com/rest/deployments/environments and .../branch-policies. A PUT without rules
    would let every branch deploy.
    """
    path = f"repos/{setup.repository}/environments/{environment}"
    policy = {"protected_branches": "false", "custom_branch_policies": "true"}
    fields = [f"deployment_branch_policy[{name}]={value}" for name, value in policy.items()]
    yield f"  gh api --method PUT {path} " + " ".join(f"-F {shlex.quote(each)}" for each in fields)
    yield f"  gh api --method POST {path}/deployment-branch-policies -f {shlex.quote(f'name={setup.branch}')}"
