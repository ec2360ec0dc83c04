"""`import`: says a YAML file of the Azure ML CLI in the stack file's words."""

from pathlib import Path
from typing import Annotated, Final

import typer
import yaml

from modelops.azureml_yaml.deployment import read_deployment
from modelops.azureml_yaml.endpoint import is_endpoint, read_endpoint
from modelops.azureml_yaml.reading import Note, Reading
from modelops.commands import options, terminal
from modelops.errors import UsageError
from modelops.plan.rules import check_image
from modelops.plan.secret_values import likeness

SCHEMA_VERSION: Final = 1
"""Version of the --json output: docs/schemas/import.json."""

_COMPUTE: Final = ("compute",)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The YAML file of a batch deployment or endpoint.")],
    *,
    directory: options.Directory = Path(),
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The key in the stack file. Default: the file's own name."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Print an Azure ML CLI file of a batch deployment or endpoint in the words of the stack file."""
    _check_inside(file, directory)
    key = name or file.stem
    if is_endpoint(file):
        kind, reading = "endpoints", read_endpoint(file)
    else:
        kind, reading = "deployments", read_deployment(file, directory, key)
    if reading.problems:
        lines = "\n".join(f"  {_at(file, each)}" for each in _in_order(reading.problems))
        raise UsageError(f"{file} cannot be deployed as it is:\n{lines}")
    remarks = [
        *reading.warnings,
        *(each for each in reading.notes if not each.text.startswith("compute ")),
        *_without_compute(reading),
        *_completed(reading),
        *_without_secrets(reading),
        *_to_add(kind, reading),
    ]
    if json:
        terminal.say_json(
            {
                "schemaVersion": SCHEMA_VERSION,
                kind: {key: reading.values},
                "remarks": [{"line": each.line, "text": each.text} for each in _in_order(remarks)],
            }
        )
        return
    for each in _in_order(remarks):
        terminal.say("\n".join(f"# {line}" for line in _at(file, each).splitlines()))
    terminal.say(yaml.safe_dump({kind: {key: reading.values}}, sort_keys=False, allow_unicode=True).rstrip())


def _without_compute(reading: Reading) -> list[Note]:
    """Leave out the cluster: a stack file with one cluster takes no name of it."""
    name = reading.values.pop(*_COMPUTE, None)
    if name is None:
        return []
    said = f"compute is left out. If the stack file has several clusters, name one of them: compute: {name}"
    return [Note(reading.lines[_COMPUTE], said)]


def _completed(reading: Reading) -> list[Note]:
    """Replace what the stack file takes from such a file alone, and say what to fill in."""
    remarks = []
    for kind in ("model", "environment"):
        asset = reading.values.get(kind, {})
        if asset.pop("label", None):
            asset["version"] = "VERSION"
            line, name = reading.lines[kind, "label"], asset["name"]
            remarks.append(
                Note(line, f'fill in VERSION; in azure-ai-ml, ml_client.{kind}s.list(name="{name}") lists them.')
            )
    environment = reading.values.get("environment", {})
    if conda := environment.pop("conda", None):
        environment["condaFile"] = "CONDA_FILE"
        line = reading.lines["environment", "conda"]
        remarks.append(Note(line, f"write this to a file, and fill in its path as CONDA_FILE:\n{conda.rstrip()}"))
    image = environment.get("image")
    if image and check_image(image):
        line = reading.lines["environment", "image"]
        remarks.append(Note(line, "give the image a tag other than latest: the stack file takes no other."))
    return remarks


def _without_secrets(reading: Reading) -> list[Note]:
    """Leave out the environment variables that look like secrets, and say so."""
    variables = reading.values.get("environmentVariables", {})
    found = {name: why for name, value in variables.items() if (why := likeness(name, value))}
    for name in found:
        del variables[name]
    return [
        Note(
            reading.lines["environmentVariables", name],
            f"environment_variables.{name} looks like a secret ({why}) and is left out: a scoring script reads it from "
            f"a key vault (docs/security.md). If it is not one, add it, and notSecret: [{name}].",
        )
        for name, why in found.items()
    ]


def _to_add(kind: str, reading: Reading) -> list[Note]:
    """Say what the stack file needs and no such file has."""
    place = "here, or in each deployment" if kind == "endpoints" else "at the endpoint, or here"
    what = "an object with the input that every new revision has to score before it may serve, or the word none"
    remarks = [Note(1, f"add tryOut {place}: {what}.")]
    if reading.values.get("outputAction") == "summary_only":
        needed = "tryOut needs a check: a Python file that judges the files that the script writes."
        remarks.append(Note(reading.lines["outputAction",], needed))
    return remarks


def _check_inside(file: Path, directory: Path) -> None:
    if not directory.is_dir():
        raise UsageError(f"--directory {str(directory)!r} is not a folder.")
    if not file.resolve().is_relative_to(directory.resolve()):
        raise UsageError(
            f"{file} is outside the program's folder, {directory.resolve()}, where every machine must find it: copy it "
            "and the files that it names there."
        )


def _in_order(notes: list[Note]) -> list[Note]:
    return sorted(notes, key=lambda each: each.line)


def _at(file: Path, note: Note) -> str:
    return f"{file}:{note.line}: {note.text}"
