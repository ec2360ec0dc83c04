"""Finds a command's endpoint: in a stack's state, in a file with its outputs, or by names.

It reads a stack's markers, not its outputs: these do not have the plans, and when one release of an `up` fails, the
engine keeps the old outputs of endpoints whose release succeeded (docs/adr/0005).
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from modelops import rehearsal
from modelops.commands.stack_file import StackFile
from modelops.engine.command import answer
from modelops.errors import UsageError
from modelops.plan import documents
from modelops.plan.data_address import Kind
from modelops.plan.plan import ReleasePlan
from modelops.rehearsal import located
from modelops.workspace import Workspace

_MARKER_TYPE: Final = "pulumi:index:Stash"
_ENDPOINT_TYPE: Final = "azure-native:machinelearningservices:BatchEndpoint"
_ENDPOINT_ID: Final = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.MachineLearningServices/workspaces/([^/]+)"
    r"/batchEndpoints/([^/]+)",
    re.IGNORECASE,
)
_STACK_TYPE: Final = "pulumi:pulumi:Stack"
_KINDS: Final[Mapping[type, str]] = {list: "an array", str: "a string", bool: "a boolean"}


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint in one workspace.

    Attributes:
        logical: Name in the stack file.
        subscription_id: Subscription of the workspace.
        resource_group: Resource group of the workspace.
        workspace: Name of the workspace.
        endpoint: Name in Azure.
        plan: The released plan; None if the stack's state was not asked.
        revisions: Names in Azure of the released deployments, by their names in the stack file.
        sample: What the stack file has to be scored there.
        sample_type: What that is, for an address that does not tell.
        state_default: The default deployment that the endpoint's state names, since the last refresh.
        where: The options that find its stack, beginning with a space; "" if it was not found through one.
    """

    logical: str
    subscription_id: str
    resource_group: str
    workspace: str
    endpoint: str
    plan: ReleasePlan | None = None
    revisions: Mapping[str, str] = field(default_factory=dict)
    sample: str | None = None
    sample_type: Kind | None = None
    state_default: str | None = None
    where: str = ""

    def words(self) -> str:
        """Return the options that find its workspace, for a command that is printed; begins with a space."""
        return self.where or Workspace(self.subscription_id, self.resource_group, self.workspace).words()


def from_outputs(outputs: Mapping[str, Any]) -> dict[str, Target]:
    """The endpoints of a stack's outputs, by logical name; the outputs do not have the plans.

    Raises:
        UsageError: the outputs are not from this program.
    """
    subscription, group, workspace = (
        _text(outputs, key, "") for key in ("subscriptionId", "resourceGroup", "workspace")
    )
    endpoints = _mapping(outputs, "endpoints", "")
    found = {}
    for logical in endpoints:
        each = _mapping(endpoints, logical, "endpoints.")
        name = _text(each, "name", f"endpoints.{logical}.")
        # After the revision, a space and the digest of its model.
        revisions = {key: str(line).partition(" ")[0] for key, line in (each.get("deployments") or {}).items()}
        sample, kind = each.get("sample"), each.get("sampleType")
        found[logical] = Target(
            logical, subscription, group, workspace, name, revisions=revisions, sample=sample, sample_type=kind
        )
    return found


def _text(values: Mapping[str, Any], key: str, path: str) -> str:
    if not isinstance(value := values.get(key), str):
        raise _other_outputs(values, key, path)
    return value


