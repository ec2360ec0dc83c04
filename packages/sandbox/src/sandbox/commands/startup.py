"""The options that a server is started with: on the command line, in the environment, and of a running server."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.azure.arm.latencies import PROFILES as LATENCIES
from sandbox.azure.readings import PROFILES
from sandbox.home import project_folder
from sandbox.server_record import Options, ServerRecord

_TIME_SCALE = "SANDBOX_TIME_SCALE"


def given(profile: str | None, prerequisites: Path | None, latency: str | None) -> dict[str, Any]:
    """Return the options that the caller or their environment gives."""
    if prerequisites is not None and not prerequisites.is_dir():
        raise SystemExit(f"sandbox: --prerequisites: folder '{prerequisites}' does not exist")
    given: dict[str, Any] = {
        "profile": profile or os.environ.get("SANDBOX_PROFILE"),
        "latency": latency or os.environ.get("SANDBOX_LATENCY"),
        "prerequisites": prerequisites.resolve() if prerequisites else None,
    }
    for name, allowed in (("profile", PROFILES), ("latency", LATENCIES)):
        if given[name] and given[name] not in allowed:
            raise SystemExit(f"sandbox: unknown {name} '{given[name]}'; allowed: {', '.join(allowed)}")
    if text := os.environ.get(_TIME_SCALE):
        given["time_scale"] = _factor(text)
    return {name: value for name, value in given.items() if value}


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0
    if not 0 < factor < float("inf"):
        raise SystemExit(f"sandbox: {_TIME_SCALE} is '{text}'; allowed: a number above 0, such as 60")
    return factor


def usual(before: ServerRecord | None) -> Options:
    """Return the options where none is given: those of a server that died, which has left its record."""
    if before is None:
        return Options(prerequisites=_found())
    known = before.profile in PROFILES and before.latency in LATENCIES
    return before.options if known else Options(prerequisites=before.prerequisites)


def shown(server: ServerRecord) -> str:
    """Say with which options a server runs."""
    its = f"profile {server.profile}"
    return its if server.latency == "none" else f"{its}, latency {server.latency}, {_TIME_SCALE} {server.time_scale:g}"


def refuse_others(server: ServerRecord, given: Mapping[str, Any]) -> None:
    """Refuse options that are not the running server's; without durations, there is nothing to divide."""
    stop_it = "Stop it first: python -m sandbox stop"
    for name in ("profile", "latency"):
        its = getattr(server, name)
        if given.get(name, its) != its:
            raise SystemExit(f"sandbox: the server runs with {name} '{its}', not '{given[name]}'. {stop_it}")
    if server.latency != "none" and given.get("time_scale", server.time_scale) != server.time_scale:
        raise SystemExit(
            f"sandbox: the server runs with {_TIME_SCALE} {server.time_scale:g}, not {given['time_scale']:g}. {stop_it}"
        )
    folder = given.get("prerequisites", server.prerequisites)
    if folder != server.prerequisites:
        raise SystemExit(
            f"sandbox: the running server uses {_shown(server.prerequisites)}, not those in '{folder}'. {stop_it}"
        )


def _shown(prerequisites: Path | None) -> str:
    return f"the prerequisites in '{prerequisites}'" if prerequisites else "no prerequisites"


def _found() -> Path | None:
    """Return the ``prerequisites`` folder beside the nearest ``Pulumi.yaml``, or None."""
    project = project_folder(Path.cwd())
    folder = project / "prerequisites" if project else None
    return folder if folder and folder.is_dir() else None


def add_prerequisites(command: argparse.ArgumentParser) -> None:
    """Add the option for the folder with an administrator's set-up."""
    command.add_argument(
        "--prerequisites",
        metavar="DIR",
        type=Path,
        help="folder with an administrator's set-up: deployer-condition.txt, caller-roles/ (default: "
        "prerequisites beside the nearest Pulumi.yaml, if it exists)",
    )


def add_latency(command: argparse.ArgumentParser) -> None:
    """Add the option for the durations."""
    command.add_argument(
        "--latency",
        choices=sorted(LATENCIES),
        help="how long operations and jobs take: as in Azure, divided by SANDBOX_TIME_SCALE (default: 1), or no longer "
        "than they need here (none); stays while the server runs",
    )
