"""The body of a scoring request: case-insensitive members, one input, at most one output, and overrides."""

from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.azure.arm.errors import ArmError, bad_request, not_modelled
from sandbox.azure.arm.schema import Schema, validate
from sandbox.azure.machine_learning.jobs.datasets import DATASET, refuse_pattern, uri_of_dataset
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled

InputKind = Literal["folder", "file", ""]
LoggingLevel = Literal["Info", "Warning", "Debug"]
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "asText": True}
_WORDS = {"type": "map", "values": {"type": "text"}}
EXPERIMENT = "experimentName"
# In the data plane's model, but no client sends them: their effect is unknown. The model says of compute that it is
# "used to set instance count".
_NOT_MODELLED: Members = {
    "properties.partitionKeys": (),
    "properties.compute.instanceType": (),
    "properties.compute.location": (),
    "properties.compute.properties": (),
}
_SCHEMA: Schema = {
    "type": "object",
    "required": ["properties"],
    "members": {
        "properties": {
            "type": "object",
            "members": {
                "inputData": {
                    "type": "map",
                    "values": {
                        "type": "object",
                        "nullable": False,
                        "members": {
                            **dict.fromkeys(("jobInputType", "uri", "mode", "description"), _TEXT),
                            "value": {"type": "any"},
                        },
                        "required": ["jobInputType"],
                    },
                },
                "outputData": {
                    "type": "map",
                    "values": {
                        "type": "object",
                        "nullable": False,
                        "members": dict.fromkeys(("jobOutputType", "uri", "mode", "description"), _TEXT),
                        "required": ["jobOutputType"],
                    },
                },
                "outputDataset": {"type": "object", "members": {"datastoreId": _TEXT, "path": _TEXT}},
                "outputFileName": _TEXT,
                "miniBatchSize": _NUMBER,
                "errorThreshold": _NUMBER,
                "maxConcurrencyPerInstance": _NUMBER,
                "loggingLevel": {"type": "string", "enum": ["Info", "Warning", "Debug"]},
                "compute": {
                    "type": "object",
                    "members": {
                        **dict.fromkeys(("target", "instanceType", "location"), _TEXT),
                        "instanceCount": _NUMBER,
                        "isLocal": {"type": "boolean"},
                        "properties": _WORDS,
                    },
                },
                "retrySettings": {
                    "type": "object",
                    "members": {"maxRetries": _NUMBER, "timeout": {"type": "string", "format": "duration"}},
                },
                "dataset": DATASET,
                # Without effect for model deployments, as documented (experimentName) and reported (name: #32763).
                "name": _TEXT,
                "properties": _WORDS,
                # See Switches.invocation_words_kept.
                "tags": _WORDS,
                "description": _TEXT,
                "partitionKeys": {"type": "any"},
            },
        }
    },
}


@dataclass(frozen=True, slots=True)
class Invocation:
    """A valid scoring request; None and {} for the deployment's own settings.

    ``input_kind`` is "" if only the data tells, as in the older body. ``output_uri`` is of ``outputData``;
    ``output_dataset`` is (ARM id of the datastore, path). ``compute`` is an id or a name.
    """

    input_kind: InputKind
    input_uri: str
    output_uri: str | None
    output_dataset: tuple[str, str] | None
    output_file_name: str | None
    mini_batch_size: int | None
    error_threshold: int | None
    compute: str | None
    instance_count: int | None
    max_concurrency_per_instance: int | None
    logging_level: LoggingLevel | None
    max_retries: int | None
    timeout: str | None
    tags: dict[str, str] = field(default_factory=dict)
    description: str | None = None
    answered: dict[str, Any] = field(default_factory=dict)


def parse(body: Any) -> Invocation:
    """Return a validated scoring request.

    Raises:
        ArmError: 400 naming the problem and the value; 501 for features that the sandbox does not support.
    """
    given = validated(body)
    kind, uri = _input(given)
    dataset = given.get("outputDataset")
    if dataset is not None and not dataset.get("datastoreId"):
        raise bad_request("required member 'properties.outputDataset.datastoreId' is missing", "UserError")
    if dataset is not None and given.get("outputData"):
        # It is not documented which of the two takes precedence.
        raise not_modelled("'properties.outputData' together with 'properties.outputDataset' in a scoring request")
    retry, compute = given.get("retrySettings") or {}, given.get("compute") or {}
    return Invocation(
        input_kind=kind,
        input_uri=uri,
        output_uri=_output(given.get("outputData") or {}),
        output_dataset=(dataset["datastoreId"], dataset.get("path") or "") if dataset else None,
        output_file_name=given.get("outputFileName"),
        mini_batch_size=given.get("miniBatchSize"),
        error_threshold=given.get("errorThreshold"),
        compute=compute.get("target"),
        instance_count=compute.get("instanceCount"),
        max_concurrency_per_instance=given.get("maxConcurrencyPerInstance"),
        logging_level=given.get("loggingLevel"),
        max_retries=retry.get("maxRetries"),
        timeout=retry.get("timeout"),
        tags=given.get("tags") or {},
        description=given.get("description"),
        answered=answered(given),
    )


