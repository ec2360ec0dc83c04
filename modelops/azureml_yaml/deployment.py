"""A batch deployment's YAML file, in the words of the stack file.

Taken is what one of azure-ai-ml's three loaders takes (`load_batch_deployment`, `load_model_batch_deployment` and
`load_pipeline_component_batch_deployment` in azure.ai.ml.entities._load_functions), whichever it is: the keys of the
job at the top, or below `settings`. A test compares form by form. The keys are those of
https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-batch.
"""

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from modelops.azureml_yaml.content import Paths, read_code, read_environment, read_model
from modelops.azureml_yaml.reading import Part, Reading, opened, shown
from modelops.plan.scoring_settings import SETTINGS, Setting

_TOP: Final = (
    *("$schema", "name", "endpoint_name", "description", "tags", "properties", "id", "type"),
    *("model", "code_configuration", "environment", "environment_variables", "compute", "resources", "settings"),
    *("provisioning_state", "creation_context"),
)
_RESOURCES: Final = (
    *("instance_count", "instance_type", "properties", "locations", "shm_size", "docker_args", "max_instance_count"),
)
_UNUSED_RESOURCES: Final = tuple(key for key in _RESOURCES if key != "instance_count")

_JOB: Final = {each.sdk: each for each in SETTINGS.values() if each.sdk_group == "settings"}
_RETRIES: Final = {each.sdk: each for each in SETTINGS.values() if each.sdk_group == "retry_settings"}
"""The scoring settings by azure-ai-ml's names."""

_FLAT: Final = (*(key for key in _JOB if key != "instance_count"), "retry_settings")
"""The scoring settings that a file without `settings` has at its top; it has the nodes below `resources`."""

_BOTH: Final = ("error_threshold", "environment_variables")
"""Keys that azure-ai-ml takes at the top also beside `settings`."""

_PIPELINE: Final = ("component", "job_definition")

PIPELINE: Final = "The program deploys models; deploy a pipeline component with azure-ai-ml."
"""The sentence that refuses every kind of pipeline."""

_OLD: Final = {
    "endpoint": "Write endpoint_name.",
    "deployments": "Write a file for each deployment, and name each with its own `from`.",
    "traffic": "Remove it: `default` of the endpoint in the stack file names the deployment that serves.",
    "auth_mode": "Remove it: it belongs to an endpoint.",
    "output_configuration": "Write output_action and output_file_name.",
    "scale_settings": "Write resources.instance_count.",
    "batch_settings": "Write mini_batch_size, max_concurrency_per_instance and retry_settings.",
    "code": "Write code_configuration.code.",
    "scoring_script": "Write code_configuration.scoring_script.",
    "instance_count": "Write resources.instance_count.",
    "max_retries": "Write retry_settings.max_retries.",
    "timeout": "Write retry_settings.timeout.",
}
_OLD_RETRIES: Final = {"maximum_retries": "Write max_retries.", "timeout_in_seconds": "Write timeout."}


def read_deployment(path: Path, root: Path, key: str) -> Reading:
    """Read a file; nothing is raised: what is wrong is in the result.

    Args:
        path: The file, below `root`.
        root: The program's folder.
        key: The deployment's key in the stack file: the name of a model that has none.
    """
    reading = Reading()
    top = opened(path, reading)
    if top is None:
        return reading
    if _is_pipeline(top):
        return reading
    settings = top.inside("settings")
    top.only(_TOP if settings else (*_TOP, *_FLAT), _OLD)
    _check_type(top)
    _read_names(top)
    folder = posixpath.relpath(path.parent.resolve().as_posix(), root.resolve().as_posix())
    paths = Paths(folder)
    read_model(top, paths, key)
    read_code(top, paths)
    read_environment(top, paths)
    _read_compute(top)
    _read_job(top, settings)
    _read_nodes(top, settings)
    return reading


