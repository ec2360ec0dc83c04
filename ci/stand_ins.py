"""What of a stack a sandbox cannot have: models whose bytes are in Azure, and what stands in for them.

Read from the stack file, and from the deployment YAMLs that it names. Nothing is checked here: settings/ does that.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from modelops.azureml_yaml.references import WrongReference, parse
from modelops.errors import UsageError
from modelops.plan import documents

_PREFIX: Final = "azureml:"
_IN_WORKSPACE: Final = re.compile(r"(?!azureml:)[^/:@\s]+:[^/:@\s]+")
_IN_REGISTRY: Final = re.compile(r"azureml://registries/([^/\s]+)/models/([^/\s]+)/versions/([^/\s]+)")
_OUTPUT: Final = re.compile(r"azureml://jobs/([^/\s]+)/outputs/([^/\s]+?)(?:/paths(?:/(\S*?))?)?/?")
_DATA: Final = re.compile(r"azureml://datastores/[^/\s]+/paths/\S+")
_RUN: Final = re.compile(r"runs:/[^/?\s]+/\S+")
_ADDRESS: Final = re.compile(r"[a-z]+:/|azureml:")

IN_AZURE: Final = "try-out not rehearsed: the model is in Azure"
INPUT_IN_AZURE: Final = "try-out not rehearsed: its input is in Azure"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A deployment's model that is not in the repository."""

    endpoint: str
    reference: str
    """NAME:VERSION, or its address: azureml://registries/..., azureml://jobs/..., azureml://datastores/..."""
    is_mlflow: bool
    """Whether it has to be an MLflow model: it is served without a scoring script, or says that it is one."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack's own configuration, as far as a rehearsal has to know it."""

    config: Mapping[str, Any]
    folder: Path

    @classmethod
    def read(cls, folder: Path, stack: str) -> "Stack | None":
        """Read the stack file in a folder; None if it has none.

        Raises:
            UsageError: it cannot be read, or is not YAML.
        """
        file = folder / f"Pulumi.{stack}.yaml"
        try:
            content = documents.yaml_data(file.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file.name}: {getattr(error, 'strerror', None) or error}") from None
        except documents.LimitError as error:
            raise UsageError(f"{file.name} {error.problem}.") from None
        except yaml.YAMLError as error:
            raise UsageError(f"{file.name} is not YAML: {' '.join(str(error).split())}") from None
        found = _mapping(_mapping(content).get("config"))
        return cls({key.rpartition(":")[2]: value for key, value in found.items()}, folder)

    @property
    def adopts(self) -> str:
        """The key of something in Azure that the stack adopts; empty if it makes everything itself."""
        if _mapping(self.config.get("workspace")).get("existing"):
            return "workspace.existing"
        clusters = {"cluster": self.config.get("cluster"), **self._section("clusters")}
        named = (key for key, each in clusters.items() if _mapping(each).get("existing"))
        return next((f"{key}.existing" if key == "cluster" else f"clusters.{key}.existing" for key in named), "")

    @property
    def endpoints(self) -> list[str]:
        """The names of its endpoints."""
        return list(self._endpoints())

    @property
    def stand_ins(self) -> dict[str, Path]:
        """The files of `rehearsal.models`, by the model that each stands in for."""
        models = _mapping(self._section("rehearsal").get("models"))
        return {str(key): self.folder / str(value) for key, value in models.items()}

    def elsewhere(self) -> list[Elsewhere]:
        """Return the models of all deployments that are not in the repository."""
        return [
            Elsewhere(name, reference, is_mlflow)
            for name, deployment in self._deployments()
            for reference, is_mlflow in [_model(deployment, self.folder)]
            if reference
        ]

    def without_stand_in(self) -> str:
        """Return a model that the program takes and a sandbox cannot have; empty if there is none.

        These are a run's (`runs:/RUN/PATH`), and those that a deployment file names by a label, without a version or
        in another workspace. What else nothing stands in for is wrong, and the preview in the sandbox says so.
        """
        for _, deployment in self._deployments():
            reference, is_mlflow = _model(deployment, self.folder)
            if not reference or words(reference, Path(), is_mlflow=is_mlflow):
                continue
            if _RUN.fullmatch(reference) or ("model" not in deployment and _is_reference(reference)):
                return reference
        return ""

    def not_tried_out(self) -> dict[str, str]:
        """Return why an endpoint's try-out cannot be rehearsed, by the endpoint's name; none for those without one."""
        have = self.stand_ins
        found = {each.endpoint: IN_AZURE for each in self.elsewhere() if each.reference not in have}
        tried = {name: _try_outs(endpoint) for name, endpoint in self._endpoints().items()}
        for name, try_outs in tried.items():
            inputs = [each.get("input") for each in try_outs]
            if any(isinstance(each, str) and _ADDRESS.match(each) for each in inputs):
                found.setdefault(name, INPUT_IN_AZURE)
        return {name: why for name, why in found.items() if tried[name]}

    def _deployments(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for name, endpoint in self._endpoints().items():
            for deployment in _deployments_of(endpoint):
                yield name, deployment

    def _endpoints(self) -> dict[str, Mapping[str, Any]]:
        return {str(name): _mapping(endpoint) for name, endpoint in self._section("endpoints").items()}

    def _section(self, key: str) -> Mapping[str, Any]:
        return _mapping(self.config.get(key))


def words(reference: str, path: Path, *, is_mlflow: bool) -> list[str] | None:
    """Return the words of `python -m sandbox` that add files in a model's place; None if it has none such place."""
    kind = ["--type", "mlflow_model" if is_mlflow else "custom_model"]
    if found := _IN_REGISTRY.fullmatch(reference):
        return ["registry", "add", "model", f"{found[1]}/{found[2]}:{found[3]}", str(path), *kind]
    if found := _OUTPUT.fullmatch(reference):
        return ["model", "add", "--job", "/".join(filter(None, found.groups())), str(path), *kind]
    if _DATA.fullmatch(reference):
        return ["data", "add", reference, str(path)]
    return ["model", "add", reference, str(path), *kind] if _IN_WORKSPACE.fullmatch(reference) else None


def _deployments_of(endpoint: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [_mapping(each) for each in _mapping(endpoint.get("deployments")).values()]


def _try_outs(endpoint: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the try-outs of an endpoint and its deployments; one that is `none` is not among them."""
    found = [each.get("tryOut") for each in (endpoint, *_deployments_of(endpoint))]
    return [each for each in found if isinstance(each, Mapping)]


def _model(deployment: Mapping[str, Any], folder: Path) -> tuple[str, bool]:
    """Return a deployment's model in Azure, and whether it has to be an MLflow model; "" for one in the repository."""
    whole = {**_file(deployment.get("from"), folder), **deployment}
    model = whole.get("model")
    has_script = bool(whole.get("scoringScript") or whole.get("code_configuration"))
    if isinstance(model, str):  # as in Azure ML's own files
        return (_reference(model), not has_script) if _ADDRESS.match(model) else ("", False)
    named = _mapping(model)
    is_mlflow = named.get("type") == "mlflow_model" or not has_script
    path = named.get("path")
    if path is not None:
        return (_reference(str(path)), is_mlflow) if _ADDRESS.match(str(path)) else ("", False)
    if not named.get("name"):
        return "", False
    if registry := named.get("registry"):
        return f"azureml://registries/{registry}/models/{named['name']}/versions/{named.get('version')}", is_mlflow
    return f"{named['name']}:{named.get('version')}", is_mlflow


def _reference(text: str) -> str:
    return text.removeprefix(_PREFIX) if _IN_WORKSPACE.fullmatch(text.removeprefix(_PREFIX)) else text


def _is_reference(text: str) -> bool:
    try:
        parse(text, "model")
    except WrongReference:
        return False
    return True


def _file(name: Any, folder: Path) -> Mapping[str, Any]:
    if not isinstance(name, str):
        return {}
    try:
        return _mapping(documents.yaml_data((folder / name).read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
