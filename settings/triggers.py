"""The key `triggers`: Logic Apps that start jobs on a schedule."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from components import names
from components.trigger import SYSTEM, USER, TriggerArgs
from modelops.plan import data_address
from modelops.plan.data_address import KINDS, Kind
from settings.naming import check_names
from settings.problems import setting
from settings.section import Section

IDENTITIES: Final = (SYSTEM, USER)
START: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
INPUT: Final = r"https://[^?]+|azureml://datastores/[^/?]+/paths/[^?]+"
"""The addresses of whose storage it is known what the trigger's identity has to read."""
ZONE: Final = r"[^/\s][^/]*"
MOST: Final = {"Hour": 12_000, "Day": 500, "Week": 71, "Month": 16}
"""The frequencies, with their largest intervals: https://learn.microsoft.com/azure/connectors/connectors-native-recurrence"""
_ADDRESS: Final = "https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER/"


def read_triggers(top: Section, endpoints: Collection[str], data_access: Collection[str]) -> dict[str, TriggerArgs]:
    """Read all triggers.

    Args:
        top: The stack's own keys.
        endpoints: Logical names of the endpoints.
        data_access: ARM ids of storage elsewhere that jobs may read.
    """
    section = top.section("triggers", of="the triggers")
    check_names(section, names.WORKFLOW_KEY)
    names_of = tuple(endpoints)
    return {key: _read(section.section(key, of="a trigger"), names_of, data_access) for key in section.values}


def _read(section: Section, endpoints: tuple[str, ...], data_access: Collection[str]) -> TriggerArgs:
    section.only(
        *("endpoint", "input", "inputType", "frequency", "interval", "startTime", "timeZone", "identity", "enabled")
    )
    address, kind = _read_input(section)
    host = urlsplit(address).hostname or ""  # in lower case
    only = endpoints[0] if len(endpoints) == 1 else None
    return {
        "endpoint": section.choice("endpoint", only, endpoints or ("ENDPOINT",)),
        "input": address,
        "input_kind": kind,
        "input_scopes": [each for each in data_access if _account(each) == host.partition(".")[0]],
        "recurrence": {
            **_read_every(section),
            "startTime": _read_start(section),
            "timeZone": section.text(
                "timeZone",
                "UTC",
                pattern=ZONE,
                allowed="the Windows name of a time zone",
                example="W. Europe Standard Time",
            ),
        },
        "identity": section.choice("identity", SYSTEM, IDENTITIES),
        "enabled": section.flag("enabled", default=True),
    }


def _read_every(section: Section) -> dict[str, Any]:
    frequency = section.choice("frequency", "Day", tuple(MOST))
    most = max(MOST.values())
    interval = section.whole("interval", 1, least=1, most=most, unit="of the frequency, between two runs")
    if interval > MOST[frequency]:
        section.wrong("interval", f"with frequency {frequency} at most {MOST[frequency]}, which is Azure's limit", 1)
    return {"frequency": frequency, "interval": interval}


def _read_start(section: Section) -> str:
    """Read the time of the first run; without one, each `up` that changes the workflow would start a job."""
    allowed, example = (
        "the time of the first run, such as 2027-01-31T02:00:00, which timeZone is for",
        "2027-01-31T02:00:00",
    )
    read = section.text("startTime", None, pattern=START, allowed=allowed, example=example)
    try:
        datetime.fromisoformat(read or example)
    except ValueError:
        section.wrong("startTime", allowed, example, because="which does not exist")
    return read


def _account(scope: str) -> str:
    """Return the name of the storage account that an ARM id is of, or is in."""
    return scope.split("/")[8].lower()


def _is_place(address: str) -> bool:
    """Say whether a text is an address of files; a data asset is always the same data."""
    return re.fullmatch(INPUT, address) is not None and data_address.problem(address) is None


def _read_input(section: Section) -> tuple[str, Kind]:
    """Read the address of the data, and whether it is a file's or a folder's."""
    address = section.values.get("input")
    allowed = "the address of a file or a folder: https://..., azureml://datastores/NAME/paths/PATH, without a query"
    if not isinstance(address, str) or not _is_place(address):
        section.wrong("input", allowed, _ADDRESS)
        return "", KINDS[1]
    kind: Kind | None = data_address.kind(address)
    if section.values.get("inputType") is not None:
        word = section.choice("inputType", None, KINDS)
        kind = next(each for each in KINDS if each == word)
    if kind is None:
        section.problems.add(
            section.at("inputType"),
            section.shown("inputType"),
            f"The input can be a file or a folder. Allowed: {' or '.join(KINDS)}.",
            setting(section.at("inputType"), "uri_folder"),
        )
    return address, "uri_folder" if kind is None else kind
