"""What an earlier job left to be scored, and where the rest's output goes."""

import re
from collections.abc import Collection, Mapping
from itertools import count
from math import ceil
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import isodate

from modelops import azure
from modelops.errors import NoJobError, UsageError
from modelops.plan import data_address
from modelops.scoring import endpoints, keys, losses
from modelops.scoring.inputs import WIRE, JobInput, Kind
from modelops.scoring.jobs import COMPLETED, ENDED, deployment_of
from modelops.scoring.losses import Losses
from modelops.scoring.start import JobOptions

if TYPE_CHECKING:
    from modelops.workspace import Workspace

_KINDS: Final[Mapping[str, Kind]] = {wire.lower(): kind for kind, wire in WIRE.items()}


class PastJob(NamedTuple):
    """A job that has ended, as the service tells of it.

    Attributes:
        name: its name.
        deployment: the revision that it ran on; None if the service does not say.
        is_completed: whether it wrote an output.
        state: how it ended, in the service's words.
        source: its input; None if the service does not say.
        options: its own settings, as far as the service says.
    """

    name: str
    deployment: str | None
    is_completed: bool
    state: str
    source: JobInput | None
    options: JobOptions


def read(workspace: "Workspace", endpoint: str, job: str) -> PastJob:
    """Return a job of an endpoint that has ended; see `any_job`.

    Raises:
        UsageError: it has not ended, or the endpoint has no such job.
        ReleaseError: the service refused it.
    """
    found = any_job(workspace, endpoint, job)
    if found.state not in ENDED:
        raise UsageError(f"job {job} is {found.state}. Run the command again when it has ended.")
    return found


def any_job(workspace: "Workspace", endpoint: str, job: str) -> PastJob:
    """Return a job of an endpoint, ended or not.

    The scoring address answers it (https://github.com/Azure/azureml-examples, cli/batch-score-rest.sh); ARM has jobs
    too, but was recorded to leave out their inputs.

    Raises:
        UsageError: the endpoint has no such job.
        ReleaseError: the service refused it.
    """
    address = endpoints.read(workspace, endpoint).address
    with azure.step(f"reading job {job}"):
        try:
            answer = workspace.send("GET", f"{address}/{endpoints.segment(job)}", None)
        except Exception as error:
            if azure.is_missing(error):
                raise NoJobError(f"endpoint {endpoint} has no job {job!r}.") from None
            raise
    return past_job(job, answer)


def past_job(name: str, answer: Mapping[str, Any]) -> PastJob:
    """Return the job of an answer of the data plane; what it leaves out is None."""
    said: Mapping[str, Any] = answer.get("properties") or {}
    retry, compute = said.get("retrySettings") or {}, said.get("compute") or {}
    state = str(said.get("status") or "Unknown")
    return PastJob(
        name,
        deployment_of(str(answer.get("id") or "")),
        state == COMPLETED,
        state,
        _source(said.get("inputData") or {}),
        JobOptions(
            instance_count=compute.get("instanceCount"),
            mini_batch_size=said.get("miniBatchSize"),
            retries=retry.get("maxRetries"),
            timeout=seconds(retry.get("timeout")),
            error_threshold=said.get("errorThreshold"),
        ),
    )


def _source(inputs: Mapping[str, Any]) -> JobInput | None:
    for each in inputs.values():
        kind, uri = _KINDS.get(str(each.get("jobInputType")).lower()), each.get("uri")
        if kind and uri:
            return JobInput(kind, data_address.uri(uri), asset=data_address.data_asset(uri))
    return None


def seconds(duration: Any) -> int | None:
    """Return whole seconds, at least as long as a duration in ISO 8601's form; None for other texts."""
    try:
        length: float = isodate.parse_duration(duration).total_seconds()
    except (ValueError, TypeError, AttributeError):  # the last: of years and months, which have no length
        return None
    return ceil(length)


class Rest(NamedTuple):
    """What has to be scored again, and a sentence that says why just this.

    Attributes:
        names: files of the input.
        why: a sentence.
        is_exact: whether none of them has a result yet.
        unseen: files in sub-folders, which are not scored again because the job did not look into these.
    """

    names: tuple[str, ...]
    why: str
    is_exact: bool = True
    unseen: tuple[str, ...] = ()


def rest(job: PastJob, names: Collection[str], lost: Losses | None, scored: Collection[str] | None) -> Rest:
    """Return what a job left to be scored.

    Args:
        job: the job.
        names: the files of its input.
        lost: what its counts and logs say; None: they were not asked.
        scored: the files that have a row, by a key; None without one.
    """
    if not job.is_completed and scored is None:
        return Rest(
            tuple(sorted(names)),
            f"job {job.name} ended in state {job.state}, without an output; scoring all its files now.",
        )
    unseen = losses.unseen(names, lost.items if lost is not None else None, scored)
    return _of_completed(job, set(names) - set(unseen), lost, scored)._replace(unseen=unseen)


