"""Waits for new roles to take effect, and names the missing one if it does not.

A role assignment takes effect in Azure after seconds or up to ten minutes, and Azure does not say when
(https://learn.microsoft.com/azure/role-based-access-control/troubleshooting). The program grants the deployer access to
the workspace's storage in the same `pulumi up` that uploads the model, so a first refusal is normal. Every step of a
release can be repeated, so this repeats the step.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

import jwt

from modelops.errors import ReleaseError
from modelops.release.context import Context

PAUSE_SECONDS: Final = 10.0

_FORBIDDEN: Final = 403
_BLOB_CODE: Final = "AuthorizationPermissionMismatch"
_BLOB_ROLE: Final = "Storage Blob Data Contributor"  # an upload needs to read and write
_ARM_CODE: Final = "AuthorizationFailed"
_ARM_ROLE: Final = "Contributor"
_REGISTRIES: Final = "Microsoft.MachineLearningServices/registries/"
_REGISTRY_ROLE: Final = "AzureML Registry User"
_ARM_TEXT: Final = re.compile(r"perform action '(?P<action>[^']+)' over scope '(?P<scope>[^']+)'")

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Lack:
    """The missing role, its scope and principal, as far as Azure's answer shows."""

    role: str
    scope: str
    principal: str
    action: str | None = None
    """Only ARM names the action; storage does not."""

    def grant(self, scope: str) -> str:
        """Say how somebody grants the role; `scope` is the ARM id of the lack's own."""
        return (
            "Somebody who can grant roles there can run:\n"
            f'  az role assignment create --assignee {self.principal} --role "{self.role}" --scope {scope}'
        )


def lack_of(error: BaseException) -> Lack | None:
    """Return the missing role of an error, or None if the error has another cause."""
    refused = next((each for each in _chain(error) if getattr(each, "status_code", None) == _FORBIDDEN), None)
    if refused is None:
        return None
    response = getattr(refused, "response", None)
    request = getattr(response, "request", None)
    principal = _principal(request)
    code = getattr(getattr(refused, "error", None), "code", None)
    # Storage uses a header, because the answer to a HEAD has no body.
    code = code or (getattr(response, "headers", None) or {}).get("x-ms-error-code")
    if code == _BLOB_CODE:
        account = (urlsplit(str(getattr(request, "url", ""))).hostname or "").partition(".")[0]
        return Lack(_BLOB_ROLE, f"storage account {account}", principal)
    found = _ARM_TEXT.search(str(refused))
    if code != _ARM_CODE or found is None:
        return None
    role = _REGISTRY_ROLE if found["action"].startswith(_REGISTRIES) else _ARM_ROLE
    return Lack(role, found["scope"], principal, found["action"])


@dataclass(slots=True)
class Patience:
    """Repeats a release's steps while a role is missing, up to a time limit."""

    context: Context
    waited: float = 0.0
    """Seconds that were waited so far."""

    def branch(self) -> "Patience":
        """Return the patience that is left, for steps that run at the same time as others."""
        return Patience(self.context, self.waited)

    def join(self, branch: "Patience") -> None:
        """Count the longest time that one of the branches has waited."""
        self.waited = max(self.waited, branch.waited)

    def call(self, step: str, do: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return the result of `do`, once it is not refused any more.

        Raises:
            ReleaseError: it failed for another reason, or the time is up; then the text names role, scope and
                principal.
        """
        context = self.context
        while True:
            try:
                return do(*args, **kwargs)
            except ReleaseError as error:
                lack = lack_of(error)
                if lack is None:
                    raise
                if self.waited >= context.patience:
                    raise ReleaseError(self._text(step, lack)) from error
            context.progress(
                step,
                f"waiting for role {lack.role} on {_short(lack.scope)}: a new role can take minutes "
                f"({self.waited:.0f} of {context.patience:.0f} s)",
            )
            context.wait(PAUSE_SECONDS)
            self.waited += PAUSE_SECONDS

    def _text(self, step: str, lack: Lack) -> str:
        scope = self._arm_id(lack.scope)
        needed = f", which allows {lack.action}" if lack.action else ""
        return (
            f"step '{step}' failed: {lack.principal} is missing the role {lack.role}{needed}, on {scope}. "
            f"It was still missing after {self.waited:.0f} s. {lack.grant(scope)}"
        )

    def _arm_id(self, scope: str) -> str:
        """Turn the name of the workspace's storage account into its ARM id, if Azure can be asked."""
        if scope.startswith("/"):
            return scope
        workspace = self.context.workspace
        try:
            found = workspace.ml.workspaces.get(workspace.name)
        except Exception:  # noqa: BLE001 - the message is about another failure and does not need it
            return scope
        account = str(found.storage_account) if found else ""
        return account if account.rpartition("/")[2] == scope.rpartition(" ")[2] else scope


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _principal(request: Any) -> str:
    """Return the object id in a request's token, for a role assignment."""
    authorization = (getattr(request, "headers", None) or {}).get("Authorization", "")
    try:
        # Azure has checked the signature, and the id is only for a message.
        claims = jwt.decode(authorization.removeprefix("Bearer "), options={"verify_signature": False})
        return str(claims["oid"])
    except (jwt.InvalidTokenError, KeyError):
        return "the deploying principal"


def _short(scope: str) -> str:
    return scope if not scope.startswith("/") else "/".join(scope.rsplit("/", 2)[1:])
