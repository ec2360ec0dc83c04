"""A candidate is compared with what serves, and checked by the user's functions: whole deployments, with the journal.

How rows are compared: tests/unit/test_comparison.py. What a release says: tests/modelops/test_release_compared.py.
"""

import re
import shutil
from typing import Any

from tests.e2e.hosts import BOTH_HOSTS_IN_LONG
from tests.e2e.profiles import IN_BOTH_PROFILES
from tests.e2e.rehearsal import Rehearsal

IMAGES = 6
LABEL = "_classes[column]"
COMPARE = """\
import csv

def compare(candidate, current):
    rows = [list(csv.reader((each / "predictions.csv").open())) for each in (candidate, current)]
    for ours, theirs in zip(*map(sorted, rows), strict=True):
        assert int(ours[1]) == (int(theirs[1]) + 1) % 10, f"{ours[0]} is {ours[1]}"
"""


def ask(rehearsal: Rehearsal, **keys: Any) -> None:
    """Set the dev stack's try-out: a few of the example's images, and more keys."""
    images = sorted((rehearsal.folder / "examples/digits/data/images").iterdir())[:IMAGES]
    (rehearsal.folder / "few").mkdir(exist_ok=True)
    for each in images:
        shutil.copy2(each, rehearsal.folder / "few")
    rehearsal.configure(lambda config: config["endpoints"]["digits"].update(tryOut={"input": "few", **keys}))


def count_wrong(rehearsal: Rehearsal) -> None:
    """Let the scoring script say one digit more than the model found."""
    file = rehearsal.folder / "examples/digits/code/score.py"
    before, after = file.read_text(encoding="utf-8").split(LABEL)
    file.write_text(f"{before}({LABEL} + 1) % 10{after}", encoding="utf-8")


def witnessed(rehearsal: Rehearsal, before: int) -> tuple[int, int]:
    """Return how many jobs were started since then, and how often the endpoint's body was set."""
    writes = rehearsal.writes(before)
    started = [each for each in writes if re.search(r"^POST \S*/jobs$", each)]
    return len(started), len([each for each in writes if re.search(r"^PUT .*/batchEndpoints/[^/]+$", each)])


@BOTH_HOSTS_IN_LONG
@IN_BOTH_PROFILES
def test_a_candidate_that_differs_too_much_does_not_serve(deployed: Rehearsal) -> None:
    old = deployed.default
    ask(deployed, maxChangedRows=0.5)
    count_wrong(deployed)
    preview = deployed.pulumi("preview").ok()
    assert re.search(
        rf"try out mlp-[0-9a-f]{{8}} on few, at most 80 min, and as long for {old}, to compare with it", preview.flat
    )

    before = deployed.mark()
    failed = deployed.pulumi("up").failed()
    assert (
        f"failed its try-out; {old} still serves "
        "6 of 6 rows (100.0%) differ from those of what serves; tryOut.maxChangedRows allows "
        f"50.0% compared with {old}, which serves: 6 of 6 rows differ (paired by column 1) "
        "column 2: 6 numbers differ, the largest difference is "
    ) in failed.flat
    assert witnessed(deployed, before) == (2, 0)

    # What serves is not asked again: its predictions on this input are known.
    (deployed.folder / "compare.py").write_text(COMPARE, encoding="utf-8")
    ask(deployed, compare="compare.py")
    before = deployed.mark()
    done = deployed.up()
    assert witnessed(deployed, before) == (1, 1)
    assert f"compared with {old}, which serves: 6 of 6 rows differ" in done.flat
    assert deployed.default != old
    deployed.up("--expect-no-changes")


@BOTH_HOSTS_IN_LONG
@IN_BOTH_PROFILES
def test_a_check_that_cannot_be_imported_fails_the_preview(deployed: Rehearsal) -> None:
    (deployed.folder / "check.py").write_text("import no_such_module\n\ndef check(predictions, rows): ...\n")
    ask(deployed, check="check.py")
    count_wrong(deployed)
    before = deployed.mark()
    for verb in ("preview", "up"):
        failed = deployed.pulumi(verb).failed()
        assert re.search(
            r"the release of endpoint 'digits' is refused: tryOut\.check: check\.py imports no_such_module, which \S+ "
            r"does not have\. Install it there, or set tryOut\.python to the path of an interpreter that has it\. "
            r"Nothing was uploaded or created; correct it first\.",
            failed.flat,
        )
        assert "Traceback" not in failed.text
    assert witnessed(deployed, before) == (0, 0)
    assert len(deployed.of_kind("batchEndpoints/deployments")) == 1
