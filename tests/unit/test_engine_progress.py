"""What stays of a running `up`, and the lines that change."""

from collections.abc import Iterable

import pytest

from modelops.engine.event_log import Happening, Operation, Said
from modelops.engine.progress import Progress
from modelops.release.context import CREATE, READ, RECORD, REGISTER, SWITCH, TRY, VERIFY
from modelops.release.steps import FAILED, UNCHANGED
from modelops.runner.protocol import Done, Failed, Heartbeat, Step, Stopping, Switching, Told

PROGRAM = "urn:pulumi:dev::program"
WORKSPACE = f"{PROGRAM}::azureml-batch:index:MlWorkspace$azure-native:machinelearningservices:Workspace::ml"
GROUP = f"{PROGRAM}::azure-native:resources:ResourceGroup::group"
MARKER = f"{PROGRAM}::azureml-batch:index:ModelRelease$pulumi:index:Stash::digits-marker"
COMPONENT = f"{PROGRAM}::azureml-batch:index:MlWorkspace::ml"
CUSTOM = {"new": {"custom": True}}


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the seconds."""
        return self.now


def began(urn: str, op: str = "create") -> Operation:
    return Operation("began", op, urn, metadata=CUSTOM)


def ended(urn: str, op: str = "create") -> Operation:
    return Operation("ended", op, urn, metadata=CUSTOM)


def taken(progress: Progress, clock: Clock, events: Iterable[tuple[float, Happening | Told]]) -> list[str]:
    """Let the events happen, each so many seconds after the one before; return the lines that stay."""
    lines = []
    for seconds, event in events:
        clock.now += seconds
        lines += progress.take(event)
    return lines


def test_each_step_that_is_done_is_a_line_and_the_current_one_another() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    lines = taken(
        progress,
        clock,
        [
            (0, Step("digits", READ, "reading endpoint digits1a2b")),
            (1, Step("digits", CREATE, "creating deployment mlp-1", subject="mlp-1")),
            (1, Step("digits", CREATE, "creating deployment cnn-2", subject="cnn-2")),
            (6, Step("digits", TRY, "trying out mlp-1", subject="mlp-1")),
            (5, Step("digits", TRY, "mlp-1: 8 of 20 items, 3.2 items/s, job job-a", subject="mlp-1", items=[8, 20])),
            (0, Step("digits", TRY, "cnn-2: 4 of 20 items, 12 s left, job job-b", subject="cnn-2", items=[4, 20])),
            (0, Switching("digits", TRY)),
            (31, Heartbeat("digits", TRY)),
        ],
    )
    assert lines == [
        "digits    1/8 read what is live          1 s",
        "digits    3/8 create revisions           7 s  mlp-1, cnn-2",
        "  mlp-1: job job-a",
        "  cnn-2: job job-b",
    ]
    assert progress.now() == ["digits    4/8 12/40 try out             36 s  cnn-2: 12 s left"]
    done = Done("digits", "digits1a2b: created mlp-1\n  0 of 20 rows differ", {})
    assert taken(progress, clock, [(70, done)]) == [
        "digits    4/8 try out               1:46 min  mlp-1, cnn-2",
        "digits    2/8 register models                 nothing to do",
        "digits    5-8/8                               nothing to do",
        "digits    done                      1:54 min",
        "  digits1a2b: created mlp-1",
        "    0 of 20 rows differ",
    ]
    assert progress.running == []
    assert progress.take(Said("info", done.text)) == []  # the program says it to the engine, too


def test_a_step_that_goes_on_beside_a_later_one_is_no_second_line() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    taken(progress, clock, [(0, Step("digits", CREATE, "creating")), (1, Step("digits", TRY, "trying"))])
    assert taken(progress, clock, [(1, Step("digits", CREATE, "creating deployment b", subject="b"))]) == []
    assert progress.now() == ["digits    4/8 try out                    1 s  trying"]


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (Failed("churn", "no.", TRY), "churn     failed at 4/8 try out          9 s  mlp-1"),
        (Stopping("churn", TRY), "churn     stopped at 4/8 try out         9 s  mlp-1"),
    ],
)
def test_a_release_that_is_not_carried_out_is_a_line(end: Told, line: str) -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    assert taken(progress, clock, [(0, Step("churn", TRY, "trying", subject="mlp-1")), (9, end)]) == [line]
    assert progress.running == []


def test_a_release_that_failed_did_so_before_it_was_added_to_the_history() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    events: list[tuple[float, Told]] = [
        (0, Step("churn", TRY, "trying", subject="mlp-1")),
        (8, Step("churn", RECORD, "adding", outcome=FAILED)),
        (1, Failed("churn", "no.")),
    ]
    assert taken(progress, clock, events) == ["churn     failed at 4/8 try out          9 s  mlp-1"]


def test_a_step_that_failed_is_told_so_alone_also_if_another_deployment_went_on() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    events: list[tuple[float, Told]] = [
        (0, Step("churn", CREATE, "creating", subject="mlp-1")),
        (0, Step("churn", CREATE, "creating", subject="cnn-2")),
        (4, Step("churn", CREATE, "mlp-1 failed", subject="mlp-1", outcome=FAILED)),
        (2, Step("churn", TRY, "trying", subject="cnn-2")),
        (8, Step("churn", RECORD, "adding", outcome=FAILED)),
        (1, Failed("churn", "no.", CREATE)),
    ]
    assert taken(progress, clock, events) == [
        "churn     3/8 create revisions           6 s  cnn-2",
        "churn     4/8 try out                    9 s  cnn-2",
        "churn     failed at 3/8 create revisions     15 s  mlp-1",
    ]


def test_a_step_that_had_nothing_to_do_says_so() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    events: list[tuple[float, Told]] = [
        (0, Step("digits", READ, "reading")),
        (1, Step("digits", REGISTER, "looking for model a", subject="a")),
        (1, Step("digits", REGISTER, "model a is registered already", subject="a", outcome=UNCHANGED)),
        (0, Step("digits", CREATE, "creating", subject="mlp-1")),
        (3, Step("digits", SWITCH, "switching")),
        (1, Step("digits", VERIFY, "checking")),
        (0, Step("digits", RECORD, "adding")),
        (1, Done("digits", "digits1a2b: created mlp-1", {})),
    ]
    assert taken(progress, clock, events) == [
        "digits    1/8 read what is live          1 s",
        "digits    2/8 register models            1 s  unchanged",
        "digits    3/8 create revisions           3 s  mlp-1",
        "digits    4/8 try out                         nothing to do",
        "digits    5/8 switch the default         1 s",
        "digits    6/8 verify                     0 s",
        "digits    7/8 prune                           nothing to do",
        "digits    8/8 record the history         1 s",
        "digits    done                           7 s",
        "  digits1a2b: created mlp-1",
    ]


def test_of_several_models_a_step_names_those_that_it_registered() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    events: list[tuple[float, Told]] = [
        (0, Step("digits", REGISTER, "looking for model a", subject="a")),
        (0, Step("digits", REGISTER, "looking for model b", subject="b")),
        (1, Step("digits", REGISTER, "model a is registered already", subject="a", outcome=UNCHANGED)),
        (1, Step("digits", CREATE, "creating", subject="mlp-1")),
    ]
    assert taken(progress, clock, events) == ["digits    2/8 register models            2 s  b"]


def test_a_release_that_never_began_is_told_by_its_error_alone() -> None:
    assert Progress().take(Failed("churn", "refused.", refused=True)) == []


def test_resources_that_change_are_lines_and_the_others_are_counted() -> None:
    clock = Clock()
    progress = Progress(skips=5, clock=clock)
    assert progress.now() == ["Azure     starting                       0 s"]
    lines = taken(
        progress,
        clock,
        [
            (0, Operation("began", "same", COMPONENT, metadata={"new": {"custom": False}})),
            (0, began(GROUP, "same")),
            (0, ended(GROUP, "same")),
            (0, began(MARKER, "update")),
            (0, began(WORKSPACE)),
            (1, began(GROUP, "update")),
        ],
    )
    assert lines == []
    clock.now += 3
    assert progress.now() == ["Azure     1 unchanged                    4 s  create Workspace ml and 1 more"]
    assert taken(progress, clock, [(0, ended(GROUP, "update")), (0, ended(WORKSPACE))]) == [
        "Azure     updated                        3 s  ResourceGroup group"
    ]
    assert progress.now() == [
        "Azure     1 unchanged, 1 updated, 1 created  4 s".replace("created  4", "created      4")
    ]
    assert taken(progress, clock, [(0, began(WORKSPACE)), (5, ended(WORKSPACE))]) == [
        "Azure     created                        5 s  Workspace ml"
    ]
    failed = Operation("failed", "delete", WORKSPACE, metadata={"old": {"custom": True}})
    assert taken(progress, clock, [(0, began(WORKSPACE, "delete")), (2, failed)]) == [
        "Azure     delete failed                  2 s  Workspace ml"
    ]


def test_what_is_only_planned_is_not_shown() -> None:
    progress = Progress(clock=Clock())
    assert progress.take(Operation("ended", "update", GROUP, is_planned=True, metadata=CUSTOM)) == []
    assert progress.now() == ["Azure     starting                       0 s"]


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        (Said("info", "uv will build the environment"), ["uv will build the environment"]),
        (Said("info#err", "printed"), ["printed"]),
        (Said("info", "2 of 3", is_ephemeral=True), []),
        (Said("warning", "kept for the end"), []),
        (Said("error", "kept for the end"), []),
    ],
)
def test_messages(said: Said, lines: list[str]) -> None:
    assert Progress().take(said) == lines


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"same": 40, "update": 1}, "1 updated, 40 unchanged"),
        ({"create": 41}, "41 created"),
        ({"same": 2, "discard": 1}, "1 discard, 2 unchanged"),
        ({}, ""),
    ],
)
def test_a_summary_counts(changes: dict[str, int], text: str) -> None:
    assert Progress.counted(changes) == text


def test_long_names_get_a_wider_column() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    taken(progress, clock, [(0, Step("customer-churn", TRY, "a")), (0, Step("x" * 30, TRY, "b"))])
    assert progress.now() == [
        f"{'customer-churn':<24}  4/8 try out                    0 s  a",
        f"{'x' * 30}  4/8 try out                    0 s  b",
    ]
