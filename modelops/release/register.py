"""Registers a model: the same bytes, or the same place in Azure, only once, under the service's version numbers.

Deployments that need the same model at the same time share one registration; it is uploaded once.

The service only accepts positive integers as versions of workspace models, so the digest is a property, and a release
looks for it before it uploads anything. The version is chosen here, from the same list: if two releases register at the
same time, both choose the same number, and the service refuses the second, because a version's address cannot be
changed. Then the search starts again, and finds the same bytes or another number. So no lock in Azure is needed.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from modelops import azure
from modelops.errors import ReleaseError
from modelops.plan.models import Model, UnregisteredModel, UriModel
from modelops.plan.plan import RegisteredModel, ReleasePlan
from modelops.release import provenance, uploads
from modelops.release.context import REGISTER, Context
from modelops.release.single_flight import SingleFlight
from modelops.release.turns import turn
from modelops.workspace import Workspace

DIGEST_PROPERTY: Final = "contentDigest"
ORIGIN_PROPERTY: Final = "origin"
"""Of a version from a place in Azure: its URI, as the stack file has it. Such a version has no digest, because nobody
reads its bytes."""

_MODELS_API: Final = "2023-08-01-preview"  # as azure-ai-ml 1.35
_ATTEMPTS: Final = 6
_registrations: Final = SingleFlight[tuple[str, bool]]()
_LOCK_POLL_SECONDS: Final = 0.2
# The service's text for a version that exists with different content (azure-ai-ml: _utils/_asset_utils.py).
_OTHER_CONTENT: Final = "Asset paths cannot be updated"


def find_version(workspace: Workspace, model: UnregisteredModel) -> tuple[str | None, int]:
    """Return the version that already has the model's bytes or is from its place, or None, and the next free number.

    Archived versions count: they keep their numbers, and deployments may use them.
    """
    highest, found = 0, None
    mark = recognized_by(model)
    with azure.step(f"looking for model {model.name}"):
        for each in versions(workspace, model.name):
            body = each["properties"]
            number = int(each["name"]) if str(each["name"]).isdigit() else 0
            highest = max(highest, number)
            same = mark.items() <= (body.get("properties") or {}).items()
            if same and body.get("modelType") == model.type:
                found = min(found, number) if found else number
    return (str(found) if found else None), highest + 1


def versions(workspace: Workspace, name: str) -> Iterator[Any]:
    """Yield the versions of a model, with the archived ones; none if there is no such model."""
    try:
        yield from workspace.list(f"models/{name}/versions", _MODELS_API, listViewType="All")
    except Exception as error:
        if not azure.is_missing(error):  # no model with this name is registered
            raise


def recognized_by(model: UnregisteredModel) -> dict[str, str]:
    """Return the properties by which a version is recognized as the model's."""
    return {ORIGIN_PROPERTY: model.uri} if isinstance(model, UriModel) else {DIGEST_PROPERTY: model.digest}


def ensure_model(context: Context, plan: ReleasePlan, model: Model) -> tuple[str, str | None]:
    """Make sure that the model is registered.

    Returns:
        The model's id for a deployment, and `name:version` if this call registered it.

    Raises:
        ReleaseError: the service or its storage refused it.
        PlanError: the files changed since the plan was made.
    """
    if isinstance(model, RegisteredModel):
        return model_id(plan, model.name, model.version, model.registry), None
    (mark,) = recognized_by(model).values()
    key = f"{context.workspace.id}/{model.name}/{model.type}/{mark}".lower()
    (version, is_new), is_own = _registrations.share(key, lambda: _ensured(context, plan, model), context.wait)
    return model_id(plan, model.name, version), f"{model.name}:{version}" if is_new and is_own else None


