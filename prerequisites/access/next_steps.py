"""What is left for the administrator and for the team's repository: variables, environments, stacks."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Final

from prerequisites.access.changes import Known
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
        yield "GitHub (a job that names an environment that does not exist makes it, without protection):"
        for each in setup.environments:
            yield f"  gh api --method PUT repos/{setup.repository}/environments/{each}"
        for environment, values in variables(setup, known).items():
            place = f"--repo {setup.repository}" + (f" --env {environment}" if environment else "")
            for name, value in values.items():
                yield f"  gh variable set {name} {place} --body {shlex.quote(value)}"
        last = setup.environments[-1]
        yield f"Then ask for an approval of deployments to {last}: Settings, Environments, {last}, Required reviewers."
    for each in setup.connections:
        client = known.identities.get(each, {}).get("clientId", UNKNOWN)
        yield f"Azure DevOps, service connection of {each}: client id {client}, tenant {known.tenant_id}"
    yield "Stacks (once for each, by somebody with Storage Blob Data Contributor and Key Vault Crypto User there):"
    yield f"  pulumi login {shlex.quote(variables(setup, known)['']['PULUMI_BACKEND_URL'])}"
    for each in setup.environments:
        principal = known.identities.get(each, {}).get("principalId", UNKNOWN)
        yield f"  pulumi stack init {each} --secrets-provider {secrets_provider(setup)}"
        yield f"In Pulumi.{each}.yaml, below config:"
        yield f"  resourceGroup: {setup.group(each).rpartition('/')[2]}"
        yield f"  deployer: {{principalId: {principal}, principalType: ServicePrincipal}}"
