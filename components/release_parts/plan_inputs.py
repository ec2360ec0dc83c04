"""The release plan as the marker's input, made from the release's arguments; paths become digests here."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.preflight import labels
from components.release_parts.args import ModelReleaseArgs
from components.release_parts.deployment_args import DOCKERFILE, DeploymentArgs, EnvironmentArgs, ModelArgs
from modelops.errors import PlanError
from modelops.plan import fingerprint
from modelops.plan.plan import SCHEMA, ScoringSettings
from modelops.plan.reader import UNREAD
from modelops.plan.rules import require_fixed_image

_Digest = Callable[[Path], str]
_Latest = Callable[[labels.Collection, str], Any]


def plan_inputs(args: ModelReleaseArgs, root: Path) -> dict[str, Any]:
    """The plan as the marker's input: plain data in which only leaves are outputs.

    Args:
        args: the component's arguments.
        root: the program's folder, which paths are relative to.

    Raises:
        PlanError: a path does not exist or its content cannot be released, and no revision is pinned.
    """
    digest = _digest_if_readable if args["pin"] else _digest
    workspace = labels.Place(args["subscription_id"], args["resource_group"], args["workspace"])
    latest = functools.partial(labels.latest_version, place=workspace, otherwise=UNREAD if args["pin"] else None)
    return {
        "schema": SCHEMA,
        "subscriptionId": args["subscription_id"],
        "resourceGroup": args["resource_group"],
        "workspace": args["workspace"],
        "endpoint": {
            "name": args["endpoint_name"],
            "id": args["endpoint_id"],
            "createdAt": args["endpoint_created_at"],
            "azureApiVersion": args["endpoint_api_version"],
            "location": args["location"],
            "authMode": args["auth_mode"],
            "description": args["description"],
            "tags": dict(args["endpoint_tags"]),
        },
        "default": args["default"],
        "pin": args["pin"],
        "keep": args["keep"],
        "deployments": {
            logical: _deployment_inputs(deployment, args["compute_ids"][deployment["compute"]], root, latest, digest)
            for logical, deployment in args["deployments"].items()
        },
        **({"archiveModels": True} if args.get("archive_models") else {}),
    }


def _deployment_inputs(
    args: DeploymentArgs, compute_id: Any, root: Path, latest: _Latest, digest: _Digest
) -> dict[str, Any]:
    environment = {}
    if "environment" in args:
        environment = {"environment": _environment_inputs(args["environment"], root, latest, digest)}
    return {
        "model": _model_inputs(args["model"], root, latest, digest),
        **_code_inputs(args, root, digest),
        **environment,
        "compute": compute_id,
        "settings": args.get("settings", ScoringSettings()).to_json(),
        "environmentVariables": dict(args.get("environment_variables", {})),
        "description": args.get("description", ""),
        "tags": dict(args.get("tags", {})),
        **_try_out_inputs(args, root, digest),
    }


def _try_out_inputs(args: DeploymentArgs, root: Path, digest: _Digest) -> dict[str, Any]:
    """The try-out with its files' digests; nothing for a deployment without one."""
    if "try_out" not in args:
        return {}
    return {"tryOut": args["try_out"].with_digests(lambda path: digest(root / path)).to_json()}


def _code_inputs(args: DeploymentArgs, root: Path, digest: _Digest) -> dict[str, Any]:
    """Code and script; nothing for an MLflow model that is served without."""
    if "code" not in args or "scoring_script" not in args:
        return {}
    code = {"path": args["code"], "digest": digest(root / args["code"])}
    return {"code": code, "scoringScript": args["scoring_script"]}


def _digest_if_readable(path: Path) -> str:
    """The content's digest, or the mark of content that cannot be read: a pin must not fail for it."""
    try:
        return _digest(path)
    except PlanError:
        return UNREAD


@functools.cache
def _digest(path: Path) -> str:
    """The content's digest, computed once per run of the program, because endpoints share models."""
    return fingerprint.digest(path)


def _model_inputs(model: ModelArgs, root: Path, latest: _Latest, digest: _Digest) -> dict[str, Any]:
    args: dict[str, Any] = {**model}
    if not args:
        return {"path": UNREAD, "name": "unread", "type": "custom_model", "digest": UNREAD}
    if "uri" in args:
        return {"uri": args["uri"], "name": args["name"], "type": args.get("type", "custom_model")}
    if "path" in args:
        return {
            "path": args["path"],
            "name": args["name"],
            "type": args.get("type", "custom_model"),
            "digest": digest(root / args["path"]),
        }
    return _registered(args, "models", latest)


def _registered(args: dict[str, Any], collection: labels.Collection, latest: _Latest) -> dict[str, Any]:
    """Return the name and version of an existing model or environment; a label is resolved each time."""
    if "label" in args:
        version = latest(collection, args["name"])
        return {"name": args["name"], "version": version, "label": args["label"]}
    return {key: value for key, value in args.items() if key in ("registry", "name", "version")}


def _environment_inputs(environment: EnvironmentArgs, root: Path, latest: _Latest, digest: _Digest) -> dict[str, Any]:
    args: dict[str, Any] = {**environment}
    if "build" in args:
        path = args["build"]["path"]
        dockerfile = args["build"].get("dockerfile_path", DOCKERFILE)
        return {"build": {"path": path, "dockerfilePath": dockerfile, "digest": digest(root / path)}}
    if "image" not in args:
        return _registered(args, "environments", latest)
    if not args.get("any_tag"):
        require_fixed_image(args["image"])
    if "conda_file" not in args:
        return {key: value for key, value in args.items() if key in ("image", "conda")}
    conda_file = args["conda_file"]
    return {"image": args["image"], "condaFile": conda_file, "condaDigest": digest(root / conda_file)}
