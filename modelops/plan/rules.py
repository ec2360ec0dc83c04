"""The allowed names, paths and images in a release plan, for the settings and the plan's reader.

Each check returns why a value is not allowed, or None.
"""

import hashlib
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from modelops.errors import PlanError

MAX_LOGICAL: Final = 32
"""Longest logical deployment name: Azure's limit for deployments."""

_ROOM: Final = 23
"""Characters before the `-` and 8 digits of a revision's name, which has Azure's limit."""

_HASH_DIGITS: Final = 6

DEPLOYMENTS_PER_ENDPOINT: Final = 20
"""Limit of the service: https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas"""

OUR_TAGS: Final = "modelops-"
"""Beginning of the names of the tags that releases write on endpoints and deployments; no user's tag has it."""

TAG_VALUE: Final = 256
"""Characters of a tag's value: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources"""

MODEL_TYPES: Final = ("custom_model", "mlflow_model")
"""The types of models, with the service's names."""

_NAME: Final = re.compile(r"^[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$")


def check_logical_name(name: str) -> str | None:
    """Why `name` cannot be a logical deployment name, or None.

    Letters, digits and single hyphens, starting with a letter, at most 32 characters: Azure's rule for deployment
    names. One that has no room for a revision's digits is shortened in the revision's name: `revision_prefix`.
    """
    if len(name) > MAX_LOGICAL or not _NAME.match(name):
        return (
            f"deployment name {name!r}: allowed are 1 to {MAX_LOGICAL} letters, digits and single hyphens, starting "
            "with a letter and not ending with a hyphen"
        )
    return None


def revision_prefix(logical: str) -> str:
    """Return the first part of a revision's name: the logical name, shortened if it has no room for the rest.

    In lower case, as azure-ai-ml sends every deployment's name (`Deployment.__init__`).

    A shortened one ends in a hash of the whole, so that names with the same beginning stay different. So a revision's
    name does not say whose it is; the plan does, and the deployment's properties in Azure.
    """
    name = logical.lower()
    if len(name) <= _ROOM:
        return name
    digits = hashlib.sha256(name.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{name[: _ROOM - _HASH_DIGITS - 1].rstrip('-')}-{digits}"


def check_relative_path(path: str) -> str | None:
    """Return why `path` is not allowed, or None: it must be relative, with `/`, inside the program's folder."""
    pure = PurePosixPath(path)
    if not path or "\\" in path or pure.is_absolute() or PureWindowsPath(path).drive or ".." in pure.parts:
        return f"path {path!r}: allowed is a path below the program's folder, with / as the separator"
    return None


def check_image(image: str) -> str | None:
    """Return why `image` is not allowed, or None: it needs a tag other than `latest`, or a digest.

    Otherwise the same plan could run different software on different days.
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


def column_position(column: str) -> int | None:
    """Return the index of a column that is named by its position, from 1; None for one that is named by its name."""
    return int(column) - 1 if re.fullmatch(r"[1-9][0-9]*", column) else None


def is_column(column: str) -> bool:
    """Whether a text names a column of predictions: by its name, or by its position from 1, as every number does."""
    is_number = column.strip().lstrip("+-").isdigit()
    return column_position(column) is not None if is_number else bool(column.strip())


def require_fixed_image(image: str) -> None:
    """Refuse an image that `check_image` does not allow.

    Raises:
        PlanError: with that text.
    """
    if problem := check_image(image):
        raise PlanError(f"{problem}. Nothing was changed; correct the stack file.")
