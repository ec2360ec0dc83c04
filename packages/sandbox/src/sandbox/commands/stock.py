"""``model add``, ``data add``, ``registry create`` and ``add``: what a user gives the sandbox beside Azure's API."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sandbox.commands import lifecycle
from sandbox.home import Home

_Add = Callable[..., argparse.ArgumentParser]

_COPY_SECONDS = 600
_VERSION = re.compile(r"[^/:\s]+:[^/:\s]+")
_IN_REGISTRY = re.compile(r"(?P<registry>[^/:\s]+)/(?P<name>[^/:\s]+:[^/:\s]+)")
_DATA = re.compile(r"azureml://datastores/(?P<datastore>[^/\s]+)/paths/(?P<path>\S+)")
_BLOBS = re.compile(
    r"https://(?P<account>[a-z0-9]{3,24})\.blob\.core\.windows\.net/(?P<container>[^/\s?]+)/(?P<path>[^?]*)"
)
_PLACES = (
    "azureml://datastores/DATASTORE/paths/PATH, and without --workspace"
    " https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH"
)
_OUTPUT = re.compile(r"[^/\s]+/[^/\s]+(/\S+)?")
_TYPES = ("custom_model", "mlflow_model")


Action = Callable[[Home, argparse.Namespace], int]


def add_to(add: _Add, action: Action) -> None:
    """Add the commands to a parser; ``action`` shows what ``options.add`` returns."""
    model = add("model", help="give workspaces a model, or what a job has left").add_subparsers(required=True)
    command = model.add_parser("add", help="register a model in every workspace, also in those made later")
    command.add_argument("what", metavar="NAME:VERSION", nargs="?", help="the model's name and version, a whole number")
    command.add_argument("path", metavar="FOLDER", type=Path, help="a folder, or a single file")
    command.add_argument(
        "--job", metavar="JOB/OUTPUT[/PATH]", help="put it there instead: azureml://jobs/JOB/outputs/OUTPUT/paths/PATH"
    )
    _add_type(command)
    _add_workspace(command)
    command.set_defaults(action=action, add=_model)

    data = add("data", help="give workspaces files in a datastore, or jobs files in a storage account")
    command = data.add_subparsers(required=True).add_parser(
        "add", help="put files there in every workspace, also in those made later, or at their address in Azure"
    )
    command.add_argument(
        "what",
        metavar="azureml://datastores/DATASTORE/paths/PATH",
        help="or https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH, for an account that the sandbox does not have;"
        " a single file is put at that address, or below it if it ends in '/'",
    )
    command.add_argument("path", metavar="FOLDER", type=Path, help="a folder, or a single file")
    _add_workspace(command)
    command.set_defaults(action=action, add=_data)
    _add_registry(add("registry", help="fill registries of machine learning"), action)


def _add_workspace(command: argparse.ArgumentParser) -> None:
    command.add_argument("--workspace", metavar="NAME", help="only in this one")


def _add_type(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--type", choices=_TYPES, help="default: mlflow_model for a folder with a file MLmodel, else custom_model"
    )


def _add_registry(registry: argparse.ArgumentParser, action: Action) -> None:
    commands = registry.add_subparsers(required=True)
    create = commands.add_parser("create", help="make an empty one, for models that workspaces share")
    create.add_argument("what", metavar="REGISTRY")
    create.set_defaults(action=action, add=_registry)
    kinds = commands.add_parser("add", help="add a version; the registry is made if needed")
    below = kinds.add_subparsers(required=True, metavar="KIND")
    model = below.add_parser("model", help="a model")
    model.add_argument("what", metavar="REGISTRY/NAME:VERSION")
    model.add_argument("path", metavar="FOLDER", type=Path, help="a folder, or a single file")
    _add_type(model)
    model.set_defaults(action=action, add=_registry_model)
    environment = below.add_parser(
        "environment", help="an environment: an image, perhaps with a conda file, or a build"
    )
    environment.add_argument("what", metavar="REGISTRY/NAME:VERSION")
    content = environment.add_mutually_exclusive_group(required=True)
    content.add_argument("--image", help="Docker image with a tag")
    content.add_argument("--build", metavar="FOLDER", type=Path, help="Docker build context")
    environment.add_argument("--conda", metavar="FILE", type=Path, help="conda file on top of the image")
    environment.add_argument("--dockerfile", metavar="PATH", help="in the build context; default: Dockerfile")
    environment.set_defaults(action=action, add=_registry_environment)


def _model(home: Home, options: argparse.Namespace) -> str:
    body: dict[str, Any] = {"workspace": options.workspace, "path": _there(options.path)}
    if options.job is None:
        name = _matching(_VERSION, options.what, "the model", "NAME:VERSION, for example churn:1").group()
        return _send(home, body | {"what": "model", "name": name, "type": _type(options)})
    if options.what is not None:
        raise SystemExit(f"sandbox: give either '{options.what}' or --job, not both")
    name = _matching(_OUTPUT, options.job, "--job", "JOB/OUTPUT, for example train-1/model").group()
    return _send(home, body | {"what": "output", "name": name})


def _data(home: Home, options: argparse.Namespace) -> str:
    blobs = _BLOBS.fullmatch(options.what or "")
    if blobs is not None and options.workspace is None:
        name = "/".join((blobs["account"], blobs["container"], unquote(blobs["path"])))
        return _send(home, {"what": "blobs", "name": name, "path": _there(options.path)})
    place = _matching(_DATA, options.what, "the place", _PLACES)
    name = f"{place['datastore']}/{place['path'].strip('/')}"
    return _send(home, {"what": "data", "name": name, "workspace": options.workspace, "path": _there(options.path)})


def _registry(home: Home, options: argparse.Namespace) -> str:
    return _send(home, {"what": "registry", "registry": options.what, "name": ""})


def _registry_model(home: Home, options: argparse.Namespace) -> str:
    place = _matching(_IN_REGISTRY, options.what, "the model", "REGISTRY/NAME:VERSION, for example shared/churn:1")
    body = {"what": "model", "registry": place["registry"], "name": place["name"], "type": _type(options)}
    return _send(home, body | {"path": _there(options.path)})


def _registry_environment(home: Home, options: argparse.Namespace) -> str:
    place = _matching(_IN_REGISTRY, options.what, "the environment", "REGISTRY/NAME:VERSION, for example shared/tf:1")
    body: dict[str, Any] = {"what": "environment", "registry": place["registry"], "name": place["name"]}
    for given, option, other in ((options.conda, "--conda", "image"), (options.dockerfile, "--dockerfile", "build")):
        if given is not None and getattr(options, other) is None:
            raise SystemExit(f"sandbox: {option} belongs to --{other}")
    if options.build is not None:
        return _send(home, body | {"path": _there(options.build), "dockerfile": options.dockerfile})
    if options.conda is not None:
        body["condaFile"] = _text(options.conda)
    return _send(home, body | {"image": options.image})


def _send(home: Home, body: dict[str, Any]) -> str:
    server = lifecycle.start(home)
    try:
        return str(server.control("POST", "/stock", body, seconds=_COPY_SECONDS)["added"])
    except ValueError as error:
        raise SystemExit(f"sandbox: {error}") from None


def _matching(pattern: re.Pattern[str], text: str | None, what: str, allowed: str) -> re.Match[str]:
    match = pattern.fullmatch(text or "")
    if match is None:
        raise SystemExit(f"sandbox: {what} is '{text or ''}'; allowed: {allowed}")
    return match


def _there(path: Path) -> str:
    """Return an absolute path; end the command if nothing is there."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        raise SystemExit(f"sandbox: '{path}' {'is empty' if path.exists() else 'does not exist'}")
    return str(path.resolve())


def _text(path: Path) -> str:
    """Return a file's text; end the command if it has none."""
    try:
        return Path(_there(path)).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"sandbox: '{path}' is not a UTF-8 text file ({error})") from None


def _type(options: argparse.Namespace) -> str:
    return str(options.type or ("mlflow_model" if (options.path / "MLmodel").is_file() else "custom_model"))
