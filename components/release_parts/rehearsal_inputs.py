"""What a rehearsal is asked about an endpoint's deployments: environments, scripts, and what stands in for them."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from components.release_parts.args import ModelReleaseArgs
from components.release_parts.deployment_args import DOCKERFILE, BuildArgs, DeploymentArgs, EnvironmentArgs
from modelops.errors import PlanError
from modelops.plan.files import files_of


def rehearsal_inputs(endpoint: str, args: ModelReleaseArgs, root: Path) -> list[dict[str, Any]]:
    """Return plain data for `modelops.rehearsal.ask`.

    Args:
        endpoint: the endpoint's name in the stack file.
        args: the component's arguments.
        root: the program's folder, which paths are relative to.

    What cannot be read is left out: the plan's inputs refuse it, unless a revision is pinned.
    """
    return [_deployment(endpoint, name, each, root) for name, each in args["deployments"].items()]


def _deployment(endpoint: str, name: str, args: DeploymentArgs, root: Path) -> dict[str, Any]:
    environment = args.get("environment")
    stand_in = environment.get("rehearse_with") if environment else None
    code = root / args["code"] if "code" in args else None
    return {
        "endpoint": endpoint,
        "deployment": name,
        "environment": _environment(environment, root) if environment else None,
        "rehearseWith": _text(root / stand_in) if stand_in else None,
        "script": _text(code / args.get("scoring_script", "")) if code else None,
        "localModules": sorted({each.stem for each in code.iterdir()}) if code and code.is_dir() else [],
        "model": {
            "type": args["model"].get("type"),
            "conda": _text(root / args["model"]["path"] / "conda.yaml") if "path" in args["model"] else None,
        },
    }


def _environment(args: EnvironmentArgs, root: Path) -> dict[str, Any]:
    if "build" in args:
        return {"build": _build(args["build"], root)}
    if "image" in args:
        conda = _text(root / args["conda_file"]) if "conda_file" in args else args.get("conda")
        return {"image": args["image"], "conda": conda}
    # A version that a label names is an output, known only later.
    return {key: value for key, value in args.items() if key in ("registry", "name", "version") if type(value) is str}


def _build(args: BuildArgs, root: Path) -> dict[str, Any]:
    files: dict[str, str] = {}
    with suppress(PlanError):
        files = {
            each.name: hashlib.sha256(each.path.read_bytes()).hexdigest() for each in files_of(root / args["path"])
        }
    return {"dockerfilePath": args.get("dockerfile_path", DOCKERFILE), "files": files}


def _text(file: Path) -> str | None:
    """Return a file's text; None if it cannot be read, which the settings say better."""
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8-sig")
    return None
