"""Microsoft.Logic: workflows as declared resources, which never run by themselves."""

from typing import Any

from sandbox.azure.arm.bodies import fill
from sandbox.azure.arm.errors import ArmError
from sandbox.azure.arm.requests import ArmRequest
from sandbox.azure.arm.store import Resource, now_iso
from sandbox.azure.arm.types import WORKFLOW
from sandbox.azure.identities import take_identity
from sandbox.azure.services.declared import Declared, kept
from sandbox.azure.services.resources import GROUP
from sandbox.azure.world import World

_PARTS = ("$schema", "contentVersion", "triggers", "actions")
_FREQUENCIES = ("Second", "Minute", "Hour", "Day", "Week", "Month")


def register(world: World) -> None:
    """Serve workflows."""
    _Workflows(world).register()


class _Workflows(Declared):
    """Workflows of the Consumption plan."""

    type = WORKFLOW
    template = f"{GROUP}/providers/{WORKFLOW}/{{workflow}}"
    name_rule = (r"[\w.()-]{1,43}", "1 to 43 letters, digits, hyphens, underscores, full stops and brackets")

    def fill(self, request: ArmRequest, old: Resource | None, body: dict[str, Any]) -> None:
        properties = body["properties"]
        take_identity(self._world, request, body, old)
        _check(properties.get("definition"))
        fill(properties, {"state": "Enabled", "parameters": {}})
        properties |= {
            "provisioningState": "Succeeded",
            "createdTime": kept(old, "properties", "createdTime", make=now_iso),
            "changedTime": now_iso(),
            "version": kept(None),
            "accessEndpoint": f"https://prod-00.{body['location']}.logic.azure.com/workflows/{kept(None)}",
        }


def _check(definition: Any) -> None:
    """Refuse a definition without its parts, an unknown frequency, and actions that run after unknown ones.

    https://learn.microsoft.com/azure/logic-apps/workflow-definition-language-schema

    Raises:
        ArmError: 400.
    """
    if not isinstance(definition, dict) or any(part not in definition for part in _PARTS):
        raise _invalid(f"it must have {', '.join(_PARTS)}")
    for name, trigger in definition["triggers"].items():
        every = trigger.get("recurrence") or {}
        if trigger.get("type") == "Recurrence" and every.get("frequency") not in _FREQUENCIES:
            raise _invalid(f"the frequency of trigger '{name}' must be one of {', '.join(_FREQUENCIES)}")
    _check_actions(definition["actions"])


def _check_actions(actions: dict[str, Any]) -> None:
    for name, action in actions.items():
        unknown = sorted(set(action.get("runAfter") or ()) - set(actions))
        if "type" not in action or unknown:
            raise _invalid(f"action '{name}' has no type, or runs after unknown ones: {', '.join(unknown) or 'none'}")
        _check_actions(action.get("actions") or {})
        _check_actions((action.get("else") or {}).get("actions") or {})


def _invalid(why: str) -> ArmError:
    return ArmError(400, "InvalidTemplate", f"The template validation failed: {why}.")
