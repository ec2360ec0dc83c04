"""Why a deployment gets another revision: what differs between the plan released last and the wanted one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelops.plan.data_address import masked
from modelops.plan.deployment_plan import DeploymentPlan
from modelops.plan.environments import BuildEnvironment, CondaFile, Environment, ImageEnvironment, NamedEnvironment
from modelops.plan.models import LocalModel, Model, RegisteredModel
from modelops.plan.reader import UNKNOWN

_FEW: Final = 3
"""Files of which each is named."""
_LONGEST: Final = 40
"""Characters of a value that are shown."""


def differences(old: DeploymentPlan, new: DeploymentPlan, files: Sequence[str] = ()) -> list[str]:
    """Return what differs of two deployments' identities, the most telling first; empty for the same identity.

    Args:
        old: the deployment of the plan that was released last.
        new: the wanted one.
        files: which files of the code changed; without them only its digest is known: `code changed`.
    """
    return [
        *_model(old.model, new.model),
        *_code(old, new, files),
        *_values(old.settings.to_json(), new.settings.to_json()),
        *_environment(old.environment, new.environment),
        *_values(old.environment_variables, new.environment_variables, "environment variable "),
        *_compute(old.compute, new.compute),
    ]


def _model(old: Model, new: Model) -> Iterator[str]:
    if old.identity() == new.identity():
        return
    if isinstance(old, LocalModel) and isinstance(new, LocalModel):
        if old.digest != new.digest:
            yield "model changed"
        if old.type != new.type:
            yield f"model type {old.type} -> {new.type}"
    elif isinstance(old, RegisteredModel) and isinstance(new, RegisteredModel):
        yield f"model {_version(old, new)}"
    else:
        yield f"model {_model_name(old)} -> {_model_name(new)}"


def _model_name(model: Model) -> str:
    if isinstance(model, RegisteredModel):
        return f"{model.name}:{model.version}"
    return model.path if isinstance(model, LocalModel) else model.uri


def _version(old: RegisteredModel | NamedEnvironment, new: RegisteredModel | NamedEnvironment) -> str:
    """Return two versions, with the name once if it is the same; the label is where the new one came from."""
    label = f" ({new.label})" if new.label else ""
    if (old.registry, old.name) == (new.registry, new.name):
        return f"{old.name} {old.version} -> {new.version}{label}"
    names = [f"{each.registry}/{each.name}" if each.registry else each.name for each in (old, new)]
    return f"{names[0]}:{old.version} -> {names[1]}:{new.version}{label}"


def _code(old: DeploymentPlan, new: DeploymentPlan, files: Sequence[str]) -> Iterator[str]:
    if old.code is None or new.code is None:
        if old.code is not new.code:
            yield "code added" if new.code else "code removed"
        return
    if old.code.scoring_script != new.code.scoring_script:
        yield f"scoringScript {old.code.scoring_script} -> {new.code.scoring_script}"
    if old.code.digest != new.code.digest:
        yield from _files(files)


def _files(files: Sequence[str]) -> list[str]:
    if 0 < len(files) <= _FEW:
        return [f"{each} changed" for each in files]
    return [f"code changed ({len(files)} files)" if files else "code changed"]


def _environment(old: Environment | None, new: Environment | None) -> Iterator[str]:
    if old is None or new is None:
        if old is not new:
            yield "environment added" if new else "environment removed"
    elif isinstance(old, NamedEnvironment) and isinstance(new, NamedEnvironment):
        if old.identity() != new.identity():
            yield f"environment {_version(old, new)}"
    elif isinstance(old, ImageEnvironment) and isinstance(new, ImageEnvironment):
        yield from _image(old, new)
    elif isinstance(old, BuildEnvironment) and isinstance(new, BuildEnvironment):
        if old.dockerfile_path != new.dockerfile_path:
            yield f"dockerfilePath {old.dockerfile_path} -> {new.dockerfile_path}"
        if old.digest != new.digest:
            yield "build context changed"
    else:
        yield f"environment {_environment_name(old)} -> {_environment_name(new)}"


def _image(old: ImageEnvironment, new: ImageEnvironment) -> Iterator[str]:
    if old.image != new.image:
        yield f"image {old.image} -> {new.image}"
    contents = [{**each.identity(), "image": None} for each in (old, new)]
    if contents[0] != contents[1]:
        name = new.conda.path.rpartition("/")[2] if isinstance(new.conda, CondaFile) else "conda environment"
        if new.conda is None:
            yield "conda environment removed"
        else:
            yield f"{name} {'added' if old.conda is None else 'changed'}"


def _environment_name(environment: Environment) -> str:
    if isinstance(environment, NamedEnvironment):
        return f"{environment.name}:{environment.version}"
    return environment.image if isinstance(environment, ImageEnvironment) else environment.path


def _values(old: Mapping[str, Any], new: Mapping[str, Any], kind: str = "") -> Iterator[str]:
    """Yield the values that differ, in the order of the new ones, then those that are gone."""
    for key in dict.fromkeys([*new, *old]):
        if old.get(key) != new.get(key):
            yield f"{kind}{key} {_shown(old.get(key))} -> {_shown(new.get(key))}"


def _shown(value: object) -> str:
    if value is None:
        return "(not set)"
    text = masked(" ".join(str(value).split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _compute(old: str, new: str) -> Iterator[str]:
    if old.lower() == new.lower():
        return
    before, after = (each.rpartition("/")[2] for each in (old, new))
    yield f"cluster {before} is replaced" if new == UNKNOWN else f"cluster {before} -> {after}"
