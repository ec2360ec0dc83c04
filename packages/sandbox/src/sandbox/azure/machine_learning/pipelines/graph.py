"""The graph of a pipeline component: its commands in the order in which they run, each with its inputs bound."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.azure.arm.errors import bad_request, not_modelled
from sandbox.azure.machine_learning.assets.components import kind_of_component

_INPUT = re.compile(r"\$\{\{\s*parent\.inputs\.([^}\s]+)\s*\}\}")
_JOB = re.compile(r"\$\{\{\s*parent\.jobs\.([^.}\s]+)\.(?:outputs|inputs)\.([^}\s]+)\s*\}\}")
_OUTPUT = re.compile(r"\$\{\{\s*parent\.outputs\.([^}\s]+)\s*\}\}")

Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Data:
    """An input that a URI names; ``kind`` is its type, for example ``uri_folder``."""

    kind: str
    uri: str


@dataclass(frozen=True, slots=True)
class Output:
    """The output of a command; ``node`` is the command's name."""

    node: str
    name: str


Value = str | Data | Output


@dataclass(frozen=True, slots=True)
class Node:
    """A command with its specification; ``settings`` is what the pipeline says about it (compute, variables)."""

    name: str
    spec: Spec
    settings: Spec
    inputs: Mapping[str, Value]


@dataclass(slots=True)
class Graph:
    """The commands of a pipeline in order, and which of their outputs are the pipeline's."""

    nodes: list[Node] = field(default_factory=list)
    outputs: dict[str, Output] = field(default_factory=dict)


def graph_of(spec: Spec, given: Mapping[str, Value], component: Callable[[str], Spec]) -> Graph:
    """Return the graph of a pipeline's specification with its inputs; ``component`` returns another one's by its id.

    Raises:
        ArmError: 400 for an input that is missing, unknown or a circle; 501 for a job that the sandbox does not run.
    """
    return _Pipeline(spec, bound(spec, given, "the pipeline"), component, "").graph()


def bound(spec: Spec, given: Mapping[str, Value], what: str) -> dict[str, Value]:
    """Return the inputs of a component with its defaults; optional ones without a value are left out.

    Raises:
        ArmError: 400, an input is missing, or the component has no input of that name.
    """
    declared = members(spec.get("inputs"), f"the inputs of {what}")
    for name in given:
        if name not in declared:
            has = ", ".join(declared) or "none"
            raise bad_request(f"'{name}' is not an input of {what}; it has: {has}.", "UserError")
    values: dict[str, Value] = {}
    for name, each in declared.items():
        about = members(each, f"the input '{name}' of {what}")
        if name in given:
            values[name] = given[name]
        elif about.get("default") is not None:
            values[name] = str(about["default"])
        elif not about.get("optional"):
            raise bad_request(f"The input '{name}' of {what} has no value.", "UserError")
    return values


def members(value: Any, what: str) -> Mapping[str, Any]:
    """Return a JSON object, empty for null.

    Raises:
        ArmError: 400, it is another value.
    """
    if value is not None and not isinstance(value, Mapping):
        raise bad_request(f"Not an object, but {type(value).__name__}: {what}.", "UserError")
    return value or {}


class _Pipeline:
    """One pipeline, perhaps inside another one; ``prefix`` starts the names of its commands."""

    def __init__(self, spec: Spec, inputs: Mapping[str, Value], component: Callable[[str], Spec], prefix: str) -> None:
        self._jobs = members(spec["jobs"], "the jobs of a pipeline")
        self._inputs = inputs
        self._component = component
        self._prefix = prefix
        self._graph = Graph()
        self._done: dict[str, Mapping[str, Output]] = {}
        self._open: list[str] = []

    def graph(self) -> Graph:
        for name in self._jobs:
            self._outputs_of(name)
        return self._graph

    def _outputs_of(self, name: str) -> Mapping[str, Output]:
        """Add a job, after those that it needs, and return its outputs."""
        if name in self._done:
            return self._done[name]
        if name not in self._jobs or name in self._open:
            problem = "is in a circle" if name in self._open else "does not exist"
            raise bad_request(f"The job '{self._prefix}{name}' of the pipeline {problem}.", "UserError")
        self._open.append(name)
        path = f"{self._prefix}{name}"
        job = members(self._jobs[name], f"the job '{path}'")
        spec = self._spec(job)
        asked = members(job.get("inputs"), f"the inputs of the job '{path}'")
        given = {key: value for key, about in asked.items() if (value := self._value(about)) is not None}
        inputs = bound(spec, given, f"the job '{path}'")
        outputs = self._added(path, spec, job, inputs)
        for key, about in members(job.get("outputs"), f"the outputs of the job '{path}'").items():
            match = (
                _OUTPUT.fullmatch(str((about or {}).get("value") or ""))
                if isinstance(about, dict)
                else _OUTPUT.fullmatch(str(about))
            )
            if match is not None and key in outputs:
                self._graph.outputs[match[1]] = outputs[key]
        self._open.pop()
        self._done[name] = outputs
        return outputs

    def _spec(self, job: Mapping[str, Any]) -> Spec:
        component = job.get("componentId") or job.get("component")
        if isinstance(component, str):
            return self._component(component)
        if isinstance(component, Mapping):
            return component
        raise not_modelled("a job of a pipeline without a component")

    def _added(self, path: str, spec: Spec, job: Spec, inputs: Mapping[str, Value]) -> Mapping[str, Output]:
        if kind_of_component(spec) == "pipeline":
            inner = _Pipeline(spec, inputs, self._component, f"{path}.").graph()
            self._graph.nodes += inner.nodes
            return inner.outputs
        self._graph.nodes.append(Node(path, spec, job, inputs))
        return {name: Output(path, name) for name in members(spec.get("outputs"), f"the outputs of '{path}'")}

    def _value(self, about: Any) -> Value | None:
        """Return the value of a job's input: a text, data, or what an expression names; None if that has no value."""
        if not isinstance(about, Mapping):
            return self._text(str(about))
        kind = str(about.get("job_input_type") or about.get("jobInputType") or "literal")
        if kind.lower() != "literal":
            return Data(kind, str(about.get("uri")))
        return None if about.get("value") is None else self._text(str(about["value"]))

    def _text(self, text: str) -> Value | None:
        whole = _INPUT.fullmatch(text)
        if whole is not None:
            return self._inputs.get(whole[1])
        job = _JOB.fullmatch(text)
        if job is not None:
            outputs = self._outputs_of(job[1])
            if job[2] not in outputs:
                raise bad_request(f"The job '{self._prefix}{job[1]}' has no output '{job[2]}'.", "UserError")
            return outputs[job[2]]
        return _INPUT.sub(self._literal, text)

    def _literal(self, match: re.Match[str]) -> str:
        value = self._inputs.get(match[1])
        if not isinstance(value, str):
            raise bad_request(f"'{match[0]}' in a text must be a literal input.", "UserError")
        return value
