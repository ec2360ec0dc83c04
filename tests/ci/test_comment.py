"""The comment of eight previews, against the files in comments/. Run with UPDATE_COMMENTS=1 to write these files again.

The events are those that the engine and the releases tell; tests/e2e has them from the engine itself.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from ci.comment import About, Rehearsed, comment, headline, marker, rehearsal
from ci.seen import Seen
from modelops.engine.event_log import Happening, Operation, Policies, Said, Summary, Violation
from modelops.release.outlook import Default, Model, Outlook, Revision, TryOut
from modelops.release.rows import Row
from modelops.runner.protocol import Done, Failed, Told

FOLDER = Path(__file__).parent / "comments"
ABOUT = About("0123456789abcdef", "https://github.com/org/repo/actions/runs/5", {"Pulumi": "3.276.0"})
_URN = "urn:pulumi:dev::project::"
MARKER = f"{_URN}azureml-batch:index:ModelRelease$pulumi:index:Stash::digits-marker"
CLUSTER = f"{_URN}azure-native:machinelearningservices:Compute::aml-cluster"
ENDPOINT = f"{_URN}azure-native:machinelearningservices:BatchEndpoint::digits"
PACK = Policies("azureml-batch@v0.1.0")


def _operation(op: str, urn: str, **metadata: Any) -> Operation:
    return Operation("began", op, urn, is_planned=True, metadata=metadata)


def _release(**more: Any) -> Done:
    outlook = Outlook(
        endpoint="digits1a2b3c4d",
        default=Default("mlp-11111111", "mlp-22222222"),
        revisions=[Revision("mlp-22222222", "mlp", "create", ["miniBatchSize 10 -> 20", "model changed"])],
        models=[Model("digits-mlp", "ab" * 32, size=1_300_000)],
        try_outs=[TryOut("mlp-22222222", "examples/try-out", 80, 2, 80, compared_with="mlp-11111111")],
        **more,
    )
    return Done("digits", "\n".join(outlook.lines()), outlook.to_json())


UPDATE = [_operation("update", MARKER, detailedDiff={"input.deployments.mlp.settings.miniBatchSize": {}})]
CASES: dict[str, tuple[list[Happening | Told], bool]] = {
    "nothing": ([_operation("same", MARKER), PACK, Summary({"same": 41}, 3)], True),
    "release": ([_release(), *UPDATE, PACK, Summary({"same": 40, "update": 1}, 3)], True),
    "replaced": (
        [
            _release(replaced=[Row("replace cluster", "aml-cluster", "its revisions are made again on the new one")]),
            _operation("create-replacement", CLUSTER),
            _operation("replace", CLUSTER, detailedDiff={"properties.properties.vmSize": {"kind": "update-replace"}}),
            _operation("delete-replaced", CLUSTER),
            *UPDATE,
            Summary({"same": 39, "update": 1, "replace": 1}, 3),
        ],
        True,
    ),
    "removed": (
        [
            _operation(
                "delete",
                ENDPOINT,
                old={
                    "custom": True,
                    "outputs": {
                        "name": "digits1a2b",
                        "properties": {"scoringUri": "https://digits1a2b.inference/jobs"},
                    },
                },
            ),
            Summary({"same": 38, "delete": 3}, 3),
        ],
        True,
    ),
    "policies": (
        [
            _release(),
            *UPDATE,
            PACK,
            Violation("soft delete is off", CLUSTER, "storage-soft-delete", "advisory"),
            Violation("the default has no try-out <b>now</b>", MARKER, "batch-deployment-tried-out", "mandatory"),
            Summary({"same": 40, "update": 1}, 3),
        ],
        False,
    ),
    "refused": (
        [
            Failed("digits", "a rollback abandoned mlp-22222222", refused=True),
            Said("error", "the release of endpoint 'digits' is refused: a rollback abandoned mlp-22222222"),
        ],
        False,
    ),
    "failed": ([Said("error", "Pulumi.dev.yaml:3: cluster.maxNodes is 0. Allowed: a whole number from 1.")], False),
    "hostile": (
        [
            Done("digits", "digits: </details> ![x](https://evil/?sig=abc) @octocat\n```\nfence"),
            Said("warning", "not shown"),
            _operation("update", f"{_URN}a:b:C::<img src=x onerror=alert(1)>|`x`"),
            Summary({"same": 40, "update": 1}, 3),
        ],
        True,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_comment_of_a_preview(case: str) -> None:
    events, succeeded = CASES[case]
    _is_as_written(case, comment("dev", _seen(events), succeeded=succeeded, about=ABOUT))


def test_a_rehearsal_tells_try_out_and_what_changed_in_the_predictions() -> None:
    text = (
        "digits1a2b: created mlp-22222222; tried mlp-22222222 (20 rows, 9 s)\n"
        "  mlp-22222222 compared with mlp-11111111:\n    3 of 20 rows changed"
    )
    rehearsed = Rehearsed(
        _seen([Done("digits", text)]),
        succeeded=True,
        without={"letters": "try-out not rehearsed: the model is in Azure"},
    )
    seen = _seen(CASES["release"][0])
    _is_as_written("rehearsed", comment("dev", seen, succeeded=True, about=ABOUT, rehearsal=rehearsal(rehearsed)))


def test_a_rehearsal_that_failed_says_why() -> None:
    rehearsed = Rehearsed(
        _seen([Failed("digits", "step 'try out' failed: 0 rows\nValueError: broken")]), succeeded=False
    )
    seen = _seen(CASES["release"][0])
    _is_as_written(
        "rehearsal_failed", comment("dev", seen, succeeded=True, about=ABOUT, rehearsal=rehearsal(rehearsed))
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "no changes"),
        ({"same": 3}, "no changes"),
        ({"create": 41}, "41 to create"),
        ({"delete": 1, "same": 2, "replace": 1, "update": 4}, "4 to update, 1 to replace, 1 to delete, 2 unchanged"),
    ],
)
def test_the_headline_counts(changes: dict[str, int], said: str) -> None:
    assert headline(_seen([Summary(changes, 1)]), succeeded=True) == said


def test_a_huge_preview_fits_and_keeps_its_head() -> None:
    events: list[Happening | Told] = [
        _release(),
        *(_operation("create", f"{_URN}azure-native:a:RoleAssignment::{'x' * 80}-{each}") for each in range(2000)),
        Summary({"create": 2000}, 3),
    ]
    said = comment("dev", _seen(events), succeeded=True, about=ABOUT)
    assert 59_000 < len(said) <= 60_000
    assert said.startswith(f"{marker('dev')}\n### dev: 2000 to create\n\n**digits** (`digits1a2b3c4d`)\n")
    assert said.endswith(
        "<sub>commit `01234567`, [run](https://github.com/org/repo/actions/runs/5), Pulumi 3.276.0</sub>"
    )


def _seen(events: list[Happening | Told]) -> Seen:
    seen = Seen()
    for each in events:
        seen.on_event(each)
    return seen


def _is_as_written(case: str, said: str) -> None:
    file = FOLDER / f"{case}.md"
    if os.environ.get("UPDATE_COMMENTS"):
        file.write_text(said + "\n", encoding="utf-8")
    assert said + "\n" == file.read_text(encoding="utf-8")
