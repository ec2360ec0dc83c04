"""`invoke --resume`: what an earlier job left out, as the input of the next one, and both outputs in one folder."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from modelops import azure
from modelops.commands import missing, options, terminal
from modelops.commands.targets import Target
from modelops.errors import ModelOpsError, UsageError
from modelops.scoring import endpoints, keys, losses, outputs, predictions, resume, resumed
from modelops.scoring.input_files import files_of
from modelops.scoring.inputs import JobInput
from modelops.scoring.job_logs import JobLogs
from modelops.scoring.losses import Losses
from modelops.scoring.resume import PastJob, Rest
from modelops.scoring.start import JobOptions
from modelops.workspace import Workspace


class Asked(NamedTuple):
    """How the rest of a job is scored.

    Attributes:
        source: the job's input; None: the service is asked for it.
        deployment: where it is scored; None: where the job was.
        options: settings and words of the next job; what is None is as it was for the job.
        key: column of the predictions that has the names of the input's files; None: mini-batches are scored again.
    """

    source: JobInput | None
    deployment: str | None
    options: JobOptions
    key: str | None


class Nothing(NamedTuple):
    """A job that left nothing to be scored: the files of the output, which are downloaded, and the input's number."""

    predictions: tuple[Path, ...]
    items: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a job left to be scored.

    Attributes:
        source: copies of the files, on this machine.
        deployment: the revision that the job ran on; None: the endpoint's default.
        options: of the next job.
        whole: the files of the job's input.
        before: number of those that are not among `source`.
        is_exact: whether none of the files has a result yet.
        first: folder with the output of the job and of those that resumed it; empty if there is none.
        own: the job's own files in that folder, as paths below it.
        unseen: files of the job's input in sub-folders, which it did not look into.
    """

    source: JobInput
    deployment: str | None
    options: JobOptions
    whole: tuple[str, ...]
    before: int
    is_exact: bool
    first: Path
    own: tuple[Path, ...]
    unseen: tuple[str, ...]
    _new: Path = field(repr=False)

    def fetch(self, ml: Any, job: str, folder: Path) -> tuple[Path, ...]:
        """Put the earlier output and the one of `job`, read by the client `ml`, into `folder`; return their files.

        If both jobs wrote into one folder of the datastore, the earlier output is not taken twice.
        """
        first = predictions.files_in(self.first)
        for path in first:
            outputs.copied(self.first / path, folder / path)
        predictions.download(ml, job, self._new)
        new = predictions.files_in(self._new)
        # Without a path the service makes a folder, and what is equal in that one was written by the second job.
        if self.options.output_path is not None and all(
            outputs.are_equal(self._new / path, self.first / path) for path in self.own
        ):
            new = tuple(path for path in new if path not in self.own)
        placed = [
            outputs.copied(self._new / path, folder / path if not (folder / path).exists() else folder / job / path)
            for path in new
        ]
        return (*(folder / path for path in first), *placed)

    def joined(self, found: Losses, files: Sequence[Path]) -> Losses:
        """Return what both jobs together lost, from what the second one lost; say what their files have."""
        both = replace(
            found,
            items=None if found.items is None else self.before + found.items,
            missing=None if found.missing is None else found.missing + len(self.unseen),
            names=None if found.names is None else tuple(sorted((*found.names, *self.unseen))),
            unseen=(*found.unseen, *self.unseen),
        )
        have = ""
        if both.items is not None and both.missing is not None:
            have = f"{both.items - both.missing} of {both.items} files have a result now, in "
        twice = "" if self.is_exact else "; files that were scored again can have their rows twice"
        rows, number = predictions.rows(files), len(files)
        terminal.say(f"{have}{rows} rows of {number} {'file' if number == 1 else 'files'}{twice}")
        return both


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
    chain = resumed.chain(workspace, target.endpoint, job)
    past, begun, *later = (resume.read(workspace, target.endpoint, name) for name in (job, chain.first, *chain.later))
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
