"""The data that a job scores, as the stack file names it: `input` of a try-out, and `sample` of an endpoint."""

from pathlib import Path
from typing import Final

from modelops.plan import data_address
from modelops.plan.data_address import KINDS, Kind
from modelops.plan.try_out import File
from settings.content import read_path
from settings.problems import removing, setting
from settings.section import Section

DATA: Final = "a file or folder to score (or an address: azureml:NAME:VERSION, azureml://..., https://...)"
"""What the data may be."""
_ASSET: Final = "azureml:NAME:VERSION"


def read_data(section: Section, key: str, root: Path, type_key: str | None = None) -> tuple[File | str, Kind | None]:
    """Read the path or address of data, and its type.

    Args:
        section: The object that holds the keys.
        key: The key of the data, which is set.
        root: The program's folder.
        type_key: The key that says whether an address is a file's or a folder's; None: there is none.

    Returns: The file or folder, without its digest, or the address with the type that the stack file gives it; an
        empty text if there is a problem.
    """
    value = section.values[key]
    is_address = isinstance(value, str) and data_address.is_address(value)
    kind = _read_type(section, key, type_key, may_have=is_address and data_address.data_asset(value) is None)
    if not is_address:
        path = read_path(section, key, root, folder=None, what=DATA)
        return (File(path, "") if path else ""), None
    return (value, kind) if _check_address(section, key, value, kind, type_key) else ("", None)


def spelled(data: File | str) -> str | None:
    """Return data as a command line has it; None for an empty text."""
    return (data if isinstance(data, str) else data_address.path(data.path)) or None


def _read_type(section: Section, key: str, type_key: str | None, *, may_have: bool) -> Kind | None:
    if type_key is None or section.values.get(type_key) is None:
        return None
    if not may_have:
        allowed = f"Allowed: no {type_key} unless {key} is the address of a file or a folder."
        section.problems.add(section.at(type_key), section.shown(type_key), allowed, removing(section.at(type_key)))
        return None
    word = section.choice(type_key, None, KINDS)
    return next(each for each in KINDS if each == word)


def _check_address(section: Section, key: str, address: str, kind: Kind | None, type_key: str | None) -> bool:
    """Record an address that a job cannot have as its input, or that must not be in a plan; return whether it can."""
    place = section.at(key)
    said, fix = section.shown(key), setting(place, _ASSET)
    if "?" in address:
        # The stack's state, its outputs and previews have the address, and a query can be a secret, as in a SAS.
        if not section.problems.hides(place):
            said = f"is '{address.partition('?')[0]}?***'"
        allowed = f"a path in a datastore (azureml://datastores/NAME/paths/PATH), or a data asset ({_ASSET})"
        section.problems.add(place, f"{said}, whose query would be in the stack's state", f"Allowed: {allowed}.", fix)
    elif problem := data_address.problem(address):
        why, _, allowed = problem.partition(". ")
        section.problems.add(place, f"{said}, which {why.removesuffix('.')}", allowed or f"Allowed: {DATA}.", fix)
    elif kind is None and data_address.data_asset(address) is None and data_address.kind(address) is None:
        or_type = f"{type_key} {' or '.join(KINDS)} beside it" if type_key else f"a data asset of it ({_ASSET})"
        section.problems.add(
            place,
            f"{said}, which can be a file or a folder",
            f"Allowed: {or_type}; an address that ends in / is a folder.",
            setting(section.at(type_key), KINDS[0]) if type_key else fix,
        )
    else:
        return True
    return False
