"""The older body of a scoring request: ``dataset`` instead of ``inputData``.

The data plane's model (azure-ai-ml 1.20, v2020_09_01_dataplanepreview) has it, to be deprecated; public samples still
send it (https://github.com/Azure/azureml-examples, cli/batch-score-rest.sh).
"""

from collections.abc import Mapping
from typing import Any

from sandbox.azure.arm.errors import bad_request
from sandbox.azure.arm.schema import Schema

DATASET: Schema = {
    "type": "object",
    "members": {
        "dataInputType": {"type": "string", "enum": ["DataUrl", "DatasetId", "DatasetVersion"]},
        **{member: {"type": "text"} for member in ("path", "datasetId", "datasetName", "datasetVersion")},
    },
    "required": ["dataInputType"],
}


def uri_of_dataset(dataset: Mapping[str, Any]) -> str:
    """Return what the older body names, as the newer one would: a URI, or the id of a data asset.

    Raises:
        ArmError: 400, a member is missing, or the path is a pattern.
    """
    kind = dataset["dataInputType"]
    needed = {"DataUrl": ("path",), "DatasetId": ("datasetId",), "DatasetVersion": ("datasetName", "datasetVersion")}
    for member in needed[kind]:
        if not dataset.get(member):
            raise bad_request(f"required member 'properties.dataset.{member}' is missing", "UserError")
    if kind == "DatasetVersion":
        return f"azureml:{dataset['datasetName']}:{dataset['datasetVersion']}"
    given = str(dataset[needed[kind][0]])
    refuse_pattern(f"properties.dataset.{needed[kind][0]}", given)
    return given


def refuse_pattern(member: str, uri: str) -> None:
    """Refuse an address with an asterisk.

    Raises:
        ArmError: 400.
    """
    # A question mark is not a pattern: it starts the query of a URL.
    if "*" in uri.partition("?")[0]:
        raise bad_request(f"'{member}' is '{uri}'; patterns are not supported.", "UserError")
