"""Promotes models: the bytes that one stack's endpoint serves get a version in a registry, for other stacks.

Every step can be repeated: a run that was killed leaves a version without a digest, which the next one recognizes by
its bytes.
"""

from collections.abc import Callable
from typing import NamedTuple

from modelops.errors import ReleaseError
from modelops.plan.plan import ReleasePlan
from modelops.plan.registered import Registered
from modelops.rehearsal import located
from modelops.release import live, permissions, records
from modelops.release.registry import ModelVersion, Registry, number, of_workspace
from modelops.workspace import Workspace


class Candidate(NamedTuple):
    """What a stack's deployment serves.

    Attributes:
        revision: physical name.
        model: name and version of its model in the workspace, or in a registry.
        remark: that it was not tried out; empty if it passed its try-out.
    """

    revision: str
    model: Registered
    remark: str


def candidate(endpoint: live.LiveEndpoint, plan: ReleasePlan, logical: str, stack: str) -> Candidate:
    """Return what a deployment of the stack file serves: its live default, which may be another than was released last.

    Raises:
        ReleaseError: its revision does not exist, failed, or failed its try-out.
    """
    default = endpoint.deployments.get(endpoint.default or "")
    is_default = default is not None and default.logical == logical
    name = default.name if default is not None and is_default else plan.deployments[logical].revision
    found = endpoint.deployments.get(name)
    again = f"Run `{located(f'pulumi up --stack {stack}')}`, then promote again."
    if found is None or found.state != live.SUCCEEDED:
        state = "does not exist" if found is None else f"is {found.state}"
        raise ReleaseError(
            f"revision {name} of endpoint {endpoint.name} {state}, so there is nothing to promote. {again}"
        )
    record = records.try_out(found)
    if record is not None and record.outcome == "failed":
        raise ReleaseError(
            f"revision {name} of endpoint {endpoint.name} failed its try-out (job {record.job}), so it is not "
            f"promoted. Correct it in stack {stack}. {again}"
        )
    model = Registered.of_model(found.model or "")
    if model is None:
        raise ReleaseError(
            f"revision {name} of endpoint {endpoint.name} has the model {found.model!r}, which cannot be promoted; "
            "allowed is a version of a model, of the workspace or of a registry."
        )
    passed = record is not None and record.outcome == "passed"
    remark = "" if passed else f"revision {name} was not tried out in stack {stack}"
    return Candidate(name, model, remark)


def promote(workspace: Workspace, model: Registered, registry: str, tell: Callable[[str], None]) -> Registered:
    """Return the version of a registry that has a model's bytes; make it if there is none.

    Args:
        workspace: where the model is, or whose login is used for a model that is in a registry already.
        model: its name and version.
        registry: the registry's name.
        tell: called with each thing that is done.

    Raises:
        ReleaseError: a request was refused, a role is missing, or the copy has other bytes.
    """
    try:
        place = Registry(workspace, registry)
        if model.registry is not None:
            return _noted(place, place.get(model.name, model.version), None, tell)
        return _shared(place, workspace, model, tell)
    except ReleaseError as error:
        lack = permissions.lack_of(error)
        if lack is None:
            raise
        raise ReleaseError(f"{error} {lack.grant(lack.scope)}") from error


def _shared(place: Registry, workspace: Workspace, model: Registered, tell: Callable[[str], None]) -> Registered:
    source, content = of_workspace(workspace, model.name, model.version)
    versions = place.versions(source.name)
    for each in versions:
        if each.digest == content and each.type == source.type:
            tell(f"registry {place.name} has model {each} with the same bytes")
            return Registered(each.name, each.version, place.name)
    # A run that was killed after it shared the model has left it as the newest, without a digest.
    newest = versions[-1] if versions else None
    if newest is not None and newest.digest is None and newest.type == source.type:
        tell(f"reading the bytes of model {newest} of registry {place.name}, whose digest is not noted")
        if place.hashed(newest) == content:
            _note(place, newest, content, tell)
            return Registered(newest.name, newest.version, place.name)
    version = str(max((number(each.version) for each in versions), default=0) + 1)
    tell(f"sharing model {source} of workspace {workspace.name} with registry {place.name} as {source.name}:{version}")
    return _noted(place, place.share(source, version), content, tell)


def _noted(place: Registry, model: ModelVersion, expected: str | None, tell: Callable[[str], None]) -> Registered:
    """Make sure that a version has the digest of its bytes, which are `expected` ones, if that is not None."""
    content = model.digest
    if content is None:
        tell(f"reading the bytes of model {model} of registry {place.name}, to note their digest")
        content = place.hashed(model)
    if expected is not None and content != expected:
        raise ReleaseError(
            f"model {model} of registry {place.name} has other bytes (sha256 {content[:12]}) than the model that it "
            f"is a copy of (sha256 {expected[:12]}): something else was shared under this version at the same time, "
            "or the service did not copy the files as they are. No stack file names it; promote again."
        )
    if model.digest is None:
        _note(place, model, content, tell)
    return Registered(model.name, model.version, place.name)


def _note(place: Registry, model: ModelVersion, content: str, tell: Callable[[str], None]) -> None:
    """Note a digest on a version, whose bytes are known to have it; without the note they are read again next time.

    Raises:
        ReleaseError: a role is missing.
    """
    try:
        place.note(model, content)
    except ReleaseError as error:
        if permissions.lack_of(error):
            raise
        tell(f"warning: {error} The next promotion reads the bytes again.")
