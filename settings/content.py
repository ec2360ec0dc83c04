"""The content of a deployment: its model, environment, scoring script, and the files that these name.

Everything here is part of a revision's identity, so it must mean the same on every machine and at any time: paths are
relative, images have tags, versions are numbers.
"""

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from components import names
from components.release_parts.deployment_args import EnvironmentArgs, ModelArgs
from modelops.plan import conda_file, scoring_script
from modelops.plan.rules import MODEL_TYPES, check_image, check_relative_path
from settings.problems import Edit, setting
from settings.section import Section


def read_model(section: Section, root: Path) -> ModelArgs:
    """Read one of the three kinds of model: a local path, a registered model, or a model in a registry."""
    name = section.text(
        "name", None, pattern=names.ASSET.pattern, allowed=f"a model's name, {names.ASSET.allowed()}", example="MODEL"
    )
    if "path" in section.values:
        section.only("path", "name", "type")
        return {
            "path": read_path(section, "path", root, folder=None, what="the model's file or folder"),
            "name": name,
            "type": section.choice("type", "custom_model", MODEL_TYPES),
        }
    if "version" in section.values:
        section.only("registry", "name", "version")
        version = _read_version(section)
        if "registry" not in section.values:
            return {"name": name, "version": version}
        registry = section.text("registry", None, allowed="the name of a registry", example="azureml")
        return {"registry": registry, "name": name, "version": version}
    section.problems.add(
        section.path,
        "does not name a model",
        "Allowed: path and name (a local model), name and version (a model in the workspace), or registry, name and "
        "version.",
        setting(section.at("path"), "PATH"),
    )
    return {"name": name}


def read_environment(section: Section, root: Path) -> EnvironmentArgs:
    """Read an image with a conda file, or the name and version of a registered environment."""
    if "image" in section.values:
        section.only("image", "condaFile")
        return {
            "image": _read_image(section),
            "conda_file": read_conda_file(section, "condaFile", root),
        }
    if "name" in section.values:
        section.only("name", "version")
        name = section.text(
            "name",
            None,
            pattern=names.ASSET.pattern,
            allowed=f"an environment's name, {names.ASSET.allowed()}",
            example="ENVIRONMENT",
        )
        return {"name": name, "version": _read_version(section)}
    section.only("image", "condaFile", "name", "version")
    section.problems.add(
        section.path,
        "does not name an environment",
        "Allowed: image and condaFile, or the name and version of a registered environment.",
        setting(section.at("image"), "IMAGE:TAG"),
    )
    return {}


def read_conda_file(section: Section, key: str, root: Path) -> str:
    """Read the path of a conda file, and what is in the file."""
    path = read_path(section, key, root, folder=False, what="the conda file")
    if path and (why := _judged(root / path, conda_file.problem)):
        section.problems.add(section.at(key), f"is {path!r}", f"The file {why}.", Edit(path))
    return path


def _judged(file: Path, problem: Callable[[bytes], str | None]) -> str | None:
    try:
        return problem(file.read_bytes())
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _read_image(section: Section) -> str:
    """Read an image that does not change: with a tag other than `latest`, or with a digest."""
    image = section.text("image", None, pattern=r"\S+", allowed="an image with a tag", example="IMAGE:TAG")
    if image and check_image(image):
        section.wrong(
            "image",
            "an image with a tag other than latest, or with a digest (@sha256:...), so that the same configuration "
            "always means the same environment",
            f"{section.problems.public('endpoints', image.removesuffix(':latest').removesuffix(':'), 'IMAGE')}:TAG",
        )
    return image


def _read_version(section: Section) -> str:
    value: Any = section.values.get("version")
    if isinstance(value, int) and not isinstance(value, bool):  # YAML reads a plain 3 as a number
        return str(value)
    allowed = "a version, such as 3 (not latest: the same configuration must always mean the same version)"
    return section.text("version", None, pattern=r"(?!latest$|@)\S+", allowed=allowed, example="1")


def read_script(section: Section, root: Path, code: str) -> str:
    """Read the scoring script, a file in the code folder; `code` is empty if it is not set."""
    script = section.text(
        "scoringScript",
        None,
        pattern=r"[^/\\].*\.py",
        allowed="a Python file, relative to the code folder",
        example="score.py",
    )
    if script and code and (check_relative_path(script) or not _exists(root / code / script, folder=False)):
        section.wrong("scoringScript", "a file in the code folder", "score.py", because=f"and {code} has no such file")
    elif script and code and (why := _judged(root / code / script, scoring_script.problem)):
        file = (PurePosixPath(code) / script).as_posix()
        section.problems.add(section.at("scoringScript"), f"is {script!r}", f"The script {why}.", Edit(file))
    return script


def read_path(section: Section, key: str, root: Path, *, folder: bool | None, what: str) -> str:
    """Read a path that exists below the program's folder; every machine must compute the same path for the plan.

    Args:
        section: The object that holds the key.
        key: The key.
        root: The program's folder.
        folder: True for a folder, False for a file, None for either.
        what: Description of the file or folder.

    Returns: The path in its shortest POSIX form, or an empty text if there is a problem.
    """
    allowed = f"the path of {what}, relative to the folder of Pulumi.yaml and inside it, with / as the separator"
    value = section.text(key, None, allowed=allowed, example="PATH")
    if not value:
        return ""
    if check_relative_path(value):
        section.wrong(key, allowed, "PATH")
        return ""
    there = root / value
    if not _exists(there, folder):
        kind = {True: "folder", False: "file", None: "file or folder"}[folder]
        section.wrong(key, f"the path of {what}", "PATH", because=f"and there is no such {kind}")
        return ""
    return PurePosixPath(value).as_posix()


def _exists(path: Path, folder: bool | None) -> bool:
    """Say whether the path is a folder (True), a file (False) or either (None); unreadable paths are neither."""
    try:
        return path.exists() if folder is None else path.is_dir() if folder else path.is_file()
    except OSError:  # the name is too long, or a folder is not accessible
        return False
