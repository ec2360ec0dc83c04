"""A real `python -m modelops worker` with the sandbox's environment."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from modelops.plan.plan import ReleasePlan
from modelops.runner.protocol import Done, Event, Failed, ReleaseRequest, Request, Stop, Stopping, decode_event, encode
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

    def begin(
        self,
        plan: ReleasePlan,
        previous: str | None = None,
        state_default: str | None = None,
        about: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Send one plan, with the id `plan`."""
        root, told = str(self._bench.root), dict(about)
        self.send(ReleaseRequest("plan", plan.to_json(), root, previous, state_default=state_default, about=told))

    def begin_all(self, benches: Mapping[str, Bench]) -> None:
        """Send the plans of several benches, by their ids."""
        for plan_id, bench in benches.items():
            self.send(ReleaseRequest(plan_id, bench.plan.to_json(), str(bench.root)))

    def send(self, request: Request | Stop) -> None:
        """Send one request."""
        assert self.process.stdin is not None
        self.process.stdin.write(encode(request))
        self.process.stdin.flush()

    def event(self) -> Event | None:
        """The next event, or None at the end."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return decode_event(line) if line else None

    def last(self) -> Done | Failed | Stopping:
        """The event that ends the plan."""
        while (event := self.event()) is not None:
            if isinstance(event, Done | Failed | Stopping):
                return event
        raise AssertionError("the worker ended without a last event")

    def lasts(self, count: int) -> dict[str, Done | Failed | Stopping]:
        """The events that end so many plans, by the plans' ids."""
        found = [self.last() for _ in range(count)]
        return {each.id: each for each in found}

    def done(self) -> Done:
        """The event that ends the plan, which was carried out."""
        event = self.last()
        assert isinstance(event, Done), event
        return event

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
