"""A real `python -m modelops worker` with the sandbox's environment."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from modelops.plan.plan import ReleasePlan
from tests.modelops.conftest import Bench

REPOSITORY = Path(__file__).resolve().parents[2]


class RealWorker:
    """A started worker; each is ended when its input closes."""

    def __init__(self, bench: Bench, cache: str = "cache") -> None:
        self._bench = bench
        with (bench.root / f"{cache}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "modelops", "worker"],
                cwd=REPOSITORY,
                env={**bench.place.sandbox.env, "XDG_CACHE_HOME": str(bench.root / cache)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def begin(self, plan: ReleasePlan, previous: str | None = None) -> None:
        """Hand over one plan."""
        request = {"op": "release", "plan": plan.to_json(), "previous": previous, "root": str(self._bench.root)}
        self.send(request)

    def send(self, request: dict[str, Any]) -> None:
        """Hand over one line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def event(self) -> dict[str, Any] | None:
        """The next event, or None at the end."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found: dict[str, Any] | None = json.loads(line) if line else None
        return found

    def last(self) -> dict[str, Any]:
        """The event that ends the plan."""
        while (event := self.event()) is not None:
            if event["event"] in ("done", "failed", "stopping"):
                return event
        raise AssertionError("the worker ended without a last event")

    def close(self) -> None:
        """Close its input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
