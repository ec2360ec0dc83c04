"""The inputs and outputs of a scoring request for a pipeline component deployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.azure.arm.errors import bad_request, not_modelled
from sandbox.azure.machine_learning.jobs.invocation import EXPERIMENT, answered, validated
from sandbox.azure.machine_learning.pipelines.graph import Data, Value

_TYPES = {
    "urifolder": "uri_folder",
    "urifile": "uri_file",
    "custommodel": "custom_model",
    "mlflowmodel": "mlflow_model",
}
# Their effect on a pipeline is not documented.
_OF_MODELS = (
    *("miniBatchSize", "errorThreshold", "retrySettings", "outputDataset", "outputFileName", "compute"),
    *("dataset", "maxConcurrencyPerInstance", "loggingLevel"),
)


@dataclass(frozen=True, slots=True)
class PipelineInvocation:
    """A valid request: values by input, URIs of folders by output, and the request as the service answers it."""

    inputs: Mapping[str, Value]
    outputs: Mapping[str, str]
    experiment: str
    tags: Mapping[str, str]
    description: str | None
    answered: Mapping[str, Any]


def parse(body: Any) -> PipelineInvocation:
    """Return a validated request.

    Raises:
        ArmError: 400 naming the problem and the value; 501 for features that the sandbox does not support.
    """
    given = validated(body)
    for member in _OF_MODELS:
        if given.get(member):
            raise not_modelled(f"'properties.{member}' of a scoring request for a pipeline component deployment")
    return PipelineInvocation(
        inputs={name: _input(name, about) for name, about in (given.get("inputData") or {}).items()},
        outputs={name: _output(name, about) for name, about in (given.get("outputData") or {}).items()},
        experiment=str((given.get("properties") or {}).get(EXPERIMENT) or ""),
        tags=given.get("tags") or {},
        description=given.get("description"),
        answered=answered(given),
    )


def _input(name: str, about: Mapping[str, Any]) -> Value:
    member, type_ = f"properties.inputData.{name}", str(about["jobInputType"])
    if type_.lower() == "literal":
        value = about.get("value")
        if value is None or isinstance(value, dict | list):
            raise bad_request(f"'{member}.value' must be a string, a boolean or a number.", "UserError")
        return str(value)
    if type_.lower() not in _TYPES:
        allowed = "Literal, UriFolder, UriFile, CustomModel, MLFlowModel"
        raise bad_request(f"'{member}.jobInputType' is '{type_}'; allowed: {allowed}.", "UserError")
    if not about.get("uri"):
        raise bad_request(f"required member '{member}.uri' is missing", "UserError")
    return Data(_TYPES[type_.lower()], str(about["uri"]))


def _output(name: str, about: Mapping[str, Any]) -> str:
    if not about.get("uri"):
        raise bad_request(f"required member 'properties.outputData.{name}.uri' is missing", "UserError")
    return str(about["uri"])
