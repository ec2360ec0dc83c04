"""`invoke --resume`: finds what an earlier job, and those that resumed it, left out."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from modelops import azure
from modelops.commands import missing, options, terminal
from modelops.commands.leftover import Asked, Left, Nothing
from modelops.commands.targets import Target
from modelops.errors import ModelOpsError, NoJobError, UsageError
from modelops.scoring import endpoints, keys, losses, outputs, predictions, resume, resumed
from modelops.scoring.input_files import files_of
from modelops.scoring.inputs import JobInput
from modelops.scoring.job_logs import JobLogs
from modelops.scoring.resume import PastJob, Rest
from modelops.scoring.start import JobOptions
from modelops.workspace import Workspace


@contextmanager
def left(target: Target, job: str, asked: Asked, download: Path | None) -> Iterator[Left | Nothing]:
    """Give what a job, and those that resumed it, left to be scored; the files are there inside the `with` only.

    Args:
        target: the endpoint.
        job: the name of the job.
        asked: how the rest is scored.
        download: folder for both outputs; None: nobody waits for them.

    Raises:
        UsageError: the service does not say what the job scored, the folder has other predictions, or nothing is left
            but files in sub-folders that jobs do not look into.
        ReleaseError: the service or the storage refused something.
    """
    workspace = options.workspace(target)
    past, begun, *later = _jobs(workspace, target, job)
    source = _source(asked.source, begun)
    with tempfile.TemporaryDirectory(prefix="modelops-resume-") as made:
        first, staged = Path(made) / "first", Path(made) / "input"
        for folder in (first, staged):
            folder.mkdir()
        if begun.is_completed:
            predictions.copy(workspace.ml, begun.name, first)
        own = predictions.files_in(first)
        for each in later:
            outputs.add(workspace.ml, each.name, own, first, Path(made) / each.name)
        if asked.options.output_path is not None:
            outputs.require_new(workspace, asked.options.output_path, [path.as_posix() for path in own])
        if download is not None:
            outputs.require_no_other(download, first, job)
        files = files_of(workspace, source)
        names = files.names()
        rest = _rest(workspace, target.endpoint, [begun, *later], names, (first, asked.key))
        terminal.say(rest.why)
        if not rest.names:
            if rest.unseen:
                raise UsageError(f"{losses.about_unseen(rest.unseen)} Nothing was started.")
            every = predictions.files_in(first) if download is not None else ()
            yield Nothing(
                tuple(outputs.copied(first / path, download / path) for path in every if download), len(names)
            )
            return
        if rest.unseen:
            terminal.say(f"note: {losses.about_unseen(rest.unseen)}")
        files.copy(rest.names, staged)
        past = past._replace(deployment=asked.deployment or past.deployment)
        yield Left(
            JobInput("uri_folder", str(staged), is_local=True),
            past.deployment,
            _options(
                workspace,
                target.endpoint,
                past,
                asked.options,
                _Earlier(begun.name, own, _names(first) | _names(download)),
            ),
            names,
            len(names) - len(rest.names),
            rest.is_exact,
            first,
            own,
            rest.unseen,
            Path(made) / "second",
        )


def _jobs(workspace: Workspace, target: Target, job: str) -> list[PastJob]:
    """Return a job, the first of those that it belongs to, and those that resumed the first."""
    known: dict[str, PastJob] = {}
    try:
        known[job] = resume.read(workspace, target.endpoint, job)
        chain = resumed.chain(workspace, target.endpoint, job)
        names = (chain.first, *chain.later)
        for name in names:
            known[name] = known.get(name) or resume.read(workspace, target.endpoint, name)
    except NoJobError as error:
        raise UsageError(f"--resume: {error} Its jobs: {options.list_command(target)}") from None
    return [known[name] for name in (job, *names)]


class _Earlier(NamedTuple):
    """The first job's name, its files as paths below their folder, and names that no new file of rows can have."""

    job: str
    own: tuple[Path, ...]
    used: frozenset[str]


def _names(folder: Path | None) -> frozenset[str]:
    return frozenset(path.name for path in predictions.files_in(folder)) if folder is not None else frozenset()


def _source(asked: JobInput | None, begun: PastJob) -> JobInput:
    """Return the input whose files are scored; say if it may be another than that of the job."""
    source = asked or begun.source
    if source is None:
        raise UsageError(
            f"the service does not say what job {begun.name} scored. Name the same input again with --input."
        )
    if asked is not None and begun.source is not None and asked.path != begun.source.path:
        terminal.say(
            f"note: the files are read from --input {asked.path}; job {begun.name} scored {begun.source.path}. Whether "
            "both have the same content is not checked."
        )
    return source


def _rest(
    workspace: Workspace,
    endpoint: str,
    jobs: list[PastJob],
    names: tuple[str, ...],
    told: tuple[Path, str | None],
) -> Rest:
    """Return what a job, and those that resumed it, left to be scored; it is told by their outputs, and a key."""
    (first, key), (past, *later) = told, jobs
    written = [first / path for path in predictions.files_in(first)]
    lost = losses.count(JobLogs(workspace.ml, past.name)) if past.is_completed else None
    if key is not None and (past.is_completed or written):
        return resume.rest(past, names, lost, keys.scored(written, key, names) if written else ())
    with suppress(ModelOpsError):
        if written and missing.is_without_script(workspace, endpoint, past.deployment):
            return resume.rest(past, names, lost, keys.scored(written, keys.FILE_NAME, names))
    found = resume.rest(past, names, lost, None)
    for each in later:
        with suppress(ModelOpsError):  # else what it scored is scored again
            own = files_of(workspace, each.source).names() if each.source is not None else ()
            found = resume.without(found, each, own, losses.count(JobLogs(workspace.ml, each.name)))
    return resume.together(found, past, later, names) if later else found


def _options(
    workspace: Workspace,
    endpoint: str,
    past: PastJob,
    asked: JobOptions,
    earlier: _Earlier,
) -> JobOptions:
    """Return the next job's options: what is asked for, else the earlier job's own; its output beside the earlier.

    It has the tag that says which job it resumes.
    """
    (begun, taken, used), deployment = earlier, past.deployment
    asked = asked._replace(tags={**asked.tags, resumed.TAG: begun})
    own = past.options._asdict()
    merged = asked._replace(
        **{name: own[name] for name, value in asked._asdict().items() if value is None and own[name] is not None}
    )
    if deployment is None:
        return merged
    with azure.step(f"reading deployment {deployment}"):
        try:
            found = endpoints.deployment(workspace, endpoint, deployment)
        except Exception as error:
            if azure.is_missing(error):
                raise UsageError(
                    f"endpoint {endpoint} has no deployment {deployment!r} (any more). Name another with --deployment."
                ) from None
            raise
    if found.get("outputAction") == "SummaryOnly":
        return merged
    folder = _output_of(workspace, begun) if taken else None
    return resume.beside(merged, folder, str(found.get("outputFileName") or "predictions.csv"), taken, used)


def _output_of(workspace: Workspace, job: str) -> str | None:
    """Return the address of a job's output, which the SDK downloads; None if it cannot be known."""
    with suppress(Exception):
        uri = workspace.ml.jobs._get_batch_job_scoring_output_uri(job)  # noqa: SLF001 - no public way
        return uri or None
    return None
