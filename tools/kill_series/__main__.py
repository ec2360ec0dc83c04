"""`python -m tools.kill_series`: many runs, a line for each, and a table at the end."""

import argparse
import json
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.kill_series.run import Outcome, Series


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the runs; return 1 if an invariant was broken in any."""
    parser = argparse.ArgumentParser(prog="python -m tools.kill_series", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--seed", type=int, help="decides operations, processes and moments (default: random)")
    parser.add_argument("--only", type=int, action="append", help="the run with this number alone; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="how many runs at a time (default 1)")
    parser.add_argument("--home", type=Path, help="a new folder for the stages (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="a file for the outcomes")
    given = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
    home = given.home or Path(tempfile.mkdtemp(prefix="kill-series-"))
    print(f"seed {seed}, in {home}", flush=True)
    series, numbers = Series(seed, home), given.only or range(given.runs)
    series.prepare(numbers)
    outcomes = list(_told(series, numbers, given.jobs, seed))
    print("", *table(outcomes), sep="\n")
    if given.json:
        given.json.write_text(json.dumps([each.to_json() for each in outcomes], indent=1) + "\n", encoding="utf-8")
    return 1 if any(each.broken for each in outcomes) else 0


def _told(series: Series, numbers: Iterable[int], jobs: int, seed: int) -> Iterable[Outcome]:
    """Do the runs and print each as soon as it and those before it have ended."""
    with ThreadPoolExecutor(jobs) as pool:
        for outcome in pool.map(series.run, numbers):
            print(outcome, flush=True)
            if outcome.broken:
                print(f"     again: python -m tools.kill_series --seed {seed} --only {outcome.number}", flush=True)
            yield outcome


def table(outcomes: Iterable[Outcome]) -> list[str]:
    """Return a table in Markdown: for each operation and process the runs, those that recovered, and mean seconds."""
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for each in outcomes:
        groups[each.operation, each.moment.victim].append(each)
    lines = [
        "| operation | killed | runs | killed in time | recovered | needed more than `up` | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows = [(*key, found) for key, found in sorted(groups.items())]
    for operation, victim, found in [*rows, ("all", "", [each for _, _, few in rows for each in few])]:
        if not found:
            continue
        in_time, whole, helped = (
            sum(wanted(each) for each in found)
            for wanted in (lambda run: run.killed, lambda run: not run.broken, lambda run: bool(run.helped))
        )
        mean = sum(each.seconds for each in found) / len(found)
        lines.append(f"| {operation} | {victim} | {len(found)} | {in_time} | {whole} | {helped} | {mean:.0f} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
