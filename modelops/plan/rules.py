"""What may stand in a release plan: names, paths, images. The settings and the plan's reader ask here, and nobody else.

Each check returns why a value cannot stand there, or None.
"""

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from modelops.errors import PlanError

MAX_LOGICAL: Final = 23
"""Longest logical deployment name: a revision adds `-` and 8 digits, and Azure allows 32 characters."""

MODEL_TYPES: Final = ("custom_model", "mlflow_model")
"""How the files of a model are to be read, in the service's words."""

_NAME: Final = re.compile(r"^[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$")


def check_logical_name(name: str) -> str | None:
    """Why `name` cannot be a logical deployment name, or None.

    Letters, digits and single hyphens, a letter first, at most 23 characters: Azure's rule for deployment names
    (3 to 32 characters) less the 9 that the revision adds.
    """
    if len(name) > MAX_LOGICAL or not _NAME.match(name):
        return (
            f"deployment name {name!r}: allowed are 1 to {MAX_LOGICAL} letters, digits and single hyphens, "
            "a letter first and no hyphen last"
        )
    return None


def check_relative_path(path: str) -> str | None:
    """Why `path` cannot stand in a plan, or None: relative, `/` separators, not out of the program's folder."""
    pure = PurePosixPath(path)
    if not path or "\\" in path or pure.is_absolute() or PureWindowsPath(path).drive or ".." in pure.parts:
        return f"path {path!r}: allowed is a path below the program's folder, with / between its parts"
    return None


def check_image(image: str) -> str | None:
    """Why `image` cannot be part of a revision, or None: it needs a tag other than `latest`, or a digest.

    Without one the same plan would run different software from one day to the next.
    """
    if "@sha256:" in image:
        return None
    _, colon, tag = image.rpartition(":")
    if not colon or not tag or "/" in tag or tag == "latest":
        return (
            f"image {image!r}: allowed is an image with a fixed tag (not `latest`) or an `@sha256:` digest, "
            "so that the same plan runs the same software"
        )
    return None


def require_fixed_image(image: str) -> None:
    """Refuse an image that `check_image` finds fault with.

    Raises:
        PlanError: with that text.
    """
    if problem := check_image(image):
        raise PlanError(f"{problem}. Nothing was changed; correct the stack file.")