def _mapping(values: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
    if not isinstance(value := values.get(key), Mapping):
        raise _other_outputs(values, key, path)
    return value


def _other_outputs(values: Mapping[str, Any], key: str, path: str) -> UsageError:
    said = f"is {values[key]!r}" if key in values else "is missing"
    return UsageError(f"these outputs are from another program or an older version: {path + key!r} {said}. {_up()}.")


def _up(stack: str | None = None) -> str:
    return f"Run `{rehearsal.up(stack)}` first"


def from_file(path: Path) -> dict[str, Target]:
    """The endpoints of a file that `pulumi stack output --json` wrote.

    Raises:
        UsageError: the file cannot be read, or has other content.
    """
    try:
        outputs = documents.json_data(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(
            f"--outputs {str(path)!r}: {error.strerror or error}. Give the path of a saved file."
        ) from error
    except UnicodeDecodeError as error:
        raise _no_outputs(path, "is not JSON (it is not UTF-8)") from error
    except ValueError as error:
        raise _no_outputs(path, f"is not JSON ({error})") from error
    if not isinstance(outputs, dict):
        kind = "null" if outputs is None else _KINDS.get(type(outputs), "a number")
        raise _no_outputs(path, f"contains {kind}, not an object of outputs")
    return from_outputs(outputs)


def _no_outputs(path: Path, why: str) -> UsageError:
    return UsageError(f"--outputs {str(path)!r} {why}. Create it with `{located('pulumi stack output --json')}`.")


def from_stack(stack: str | None, folder: Path, *, also_unreleased: bool = False) -> dict[str, Target]:
    """The endpoints of a stack that were released, from the markers in its state; asks the `pulumi` command.

    Args:
        stack: its name; None takes the one that is selected in `folder`.
        folder: the program's folder.
        also_unreleased: also those whose first release failed: see `unreleased`.

    Raises:
        UsageError: no such stack, no `pulumi`, or nothing was released.
        PlanError: another version of the program wrote a plan.
    """
    export = exported(stack, folder)
    found = {**(unreleased(export) if also_unreleased else {}), **from_export(export)}
    if not found:
        raise UsageError(f"stack {stack or '(selected)'!r} has released nothing yet. {_up(stack)}.")
    names = [str(each.get("urn")).split("::")[0] for each in resources(export) if each.get("type") == _STACK_TYPE]
    name = names[0].removeprefix("urn:pulumi:") if names else None
    words = ["--stack", stack or name or "", *([] if folder == Path() else ["--directory", str(folder)])]
    where = f" {shlex.join(words)}" if stack or name else ""
    return {logical: replace(each, where=where) for logical, each in _in_order(found, name, folder).items()}


def _in_order(found: dict[str, Target], stack: str | None, folder: Path) -> dict[str, Target]:
    """Return the endpoints as the stack file orders them, then those that it does not have (any more)."""
    try:
        file = StackFile(stack, folder) if stack else None
    except UsageError:  # the stack's configuration is somewhere else
        file = None
    wanted = [each for each in file.models() if each in found] if file else []
    return {logical: found[logical] for logical in dict.fromkeys([*wanted, *found])}


def exported(stack: str | None, folder: Path) -> Mapping[str, Any]:
    """A stack's state, as `pulumi stack export` prints it.

    Raises:
        UsageError: no such stack, or no `pulumi`.
    """
    state: Mapping[str, Any] = answer(["stack", "export"], stack, folder)
    return state


def resources(export: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The resources of an exported state."""
    return (export.get("deployment") or {}).get("resources") or []


def from_export(export: Mapping[str, Any]) -> dict[str, Target]:
    """The endpoints whose markers are in an exported state, by logical name."""
    plans: dict[str, ReleasePlan] = {}
    endpoints: Mapping[str, Any] = {}
    defaults: dict[str, str] = {}
    for resource in resources(export):
        released = (resource.get("inputs") or {}).get("input")
        if resource.get("delete"):  # replaced, but not deleted yet
            continue
        if resource.get("type") == _STACK_TYPE:
            endpoints = (resource.get("outputs") or {}).get("endpoints") or {}
        if resource.get("type") == _ENDPOINT_TYPE:
            properties = (resource.get("outputs") or {}).get("properties") or {}
            defaults[str(resource.get("id"))] = (properties.get("defaults") or {}).get("deploymentName") or ""
        if resource.get("type") == _MARKER_TYPE and isinstance(released, Mapping) and "endpoint" in released:
            plans[str(resource.get("parent", resource.get("urn", ""))).rpartition("::")[2]] = ReleasePlan.from_inputs(
                released
            )
    return {
        logical: Target(
            logical,
            plan.subscription_id,
            plan.resource_group,
            plan.workspace,
            plan.endpoint.name,
            plan,
            plan.revisions,
            (endpoints.get(logical) or {}).get("sample"),
            (endpoints.get(logical) or {}).get("sampleType"),
            defaults.get(plan.endpoint.id) or None,
        )
        for logical, plan in plans.items()
    }


def unreleased(export: Mapping[str, Any]) -> dict[str, Target]:
    """All endpoints in an exported state, by logical name, without what a marker says: a failed first one has none."""
    found = {
        str(each.get("parent", "")).rpartition("::")[2]: _ENDPOINT_ID.fullmatch(str(each.get("id")))
        for each in resources(export)
        if each.get("type") == _ENDPOINT_TYPE and not each.get("delete")
    }
    return {
        logical: Target(logical, named[1], named[2], named[3], named[4]) for logical, named in found.items() if named
    }


def choose(found: Mapping[str, Target], endpoint: str | None) -> Target:
    """Return the endpoint that `--endpoint` names, by logical or physical name; without it, the only one.

    Raises:
        UsageError: there is no such endpoint, or there are several and none was selected.
    """
    if endpoint is None and len(found) == 1:
        return next(iter(found.values()))
    for target in found.values():
        if endpoint in (target.logical, target.endpoint):
            return target
    names = ", ".join(sorted(found)) or "none"
    if endpoint is None:
        raise UsageError(f"there are {len(found)} endpoints; name one with --endpoint. Allowed are: {names}.")
    raise UsageError(f"--endpoint: unknown endpoint {endpoint!r}. Allowed are: {names}.")
