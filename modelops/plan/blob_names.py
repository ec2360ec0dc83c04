"""The names that blobs can have: text of up to 1,024 characters.

https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
"""

import os
from typing import Final

_MOST: Final = 1024
_BEFORE: Final = len("LocalUpload//") + 64 + 36
"""At most, where azure-ai-ml puts a folder: a digest or a random id, each of which may be there."""

TOO_LONG: Final = f"its blob's name would be longer than {_MOST:,} characters"


def is_text(name: str) -> bool:
    """Whether the bytes of a file's name are UTF-8: Linux allows others."""
    return shown(name) == name


def is_too_long(name: str) -> bool:
    """Whether a blob cannot have this name, from the uploaded folder's own on."""
    return _BEFORE + len(name) > _MOST


def shown(name: str) -> str:
    """Return a name as it can be printed."""
    return os.fsencode(name).decode(errors="backslashreplace")
