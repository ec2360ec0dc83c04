"""The environment of a deployment: an image (with a conda file), a build context, or a registered environment.

An environment is part of a revision's identity, so it must mean the same at any time: images have tags, versions are
numbers.
"""

from contextlib import suppress
from pathlib import Path

from components.release_parts.deployment_args import DOCKERFILE, BuildArgs, EnvironmentArgs
from modelops.azureml_yaml.references import CURATED_PREFIX, CURATED_REGISTRY
from modelops.plan import conda_file
from modelops.plan.rules import check_image, check_relative_path
from settings.content import (
    is_there,
    read_conda_file,
    read_label,
    read_path,
    read_registry,
    read_used_name,
    read_version,
)
from settings.problems import Edit, setting
from settings.section import Section


def read_environment(section: Section, root: Path) -> EnvironmentArgs:
    """Read one of the kinds of environment."""
    environment = _read_kind(section, root)
    if environment and "rehearseWith" in section.values:
        environment["rehearse_with"] = read_conda_file(section, "rehearseWith", root)
    return environment


def warn_of_missing_packages(section: Section, environment: EnvironmentArgs, root: Path) -> None:
    """Warn of a conda file without what Azure needs beside a scoring script; an image may have it."""
    lacks = "does not list {}, which Azure's documentation requires for a scoring script"
    if "conda" in environment and (missing := conda_file.missing_for_azure(environment["conda"].encode())):
        section.problems.warn(section.at("conda"), lacks.format(" and ".join(missing)))
    with suppress(OSError):
        path = environment.get("conda_file")
        if path and (missing := conda_file.missing_for_azure((root / path).read_bytes())):
            section.warn("condaFile", lacks.format(" and ".join(missing)))


def _read_kind(section: Section, root: Path) -> EnvironmentArgs:
    if "image" in section.values:
        has_text = section.lenient and "conda" in section.values
        section.only("image", "conda" if has_text else "condaFile", "rehearseWith")
        image = _read_image(section)
        if has_text:
            image["conda"] = _read_conda_text(section)
        elif "condaFile" in section.values:
            image["conda_file"] = read_conda_file(section, "condaFile", root)
        return image
    if "build" in section.values:
        section.only("build", "rehearseWith")
        return {"build": _read_build(section.section("build", of="a build context"), root)}
    if "name" in section.values:
        return _read_registered(section)
    section.only("image", "condaFile", "build", "registry", "name", "version", "rehearseWith")
    section.problems.add(
        section.path,
        "does not name an environment" if section.values else "is not set, and a scoring script needs one",
        "Allowed: image, or image and condaFile; build (a folder with a Dockerfile); name and version (an environment "
        "in the workspace), or registry, name and version.",
        setting(section.at("image"), "IMAGE:TAG"),
    )
    return {}


def _read_conda_text(section: Section) -> str:
    """Read a conda environment that is written into a file for Azure's own tools."""
    text = section.text("conda", None, allowed="a conda environment", example="CONDA")
    if why := conda_file.problem(text.encode()):
        place = section.problems.origins.get(section.at("conda"), "the file")
        section.problems.add(section.at("conda"), "is not a conda environment", f"It {why}.", Edit(place))
    return text


def _read_build(section: Section, root: Path) -> BuildArgs:
    """Read a folder with a Dockerfile."""
    section.only("path", "dockerfilePath")
    path = read_path(section, "path", root, folder=True, what="the folder with the Dockerfile")
    allowed = "the path of a Dockerfile, relative to the folder"
    dockerfile = section.text("dockerfilePath", DOCKERFILE, allowed=allowed, example=DOCKERFILE)
    is_wrong = check_relative_path(dockerfile) is not None
    if (
        path
        and is_there(root / path, folder=True)
        and (is_wrong or not is_there(root / path / dockerfile, folder=False))
    ):
        record = section.wrong if is_wrong else section.wrong_file
        because = f"and {path} has no such file"
        record("dockerfilePath", allowed, DOCKERFILE, because=because, default=DOCKERFILE)
    return {"path": path, "dockerfile_path": dockerfile}


def _read_registered(section: Section) -> EnvironmentArgs:
    """Read an environment of the workspace or of a registry; a curated one has a warning."""
    has_label = section.lenient and "label" in section.values
    section.only("registry", "name", "label" if has_label else "version", "rehearseWith")
    name = read_used_name(section, "environment")
    environment: EnvironmentArgs = {"name": name}
    if "registry" in section.values:
        environment["registry"] = read_registry(section)
    if has_label:
        environment["label"] = read_label(section)
    else:
        environment["version"] = read_version(section)
    if environment.get("registry") == CURATED_REGISTRY or name.startswith(CURATED_PREFIX):
        version = environment.get("version", "TAG")
        image = f"mcr.microsoft.com/azureml/curated/{name.removeprefix(CURATED_PREFIX)}:{version}"
        section.problems.warn(
            section.path,
            f"names the curated environment {name}, and a batch deployment takes only its image. Set image and "
            f"condaFile instead. The image is usually {image}; the environment's page in the studio shows it",
        )
    return environment


def _read_image(section: Section) -> EnvironmentArgs:
    """Read an image that does not change: with a tag other than `latest`, or with a digest.

    A lenient section may name another one; then there is a warning.
    """
    image = section.text("image", None, pattern=r"\S+", allowed="an image with a tag", example="IMAGE:TAG")
    if not image or not check_image(image):
        return {"image": image}
    if section.lenient:
        section.warn("image", "git does not fix which image that is")
        return {"image": image, "any_tag": True}
    section.wrong(
        "image",
        "an image with a tag other than latest, or with a digest (@sha256:...), so that the same configuration "
        "always means the same environment",
        f"{section.problems.public('endpoints', image.removesuffix(':latest').removesuffix(':'), 'IMAGE')}:TAG",
    )
    return {"image": image}
