"""The try-out in the release plan: its JSON form, what is refused, and that it does not change a revision's name."""

from typing import Any

import pytest

from modelops.plan.plan import PlanError, ReleasePlan
from modelops.plan.try_out import File, TryOut
from tests.unit.plans import changed, plan_json

WHOLE: dict[str, Any] = {
    "input": {"path": "images", "digest": "d" * 64},
    "rows": {"atLeast": 5},
    "imageMinutes": 40,
    "queueMinutes": 20,
    "runMinutes": 10,
    "key": "1",
    "check": {"path": "check.py", "digest": "e" * 64},
    "compare": {"path": "compare.py", "digest": "f" * 64},
    "python": ".venv/bin/python",
    "maxChangedRows": 0.25,
    "instanceCount": 2,
    "samples": 3,
}
LEAST: dict[str, Any] = {
    "input": "azureml:digits:3",
    "rows": "any",
    "imageMinutes": 40,
    "queueMinutes": 20,
    "runMinutes": 20,
}


def _plan(try_out: object) -> dict[str, Any]:
    return changed("deployments", "mlp", "tryOut", value=try_out)


def _read(try_out: object) -> TryOut | None:
    return ReleasePlan.from_inputs(_plan(try_out)).deployments["mlp"].try_out


ONE_FILE: dict[str, Any] = {**LEAST, "input": "azureml://datastores/d/paths/a.csv", "inputType": "uri_file"}


@pytest.mark.parametrize("words", [WHOLE, LEAST, {**LEAST, "rows": "perFile"}, ONE_FILE])
def test_it_is_written_as_it_was_read(words: dict[str, Any]) -> None:
    assert ReleasePlan.from_inputs(_plan(words)).to_json() == _plan(words)


def test_it_is_read() -> None:
    assert _read(WHOLE) == TryOut(
        File("images", "d" * 64),
        per_file=False,
        least_rows=5,
        key="1",
        check=File("check.py", "e" * 64),
        compare=File("compare.py", "f" * 64),
        python=".venv/bin/python",
        max_changed_rows=0.25,
        run_minutes=10,
        instance_count=2,
        samples=3,
    )
    found = _read(WHOLE)
    assert found is not None
    assert found.minutes == 70


def test_it_names_no_revision() -> None:
    without, with_it = ReleasePlan.from_inputs(plan_json()), ReleasePlan.from_inputs(_plan(WHOLE))
    assert without.revisions == with_it.revisions
    assert "tryOut" not in without.to_json()["deployments"]["mlp"]


def test_files_get_their_digests() -> None:
    made = TryOut(File("images", ""), check=File("check.py", "")).with_digests(lambda path: f"digest of {path}")
    assert (made.input, made.check, made.compare) == (
        File("images", "digest of images"),
        File("check.py", "digest of check.py"),
        None,
    )
    assert TryOut("azureml:digits:3").with_digests(str.upper).input == "azureml:digits:3"


def test_no_samples_are_not_the_usual_number() -> None:
    assert [each and each.samples for each in (_read({**LEAST, "samples": 0}), _read(LEAST))] == [0, None]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rows": "some"}, "rows: is 'some'; allowed is one of perFile, any"),
        ({"rows": {"atLeast": 0}}, "rows.atLeast: is 0; allowed is a whole number from 1"),
        ({"input": "images"}, "input: is 'images'; allowed is a path with its digest, or the address of data in Azure"),
        ({"maxChangedRows": 2}, "maxChangedRows: is 2; allowed is a number from 0 to 1"),
        ({"runMinutes": 0}, "runMinutes: is 0; allowed is a whole number from 1"),
        ({"samples": -1}, "samples: is -1; allowed is a whole number from 0"),
        ({"inputType": "file"}, "inputType: is 'file'; allowed is one of uri_file, uri_folder"),
        ({"extra": 1}, "extra: unknown key; allowed are input, inputType, rows, key, check, compare, python, maxChan"),
    ],
)
def test_what_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(PlanError) as raised:
        _read({**LEAST, **change})
    assert f"  - deployments.mlp.tryOut.{told}" in str(raised.value)
