"""A batch endpoint's YAML file, in the words of the stack file.

Taken is what azure-ai-ml's `load_batch_endpoint` takes, and `identity`, with which that fails. The keys are those of
https://learn.microsoft.com/azure/machine-learning/reference-yaml-endpoint-batch.
"""

import re
from pathlib import Path
from typing import Final

from modelops.azureml_yaml.document import Unreadable, read
from modelops.azureml_yaml.reading import Part, Reading, opened

_ANSWERED: Final = ("$schema", "id", "provisioning_state", "scoring_uri", "openapi_uri")
"""Keys that say nothing, or that Azure's answers have."""

_KNOWN: Final = (
    *("name", "description", "tags", "auth_mode", "properties", "location", "identity", "defaults"),
    *_ANSWERED,
)
_AUTH_MODE: Final = "aad_token"
_ADVICE: Final = "Remove it: it belongs to a deployment's file, which `from` of the deployment names."
_DEPLOYMENTS: Final = frozenset(
    (
        *("endpoint_name", "model", "code_configuration", "environment", "environment_variables", "compute"),
        *("resources", "settings", "mini_batch_size", "max_concurrency_per_instance", "retry_settings"),
        *("output_action", "output_file_name", "error_threshold", "logging_level"),
    )
)
_OLD: Final = {
    "deployments": "Write a file for each deployment, and name each with its own `from`.",
    "traffic": "Remove it: `default` of the endpoint in the stack file names the deployment that serves.",
    "type": "Remove it: the file is of a batch endpoint.",
    **dict.fromkeys(_DEPLOYMENTS, _ADVICE),
}


def is_endpoint(path: Path) -> bool:
    """Say whether a file is of an endpoint: it has none of a deployment's keys, and one of an endpoint's alone."""
    try:
        keys = read(path).values.keys()
    except Unreadable:
        return False
    return not keys & _DEPLOYMENTS and bool(keys & {"auth_mode", "identity", "defaults", "scoring_uri"})


def read_endpoint(path: Path) -> Reading:
    """Read a file; nothing is raised: what is wrong is in the result."""
    reading = Reading()
    top = opened(path, reading)
    if top is None:
        return reading
    top.only(_KNOWN, _OLD)
    if top.text("name") is not None:
        top.note("name", "is not used: the key in the stack file is the name")
    top.described()
    _check_auth_mode(top)
    top.ignored("identity", because="is not used: jobs run with the cluster's identity")
    top.ignored("location", because="is not used: an endpoint is in its workspace's region")
    top.ignored("defaults", because="is not used: `default` in the stack file names the deployment")
    top.ignored("properties")
    return reading


def _check_auth_mode(top: Part) -> None:
    mode = top.text("auth_mode")
    if mode is not None and re.sub(r"_", "", mode).lower() != _AUTH_MODE.replace("_", ""):
        top.wrong("auth_mode", f"is {mode!r}", f"Write {_AUTH_MODE}: batch endpoints take nothing else.")
