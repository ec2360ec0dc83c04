"""`score`: scores the samples that the stack file names."""

import os
from pathlib import Path
from typing import Final

import typer

from modelops.commands import invoke, job_arguments, missing, options, starting, terminal
from modelops.commands.outcome import Outcome
from modelops.commands.targets import Target
from modelops.errors import InterruptedByUserError, MissingResultsError, ModelOpsError
from modelops.plan import data_address
from modelops.rehearsal import located
from modelops.scoring import inputs, predictions

_FOLDER: Final = "predictions"


def score(
    *,
    stack: options.Stack = None,
    outputs: options.Outputs = None,
    endpoint: options.EndpointOrAll = None,
    directory: options.Directory = Path(),
    key: job_arguments.Key = None,
    allow_missing: job_arguments.AllowMissing = False,
) -> None:
    """Score the samples of the stack file into predictions/STACK/ENDPOINT; a failed job leaves the last ones there."""
    failed = lost = False
    key = job_arguments.key(key)
    where = options.Where(stack, outputs, endpoint, directory)
    for target in where.one_or_all():
        if target.sample is None:
            terminal.say(f"{target.logical}: not scored, because the stack file has no `sample` for it. To score:")
            terminal.say(f"  {_command(where._replace(endpoint=target.logical))}")
            continue
        folder = directory / _FOLDER / (stack or os.environ.get("PULUMI_STACK") or "") / target.logical
        try:
            outcome = Outcome(target.endpoint, None)
            asked = _asked(target, target.sample, directory, key)
            found = invoke.run(target, asked, folder, fetch=predictions.replace, outcome=outcome)
            missing.judge_job(target, outcome.job, found, folder=folder, column=key, is_allowed=allow_missing)
        except InterruptedByUserError:
            raise
        except MissingResultsError as error:
            terminal.say_error(f"{target.logical}: {error}")
            lost = True
        except ModelOpsError as error:
            # The other endpoints are scored anyway.
            terminal.say_error(f"{target.logical}: {error}")
            failed = True
    if failed or lost:
        raise typer.Exit(1 if failed else 3)


def _asked(target: Target, sample: str, directory: Path, key: str | None) -> starting.Asked:
    """Return the job for a sample of the stack file: an address as it is, a path as one from here."""
    place = sample if data_address.is_address(sample) else data_address.path(str(directory / sample))
    option = f"the `sample` of endpoint {target.logical}:"
    return starting.Asked(inputs.read(place, target.sample_type, option), key=key)


def _command(where: options.Where) -> str:
    return located(f"python -m modelops invoke{where.words()} --input FOLDER --download NEW_FOLDER")
