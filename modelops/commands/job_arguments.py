"""The options of `invoke` that describe the job: its input, and what it has instead of the deployment's settings."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from modelops.errors import UsageError
from modelops.plan.data_address import FORMS
from modelops.plan.rules import is_column
from modelops.plan.scoring_settings import SETTINGS
from modelops.scoring.inputs import Kind

_INSTEAD: Final = "instead of the deployment's"
_DURATION: Final = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_DATASTORE_PATH: Final = re.compile(r"(azureml:/)?/.*/?datastores/[^/]+/paths/.+", re.IGNORECASE)

Name = Annotated[str, typer.Argument(metavar="JOB", help="The job's name.", show_default=False)]
Source = Annotated[str | None, typer.Option("--input", metavar="INPUT", help=f"Local file or folder, or {FORMS}.")]
Resume = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="JOB",
        help="Score what this job left out, and put the predictions beside its own; --input only if the service does "
        "not say what it scored.",
    ),
]
InputType = Annotated[
    Kind | None, typer.Option("--input-type", help="What an address names, where that cannot be known.")
]
Deployment = Annotated[
    str | None,
    typer.Option("--deployment", metavar="NAME", help="Logical or physical name. Default: the endpoint's default."),
]
InstanceCount = Annotated[
    int | None, typer.Option("--instance-count", min=1, metavar="N", help=f"Nodes of the job, {_INSTEAD}.")
]
MiniBatchSize = Annotated[
    int | None, typer.Option("--mini-batch-size", min=1, metavar="N", help=f"Files for each call of run(), {_INSTEAD}.")
]
Retries = Annotated[
    int | None, typer.Option("--retries", min=0, metavar="N", help=f"Tries of a mini-batch, {_INSTEAD}.")
]
Timeout = Annotated[
    int | None,
    typer.Option(
        "--timeout",
        min=1,
        max=SETTINGS["timeout_seconds"].most,
        metavar="SECONDS",
        help=f"Seconds for each call of run(), {_INSTEAD}.",
    ),
]
ErrorThreshold = Annotated[
    int | None,
    typer.Option(
        "--error-threshold", min=-1, metavar="N", help=f"Failed files that the job tolerates, {_INSTEAD}; -1: any."
    ),
]
OutputPath = Annotated[
    str | None,
    typer.Option(
        "--output-path",
        metavar="ADDRESS",
        help="New folder for the predictions in a blob datastore: azureml://datastores/NAME/paths/FOLDER.",
    ),
]
OutputFileName = Annotated[
    str | None, typer.Option("--output-file-name", metavar="NAME", help=f"File with the predictions, {_INSTEAD}.")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="Tag of the job; may be repeated.")]
DisplayName = Annotated[
    str | None, typer.Option("--display-name", metavar="TEXT", help="The job's name in the studio.")
]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="The job's description.")]
Experiment = Annotated[
    str | None,
    typer.Option("--experiment", metavar="NAME", help="Experiment of the job. Default: the endpoint's name."),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="COLUMN",
        help="Column of the predictions that has the name of the input's file, to tell which files have no row: its "
        "position from 1, or its name (Parquet, JSON, a first line with names; file_name for an MLflow model).",
    ),
]
AllowMissing = Annotated[
    bool, typer.Option("--allow-missing", help="End with 0 although files of the input have no result.")
]
FailedSince = Annotated[
    str | None,
    typer.Option(
        "--failed-since",
        metavar="DURATION|TIME",
        help="Only the jobs that failed since then, all of them, and exit with 1 if there are any: 30m, 24h, 7d, or "
        "ISO 8601, in UTC if without a zone.",
    ),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Start the job, and do not wait for it.")]


def moment(given: str, now: datetime) -> datetime:
    """Return the moment of --failed-since, in UTC.

    Raises:
        UsageError: it is neither a duration nor a time, or in the future.
    """
    if duration := _DURATION.fullmatch(given):
        return now - int(duration[1]) * _UNITS[duration[2]]
    found = _time(given)
    if found is None or found > now:
        wrong = "is in the future" if found else "is neither a duration nor a time"
        raise UsageError(
            f"--failed-since {given!r} {wrong}. Allowed are a duration (30m, 24h, 7d), and a time in the past in ISO "
            f"8601, such as {now - timedelta(days=1):%Y-%m-%dT%H:%MZ}."
        )
    return found


def _time(given: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(given)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def key(given: str | None) -> str | None:
    """Return the column with the files' names.

    Raises:
        UsageError: no column can have this position or name.
    """
    if given is not None and not is_column(given):
        raise UsageError(
            f"--key: unknown column {given!r}. Allowed are the position of a column, from 1, and the name of one."
        )
    return given


def tags(given: Sequence[str] | None) -> Mapping[str, str]:
    """Return the tags of a command line by their names.

    Raises:
        UsageError: one is not NAME=VALUE, or its name was given before.
    """
    found: dict[str, str] = {}
    for text in given or ():
        name, _, value = text.partition("=")
        # The service refuses empty values of tags: Azure/azure-sdk-for-python#41586.
        if not name or not value:
            raise UsageError(f"--tag {text!r} is not NAME=VALUE, both not empty.")
        if name in found:
            raise UsageError(f"--tag {name}: given twice.")
        found[name] = value
    return found


def output_path(given: str | None) -> str | None:
    """Return the folder for the output.

    Raises:
        UsageError: it is not a path in a datastore.
    """
    if given is not None and not _DATASTORE_PATH.fullmatch(given):
        raise UsageError(
            f"--output-path {given!r} is not a path in a datastore. Allowed: azureml://datastores/NAME/paths/FOLDER, "
            "also with the workspace (azureml://subscriptions/...), or the ARM id of the datastore and /paths/FOLDER."
        )
    return given


def output_file_name(given: str | None) -> str | None:
    """Return the name of the file with the predictions.

    Raises:
        UsageError: the service would refuse it.
    """
    setting = SETTINGS["output_file_name"]
    if given is not None and not re.fullmatch(setting.pattern, given, re.DOTALL):
        raise UsageError(f"--output-file-name {given!r}. Allowed: {setting.unit}.")
    return given
