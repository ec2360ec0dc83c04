"""`pulumi up` and `preview` of the program against a flat program, and a release against a plain SDK script."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import yaml

from tools.bench import flat
from tools.bench.checkout import REPOSITORY, Checkout
from tools.bench.measure import Row, paired, seconds

STACK_FILE = "Pulumi.dev.yaml"
_numbers = itertools.count(1)


def prepare(checkout: Checkout) -> None:
    """Deploy the program, make the flat one from what that has deployed, and deploy it too; without try-outs."""
    _ask(checkout, "none")
    checkout.run("pulumi", "up", "--yes", "--skip-preview")
    state = json.loads(checkout.run("pulumi", "stack", "export").stdout)
    flat.write(_flat(checkout), yaml.safe_load((checkout.root / "Pulumi.yaml").read_text()), state)
    checkout.run("pulumi", "up", "--yes", "--skip-preview", folder=_flat(checkout))


def no_change(checkout: Checkout, runs: int) -> list[Row]:
    """Time commands that have nothing to do, as in every pull request and every repeated `up`."""

    def timed(folder: Path, *command: str) -> Callable[[], float]:
        return lambda: seconds(lambda: checkout.run("pulumi", *command, "--expect-no-changes", folder=folder))

    return [
        paired(
            f"{command[0]} without changes / flat program",
            timed(checkout.root, *command),
            timed(_flat(checkout), *command),
            runs=runs,
            aim="at most 1.2",
        )
        for command in (("up", "--yes", "--skip-preview"), ("preview",))
    ]


def release(checkout: Checkout, runs: int) -> Row:
    """Time the `up` that releases a changed model against the same SDK calls in a script plus an idle `up`."""

    def ours() -> float:
        _change_model(checkout)
        return seconds(lambda: checkout.run("pulumi", "up", "--yes", "--skip-preview"))

    # The script deploys to the flat program's endpoint: the program would revert a change to its own endpoint.
    names = flat_names(checkout)

    def other() -> float:
        idle = seconds(lambda: checkout.run("pulumi", "up", "--yes", "--skip-preview"))
        _change_model(checkout)
        script = seconds(lambda: checkout.run("python", "-m", "tools.bench.script", *names, f"script-{next(_numbers)}"))
        checkout.run("pulumi", "up", "--yes", "--skip-preview")  # so that the next idle `up` has nothing to do
        return script + idle

    return paired("up with one changed model / SDK script + idle up", ours, other, runs=runs, aim="at most 1.2")


def try_out(checkout: Checkout, runs: int) -> Row:
    """Time the `up` that releases a changed model with a try-out, and without.

    What serves was tried out, too, as in every release but the first: its predictions are there to compare with.
    """
    asked = yaml.safe_load((REPOSITORY / STACK_FILE).read_text())["config"]["endpoints"]["digits"]["tryOut"]

    def timed(value: object) -> Callable[[], float]:
        def run() -> float:
            _ask(checkout, value)
            _change_model(checkout)
            checkout.run("pulumi", "up", "--yes", "--skip-preview")
            _change_model(checkout)
            return seconds(lambda: checkout.run("pulumi", "up", "--yes", "--skip-preview"))

        return run

    return paired("up with one changed model, tried out / not", timed(asked), timed("none"), runs=runs, aim="")


def flat_names(checkout: Checkout) -> list[str]:
    """Return resource group, workspace, cluster and endpoint of the flat program."""
    outputs = json.loads(checkout.run("pulumi", "stack", "output", "--json", folder=_flat(checkout)).stdout)
    return [outputs[key] for key in ("group", "workspace", "cluster", "endpoint")]


def _flat(checkout: Checkout) -> Path:
    return checkout.root / "bench" / "flat"


def _ask(checkout: Checkout, try_out: object) -> None:
    """Set the endpoint's try-out in the stack file."""
    file = checkout.root / STACK_FILE
    content = yaml.safe_load(file.read_text())
    content["config"]["endpoints"]["digits"]["tryOut"] = try_out
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def _change_model(checkout: Checkout) -> None:
    """Change the model's bytes, like a retraining."""
    (checkout.root / "examples" / "digits" / "model" / "note.txt").write_text(f"benchmark {next(_numbers)}\n")
