"""The start of a scoring job, and what Ctrl-C means for one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from modelops.commands import input_notes, options, terminal
from modelops.commands.outcome import Outcome
from modelops.commands.targets import Target
from modelops.errors import InterruptedByUserError, ReleaseError
from modelops.rehearsal import in_studio, place
from modelops.scoring import job_words, start, upload
from modelops.scoring.inputs import JobInput
from modelops.scoring.start import JobOptions
from modelops.workspace import Workspace

_UPLOAD_SECONDS: Final = 10.0
"""Pause between two lines about an upload, if they do not go to a terminal."""


class Asked(NamedTuple):
    """One job that is asked for.

    Attributes:
        source: what it scores.
        deployment: the revision; None: the endpoint's default.
        options: its own settings and words.
        key: column of the predictions that has the names of the input's files; None: they are only counted.
        whole: the files of an input that `source` is a part of, whose other files have rows already; None: it is whole.
    """

    source: JobInput
    deployment: str | None = None
    options: JobOptions = JobOptions()
    key: str | None = None
    whole: tuple[str, ...] | None = None


def begin(workspace: Workspace, target: Target, asked: Asked, outcome: Outcome) -> str:
    """Start the job, say what is known of it, and return its name."""
    for sentence in input_notes.notes(workspace, asked.source):
        terminal.say(f"note: {sentence}")
    perhaps = f"A job may have started; to check: {options.list_command(target)}"
    try:
        with told(perhaps), _shown(asked.source) as report:
            started = start.start(
                workspace, target.endpoint, asked.deployment, asked.source, asked.options, report=report
            )
    except start.PerhapsStartedError as error:
        raise ReleaseError(f"{error} {perhaps}") from None
    outcome.job, outcome.studio = started.name, started.studio
    outcome.deployment = started.deployment or asked.deployment
    terminal.say(
        f"job {started.name} on {target.endpoint}"
        + (f" (deployment {outcome.deployment})" if outcome.deployment else "")
    )
    if page := in_studio(started.studio):
        terminal.say(f"  {page}")
    with told(goes_on(target, started.name)):
        for sentence in job_words.settle(workspace, started.name, asked.options):
            terminal.say(f"note: {sentence}")
    return started.name


@contextmanager
def _shown(source: JobInput) -> Iterator[upload.Report]:
    """Give what shows how far an upload is; a short one only on a terminal."""
    if not source.is_local:
        yield lambda _text, _seconds: None
        return
    with terminal.progress("Uploading", _UPLOAD_SECONDS) as progress:
        yield progress.show


def goes_on(target: Target, job: str) -> str:
    """Return what becomes of an endpoint's job that nobody follows any more, with the commands for it."""
    cancel, download = (options.jobs_command(target, what, job) for what in ("cancel", "download"))
    return (
        f"Job {job} continues in {place()}; to cancel it: {cancel}\n"
        f"To get its predictions once it is completed: {download} --download NEW_FOLDER"
    )


@contextmanager
def told(consequence: str) -> Iterator[None]:
    """Report the consequence of Ctrl-C.

    Raises:
        InterruptedByUserError: Ctrl-C was pressed.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptedByUserError(f"interrupted. {consequence}") from None
