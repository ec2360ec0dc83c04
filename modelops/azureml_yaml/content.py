"""A deployment's content: its model, its environment, and the code with the scoring script."""

import posixpath
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final, Literal

import yaml

from modelops.azureml_yaml.reading import Part
from modelops.azureml_yaml.references import Kind, Reference, WrongReference, parse

_URI: Final = re.compile(r"azureml://.+|runs:/.+")
"""Where training leaves models; the release registers them."""

_OLD_MODEL: Final = {"local_path": "Write path."}
_MODEL: Final = ("name", "path", "type", "version")
_MODEL_UNUSED: Final = (
    *("description", "tags", "properties", "stage", "flavors", "datastore", "system_metadata"),
    *("default_deployment_template", "allowed_deployment_templates"),
    # Azure's answers have these, and azure-ai-ml passes over them.
    *("id", "creation_context", "latest_version", "job_name", "utc_time_created"),
)
_OLD_ENVIRONMENT: Final = {
    "docker": "Write image: IMAGE:TAG, the value of docker.image.",
    "path": "Remove it: image and conda_file say everything.",
    "channels": "Write the conda environment below conda_file.",
    "dependencies": "Write the conda environment below conda_file.",
}
_ENVIRONMENT: Final = ("name", "version", "image", "conda_file", "build")
_ENVIRONMENT_UNUSED: Final = (
    *("description", "tags", "properties", "datastore", "inference_config", "auto_delete_setting"),
    *("id", "creation_context", "latest_version"),
)


class Paths:
    """Resolves the file's paths to paths of the stack file: below the program's folder, with `/`."""

    def __init__(self, folder: str) -> None:
        """Take the file's own folder, relative to the program's; empty if it is that one."""
        self._folder = folder

    def read(self, part: Part, key: str, *, word: str | None = None) -> str | None:
        """Return a path relative to the program's folder; None if there is none, or if it is wrong."""
        value = part.text(key, word=word)
        if value is None:
            return None
        path = value.removeprefix("file:")
        if re.match(r"azureml:|[a-z][a-z+]+://", path):
            part.wrong(key, f"is {value!r}", "Write the path of a file or folder in this repository.", word=word)
            return None
        if "\\" in path or PureWindowsPath(path).drive:
            part.wrong(key, f"is {value!r}", f"Write {path.replace(chr(92), '/')!r}, with / in it.", word=word)
            return None
        if PurePosixPath(path).is_absolute():
            part.wrong(
                key,
                f"is {value!r}, which other machines do not have",
                "Write a path relative to this file's folder.",
                word=word,
            )
            return None
        found = posixpath.normpath(posixpath.join(self._folder, path))
        if found.split("/")[0] == "..":
            part.wrong(
                key,
                f"is {value!r}, which is outside the folder of Pulumi.yaml",
                "Every machine must find the same files there: copy them into that folder, and write the path of the "
                "copy.",
                word=word,
            )
            return None
        return found


def read_model(top: Part, paths: Paths, default_name: str) -> None:
    """Read the model; `default_name` is for one that has a path and no name."""
    part = _inline(top, "model")
    if part is None:
        return
    part.only((*_MODEL, *_MODEL_UNUSED), _OLD_MODEL)
    part.ignored(*_MODEL_UNUSED)
    name, version, kind = part.text("name"), _version(part), part.text("type")
    path = part.text("path") if _URI.fullmatch(str(part.values.get("path"))) else paths.read(part, "path")
    if "path" in part.values:
        if path is not None:
            part.put("path", ("model", "path"), path)
        part.put("name" if name else "path", ("model", "name"), name or default_name)
        if version:
            part.note("version", "is not used: a model with these bytes is registered as the next version")
    elif name:
        _put_registered(part, "model", name, version)
    elif not ({"local_path", "name"} & part.values.keys()):
        top.wrong("model", "names nothing", "Write path, or name and version.", word="model")
    if kind:
        part.put("type", ("model", "type"), kind.lower())


