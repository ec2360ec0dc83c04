"""A stack's file, `Pulumi.STACK.yaml`: its deployments' models, read, and replaced without touching anything else.

`pulumi config set` would write the same value, but it also sorts the file. Keys may have the project's name before them
(`azureml-batch-endpoint:endpoints`), which `pulumi config set` writes.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from modelops.errors import UsageError
from modelops.plan import documents
from modelops.plan.registered import Registered

_ENDPOINTS: Final = "endpoints"


class StackFile:
    """The file of a stack.

    Attributes:
        path: the file.

    Raises:
        UsageError: it cannot be read, or is not a stack file.
    """

    def __init__(self, stack: str, folder: Path) -> None:
        # A full name is ORGANIZATION/PROJECT/STACK; the file has the last part.
        self.path: Final = folder / f"Pulumi.{stack.rpartition('/')[2]}.yaml"
        try:
            with self.path.open(encoding="utf-8", newline="") as file:
                self._text = file.read()
            self._config = _mapping(documents.yaml_data(self._text), "config")
        except OSError as error:
            raise UsageError(
                f"{self.path} cannot be read: {error.strerror}. Name a stack that has a file in this folder."
            ) from error
        except documents.LimitError as error:
            raise UsageError(f"{self.path} {error.problem}.") from error
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise UsageError(f"{self.path} is not a YAML file: {str(error).splitlines()[0]}.") from error
        keys = [key for key in self._config if key == _ENDPOINTS or str(key).endswith(f":{_ENDPOINTS}")]
        self._key: str = keys[0] if keys else _ENDPOINTS

    def models(self) -> dict[str, dict[str, Any]]:
        """Return what the file has as the models of the deployments, by endpoint and deployment; None for nothing."""
        endpoints = _mapping(self._config, self._key)
        found = {endpoint: _mapping(_mapping(endpoints, endpoint), "deployments") for endpoint in endpoints}
        return {
            endpoint: {name: _mapping(deployments, name).get("model") for name in deployments}
            for endpoint, deployments in found.items()
        }

    def set_model(self, endpoint: str, deployment: str, model: Registered) -> bool:
        """Write a deployment's model into the file; False if the file has it already.

        Comments between the old model's lines are replaced too.

        Raises:
            UsageError: the file's form does not allow it, or it cannot be written; it is as before.
        """
        path = ("config", self._key, endpoint, "deployments", deployment)
        if self.models()[endpoint][deployment] == as_value(model):
            return False
        text = self._replaced(path, line(model))
        if text is None or not self._is_right(text, path, as_value(model)):
            raise UsageError(
                f"{self.path}: the model of endpoints.{endpoint}.deployments.{deployment} is written in a way that "
                f"cannot be replaced safely. Write it yourself:\n  {line(model)}"
            )
        self._write(text)
        return True

    def _is_right(self, text: str, path: tuple[str, ...], model: Mapping[str, str | int]) -> bool:
        """Whether a text says the same as the file, but for one deployment's model."""
        wanted = yaml.safe_load(self._text)
        _at(wanted, path)["model"] = model
        try:
            return bool(yaml.safe_load(text) == wanted)
        except yaml.YAMLError:
            return False

    def _replaced(self, path: tuple[str, ...], wanted: str) -> str | None:
        """Return the text with a deployment's `model` in one line; None if that line has no clear place."""
        node = yaml.compose(self._text, Loader=yaml.SafeLoader)
        for key in path:
            _, node = _entry(node, key)
            if node is None:
                return None
        if not isinstance(node, yaml.MappingNode) or not node.value:
            return None
        key_node, value = _entry(node, "model")
        if key_node is None or value is None:
            first = node.value[0][0].start_mark
            after = ", " if node.flow_style else self._line_end + " " * first.column
            return f"{self._text[: first.index]}{wanted}{after}{self._text[first.index :]}"
        if value.start_mark.index < key_node.end_mark.index:
            return None  # an alias: the value is elsewhere
        return f"{self._text[: key_node.start_mark.index]}{wanted}{self._text[_end(value) :]}"

    @property
    def _line_end(self) -> str:
        return "\r\n" if "\r\n" in self._text else "\n"

    def _write(self, text: str) -> None:
        """Replace the file at once, so that a killed run leaves the old or the new one."""
        try:
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", newline="", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False
            ) as file:
                file.write(text)
            Path(file.name).chmod(self.path.stat().st_mode)
            Path(file.name).replace(self.path)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written: {error.strerror}.") from error
        self._text = text
        self._config = yaml.safe_load(text)["config"]


def as_value(model: Registered) -> dict[str, str | int]:
    """Return a model as the stack file has it; a version that is a number is one there."""
    version = int(model.version) if model.version.isdecimal() and not model.version.startswith("0") else model.version
    registry = {} if model.registry is None else {"registry": model.registry}
    return {**registry, "name": model.name, "version": version}


def line(model: Registered) -> str:
    """Return the line of the stack file, without its indentation."""
    value = yaml.safe_dump(as_value(model), default_flow_style=True, sort_keys=False, width=1000, allow_unicode=True)
    return f"model: {value.strip()}"


def _mapping(values: Any, key: str) -> dict[Any, Any]:
    """Return an object's member if it is an object; else an empty one."""
    found = values.get(key) if isinstance(values, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _at(values: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        values = values[key]
    return values


def _entry(node: yaml.Node | None, key: str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """Return the nodes of a mapping's key and of its value; None twice without them."""
    found = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((name, value) for name, value in found if name.value == key), (None, None))


def _end(node: yaml.Node) -> int:
    """Return where a value ends: of one in several lines, behind its last word, not behind the comments after it."""
    last = next(_last(node), None)
    return node.end_mark.index if last is None else _end(last)


def _last(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        yield node.value[-1][1]
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        yield node.value[-1]
