"""The body of a scoring request: case-insensitive members, one input, at most one output, and overrides."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.azure.arm.errors import ArmError, bad_request, not_modelled
from sandbox.azure.arm.schema import Schema, validate
from sandbox.azure.machine_learning.unmodelled import Members, refuse_unmodelled

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
# In the data plane's model, but no client sends them: their effect is unknown.
_UNTYPED = ("dataset", "loggingLevel", "maxConcurrencyPerInstance", "partitionKeys", "tags", "description")
EXPERIMENT = "experimentName"
_NOT_MODELLED: Members = {
    "properties.properties": (),
    **{f"properties.{member}": () for member in _UNTYPED},
    "properties.compute.isLocal": (False,),
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
                        "members": {"jobInputType": _TEXT, "uri": _TEXT, "value": {"type": "any"}, "mode": _TEXT},
                        "required": ["jobInputType"],
                    },
                },
                "outputData": {
                    "type": "map",
                    "values": {
                        "type": "object",
                        "nullable": False,
                        "members": {"jobOutputType": _TEXT, "uri": _TEXT, "mode": _TEXT},
                        "required": ["jobOutputType"],
                    },
                },
                "outputDataset": {"type": "object", "members": {"datastoreId": _TEXT, "path": _TEXT}},
                "outputFileName": _TEXT,
                "miniBatchSize": _NUMBER,
                "errorThreshold": _NUMBER,
                "compute": {
                    "type": "object",
                    "members": {"instanceCount": _NUMBER, "isLocal": {"type": "boolean"}},
                },
                "retrySettings": {
                    "type": "object",
                    "members": {"maxRetries": _NUMBER, "timeout": {"type": "string", "format": "duration"}},
                },
                # Without effect for model deployments, as documented (experimentName) and reported (name: #32763).
                "name": _TEXT,
                "properties": {"type": "map", "values": {"type": "text"}},
                **{member: {"type": "any"} for member in _UNTYPED},
            },
        }
    },
}


@dataclass(frozen=True, slots=True)
class Invocation:
    """A valid scoring request; None and {} for the deployment's own settings.

    ``output_uri`` is of ``outputData``; ``output_dataset`` is (ARM id of the datastore, path).
    """

    input_kind: str
    input_uri: str
    output_uri: str | None
    output_dataset: tuple[str, str] | None
    output_file_name: str | None
    mini_batch_size: int | None
    error_threshold: int | None
    instance_count: int | None
    max_retries: int | None
    timeout: str | None
    answered: dict[str, Any] = field(default_factory=dict)


def parse(body: Any) -> Invocation:
    """Return a validated scoring request.

    Raises:
        ArmError: 400 naming the problem and the value; 501 for features that the sandbox does not support.
    """
    given = validated(body)
    kind, uri = _input(given.get("inputData") or {})
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
        instance_count=compute.get("instanceCount"),
        max_retries=retry.get("maxRetries"),
        timeout=retry.get("timeout"),
        answered={member: given[member] for member in ("inputData", "outputData") if given.get(member)},
    )


def validated(body: Any) -> dict[str, Any]:
    """Return the properties of a scoring request of any deployment, its members in the schema's case.

    Raises:
        ArmError: 400 for a wrong member or value; 501 for a member that the sandbox does not support.
    """
    if body is None:
        raise ArmError(400, "InvalidRequestContent", "The request content was invalid: there is no body.")
    request = validate(_SCHEMA, _in_our_case(_SCHEMA, body))
    given: dict[str, Any] = request["properties"]
    # azure-ai-ml sends it with every override of the instance count.
    if (given.get("compute") or {}).get("instanceCount") is not None:
        given["compute"].pop("isLocal", None)
    # Honoured for pipeline component deployments, as documented; without effect for the others.
    more = {name: value for name, value in (given.get("properties") or {}).items() if name != EXPERIMENT}
    refuse_unmodelled("a scoring request", {"properties": given | {"properties": more}}, _NOT_MODELLED)
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


def _input(inputs: dict[str, Any]) -> tuple[str, str]:
    if len(inputs) != 1:
        raise bad_request(
            f"'properties.inputData' has {len(inputs)} inputs; a model deployment takes exactly one.", "UserError"
        )
    name, given = next(iter(inputs.items()))
    kind = str(given["jobInputType"]).lower()
    member = f"properties.inputData.{name}"
    if kind == "literal":
        raise bad_request(
            f"'{member}.jobInputType' is 'Literal', which only pipeline component deployments take.", "UserError"
        )
    if kind not in ("urifolder", "urifile"):
        raise bad_request(
            f"'{member}.jobInputType' is '{given['jobInputType']}'; allowed: UriFolder, UriFile.", "UserError"
        )
    if given.get("value") is not None:
        raise not_modelled(f"'{member}.value' of an input of type {given['jobInputType']}: only its 'uri' is read")
    if not given.get("uri"):
        raise bad_request(f"required member '{member}.uri' is missing", "UserError")
    # A question mark is not a pattern: it starts the query of a URL.
    if "*" in given["uri"].partition("?")[0]:
        raise bad_request(f"'{member}.uri' is '{given['uri']}'; patterns are not supported.", "UserError")
    return ("folder" if kind == "urifolder" else "file"), given["uri"]


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
