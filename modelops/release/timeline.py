"""When each step of a release began and how long it took, for its report; several may run at the same time."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _Span:
    step: str
    subject: str
    began: float
    ended: float | None = None
    has_failed: bool = False


class Timeline:
    """Notes the steps of one release, from any of its threads."""

    def __init__(self) -> None:
        """Begin to count."""
        self._began = time.monotonic()
        self._noting = threading.Lock()
        self._spans: list[_Span] = []
        self._failed_at: str | None = None

    @contextmanager
    def span(self, step: str, subject: str = "") -> Iterator[None]:
        """Note when what is inside begins and ends.

        Args:
            step: one of the steps' names in modelops/release/context.py.
            subject: what it is about: a revision, a model's name, or "" for the endpoint.
        """
        span = _Span(step, subject, self.seconds())
        with self._noting:
            self._spans.append(span)
        try:
            yield
        except BaseException:
            with self._noting:
                span.has_failed = True
                self._failed_at = self._failed_at or step
            raise
        finally:
            span.ended = self.seconds()

    def seconds(self) -> float:
        """Return the seconds since the release began."""
        return time.monotonic() - self._began

    @property
    def failed_at(self) -> str | None:
        """The first step that ended with an exception."""
        return self._failed_at

    def spans(self) -> list[dict[str, Any]]:
        """Return the steps in the order in which they began, as plain data.

        Each has `step`, `subject`, `began` (seconds since the release began) and `seconds`; of one that has not ended,
        the seconds up to now. One that ended with an exception has `failed`, which is true.
        """
        return [
            {
                "step": each.step,
                "subject": each.subject,
                "began": round(each.began, 2),
                "seconds": round(ended - each.began, 2),
                **({"failed": True} if each.has_failed else {}),
            }
            for each, ended in self._so_far()
        ]

    def steps(self) -> Mapping[str, float]:
        """Return the seconds of each step, in the order in which they began; what ran at the same time counts once."""
        found: dict[str, float] = {}
        until: dict[str, float] = {}
        for each, ended in self._so_far():
            begun = max(each.began, until.get(each.step, 0.0))
            found[each.step] = found.get(each.step, 0.0) + max(0.0, ended - begun)
            until[each.step] = max(ended, until.get(each.step, 0.0))
        return {step: round(seconds, 1) for step, seconds in found.items()}

    def _so_far(self) -> list[tuple[_Span, float]]:
        now = self.seconds()
        with self._noting:
            spans = sorted(self._spans, key=lambda each: each.began)
        return [(each, now if each.ended is None else each.ended) for each in spans]
