"""What users see who deployed a stack with an earlier version of this program and then take today's.

The stack is in `saved/`, whose README says where it comes from: two deployments, one with nothing but what must be set
and one with every setting, so that the plan's form, the identities of revisions and every URN are in its state.

Not proved here: that an `up` with a change converges, and what Azure's own API would say to a newer provider.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.e2e.rehearsal import Rehearsal

SAVED = Path(__file__).with_name("saved")
NEXT_PREVIEW = ["41 unchanged"]
"""What the next preview says below "Resources:". A version that changes it says so, and why, in CHANGELOG.md."""


def _restore(rehearsal: Rehearsal) -> None:
    """Put the saved stack file, sandbox and state into a rehearsal in which nothing was deployed."""
    shutil.copytree(SAVED / "program", rehearsal.folder, dirs_exist_ok=True)
    rehearsal.home.mkdir(mode=0o700)
    shutil.copy2(SAVED / "sandbox.json", rehearsal.home)
    with closing(sqlite3.connect(rehearsal.home / "store.sqlite")) as store:
        store.executescript((SAVED / "store.sql").read_text(encoding="utf-8"))
    rehearsal.run("pulumi", "stack", "import", "--stack", "dev", "--file", str(SAVED / "state.json")).ok()


def test_the_next_preview_of_a_stack_that_an_earlier_version_deployed(fresh: Rehearsal) -> None:
    _restore(fresh)
    preview = fresh.pulumi("preview").ok()
    shown = preview.out.partition("\nResources:\n")[2].partition("\n\n")[0]
    assert [" ".join(line.split()) for line in shown.splitlines()] == NEXT_PREVIEW, preview.text
    assert fresh.writes() == []
    # Its state has no number of a release: not knowing the live default does not change that either.
    refused = {"status": 403, "code": "AuthorizationFailed", "message": "not today"}
    fresh.fault("status", "GET", r"/batchEndpoints/[^/]+$", times=-1, **refused)
    unanswered = fresh.pulumi("preview").ok()
    assert "whether somebody moved its default is unknown" in unanswered.flat
    assert unanswered.out.partition("\nResources:\n")[2] == preview.out.partition("\nResources:\n")[2]
