"""The environment of a deployment: an image with a conda file, or a registered environment.

An environment is part of a revision's identity, so it must mean the same at any time: images have tags, versions are
numbers.
"""

from pathlib import Path

from components import names
from components.release_parts.deployment_args import EnvironmentArgs
from modelops.plan.rules import check_image
from settings.content import read_conda_file, read_label, read_version
from settings.problems import setting
from settings.section import Section


def read_environment(section: Section, root: Path) -> EnvironmentArgs:
    """Read an image with a conda file, or the name and version of a registered environment."""
    if "image" in section.values:
        section.only("image", "condaFile")
        return {
            **_read_image(section),
            "conda_file": read_conda_file(section, "condaFile", root),
        }
    if "name" in section.values:
        return _read_registered(section)
    section.only("image", "condaFile", "name", "version")
    section.problems.add(
        section.path,
        "does not name an environment" if section.values else "is not set, and a scoring script needs one",
        "Allowed: image and condaFile, or the name and version of a registered environment.",
        setting(section.at("image"), "IMAGE:TAG"),
    )
    return {}


def _read_registered(section: Section) -> EnvironmentArgs:
    has_label = section.lenient and "label" in section.values
    section.only("name", "label" if has_label else "version")
    name = section.text(
        "name",
        None,
        pattern=names.ASSET.pattern,
        allowed=f"an environment's name, {names.ASSET.allowed()}",
        example="ENVIRONMENT",
    )
    if has_label:
        return {"name": name, "label": read_label(section)}
    return {"name": name, "version": read_version(section)}


def _read_image(section: Section) -> EnvironmentArgs:
    """Read an image that does not change: with a tag other than `latest`, or with a digest.

    A lenient section may name another one; then there is a warning.
    """
    image = section.text("image", None, pattern=r"\S+", allowed="an image with a tag", example="IMAGE:TAG")
    if not image or not check_image(image):
        return {"image": image}
    if section.lenient:
        section.warn("image", "git does not fix what Azure will use")
        return {"image": image, "any_tag": True}
    section.wrong(
        "image",
        "an image with a tag other than latest, or with a digest (@sha256:...), so that the same configuration "
        "always means the same environment",
        f"{section.problems.public('endpoints', image.removesuffix(':latest').removesuffix(':'), 'IMAGE')}:TAG",
    )
    return {"image": image}
