"""`python -m tools.fuzz`: random requests to a separate sandbox, and a table of the answers."""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandbox.testing import Sandbox, started
from tools.fuzz import judge
from tools.fuzz.connection import Connections
from tools.fuzz.estate import Estate
from tools.fuzz.exchange import Request
from tools.fuzz.session import Found, NotWholeError, Session, tokens


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz; return 1 if a defect was found or the sandbox is not whole afterwards."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=main.__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="how many (default 20000)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--seed", type=int, help="decides the requests (default: random)")
    parser.add_argument("--home", type=Path, help="a new folder for the sandbox (default: a temporary one)")
    parser.add_argument("--out", type=Path, help="the folder for defects (default: defects in the sandbox's folder)")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="send the request of a defect's file and show the answer"
    )
    given = parser.parse_args(arguments)
    home = given.home or Path(tempfile.mkdtemp(prefix="fuzz-"))
    if given.replay:
        return replay(home, given.replay)
    seed = random.SystemRandom().randrange(1 << 31) if given.seed is None else given.seed
    print(f"seed {seed}, in {home}", flush=True)
    found, began, problem = Found(given.out or home / "defects"), time.monotonic(), ""
    try:
        with started(home) as place:
            asyncio.run(Session(place, seed, found).run(given.requests, given.seconds))
            before = _listed(place)
        with started(home) as place:
            problem = "" if _listed(place) == before else "what is stored is another after a restart"
    except NotWholeError as error:
        problem = str(error)
    elapsed = time.monotonic() - began
    print("", *report(found, elapsed), sep="\n")
    if problem:
        print(f"NOT WHOLE: {problem}")
    elif not given.home and not found.defects:
        shutil.rmtree(home)
    return 1 if problem or found.defects else 0


def _listed(place: Sandbox) -> list[dict[str, object]]:
    return place.control.resources()


def replay(home: Path, file: Path) -> int:
    """Send the request of a file to a new deployment, and print the answer; return 1 if it shows a defect."""
    text = file.read_text(encoding="utf-8")

    async def sent(place: Sandbox) -> int:
        origin = json.loads(text)["origin"]
        estate = Estate(place.facts, origin["estate"])
        await Session(place, 0, Found(home / "defects")).build(estate)
        request = Request.from_text(
            text.replace(origin["subscription"], place.subscription).replace(origin["tenant"], place.tenant)
        )
        async with Connections(place.home, place.server, tokens(place)) as connections:
            answer = await connections.send(request)
        print(answer.status, *(f"{name}: {value}" for name, value in answer.headers.items()), "", sep="\n")
        print(answer.body.decode(errors="replace"))
        words = judge.defect(request, answer)
        print(f"\n{words or 'no defect'}")
        return 1 if words else 0

    with started(home) as place:
        return asyncio.run(sent(place))


def report(found: Found, seconds: float) -> Iterator[str]:
    """Yield the table in Markdown, and the defects."""
    total = sum(found.kinds.values())
    parts = sorted({part for part, _ in found.kinds})
    columns = sorted({status for _, status in found.answers})
    yield f"{total} requests in {seconds:.0f} s ({total / max(seconds, 1):.0f}/s)"
    yield ""
    yield f"| host | requests | as they should be | changed | {' | '.join(columns)} |"
    yield f"| --- {'| --- ' * (3 + len(columns))}|"
    for part in parts:
        kinds = {kind: count for (of, kind), count in found.kinds.items() if of == part}
        every = sum(kinds.values())
        answers = " | ".join(str(found.answers[part, column]) for column in columns)
        yield f"| {part} | {every} | {kinds.get('valid', 0)} | {every - kinds.get('valid', 0)} | {answers} |"
    yield ""
    yield f"slowest answer: {found.slowest[0]:.1f} s, {found.slowest[1]}"
    yield f"defects: {len(found.defects)}"
    yield from (f"  {count} times: {name}" for name, count in found.defects.most_common())


if __name__ == "__main__":
    sys.exit(main())
