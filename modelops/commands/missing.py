"""Says which files of a job's input have no result, and ends the command with 3."""

import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from modelops import azure
from modelops.commands import options, terminal
from modelops.commands.outcome import Outcome
from modelops.commands.targets import Target
from modelops.errors import MissingResultsError, ModelOpsError, NoPredictionsError, UsageError
from modelops.rehearsal import located
from modelops.scoring import endpoints, keys, losses, out_of_time
from modelops.scoring.input_files import files_of
from modelops.scoring.inputs import JobInput
from modelops.scoring.job_logs import JobLogs
from modelops.scoring.losses import Losses
from modelops.workspace import Workspace


class Key(NamedTuple):
    """A column of the predictions that has the files' names.

    Attributes:
        column: its name or position.
        names: the files that have to have a row.
        known: the files that values can name, those that an earlier job scored among them.
    """

    column: str
    names: tuple[str, ...]
    known: tuple[str, ...]


def key(workspace: Workspace, column: str | None, source: JobInput, whole: tuple[str, ...] | None = None) -> Key | None:
    """Return a key for an input, which is a part of the files `whole` if there are such; None without a column.

    Raises:
        UsageError: the files of the input cannot be listed.
        ReleaseError: the service or the storage refused it.
    """
    if column is None:
        return None
    names = files_of(workspace, source).names()
    return Key(column, names, whole or names)


def own_key(
    workspace: Workspace,
    endpoint: str,
    deployment: str | None,
    source: JobInput,
    whole: tuple[str, ...] | None = None,
) -> Key | None:
    """Return the key of an MLflow model without a script: its rows have the file's name, as documented.

    They have several rows for each file, so that the job's counts would hide a file that was left out.

    Args:
        workspace: the endpoint's.
        endpoint: physical name.
        deployment: where the input was scored; None: the endpoint's default.
        source: the input.
        whole: as for `key`.

    Returns:
        None if the deployment has a script, or anything cannot be read.
    """
    with suppress(ModelOpsError):
        if is_without_script(workspace, endpoint, deployment):
            return key(workspace, keys.FILE_NAME, source, whole)
    return None


def is_without_script(workspace: Workspace, endpoint: str, deployment: str | None) -> bool:
    """Say whether a deployment (None: the endpoint's default) scores with what the service makes for its MLflow model.

    Raises:
        ReleaseError: the service refused it.
    """
    name = deployment or endpoints.read(workspace, endpoint).default
    with azure.step(f"reading the deployment of endpoint {endpoint}"):
        found = endpoints.deployment(workspace, endpoint, name)
        return not found.get("codeConfiguration")


def of_job(
    target: Target,
    job: str,
    files: Sequence[Path],
    by: Key | None,
    perhaps: Key | None = None,
    *,
    outcome: Outcome | None = None,
) -> Losses:
    """Return what a completed job lost.

    Args:
        target: its endpoint.
        job: its name.
        files: its predictions.
        by: what tells which files have a row; None: the job's counts and logs.
        perhaps: tells it without `by`, if it names files of the input.
        outcome: is told it, also before an error.

    Raises:
        UsageError: the column does not name files of the input; with what the job's counts and logs tell.
    """
    found = losses.count(JobLogs(options.workspace(target).ml, job))
    outcome = outcome or Outcome(target.endpoint, None)
    outcome.lost(found)
    try:
        if (key := by or perhaps) is not None:
            found = _by(key, found, files)
    except UsageError as error:
        if by is not None:
            again = options.jobs_command(target, "download", job)
            lines = [
                str(error),
                *losses.sentences(found),
                f"Job {job} is completed. To count by another column, without scoring again:",
                f"  {again} --endpoint {target.endpoint} --download NEW_FOLDER --key COLUMN",
            ]
            raise UsageError("\n".join(lines)) from None
    outcome.lost(found)
    return found


def of_nothing(target: Target, job: str, error: NoPredictionsError) -> Losses:
    """Return what a job in an endpoint's workspace lost that completed without a row, and say that it wrote nothing.

    Raises:
        NoPredictionsError: that is not because files have no result.
    """
    found = losses.count(JobLogs(options.workspace(target).ml, job))
    if not found.missing:
        raise NoPredictionsError(f"{error} Its logs: {options.jobs_command(target, 'logs', job)}") from None
    terminal.say(str(error))
    return found


def _by(key: Key, found: Losses, files: Sequence[Path]) -> Losses:
    return losses.by_key(found, key.column, key.names, keys.scored(files, key.column, key.known))


def resume_command(target: Target, job: str, folder: Path | None, column: str | None) -> str:
    """Return the command that scores what a job left out."""
    words = ["--endpoint", target.endpoint, "--resume", job, *(["--key", column] if column is not None else [])]
    download = ["--download", folder.as_posix()] if folder is not None else ["--no-wait"]
    return located(f"python -m modelops invoke{target.words()} {shlex.join([*words, *download])}")


def judge_job(
    target: Target, job: str, found: Losses | None, *, folder: Path | None, column: str | None, is_allowed: bool
) -> None:
    """Say what a job lost, what to do about it, and how to score what is missing.

    Args:
        target: its endpoint.
        job: its name.
        found: what it lost; None: nothing is known yet.
        folder: takes the predictions of what is missing; None: nobody waits for them.
        column: the column with the files' names, if one was given.
        is_allowed: whether the command may end with 0.

    Raises:
        MissingResultsError: files have no result, and that is not allowed.
    """
    advice = out_of_time.advice(options.workspace(target), target.endpoint, job, found)
    judge(found, is_allowed=is_allowed, resume=resume_command(target, job, folder, column), advice=advice)


def judge(found: Losses | None, *, is_allowed: bool, resume: str, advice: str = "") -> None:
    """Say what was lost.

    Args:
        found: what was lost; None: nothing is known yet.
        is_allowed: whether the command may end with 0.
        resume: the command that scores what is missing; "" if there is none.
        advice: what to do about its cause, a sentence; "" if that is not known.

    Raises:
        MissingResultsError: files have no result, and that is not allowed.
    """
    if found is None:
        return
    lines = [*losses.sentences(found), *([advice] if advice else [])]
    if found.missing is None or (is_allowed and found.missing):
        for line in lines:
            terminal.say(line)
        return
    if not found.missing:
        return
    if found.names is None:
        lines.append(
            "The job's logs do not say which; --key COLUMN does, if a column of the predictions has the files' names."
        )
    if found.unseen:
        lines.append(losses.about_unseen(found.unseen))
    takes_others = bool(found.given_up) and found.missing > (found.given_up or 0) + (found.short or 0)
    if resume and found.missing > len(found.unseen):
        status = located("python -m modelops status")
        lines += [
            "To score what is missing:",
            f"  {resume}{' --mini-batch-size 1' if takes_others else ''}",
            (
                "That runs on the same deployment. After a repair of the script and its release, add --deployment "
                f"NAME: `{status}` names the new one."
            ),
        ]
    if takes_others:
        lines.append("With --mini-batch-size 1 a file that fails takes no others with it.")
    raise MissingResultsError("\n".join([*lines, "With --allow-missing this ends with 0."]))
