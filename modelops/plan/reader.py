"""Reads a release plan from what the engine, a state file or a saved output holds; reports all problems at once."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from modelops.plan.plan import (
    SCHEMA,
    UNKNOWN,
    DeploymentPlan,
    EndpointPlan,
    ImageEnvironment,
    LocalModel,
    NamedEnvironment,
    RegisteredModel,
    ReleasePlan,
    ScoringSettings,
    check_logical_name,
    check_relative_path,
    is_secret_mark,
    plain_plan_error,
)

_MODEL_TYPES: Final = ("custom_model", "mlflow_model")
_LOGGING_LEVELS: Final = ("debug", "info", "warning")
_OUTPUT_ACTIONS: Final = ("append_row", "summary_only")
_LOWEST: Final = {
    "instanceCount": 1,
    "maxConcurrencyPerInstance": 1,
    "miniBatchSize": 1,
    "maxRetries": 0,
    "timeoutSeconds": 1,
    "errorThreshold": -1,
}


class _Reader:
    """Takes values out of nested plain data by path and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def mapping(self, parent: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
        value = parent.get(key)
        if isinstance(value, Mapping):
            return value
        self._wrong(path, key, value, "an object")
        return {}

    def text(self, parent: Mapping[str, Any], key: str, path: str, allowed: tuple[str, ...] = ()) -> str:
        value = parent.get(key)
        if not isinstance(value, str) or not value:
            self._wrong(path, key, value, "a text")
            return ""
        if allowed and value not in (*allowed, UNKNOWN):
            self._wrong(path, key, value, "one of " + ", ".join(allowed))
        return value

    def optional_text(self, parent: Mapping[str, Any], key: str, path: str) -> str | None:
        value = parent.get(key)
        if value is not None and not isinstance(value, str):
            self._wrong(path, key, value, "a text")
            return None
        return value

    def integer(self, parent: Mapping[str, Any], key: str, path: str, lowest: int) -> int:
        value = parent.get(key)
        if isinstance(value, float) and value.is_integer():  # the engine hands numbers to hooks as floats
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
            self._wrong(path, key, value, f"a whole number from {lowest}")
            return lowest
        return value

    def texts(self, parent: Mapping[str, Any], key: str, path: str) -> dict[str, str]:
        found = self.mapping(parent, key, path)
        for name, value in found.items():
            if not isinstance(value, str):
                self._wrong(f"{path}{key}.", name, value, "a text")
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def relative_path(self, parent: Mapping[str, Any], key: str, path: str) -> str:
        value = self.text(parent, key, path)
        if value and value != UNKNOWN and (problem := check_relative_path(value)):
            self.problems.append(f"{path}{key}: {problem}")
        return value

    def only(self, parent: Mapping[str, Any], keys: tuple[str, ...], path: str) -> None:
        for extra in sorted(set(parent) - set(keys)):
            self.problems.append(f"{path}{extra}: not known here; allowed are {', '.join(keys)}")

    def _wrong(self, path: str, key: str, value: object, allowed: str) -> None:
        self.problems.append(f"{path}{key}: is {value!r}; allowed is {allowed}")


def read_plan(inputs: object, is_unknown: Callable[[object], bool]) -> ReleasePlan:
    """See `ReleasePlan.from_inputs`."""
    reader = _Reader()
    data = _plain(inputs, "", is_unknown, reader.problems)
    if reader.problems:
        raise plain_plan_error(reader.problems)
    if not isinstance(data, Mapping):
        raise plain_plan_error([f"is {data!r}; allowed is an object"])
    if data.get("schema") != SCHEMA:
        raise plain_plan_error(
            [f"schema: is {data.get('schema')!r}; this version reads {SCHEMA}: use the version that wrote the plan"]
        )
    plan = _plan(data, reader)
    if reader.problems:
        raise plain_plan_error(reader.problems)
    return plan


def _plain(value: object, path: str, is_unknown: Callable[[object], bool], problems: list[str]) -> object:
    """Plain data with the unknown leaves named; secrets and objects of the program are problems."""
    if is_unknown(value):
        return UNKNOWN
    if is_secret_mark(value):
        problems.append(
            f"{path or 'the plan'}: is a secret. A release plan is shown in previews and logs; keep secrets in the "
            "key vault and let the scoring script read them with the job's identity"
        )
        return None
    if isinstance(value, Mapping):
        return {
            str(key): _plain(each, f"{path}.{key}" if path else str(key), is_unknown, problems)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(each, f"{path}[{index}]", is_unknown, problems) for index, each in enumerate(value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    problems.append(f"{path or 'the plan'}: is a {type(value).__name__}; allowed is plain data (texts and numbers)")
    return None


def _plan(data: Mapping[str, Any], reader: _Reader) -> ReleasePlan:
    deployments = {
        logical: _deployment(logical, reader.mapping(data["deployments"], logical, "deployments."), reader)
        for logical in reader.mapping(data, "deployments", "")
    }
    default = reader.text(data, "default", "")
    if not deployments:
        reader.problems.append("deployments: is empty; an endpoint needs at least one deployment")
    elif default and default not in deployments:
        reader.problems.append(f"default: names {default!r}; allowed are {', '.join(deployments)}")
    return ReleasePlan(
        subscription_id=reader.text(data, "subscriptionId", ""),
        resource_group=reader.text(data, "resourceGroup", ""),
        workspace=reader.text(data, "workspace", ""),
        endpoint=_endpoint(reader.mapping(data, "endpoint", ""), reader),
        default=default,
        pin=reader.optional_text(data, "pin", ""),
        keep=reader.integer(data, "keep", "", 1),
        deployments=deployments,
    )


def _endpoint(data: Mapping[str, Any], reader: _Reader) -> EndpointPlan:
    path = "endpoint."
    return EndpointPlan(
        name=reader.text(data, "name", path),
        id=reader.text(data, "id", path),
        created_at=reader.optional_text(data, "createdAt", path) or "",
        api_version=reader.optional_text(data, "azureApiVersion", path) or "",
        location=reader.text(data, "location", path),
        auth_mode=reader.text(data, "authMode", path),
        description=reader.optional_text(data, "description", path) or "",
        tags=reader.texts(data, "tags", path),
    )


def _deployment(logical: str, data: Mapping[str, Any], reader: _Reader) -> DeploymentPlan:
    path = f"deployments.{logical}."
    if problem := check_logical_name(logical):
        reader.problems.append(problem)
    code = reader.mapping(data, "code", path)
    return DeploymentPlan(
        logical=logical,
        model=_model(reader.mapping(data, "model", path), f"{path}model.", reader),
        code_path=reader.relative_path(code, "path", f"{path}code."),
        code_digest=reader.text(code, "digest", f"{path}code."),
        scoring_script=reader.relative_path(data, "scoringScript", path),
        environment=_environment(reader.mapping(data, "environment", path), f"{path}environment.", reader),
        compute=reader.text(data, "compute", path),
        settings=_settings(reader.mapping(data, "settings", path), f"{path}settings.", reader),
        environment_variables=reader.texts(data, "environmentVariables", path),
        description=reader.optional_text(data, "description", path) or "",
        tags=reader.texts(data, "tags", path),
    )


def _model(data: Mapping[str, Any], path: str, reader: _Reader) -> LocalModel | RegisteredModel:
    if "path" in data:
        reader.only(data, ("path", "name", "type", "digest"), path)
        return LocalModel(
            path=reader.relative_path(data, "path", path),
            name=reader.text(data, "name", path),
            type=reader.text(data, "type", path, _MODEL_TYPES),
            digest=reader.text(data, "digest", path),
        )
    reader.only(data, ("registry", "name", "version"), path)
    return RegisteredModel(
        name=reader.text(data, "name", path),
        version=reader.text(data, "version", path),
        registry=reader.optional_text(data, "registry", path),
    )


def _environment(data: Mapping[str, Any], path: str, reader: _Reader) -> ImageEnvironment | NamedEnvironment:
    if "image" in data:
        reader.only(data, ("image", "condaFile", "condaDigest"), path)
        return ImageEnvironment(
            image=reader.text(data, "image", path),
            conda_file=reader.relative_path(data, "condaFile", path),
            conda_digest=reader.text(data, "condaDigest", path),
        )
    reader.only(data, ("name", "version"), path)
    return NamedEnvironment(name=reader.text(data, "name", path), version=reader.text(data, "version", path))


def _settings(data: Mapping[str, Any], path: str, reader: _Reader) -> ScoringSettings:
    numbers = {key: reader.integer(data, key, path, lowest) for key, lowest in _LOWEST.items()}
    return ScoringSettings(
        instance_count=numbers["instanceCount"],
        max_concurrency_per_instance=numbers["maxConcurrencyPerInstance"],
        mini_batch_size=numbers["miniBatchSize"],
        max_retries=numbers["maxRetries"],
        timeout_seconds=numbers["timeoutSeconds"],
        error_threshold=numbers["errorThreshold"],
        logging_level=reader.text(data, "loggingLevel", path, _LOGGING_LEVELS),
        output_action=reader.text(data, "outputAction", path, _OUTPUT_ACTIONS),
        output_file_name=reader.text(data, "outputFileName", path),
    )
