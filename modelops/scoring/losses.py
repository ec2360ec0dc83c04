"""What a completed job has no result for.

A job whose script fails on some files still completes, unless its error threshold says otherwise
(https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-batch), and the rows of its output do not
say which file they are of. So this counts as the service does: a file is lost if every try of its mini-batch failed,
or if `run()` returned fewer results than it was given files.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from modelops.scoring import mini_batches, progress
from modelops.scoring.mini_batches import MiniBatch

if TYPE_CHECKING:
    from modelops.scoring.job_logs import JobLogs

_SHOWN: Final = 20
_FOLDERS: Final = 3


@dataclass(frozen=True, slots=True)
class Losses:
    """The files of a job's input, and those without a result. None: the job's counts and logs do not tell.

    Attributes:
        items: Number of files.
        missing: Number of files without a result.
        given_up: Number of mini-batches of which every try failed.
        exceptions: Number of those whose last try ended by an exception.
        timeouts: Number of those whose last try took too long. No line of the report is about the others.
        short: Number of mini-batches that returned fewer results than files.
        names: The files without a result, as paths below the input, in order.
        key: Column of the predictions that told the names; None: the job's logs did.
        doubtful: If not every name is known: the names of the files of which only some have a result.
        unseen: Those of `names` that are in sub-folders, if the job did not look into them.
    """

    items: int | None = None
    missing: int | None = None
    given_up: int | None = None
    exceptions: int = 0
    timeouts: int = 0
    short: int | None = None
    names: tuple[str, ...] | None = None
    key: str | None = None
    doubtful: tuple[str, ...] | None = None
    unseen: tuple[str, ...] = ()

    @property
    def again(self) -> tuple[str, ...] | None:
        """The files that have to be scored again, in whole mini-batches where the single file is not known."""
        return self.names if self.names is not None else self.doubtful


def count(logs: "JobLogs") -> Losses:
    """Return what a completed job lost, by its own counts and logs; fields are None where neither tells."""
    overview = "".join(logs.text(name) for name in logs.names() if name.startswith(progress.OVERVIEW))
    report = mini_batches.read(logs.text(mini_batches.REPORT))
    return counted(report, logs.metrics(), progress.scheduled(overview))


def counted(report: Mapping[str, MiniBatch], metrics: Mapping[str, float], scheduled: tuple[int, int] | None) -> Losses:
    """Return what a job lost.

    Args:
        report: its mini-batches.
        metrics: its counts, by the service's names.
        scheduled: how many mini-batches and files the progress log says there are.
    """
    batches = list(report.values())
    items = _number(metrics, "Total Items", scheduled[1] if scheduled else None)
    total = _number(metrics, "Total MiniBatches", scheduled[0] if scheduled else None)
    if not batches:
        return Losses(items, _number(metrics, "Failed Items", None))
    items = sum(each.items for each in batches) if items is None else items
    # A mini-batch that no line is about was never finished.
    silent = max(0, total - len(batches)) if total is not None else 0
    # The larger of the two: a metric may be older than the report, or count only what was given up.
    told = _number(metrics, "Failed Items", items - sum(each.succeeded for each in batches))
    missing = max(told or 0, sum(each.missing for each in batches))
    failed = [each for each in batches if not each.is_done]
    names = _all(each.missing_names for each in batches)
    again = _all(each.names for each in batches if each.missing)
    if silent or (names is not None and len(names) != missing):
        names = None
    return Losses(
        items=items,
        missing=missing,
        given_up=len(failed) + silent,
        exceptions=sum(not each.is_timeout for each in failed),
        timeouts=sum(each.is_timeout for each in failed),
        short=sum(each.is_done and each.missing > 0 for each in batches),
        names=names,
        doubtful=None if silent else again,
    )


def by_key(losses: Losses, key: str, names: Collection[str], scored: Collection[str]) -> Losses:
    """Return what was lost by what has a row, and the mini-batches of `losses`.

    Args:
        losses: what the job says.
        key: the column that tells.
        names: the input's files.
        scored: those that have a row.
    """
    missing = tuple(sorted(set(names) - set(scored)))
    return replace(
        losses,
        items=len(names),
        missing=len(missing),
        names=missing,
        doubtful=missing,
        key=key,
        unseen=unseen(names, losses.items, scored),
    )


def unseen(names: Collection[str], items: int | None, scored: Collection[str] | None) -> tuple[str, ...]:
    """Return the files in sub-folders, in order, if a job did not look into these.

    Microsoft's guide says that jobs do not
    (https://learn.microsoft.com/azure/machine-learning/how-to-mlflow-batch), but not all sources agree.

    Args:
        names: the input's files.
        items: how many files the job counted; None if that is not known.
        scored: those that have a row, by a key; None without one.
    """
    nested = tuple(sorted(name for name in names if "/" in name))
    if items is None and scored is None:
        return ()
    is_counted = items is not None and items > len(names) - len(nested)
    return () if is_counted or not set(nested).isdisjoint(scored or ()) else nested


def about_unseen(names: Collection[str]) -> str:
    """Return sentences about files in sub-folders that a job did not look into, and what to do."""
    folders = sorted({name.rpartition("/")[0] for name in names})
    which = ", ".join(folders[:_FOLDERS]) + (f" and {len(folders) - _FOLDERS} more" if folders[_FOLDERS:] else "")
    what = "1 file is in a sub-folder" if len(names) == 1 else f"{len(names)} files are in sub-folders"
    return (
        f"{what} of the input, which the job did not look into, as Azure's documentation says: {which}. To score such "
        "files, move them up, or score each of these folders by itself, with --input."
    )


def sentences(losses: Losses) -> list[str]:
    """Return lines that say what was lost; none if nothing was."""
    if losses.missing is None:
        return ["Whether files have no result is not known: neither the job's counts nor its logs could be read."]
    if not losses.missing:
        return []
    of = "" if losses.items is None else f" of {losses.items}"
    files = "file" if (losses.items or losses.missing) == 1 else "files"
    outcome = "no result" if losses.key is None else f"no row (--key {losses.key})"
    first = f"{losses.missing}{of} {files} {'has' if losses.missing == 1 else 'have'} {outcome}{_causes(losses)}."
    if losses.names is None:
        return [first]
    lines = [first, *(f"  {name}" for name in losses.names[:_SHOWN])]
    if len(losses.names) > _SHOWN:
        lines.append(f"  and {len(losses.names) - _SHOWN} more")
    return lines


def _causes(losses: Losses) -> str:
    """Return what became of the mini-batches (": ..."); "" if that is not known."""
    causes = []
    if losses.given_up:
        silent = losses.given_up - losses.exceptions - losses.timeouts
        ways = ((losses.exceptions, "after exceptions"), (losses.timeouts, "after timeouts"), (silent, "not reported"))
        told = ", ".join(f"{number} {way}" for number, way in ways if number)
        causes.append(f"{_batches(losses.given_up)} given up ({told})")
    if losses.short:
        causes.append(f"{_batches(losses.short)} returned fewer results than files")
    return f": {'; '.join(causes)}" if causes else ""


def _batches(number: int) -> str:
    return f"{number} mini-batch{'' if number == 1 else 'es'}"


def _all(parts: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """Return all names in order; None if one part is not known."""
    names: list[str] = []
    for part in parts:
        if part is None:
            return None
        names += part
    return tuple(sorted(names))


def _number(metrics: Mapping[str, float], name: str, otherwise: int | None) -> int | None:
    value = metrics.get(name)
    return otherwise if value is None else round(value)
