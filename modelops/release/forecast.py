"""The parts of an outlook, each from the plan and what is known: models, revisions, try-outs, what is replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from modelops.errors import PlanError
from modelops.plan.data_address import masked
from modelops.plan.files import files_of
from modelops.plan.models import UnregisteredModel, UriModel
from modelops.plan.plan import UNKNOWN, DeploymentPlan, ReleasePlan
from modelops.plan.try_out import File
from modelops.release import changed_files, reasons, records
from modelops.release.live import SUCCEEDED, LiveDeployment, LiveEndpoint
from modelops.release.outlook import Model, Revision, TryOut
from modelops.release.rows import Row
from modelops.release.tryout import serving
from modelops.release.tryout.candidates import DueTryOut

_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Known:
    """What a preview knows beside the plan; none of it is part of the plan."""

    root: Path | None = None
    """Folder that the plan's paths are relative to; None: the sizes of models are not told."""
    nodes: Mapping[str, int] | None = None
    """See `going_back.unusable`."""
    state_default: str | None = None
    """See `prune.surplus`."""
    where: str = ""
    """See `Context`."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """Of one node for one hour, by deployment; of some nothing may be known."""
    currency: str = ""
    """Of the prices."""


def model(new: UnregisteredModel, root: Path | None) -> Model:
    """Return a model to register, with its size if it is below `root` and can be read."""
    if isinstance(new, UriModel):
        return Model(new.name, uri=masked(new.uri))
    try:
        size = None if root is None else sum(each.size for each in files_of(root / new.path))
    except PlanError:
        size = None
    return Model(new.name, new.digest, size=size)


def in_order(plan: ReleasePlan) -> list[DeploymentPlan]:
    """Return the deployments, the one that is the default first."""
    return sorted(plan.deployments.values(), key=lambda each: each.logical != plan.default)


def revision(
    wanted: DeploymentPlan,
    released: ReleasePlan | None,
    there: Mapping[str, LiveDeployment] | None = None,
    root: Path | None = None,
) -> Revision:
    """Return what becomes of a deployment's revision, and why.

    Args:
        wanted: the deployment.
        released: the plan that was released last; None if there is none.
        there: what is live, by name; None if Azure was not asked: then it has what was released.
        root: see `Known`.
    """
    old = released.deployments.get(wanted.logical) if released else None
    is_released = released is not None and wanted.revision in {each.revision for each in released.made}
    state = there[wanted.revision].state if there is not None and wanted.revision in there else None
    exists = is_released if there is None else state == SUCCEEDED
    if exists and is_released:
        return Revision(wanted.revision, wanted.logical, "keep")
    why = reasons.differences(old, wanted, _changed_files(old, wanted, there or {}, root)) if old else []
    if old is None and released is not None:
        why.append(f"{wanted.logical} is new in the stack file")
    elif old is None and not there:
        why.append("first release")
    elif old is not None and old.revision == wanted.revision and not is_released:
        why.append("it waited for the end of the pin")
    if exists:
        return Revision(wanted.revision, wanted.logical, "use", (*why, _found(wanted.revision, there or {})))
    if state is not None:
        why.append(f"the one that exists is {state}")
    elif is_released:
        why.append("it was deleted outside of releases")
    return Revision(wanted.revision, wanted.logical, "create", tuple(why))


def _found(revision: str, there: Mapping[str, LiveDeployment]) -> str:
    record = records.try_out(there[revision]) if revision in there else None
    return "failed its try-out" if record is not None and record.outcome == "failed" else "exists"


def _changed_files(
    old: DeploymentPlan, wanted: DeploymentPlan, there: Mapping[str, LiveDeployment], root: Path | None
) -> list[str]:
    """Return which files of the code changed, if the released revision tells its commit."""
    if root is None or old.code is None or wanted.code is None or old.code.digest == wanted.code.digest:
        return []
    if old.code.path != wanted.code.path or old.revision not in there:
        return []
    return changed_files.since(there[old.revision].properties, root, wanted.code.path)


def try_outs(
    due: Sequence[DueTryOut], endpoint: LiveEndpoint | None, known: Known, before: str | None = None
) -> list[TryOut]:
    """Return the try-outs; `endpoint` is what is live when they begin.

    Without it `before`, the default of the last release, is taken for what serves, and for not having scored the input.

    Minutes of nodes count while a job waits for nodes or runs: an image is built elsewhere. What serves scores files of
    the repository once for all candidates; other data, which may change, for each.
    """
    found: list[TryOut] = []
    scored: set[tuple[File, int | None]] = set()
    for deployment, asked in due:
        nodes = asked.instance_count or deployment.settings.instance_count
        minutes = asked.queue_minutes + asked.run_minutes
        serves = serving.revision(endpoint, deployment.revision) if endpoint else None
        name = serves.name if serves else before if endpoint is None else None
        is_anew = name is not None and (serves is None or serving.known_job(serves, asked) is None)
        if is_anew and isinstance(asked.input, File):
            is_anew = (asked.input, asked.instance_count) not in scored
            scored.add((asked.input, asked.instance_count))
        node_minutes = nodes * minutes
        if is_anew:
            node_minutes += (asked.instance_count or (serves.instances if serves else nodes)) * minutes
        price = known.prices.get(deployment.logical)
        found.append(
            TryOut(
                deployment.revision,
                masked(asked.input) if isinstance(asked.input, str) else asked.input.path,
                asked.minutes,
                nodes,
                node_minutes,
                name,
                is_anew,
                None if price is None else price * node_minutes / _HOUR,
            )
        )
    return found


def left(plan: ReleasePlan, released: ReleasePlan | None, deleted: Sequence[Revision]) -> list[str]:
    """Return a sentence for each deployment that is no longer in the stack file: what is refused, and what stays.

    Args:
        plan: the new one.
        released: the plan that was released last, if there is one.
        deleted: the revisions that are deleted.
    """
    found = []
    for each in released.deployments.values() if released else ():
        if each.logical in plan.deployments:
            continue
        if names := [gone.name for gone in deleted if gone.logical == each.logical]:
            what = f"jobs that name {' or '.join(names)} are refused from then on; its model and what jobs wrote stay."
        else:
            what = f"{each.revision} stays for now, to go back to (keep: {plan.keep})."
        found.append(f"deployment {each.logical} is no longer in the stack file: {what}")
    return found


def replaced(plan: ReleasePlan, released: ReleasePlan) -> list[Row]:
    """Return rows about what the stack replaces: its address or id is not known yet, and was before."""
    rows = []
    if plan.workspace == UNKNOWN != released.workspace:
        gone = "its jobs, registered models and data assets go with it, and its files if its storage account does"
        rows.append(Row("replace workspace", released.workspace, gone))
    if plan.endpoint.id == UNKNOWN != released.endpoint.id:
        rows.append(
            Row(
                "replace endpoint",
                released.endpoint.name,
                "its address stops answering, and it gets another: tell its callers",
            )
        )
    clusters = {
        released.deployments[logical].compute.rpartition("/")[2]
        for logical, each in plan.deployments.items()
        if each.compute == UNKNOWN and logical in released.deployments
    } - {UNKNOWN}
    return rows + [
        Row("replace cluster", each, "its revisions are made again on the new one, and the old ones go")
        for each in sorted(clusters)
    ]