def _ensured(context: Context, plan: ReleasePlan, model: UnregisteredModel) -> tuple[str, bool]:
    """Return the model's version, and whether this call registered it."""
    with _lock_on_this_machine(context, plan, model):
        for _ in range(_ATTEMPTS):
            version, _free = find_version(context.workspace, model)
            if version is not None:
                return version, False
            if (made := _register(context, model)) is not None:
                return made, True
    raise ReleaseError(
        f"registering model {model.name} failed: {_ATTEMPTS} times, another release took the version number. "
        "Release again when the other releases of this model are done."
    )


def model_id(plan: ReleasePlan, name: str, version: str, registry: str | None = None) -> str:
    """The id of a model in a deployment."""
    if registry:
        return f"azureml://registries/{registry}/models/{name}/versions/{version}"
    return (
        f"/subscriptions/{plan.subscription_id}/resourceGroups/{plan.resource_group}/providers/"
        f"Microsoft.MachineLearningServices/workspaces/{plan.workspace}/models/{name}/versions/{version}"
    )


class _TakenError(Exception):
    """Another machine registered the same model, or took the version's number for another one."""

    status_code: Final = 409
    """As of a refusal, after which the uploaded files are removed."""


def _register(context: Context, model: UnregisteredModel) -> str | None:
    """Upload, if it is a local model, and register it; return the version, or None if another machine was faster."""
    numbering = f"{context.workspace.id}/models/{model.name}/versions".lower()
    with azure.step(f"registering model {model.name}"):
        try:
            # The number is chosen after the upload, by one at a time: nobody uploads twice because it was taken.
            with _address(context, model) as address, turn(numbering, context.wait):
                return _numbered(context, model, address)
        except _TakenError:
            return None


def _numbered(context: Context, model: UnregisteredModel, address: str) -> str:
    ml = context.workspace.ml  # first: it lets one thread at a time import the SDK
    from azure.ai.ml import entities  # noqa: PLC0415

    version, free = find_version(context.workspace, model)
    if version is not None:
        raise _TakenError
    try:
        ml.models.create_or_update(
            entities.Model(
                name=model.name,
                version=str(free),
                path=address,
                type=model.type,
                properties={**provenance.properties(context), **recognized_by(model)},
                tags=provenance.tags(context),
            )
        )
    except Exception as error:
        if _OTHER_CONTENT in str(error):
            raise _TakenError from error
        raise
    return str(free)


def _address(context: Context, model: UnregisteredModel) -> contextlib.AbstractContextManager[str]:
    """The address to register a model with; of a local model, after its upload."""
    if isinstance(model, UriModel):
        return contextlib.nullcontext(model.uri)

    def sent(text: str) -> None:
        context.progress(REGISTER, f"uploading model {model.name}: {text}", subject=model.name)

    return uploads.uploaded(context.workspace, context.root / model.path, model.digest, sent, context.wait)


@contextlib.contextmanager
def _lock_on_this_machine(context: Context, plan: ReleasePlan, model: UnregisteredModel) -> Iterator[None]:
    """Let releases of one `up` that share a model upload it in turn, so that the second finds it.

    If a lock cannot be created (the home folder is missing or not writable), they upload it twice; Azure keeps one.
    """
    with contextlib.ExitStack() as held:  # leaving it unlocks, also when the process is killed
        try:
            lock = held.enter_context(_lock_file(plan, model))
        except (OSError, RuntimeError) as error:
            why = f"{error.filename} cannot be written ({error.strerror})" if isinstance(error, OSError) else str(error)
            text = f"not waiting for other releases of model {model.name} on this machine: {why}"
            context.progress(REGISTER, text)
        else:
            while not _try_lock(lock):
                context.wait(_LOCK_POLL_SECONDS)
        yield


def _lock_file(plan: ReleasePlan, model: UnregisteredModel) -> TextIO:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "azureml-batch-endpoint" / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    (mark,) = recognized_by(model).values()
    key = f"{plan.subscription_id}/{plan.resource_group}/{plan.workspace}/{mark}".lower()
    return (folder / hashlib.sha256(key.encode()).hexdigest()[:32]).open("w")


def _try_lock(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
