"""A worker that pretends: WORKER says how it behaves; it writes down what it did in WORKER_DIARY."""

import json
import os
import select
import sys
import time
from pathlib import Path
from typing import Any

BEHAVIOUR = os.environ.get("WORKER", "release")
DIARY = Path(os.environ["WORKER_DIARY"])


def write(**event: object) -> None:
    """One line to the program, which may be gone."""
    try:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        pass


def note(text: str) -> None:
    """One line in the diary."""
    with DIARY.open("a", encoding="utf-8") as diary:
        diary.write(f"{os.getpid()} {text}\n")


def until_told_to_stop(seconds: float) -> bool:
    """Wait for the end of standard input, at most so long."""
    ready, _, _ = select.select([0], [], [], seconds)
    return bool(ready)


def until_allowed(seconds: float) -> None:
    """Wait until there is a file ``go`` beside the diary, at most so long."""
    deadline = time.monotonic() + seconds
    while not DIARY.with_name("go").exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def release(plan_id: str, plan: dict[str, Any]) -> None:
    """Pretend one release."""
    name = plan["endpoint"]["name"]

    def say(**event: object) -> None:
        write(id=plan_id, **event)

    say(kind="step", step="create revisions", text=f"creating deployment of {name}")
    if BEHAVIOUR == "fail":
        say(kind="failed", step="create revisions", message="registration refused")
        return
    if BEHAVIOUR == "die":
        os._exit(3)
    if BEHAVIOUR in ("wait", "switch"):
        if BEHAVIOUR == "switch":
            say(kind="switching", step="switch the default")
        note(f"working {name}")
        until_told_to_stop(60)
        say(kind="stopping", step="create revisions", switch_sent=BEHAVIOUR == "switch", jobs=f"Job of {name}.")
        time.sleep(0.5)
        note(f"finished the request in flight {name}")
        os._exit(0)
    if BEHAVIOUR == "mute":
        note(f"working {name}")
        time.sleep(4)  # longer than its end is waited for
        os._exit(0)
    if BEHAVIOUR == "hold":
        note(f"working {name}")
        until_allowed(60)
    note(f"released {name}")
    say(kind="done", text=f"{name}: default (none) -> mlp-1")


sys.stderr.write("pretending\n")
note("started")
for line in iter(sys.stdin.readline, ""):
    request = json.loads(line)
    if request["kind"] == "preview":
        write(kind="done", id=request["id"], text="create revision mlp-1\ndefault (none) -> mlp-1")
    else:
        release(request["id"], request["plan"])
if BEHAVIOUR == "slow exit":
    time.sleep(2)
note("ended")
