"""The flat program that ours is compared with: made from what ours has deployed, so that both declare the same.

It is what somebody would write who needs these resources once: the provider's classes one after the other, with the
properties that our program set and the same dependencies. It has no components, settings, preflight, hook or release.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_PROVIDER = "azure-native:"

_EXPORTS = {
    "azure-native:resources:ResourceGroup": "group",
    "azure-native:machinelearningservices:Workspace": "workspace",
    "azure-native:machinelearningservices:Compute": "cluster",
    "azure-native:machinelearningservices:BatchEndpoint": "endpoint",
}
"""Resource type -> the output that holds the name of such a resource; of several endpoints, that of the last one."""

_DERIVED = frozenset({"roleAssignmentName"})
"""Properties that our program computes from ids. The state does not say how, so the provider makes up these names."""


def write(folder: Path, project: Mapping[str, Any], state: Mapping[str, Any], more: str = "") -> None:
    """Write a Pulumi project into a new folder two levels below the one that has the virtual environment.

    Args:
        folder: where to create ``Pulumi.yaml`` and ``__main__.py``.
        project: our program's ``Pulumi.yaml``; its rule for automatic names holds for the flat program too.
        state: what `pulumi stack export` gives for our program.
        more: what follows in ``__main__.py``.
    """
    flat = {
        "name": "azureml-batch-flat",
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": "../../.venv"}},
        "config": {"pulumi:autonaming": project["config"]["pulumi:autonaming"]},
    }
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(flat, sort_keys=False))
    (folder / "__main__.py").write_text(program(state) + more)


def program(state: Mapping[str, Any]) -> str:
    """Return the program that declares the Azure resources of a deployment, in the order of its state.

    Raises:
        ValueError: a property depends on resources, and its value contains none of their outputs.
    """
    found = resources(state)
    modules = sorted({each["type"].split(":")[1] for each in found})
    variables = {each["urn"]: f"r{number}" for number, each in enumerate(found, 1)}
    outputs: dict[str, Mapping[str, str]] = {}
    lines = ["import pulumi", f"from pulumi_azure_native import {', '.join(modules)}", ""]
    for resource in found:
        urn, kind = resource["urn"], resource["type"]
        variable = variables[urn]
        _, module, name = kind.split(":")
        lines += [
            f"{variable} = {module}.{name}(",
            f"    {urn.rpartition('::')[2]!r},",
            *(f"    {argument}," for argument in _arguments(resource, variables, outputs)),
            ")",
        ]
        if kind in _EXPORTS:
            lines.append(f"pulumi.export({_EXPORTS[kind]!r}, {variable}.name)")
        outputs[urn] = _outputs(variable, resource)
    return "\n".join([*lines, ""])


def resources(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the Azure resources of a deployment; in the program, the first one's variable is ``r1``, and so on."""
    return [each for each in state["deployment"]["resources"] if each["type"].startswith(_PROVIDER)]


def _arguments(
    resource: Mapping[str, Any], variables: Mapping[str, str], outputs: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Return the keyword arguments of a resource, its options last.

    The state lists the dependencies of exactly those properties that the program set: a default or an automatic name of
    the provider is an input too, but is not listed.
    """
    arguments: list[str] = []
    unmet = {urn for urn in resource.get("dependencies") or [] if urn in outputs}
    for key, depends_on in resource["propertyDependencies"].items():
        if key in _DERIVED or key not in resource["inputs"]:
            continue
        known = {value: name for urn in depends_on for value, name in outputs.get(urn, {}).items()}
        text = _expression(resource["inputs"][key], known)
        if depends_on and text == _expression(resource["inputs"][key], {}):
            raise ValueError(f"{resource['urn']}: the value of '{key}' contains no output of {', '.join(depends_on)}")
        unmet.difference_update(depends_on)
        arguments.append(f"{_python_name(key)}={text}")
    if unmet:
        names = ", ".join(variables[urn] for urn in outputs if urn in unmet)
        arguments.append(f"opts=pulumi.ResourceOptions(depends_on=[{names}])")
    return arguments


def _outputs(variable: str, resource: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the values that later resources may take from this one, each with the expression that gives it.

    Of outputs with the same value, the id comes first, then the name: those are what programs refer to.
    """
    last = {"name": resource["outputs"].get("name"), "id": resource["id"]}
    found = [*resource["outputs"].items(), *last.items()]
    return {value: f"{variable}.{_python_name(key)}" for key, value in found if isinstance(value, str)}


def _expression(value: Any, known: Mapping[str, str]) -> str:
    """Return a value as Python source; a string that is an output of another resource as that output."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_expression(each, known)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_expression(each, known) for each in value) + "]"
    return known.get(value, repr(value)) if isinstance(value, str) else repr(value)


def _python_name(key: str) -> str:
    """Return a property's name in Pulumi's Python SDKs, as in ``defaultToOAuth`` -> ``default_to_o_auth``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", key).lower()