def answered(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the service answers of a request: all that it said, but the name, which has no effect."""
    return {member: value for member, value in given.items() if value is not None and member != "name"}


def validated(body: Any) -> dict[str, Any]:
    """Return the properties of a scoring request of any deployment, its members in the schema's case.

    Raises:
        ArmError: 400 for a wrong member or value; 501 for a member that the sandbox does not support.
    """
    if body is None:
        raise ArmError(400, "InvalidRequestContent", "The request content was invalid: there is no body.")
    request = validate(_SCHEMA, _in_our_case(_SCHEMA, body))
    given: dict[str, Any] = request["properties"]
    # azure-ai-ml sends it with every override of a member of compute.
    if given.get("compute"):
        given["compute"].pop("isLocal", None)
    refuse_unmodelled("a scoring request", {"properties": given}, _NOT_MODELLED)
    return given


def _in_our_case(schema: Schema, value: Any) -> Any:
    """Return ``value`` with known members in the schema's case: callers may use any case."""
    if not isinstance(value, dict):
        return value
    if schema["type"] == "map":
        return {name: _in_our_case(schema["values"], item) for name, item in value.items()}
    if schema["type"] != "object":
        return value
    names = {name.lower(): name for name in schema["members"]}
    result = {}
    for name, item in value.items():
        known = names.get(name.lower(), name)
        result[known] = _in_our_case(schema["members"].get(known, {"type": "any"}), item)
    return result


def _input(given: dict[str, Any]) -> tuple[InputKind, str]:
    """Return the kind and the URI of the one input."""
    inputs, dataset = given.get("inputData") or {}, given.get("dataset")
    if dataset is not None and inputs:
        # It is not documented which of the two takes precedence.
        raise not_modelled("'properties.inputData' together with 'properties.dataset' in a scoring request")
    if dataset is not None:
        return "", uri_of_dataset(dataset)
    if len(inputs) != 1:
        raise bad_request(
            f"'properties.inputData' has {len(inputs)} inputs; a model deployment takes exactly one.", "UserError"
        )
    name, about = next(iter(inputs.items()))
    kind = str(about["jobInputType"]).lower()
    member = f"properties.inputData.{name}"
    if kind == "literal":
        raise bad_request(
            f"'{member}.jobInputType' is 'Literal', which only pipeline component deployments take.", "UserError"
        )
    if kind not in ("urifolder", "urifile"):
        raise bad_request(
            f"'{member}.jobInputType' is '{about['jobInputType']}'; allowed: UriFolder, UriFile.", "UserError"
        )
    if about.get("value") is not None:
        raise not_modelled(f"'{member}.value' of an input of type {about['jobInputType']}: only its 'uri' is read")
    if not about.get("uri"):
        raise bad_request(f"required member '{member}.uri' is missing", "UserError")
    refuse_pattern(f"{member}.uri", about["uri"])
    return ("folder" if kind == "urifolder" else "file"), about["uri"]


def _output(outputs: dict[str, Any]) -> str | None:
    if not outputs:
        return None
    if len(outputs) != 1:
        raise bad_request(
            f"'properties.outputData' has {len(outputs)} outputs; a model deployment has exactly one.", "UserError"
        )
    given = next(iter(outputs.values()))
    kind = str(given["jobOutputType"])
    if kind.lower() != "urifile":
        # Text as users report it: Azure/azure-sdk-for-python#35242.
        raise bad_request(
            "The Job request provided has the following validation errors. Please resolve them and try again. Errors:"
            ' [{"PropertyName":"OutputData.Values[0].JobOutputType","ErrorMessage":"Job output type must be'
            f' \'uri_file\'.","AttemptedValue":"{kind}","ErrorCode":"PredicateValidator"}}]',
            "ValidationError",
        )
    if not given.get("uri"):
        raise bad_request("'properties.outputData': the output has no 'uri'.", "UserError")
    return str(given["uri"])
