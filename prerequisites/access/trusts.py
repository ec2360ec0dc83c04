"""Whose tokens the identities sign in with: the subjects of GitHub's jobs and of Azure DevOps' service connections.

A subject is compared exactly, upper and lower case too, and there are no wildcards:
https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations.
"""

from collections.abc import Mapping
from typing import Final

from prerequisites.access.setup import READER, Setup, Trust

GITHUB: Final = "https://token.actions.githubusercontent.com"
"""The issuer of GitHub's tokens (https://docs.github.com/actions/reference/security/oidc)."""

AUDIENCE: Final = "api://AzureADTokenExchange"
"""The only audience that Azure takes."""


def reader(setup: Setup) -> Mapping[str, Trust]:
    """Return the trusts of the identity that only reads, by the name of the credential.

    A job for a pull request has the same subject whatever its branch; one from a fork gets no token at all. The drift
    check uses no environment, so that it waits for no approval: its subject is the default branch.
    """
    found: dict[str, Trust] = {}
    if setup.repository:
        found["github-pull-request"] = Trust(GITHUB, f"{_repository(setup)}:pull_request")
        found["github-drift"] = Trust(GITHUB, f"{_repository(setup)}:ref:refs/heads/{setup.branch}")
    return found | _connection(setup, READER)


def deployer(setup: Setup, environment: str) -> Mapping[str, Trust]:
    """Return the trusts of the identity that deploys an environment: jobs that name it, and so passed its rules."""
    found: dict[str, Trust] = {}
    if setup.repository:
        found["github-environment"] = Trust(GITHUB, f"{_repository(setup)}:environment:{environment}")
    return found | _connection(setup, environment)


def _repository(setup: Setup) -> str:
    """Return how subjects of a repository begin.

    Repositories that were made, renamed or moved since 15 July 2026 have the numbers of owner and repository in it:
    https://learn.microsoft.com/entra/workload-id/workload-identities-github-immutable-subjects.
    """
    if not setup.repository_id:
        return f"repo:{setup.repository}"
    owner, _, name = setup.repository.partition("/")
    return f"repo:{owner}@{setup.owner_id}/{name}@{setup.repository_id}"


def _connection(setup: Setup, key: str) -> dict[str, Trust]:
    """Return the trust of a service connection, whose page shows its issuer and subject.

    Both name the organisation by numbers that only Azure DevOps knows, so they are not put together here:
    https://learn.microsoft.com/azure/devops/pipelines/release/configure-workload-identity.
    """
    found = setup.connections.get(key)
    return {"azure-devops": found} if found else {}