def _is_pipeline(top: Part) -> bool:
    """Record that the file is of a pipeline, which has no other problems then."""
    kind = top.values.get("type")
    if isinstance(kind, str) and kind.lower() in ("pipeline", "component"):
        top.wrong("type", f"is {kind!r}", PIPELINE)
        return True
    found = next((key for key in _PIPELINE if key in top.values), None)
    if found:
        top.wrong(found, "belongs to a pipeline", PIPELINE)
    return found is not None


def _check_type(top: Part) -> None:
    kind = top.text("type")
    if kind is not None and kind.lower() != "model":
        top.wrong("type", f"is {kind!r}", "Write model, or remove the key.")


def _read_names(top: Part) -> None:
    """Read what only describes the deployment; names are the stack file's keys."""
    for key in ("name", "endpoint_name"):
        if top.text(key) is not None:
            top.note(key, "is not used: the key in the stack file is the name")
    top.described()
    top.ignored("properties", "id")


def _read_compute(top: Part) -> None:
    value = top.values.get("compute")
    if isinstance(value, dict):
        top.wrong(
            "compute",
            "is a mapping",
            "Write compute: azureml:NAME, and the number of nodes as resources.instance_count.",
            word="compute",
        )
        return
    text = top.text("compute", word="compute")
    if text is None:
        return
    name = text.removeprefix("azureml:")
    if re.fullmatch(r"/subscriptions/.+/computes/[^/]+", name, re.IGNORECASE):
        name = name.rpartition("/")[2]
    if name.lower() == "local" or not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        top.wrong("compute", f"is {text!r}", "Write azureml:NAME, with the name of a cluster.", word="compute")
        return
    top.put("compute", ("compute",), name)
    top.note("compute", "is a key of clusters; leave it out if the stack has one cluster")


def _read_job(top: Part, settings: Part | None) -> None:
    """Read the scoring settings and the environment variables, from `settings` or from the top."""
    source = top
    if settings is not None:
        settings.only((*_JOB, "retry_settings", "environment_variables"), _OLD)
        source = settings
        for key in _BOTH:
            if key in top.values and key in settings.values:
                top.wrong(key, "is set twice: at the top and below settings", "Remove one of the two.")
    for name, setting in _JOB.items():
        if name != "instance_count":
            _read_setting(top if name in top.values else source, name, setting)
    retries = source.inside("retry_settings")
    if retries is not None:
        retries.only(_RETRIES, _OLD_RETRIES)
        for name, setting in _RETRIES.items():
            _read_setting(retries, name, setting)
    variables = top if "environment_variables" in top.values else source
    if "environment_variables" in variables.values:
        variables.texts("environment_variables", "environmentVariables")


def _read_nodes(top: Part, settings: Part | None) -> None:
    """Read the number of nodes, from `resources` or from `settings`."""
    resources = top.inside("resources", word="instanceCount")
    if resources is not None:
        resources.only(_RESOURCES, {})
        resources.ignored(*_UNUSED_RESOURCES, because="is not used: the cluster's own settings decide")
        _read_setting(resources, "instance_count", _JOB["instance_count"])
    if settings is not None and "instance_count" in settings.values:
        if resources is not None:
            settings.wrong(
                "instance_count", "is set, and so is resources", "Remove one of the two.", word="instanceCount"
            )
        _read_setting(settings, "instance_count", _JOB["instance_count"])


def _read_setting(part: Part, key: str, setting: Setting) -> None:
    """Put a scoring setting; its bounds and words are the stack file's to check."""
    if not part.has(key):
        return
    value: Any = part.values[key]
    if setting.least is None:
        text = part.text(key, word=setting.key)
        if text is None:
            return
        value = text.lower() if setting.words else text
        if setting.sdk == "output_action" and value not in setting.words:
            part.wrong(key, f"is {text!r}", f"Write {' or '.join(setting.words)}.", word=setting.key)
            return
    else:
        number = _whole(value)
        if number is None:
            part.wrong(
                key, f"is {shown(value)}", f"Write a whole number without a unit ({setting.unit}).", word=setting.key
            )
            return
        value = number
    part.put(key, (setting.key,), value)


def _whole(value: object) -> int | None:
    """Return a number as azure-ai-ml takes it: also as a text, and without what follows the point; None for others."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None