def read_environment(top: Part, paths: Paths) -> None:
    """Read the environment."""
    part = _inline(top, "environment")
    if part is None:
        return
    part.only((*_ENVIRONMENT, "os_type", *_ENVIRONMENT_UNUSED), _OLD_ENVIRONMENT)
    part.ignored(*_ENVIRONMENT_UNUSED)
    name, version, system = part.text("name"), _version(part), part.text("os_type")
    if system and system.lower() != "linux":
        part.wrong("os_type", f"is {system!r}", "Batch endpoints run on Linux: remove the key.")
    if "image" in part.values or "conda_file" in part.values:
        _read_image(part, paths)
    if "build" in part.values:
        _read_build(part, paths)
    if {"image", "conda_file", "build"} & part.values.keys():
        unused = "is not used: an environment with this content is named after it"
        part.ignored("name", "version", because=unused)
    elif name:
        _put_registered(part, "environment", name, version)
    elif not (_OLD_ENVIRONMENT.keys() & part.values.keys()) and "name" not in part.values:
        top.wrong(
            "environment", "names nothing", "Write image and conda_file, or name and version.", word="environment"
        )


def _inline(top: Part, key: Literal["model", "environment"]) -> Part | None:
    """Return the mapping below a key; None if there is none. A reference to something registered is read here."""
    if not top.has(key):
        return None
    if not isinstance(top.values[key], dict):
        _read_reference(top, key)
        return None
    return top.inside(key, word=key)


def read_code(top: Part, paths: Paths) -> None:
    """Read the folder with the scoring script, and the script's path in it."""
    part = top.inside("code_configuration", word="code")
    if part is None:
        return
    part.only(("code", "scoring_script"), {"directory": "Write code.", "local_path": "Write code."})
    code = part.values.get("code")
    if isinstance(code, dict):
        old = code.get("local_path") or code.get("directory") or "FOLDER"
        part.wrong("code", "is a mapping", f"Write code: {old}.")
    elif (found := paths.read(part, "code")) is not None:
        part.put("code", ("code",), found)
    script = part.text("scoring_script", word="scoringScript")
    if script is not None:
        part.put("scoring_script", ("scoringScript",), posixpath.normpath(script.removeprefix("file:")))


def _read_reference(top: Part, kind: Kind) -> None:
    text = top.text(kind, word=kind)
    if text is None:
        return
    try:
        found = parse(text, kind)
    except WrongReference as wrong:
        top.wrong(kind, f"is {text!r}", str(wrong), word=kind)
        return
    if found.is_elsewhere:
        top.warn(kind, "is an ARM id: its name and version are looked up in this stack's workspace", word=kind)
    _put_reference(top, kind, kind, found)


def _put_registered(part: Part, kind: Kind, name: str, version: str | None) -> None:
    """Put what a mapping with a name, and perhaps a version, refers to."""
    _put_reference(part, "version" if version else "name", kind, Reference(name, version, is_bare=version is None))


def _put_reference(part: Part, key: str, kind: Kind, found: Reference) -> None:
    if found.is_bare:
        part.warn(
            key,
            f"has no version, and azure-ai-ml would not deploy it: the latest version of {found.name} is used",
            word=kind,
        )
    elif found.version is None:
        part.warn(key, f"is {part.values[key]!r}: git does not fix which version that is", word=kind)
    for word, value in found.words.items():
        part.put(key, (kind, word), value)


def _version(part: Part) -> str | None:
    """Return a version, which may be a number; None if there is none, or if it is wrong."""
    if not part.has("version"):
        return None
    value = part.values["version"]
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else part.text("version")


def _read_image(part: Part, paths: Paths) -> None:
    image = part.text("image")
    if image is not None:
        part.put("image", ("environment", "image"), image)
    conda = part.values.get("conda_file")
    if isinstance(conda, dict):
        # As azure-ai-ml writes it; the keys' order has no meaning.
        part.put("conda_file", ("environment", "conda"), yaml.safe_dump(conda, sort_keys=True))
    elif (path := paths.read(part, "conda_file")) is not None:
        part.put("conda_file", ("environment", "condaFile"), path)


def _read_build(part: Part, paths: Paths) -> None:
    build = part.inside("build")
    if build is None:
        return
    if "image" in part.values:
        part.wrong("build", "is set, and so is image", "Write one of the two.")
    build.only(("path", "dockerfile_path"), {"local_path": "Write path."})
    if (path := paths.read(build, "path")) is not None:
        build.put("path", ("environment", "build", "path"), path)
    elif "path" not in build.values:
        part.wrong("build", "has no path", "Write the path of the folder with the Dockerfile.")
    if (file := build.text("dockerfile_path")) is not None:
        build.put("dockerfile_path", ("environment", "build", "dockerfilePath"), file)
