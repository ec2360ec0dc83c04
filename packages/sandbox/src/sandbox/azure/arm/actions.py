"""The permission for a route: the action that ARM derives from method and resource type, and its scope.

Rule: https://learn.microsoft.com/azure/role-based-access-control/role-definitions#actions. ``read`` for GET and HEAD,
``write`` for PUT and PATCH, ``delete`` for DELETE, and ``<name>/action`` for ``POST .../<name>``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import Principal

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_PLACEHOLDER = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True, slots=True)
class Need:
    """An action and its scope, a path template with the placeholders of its route."""

    action: str
    scope: str

    def scope_for(self, params: Mapping[str, str]) -> str:
        """Return the scope's id, in the caller's case."""
        return _PLACEHOLDER.sub(lambda match: params.get(match[1], "").strip("/"), self.scope)


def derived(method: str, template: str) -> Need:
    """Return the permission that ARM requires for ``method template``.

    A list needs it on the resources' parent: the parent resource, or the scope before ``/providers/``.
    """
    above, separator, below = template.rpartition("/providers/")
    if not separator:
        # The subscription and its resource groups, which belong to Microsoft.Resources.
        types = [part for part in template.strip("/").split("/") if not part.startswith("{")]
        return _need("Microsoft.Resources", types, method, template, is_list=not template.endswith("}"))
    namespace, *parts = below.split("/")
    types = parts[::2]
    # type/name pairs; one more segment is a collection, or what a POST does.
    is_list = len(parts) % 2 == 1
    if is_list and len(types) == 1 and method != "POST":
        return Need(f"{namespace}/{types[0]}/{_VERBS[method]}", above)
    return _need(namespace, types, method, template, is_list=is_list)


def _need(namespace: str, types: list[str], method: str, template: str, *, is_list: bool) -> Need:
    scope = template.rpartition("/")[0] if is_list else template
    verb = "action" if method == "POST" else _VERBS[method]
    return Need("/".join((namespace, *types, verb)), scope)


def refusal(principal: Principal, action: str, scope: str) -> ArmError:
    """403 with ARM's text (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting)."""
    return _refused(principal, "does not have authorization", action, scope)


def condition_refusal(principal: Principal, action: str, scope: str) -> ArmError:
    """403 for a caller whose role would allow it, but not its condition (text: public reports of this error)."""
    return _refused(principal, "has an authorization with ABAC condition that is not fulfilled", action, scope)


def _refused(principal: Principal, why: str, action: str, scope: str) -> ArmError:
    return ArmError(
        403,
        "AuthorizationFailed",
        f"The client '{principal.client_id}' with object id '{principal.object_id}' {why} to perform action '{action}'"
        f" over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your"
        " credentials.",
    )


def linked_refusal(principal: Principal, doing: Need, action: str, linked: str) -> ArmError:
    """403 for a request that names another resource which the caller may not use; ``doing.scope`` is an id here."""
    return ArmError(
        403,
        "LinkedAuthorizationFailed",
        f"The client '{principal.client_id}' with object id '{principal.object_id}' has permission to perform action"
        f" '{doing.action}' on scope '{doing.scope}'; however, it does not have permission to perform action(s)"
        f" '{action}' on the linked scope(s) '{linked}' (respectively) or the linked scope(s) are invalid.",
    )
