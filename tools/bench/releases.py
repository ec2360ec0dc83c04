"""`up` from nothing and releases of several endpoints, while the sandbox takes Azure's time, scaled down.

What an `up` takes beyond the services' critical path is the program's own time (with the engine, the provider and the
sandbox): it is as long in Azure, so it is added to the path at full length.
"""

import http.client
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tools.bench import critical, flat, flat_deployments, stacks
from tools.bench.checkout import Checkout, checkout
from tools.bench.measure import seconds
from tools.bench.stacks import Shape

_SCALE = "SANDBOX_TIME_SCALE"


def variables(scale: float) -> dict[str, str]:
    """Return those of the commands and their sandbox; the engine works on as many resources as with `make up`.

    Endpoints take several operations at a time: the flat program sends them so, and does not try again.
    """
    its = {"SANDBOX_LATENCY": "azure", _SCALE: f"{scale:g}", "SANDBOX_PROFILE": "lenient"}
    return its | {"PULUMI_PARALLEL": "128"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A command's time and its critical path."""

    seconds: float
    path: critical.Path
    scale: float
    """How many of Azure's seconds pass in one second here."""

    @property
    def own(self) -> float:
        """Seconds beyond the critical path."""
        return self.seconds - self.path.seconds

    @property
    def least(self) -> float:
        """Seconds of the critical path in Azure."""
        return self.path.full(self.scale)

    @property
    def full(self) -> float:
        """Seconds that the command takes in Azure."""
        return self.least + self.own


def lines(shape: Shape, scale: float) -> list[str]:
    """Measure a stack of this shape in separate sandboxes, and return the report."""
    with checkout(variables(scale)) as copy:
        stacks.write(copy, shape)
        first = up(copy)
        script = sequential(copy, shape)
        stacks.retrain(copy, shape)
        again = up(copy)
    with checkout(variables(scale)) as copy:
        stacks.write(copy, shape, tries_out=False)
        bare = up(copy)
        plain = flat_program(copy, shape)
    rows = {
        "up from nothing": first,
        "up with every model changed": again,
        "sequential SDK script": script,
        "up from nothing, no try-outs": bare,
        "flat Pulumi program": plain,
    }
    return [
        table({f"{shape} {name}": row for name, row in rows.items()}),
        "",
        f"- {shape}, up from nothing / SDK script, in Azure: {first.full / script.full:.2f}",
        f"- {shape}, up from nothing without try-outs / flat program, in Azure: {bare.full / plain.full:.2f}",
        f"- {shape}, critical path of the first up: {chain(first.path)}",
    ]


def up(copy: Checkout) -> Measured:
    """Measure `pulumi up`."""
    return measured(copy, lambda: copy.run("pulumi", "up", "--yes", "--skip-preview"), critical.longest)


def sequential(copy: Checkout, shape: Shape) -> Measured:
    """Measure the SDK script in the workspace that our program has deployed; all of its work is its path."""
    outputs = json.loads(copy.run("pulumi", "stack", "output", "--json").stdout)
    names = [outputs[key] for key in ("resourceGroup", "workspace", "cluster")]
    command = ("python", "-m", "tools.bench.sequential", *names, *map(str, shape))
    return measured(copy, lambda: copy.run(*command), lambda work: critical.Path(tuple(work)))


def flat_program(copy: Checkout, shape: Shape) -> Measured:
    """Measure the first `up` of the flat program with deployments, made from what our program has deployed."""
    state = json.loads(copy.run("pulumi", "stack", "export").stdout)
    folder = copy.root / "bench" / "flat"
    project = yaml.safe_load((copy.root / "Pulumi.yaml").read_text())
    flat.write(folder, project, state, flat_deployments.program(state, shape))
    command = ("pulumi", "up", "--yes", "--skip-preview")
    return measured(copy, lambda: copy.run(*command, folder=folder), critical.longest)


def measured(
    copy: Checkout, action: Callable[[], object], path_of: Callable[[Sequence[critical.Work]], critical.Path]
) -> Measured:
    """Measure a command that has the sandbox's services work."""
    copy.run("true")  # the server's start does not count
    before = max((each["number"] for each in _ask(copy, "work")), default=0)
    took = seconds(action)
    addresses = {each["sequence"]: f"{each['host']}{each['path']}" for each in _ask(copy, "journal")}
    work = critical.Work.read(_ask(copy, f"work?after={before}"), addresses)
    return Measured(took, path_of(work), float(copy.more[_SCALE]))


def _ask(copy: Checkout, what: str) -> list[dict[str, Any]]:
    """Ask the sandbox's control API for what it recorded."""
    server = json.loads((copy.sandbox_home / "server.json").read_text())
    connection = http.client.HTTPConnection("127.0.0.1", server["controlPort"], timeout=60)
    try:
        connection.request("GET", f"/{what}", headers={"Authorization": f"Bearer {server['controlToken']}"})
        answer: list[dict[str, Any]] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer


def table(rows: dict[str, Measured]) -> str:
    """Return a Markdown table of what was measured, by its name."""
    lines = [
        "| what | here, s | path, s | own time, s | path in Azure, s | in Azure, s | ratio of the two |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in rows.items():
        seconds_of = (row.seconds, row.path.seconds, row.own, row.least, row.full)
        cells = [*(f"{each:.1f}" for each in seconds_of), f"{row.full / row.least:.3f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def chain(path: critical.Path) -> str:
    """Return the critical path as one line."""
    return ", ".join(f"{each.what.rpartition('/')[2]} {each.seconds:.1f}" for each in path.chain)
