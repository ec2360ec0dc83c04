"""Runs the printed pipeline and Logic App: the activities that they use, as public documentation describes them.

A request is sent by `send(method, url, headers, body)`, which signs in as the caller; its answer is (status, JSON). It
does not prove that Azure takes a definition.
"""

from collections.abc import Callable, Sequence
from typing import Any

from tests.modelops.expressions import COMMON, Functions, evaluated

Send = Callable[[str, str, dict[str, str], Any], tuple[int, Any]]


class FailedRunError(Exception):
    """The run of a definition failed; the text is what its user sees."""


class Pipeline:
    """A run of a Data Factory or Synapse pipeline."""

    def __init__(self, definition: dict[str, Any], send: Send, **parameters: Any) -> None:
        self._properties = definition["properties"]
        self._send = send
        declared = {name: each.get("defaultValue") for name, each in self._properties["parameters"].items()}
        assert set(parameters) <= set(declared)
        pipeline = {"parameters": {**declared, **parameters}, "RunId": "0f1e2d3c"}
        self.variables = {name: each.get("defaultValue") for name, each in self._properties["variables"].items()}
        self._outputs: dict[str, Any] = {}
        self._functions: Functions = {
            **COMMON,
            "pipeline": lambda: pipeline,
            "variables": lambda name: self.variables[name],
            "activity": lambda name: {"output": self._outputs[name]},
        }

    def run(self) -> None:
        """Run all activities, each after those that it depends on."""
        self._run(self._properties["activities"])

    def _run(self, activities: Sequence[dict[str, Any]]) -> None:
        done: set[str] = set()
        while len(done) < len(activities):
            ready = [each for each in activities if each["name"] not in done and _after(each) <= done]
            assert ready, "the activities wait for each other"
            for each in ready:
                self._activity(each["name"], each["type"], each["typeProperties"])
                done.add(each["name"])

    def _activity(self, name: str, kind: str, given: dict[str, Any]) -> None:
        if kind == "Until":
            while True:
                self._run(given["activities"])
                if evaluated(given["expression"], self._functions):
                    return
        if kind == "IfCondition":
            is_true = evaluated(given["expression"], self._functions)
            self._run(given.get("ifTrueActivities" if is_true else "ifFalseActivities", []))
            return
        values = evaluated({key: each for key, each in given.items() if key != "authentication"}, self._functions)
        if kind == "WebActivity":
            assert given["authentication"] == {"type": "MSI", "resource": "https://ml.azure.com"}
            status, answer = self._send(values["method"], values["url"], values.get("headers", {}), values.get("body"))
            if status >= 400:
                raise FailedRunError(f"{name}: {status} {answer}")
            self._outputs[name] = answer
        elif kind == "SetVariable":
            self.variables[values["variableName"]] = values["value"]
        elif kind == "Fail":
            raise FailedRunError(values["message"])
        else:
            assert (kind, type(values["waitTimeInSeconds"])) == ("Wait", int)


def _after(activity: dict[str, Any]) -> set[str]:
    depends = activity.get("dependsOn", [])
    assert all(each["dependencyConditions"] == ["Succeeded"] for each in depends)
    return {each["activity"] for each in depends}


class LogicApp:
    """A run of a Logic App's definition."""

    def __init__(
        self, content: dict[str, Any], send: Send, identity_id: str | None = None, run: str = "08584000000000000000"
    ) -> None:
        """Run as the system-assigned identity, or as the user-assigned one with this id; `run` is the run's name."""
        self._definition = content["definition"]
        self._send = send
        named = {"identity": identity_id} if identity_id else {}
        self._signed_in = {"type": "ManagedServiceIdentity", "audience": "https://ml.azure.com", **named}
        self.variables: dict[str, Any] = {}
        self._bodies: dict[str, Any] = {}
        self._functions: Functions = {
            **COMMON,
            "variables": lambda name: self.variables[name],
            "body": lambda name: self._bodies[name],
            "workflow": lambda: {"run": {"name": run}},
        }

    def run(self) -> None:
        """Run all actions, each after those that it follows."""
        self._run(self._definition["actions"])

    def _run(self, actions: dict[str, Any]) -> None:
        done: set[str] = set()
        while len(done) < len(actions):
            ready = [name for name, each in actions.items() if name not in done and set(each["runAfter"]) <= done]
            assert ready, "the actions wait for each other"
            for name in ready:
                self._action(name, actions[name])
                done.add(name)

    def _action(self, name: str, action: dict[str, Any]) -> None:
        kind = action["type"]
        if kind == "Until":
            while True:
                self._run(action["actions"])
                if evaluated(action["expression"], self._functions):
                    return
        if kind == "If":
            (left, right) = evaluated(action["expression"]["and"][0]["equals"], self._functions)
            self._run(action["actions"] if left == right else action["else"]["actions"])
            return
        given = evaluated(action["inputs"], self._functions)
        if kind == "Http":
            assert given["authentication"] == self._signed_in
            status, answer = self._send(given["method"], given["uri"], given.get("headers", {}), given.get("body"))
            if status >= 400:
                raise FailedRunError(f"{name}: {status} {answer}")
            self._bodies[name] = answer
        elif kind == "InitializeVariable":
            self.variables |= {each["name"]: each["value"] for each in given["variables"]}
        elif kind == "SetVariable":
            self.variables[given["name"]] = given["value"]
        elif kind == "Terminate":
            raise FailedRunError(given["runError"]["message"])
        else:
            assert (kind, given["interval"]["unit"]) == ("Wait", "Second")
