"""A worker that pretends: WORKER says how it behaves; it writes down what it did in WORKER_DIARY."""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

BEHAVIOUR = os.environ.get("WORKER", "release")
DIARY = Path(os.environ["WORKER_DIARY"])
LOCK = threading.Lock()


def write(**event: object) -> None:
    """One line to the program, which may be gone."""
    with LOCK:
        try:
            sys.stdout.write(json.dumps(event) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            pass


def note(text: str) -> None:
    """One line in the diary."""
    with LOCK, DIARY.open("a", encoding="utf-8") as diary:
        diary.write(f"{os.getpid()} {text}\n")


def until_allowed(seconds: float) -> None:
    """Wait until there is a file ``go`` beside the diary, at most so long."""
    deadline = time.monotonic() + seconds
    while not DIARY.with_name("go").exists() and time.monotonic() < deadline:
        time.sleep(0.01)


class Release(threading.Thread):
    """One pretended release; several run at once."""

    def __init__(self, plan_id: str, plan: dict[str, Any]) -> None:
        super().__init__()
        self.plan_id = plan_id
        self.endpoint = plan["endpoint"]["name"]
        self.told_to_stop = threading.Event()

    def say(self, **event: object) -> None:
        """One event of this release."""
        write(id=self.plan_id, **event)

    def run(self) -> None:
        """Pretend."""
        self.say(kind="step", step="create revisions", text=f"creating deployment of {self.endpoint}")
        match BEHAVIOUR:
            case "fail":
                self.say(kind="failed", step="create revisions", message="registration refused")
                return
            case "die":
                os._exit(3)
            case "wait" | "switch":
                self._wait_for_the_stop()
                return
            case "mute":
                note(f"working {self.endpoint}")
                self.told_to_stop.wait(60)
                time.sleep(4)  # longer than its last words are waited for
                return
            case "hold":
                note(f"working {self.endpoint}")
                until_allowed(60)
        note(f"released {self.endpoint}")
        self.say(kind="done", text=f"{self.endpoint}: default (none) -> mlp-1")

    def _wait_for_the_stop(self) -> None:
        if BEHAVIOUR == "switch":
            self.say(kind="switching", step="switch the default")
        note(f"working {self.endpoint}")
        self.told_to_stop.wait(60)
        self.say(
            kind="stopping",
            step="create revisions",
            switch_sent=BEHAVIOUR == "switch",
            jobs=f"Job of {self.endpoint}.",
        )
        time.sleep(0.5)
        note(f"finished the request in flight {self.endpoint}")


sys.stderr.write("pretending\n")
note("started")
releases: dict[str, Release] = {}
for line in iter(sys.stdin.readline, ""):
    request = json.loads(line)
    if request["kind"] == "stop":
        releases[request["id"]].told_to_stop.set()
    elif request["kind"] == "preview":
        write(kind="done", id=request["id"], text="create revision mlp-1\ndefault (none) -> mlp-1")
    else:
        releases[request["id"]] = Release(request["id"], request["plan"])
        releases[request["id"]].start()
for release in releases.values():
    release.told_to_stop.set()
for release in releases.values():
    release.join()
if BEHAVIOUR == "slow exit":
    time.sleep(2)
note("ended")