def _of_completed(job: PastJob, names: Collection[str], lost: Losses | None, scored: Collection[str] | None) -> Rest:
    everything, every, of = tuple(sorted(names)), _every(len(names)), f"of {_files(len(names))}"
    if scored is not None:
        left = tuple(sorted(set(names) - set(scored)))
        if not left:
            return Rest((), f"job {job.name} has rows for {every}.")
        return Rest(left, f"job {job.name} has no row for {len(left)} {of}; {_scoring(left)} now.")
    if lost is None or lost.missing is None:
        return Rest(everything, f"what job {job.name} lost is not known; scoring all its files again.", is_exact=False)
    if not lost.missing:
        return Rest((), f"job {job.name} has results for {every}.")
    left_out = _matched(lost.again, names)
    if left_out is None:
        return Rest(
            everything,
            f"job {job.name} has no result for {lost.missing} {of}, and its logs do not say which; scoring the files "
            "of all its mini-batches again. With --key COLUMN, only those without a row.",
            is_exact=False,
        )
    if lost.names is not None:
        return Rest(left_out, f"job {job.name} has no result for {lost.missing} {of}; {_scoring(left_out)} now.")
    return Rest(
        left_out,
        f"job {job.name} has no result for {lost.missing} {of}, and for some mini-batches its logs do not say which; "
        f"scoring all {len(left_out)} of their files again. With --key COLUMN, only those without a row.",
        is_exact=False,
    )


def without(left: Rest, later: PastJob, names: Collection[str], lost: Losses) -> Rest:
    """Return what is left of the files `left` after a later job scored `names` and lost some of them."""
    again = rest(later, names, lost, None)
    done = set(names) - set(again.names) - set(again.unseen)
    return left._replace(
        names=tuple(name for name in left.names if name not in done), is_exact=left.is_exact and again.is_exact
    )


def together(left: Rest, first: PastJob, later: Collection[PastJob], names: Collection[str]) -> Rest:
    """Return what a job and those that resumed it left, of its files `names`, with a sentence about all of them."""
    number = len(names) - len(left.unseen)
    they = f"job {first.name} and {', '.join(each.name for each in later)}, which resumed it,"
    if not left.names:
        return left._replace(why=f"{they} have results for {_every(number)}.")
    lack = "have no result" if left.is_exact else "perhaps have no result"
    of = f"{len(left.names)} of {_files(number)}"
    return left._replace(why=f"{they} {lack} for {of}; {_scoring(left.names)} now.")


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"


def _every(number: int) -> str:
    return "its only file" if number == 1 else f"all its {number} files"


def _scoring(names: Collection[str]) -> str:
    return "scoring it" if len(names) == 1 else "scoring these"


def _matched(reported: Collection[str] | None, names: Collection[str]) -> tuple[str, ...] | None:
    """Return the files of the input that a report names; None if it does not, or names others."""
    known = keys.Names(names)
    found = [known.found(name) for name in reported or ()]
    matched = [name for name in found if name is not None]
    return tuple(sorted(matched)) if reported is not None and len(matched) == len(found) else None


def beside(
    options: JobOptions, folder: str | None, file_name: str, taken: Collection[PurePath], used: Collection[str]
) -> JobOptions:
    """Return options with which a job writes its rows beside an earlier output.

    The service refuses to write a file that exists, not a folder
    (https://learn.microsoft.com/azure/machine-learning/how-to-use-batch-model-deployments). If the earlier output has
    files that its script wrote itself, the new one gets another folder: the script may write the same names again.

    Args:
        options: of the new job; what they say of the output stays.
        folder: the earlier output's address; None if it is not known.
        file_name: the deployment's file of rows.
        taken: the paths of the earlier output's files, below its folder.
        used: names that the new file must not have.
    """
    stem, suffix = PurePath(file_name).stem, PurePath(file_name).suffix
    if options.output_file_name is None:
        free = next(number for number in count(2) if f"{stem}-{number}{suffix}" not in used)
        options = options._replace(output_file_name=f"{stem}-{free}{suffix}")
    rows = re.compile(rf"{re.escape(stem)}(-\d+)?{re.escape(suffix)}")
    if options.output_path is None and taken and all(rows.fullmatch(path.as_posix()) for path in taken):
        options = options._replace(output_path=folder)
    return options
