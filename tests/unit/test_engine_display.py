"""How a running `up` is shown: in a log by lines alone, on a terminal with lines that change beneath."""

import io

import pytest
from rich.console import Console

from modelops.engine.display import Display, Lines, Screen
from modelops.engine.event_log import Operation, Policies, Said, Summary, Violation
from modelops.engine.progress import Progress
from modelops.engine.running import Ended
from modelops.release.context import CREATE, TRY
from modelops.runner.protocol import Limit, Step
from tests.unit.test_engine_progress import GROUP, MARKER, WORKSPACE, Clock, began, ended

FAILED = "before hook \"digits-release\" failed: the release of endpoint 'digits' failed: no.\nRun `pulumi up` again."


def test_a_log_has_a_line_after_half_a_minute_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Lines(Progress(clock=clock)) as lines:
        for name in ("digits", "churn"):
            lines.on_event(Step(name, TRY, "mlp-1: 8 of 20 items", items=[8, 20], subject="mlp-1"))
        for seconds in (29, 1, 29, 1):
            clock.now += seconds
            lines.on_pause()
    assert capsys.readouterr().out.splitlines() == [
        "digits    4/8 8/20 try out              30 s  mlp-1",
        "churn     4/8 8/20 try out              30 s  mlp-1",
        "digits    4/8 8/20 try out          1:00 min  mlp-1",
        "churn     4/8 8/20 try out          1:00 min  mlp-1",
    ]


def test_a_log_says_what_is_waited_for_and_for_how_long_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Lines(Progress(clock=clock)) as lines:
        clock.now += 30
        lines.on_pause()
        lines.on_event(Limit("azure-native:machinelearningservices:Workspace", 45))
        lines.on_event(began(WORKSPACE))
        lines.on_pause()
        clock.now += 20
        lines.on_event(began(GROUP, "delete"))
        for seconds in (10, 95):
            clock.now += seconds
            lines.on_pause()
        clock.now += 5
        lines.on_event(ended(WORKSPACE))
        lines.on_event(ended(GROUP, "delete"))
        for seconds in (29, 1):
            clock.now += seconds
            lines.on_pause()
    assert capsys.readouterr().out.splitlines() == [
        "Azure     starting                      30 s",
        "Azure     still creating                30 s  Workspace ml (at most 45 min)",
        "Azure     still creating            2:05 min  Workspace ml (at most 45 min)",
        "Azure     still deleting            1:45 min  ResourceGroup group",
        "Azure     created                   2:10 min  Workspace ml",
        "Azure     deleted                   1:50 min  ResourceGroup group",
        "Azure     1 created, 1 deleted      3:10 min",
    ]


def shown(display: Display, ended: Ended, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines of the end."""
    display.end(ended)
    return capsys.readouterr().out.splitlines()


def test_the_end_tells_problems_once_then_policies_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for event in (
        Said("warning", "the default could not be read", "urn"),
        Operation("failed", "update", MARKER),
        Said("error", FAILED, MARKER),
        Said("error", FAILED, MARKER),
        Policies("azureml-batch@v0.1.0"),
        Violation("Storage allows keys.", "urn", "storage-keys", "advisory"),
        Policies("azureml-batch@v0.1.0"),
        Said("error", "update failed"),
        Said("error", "Resource monitor has terminated, shutting down"),
        Summary({"same": 40}, 11.4),
    ):
        lines.on_event(event)
    assert shown(lines, Ended(1, "what pulumi printed"), capsys) == [
        "warning: the default could not be read",
        "error: the release of endpoint 'digits' failed: no.",
        "Run `pulumi up` again.",
        "policy storage-keys (advisory): Storage allows keys.",
        "policies: azureml-batch@v0.1.0, 1 violation",
        "resources: 40 unchanged, 1 failed (11 s)",
    ]


def test_policies_that_are_kept_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.on_event(Policies("azureml-batch@v0.1.0"))
    lines.on_event(Summary({}, 1))
    assert shown(lines, Ended(0, "what pulumi printed"), capsys) == [
        "policies: azureml-batch@v0.1.0, all kept",
        "resources: none (1 s)",
    ]


def test_a_program_that_ended_early_says_nothing_of_policies(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    stack = "urn:pulumi:dev::program::pulumi:pulumi:Stack::program-dev"
    for event in (Policies("azureml-batch@v0.1.0"), Said("error", "keep is 'x'", stack), Summary({}, 1)):
        lines.on_event(event)
    assert shown(lines, Ended(1, ""), capsys) == ["error: keep is 'x'", "resources: none (1 s)"]


def test_an_error_of_azure_is_told_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    lines = Lines()
    throttled = (
        "Number of 'write' requests for subscription 's' actor 'a' exceeded. Please try again after '300' seconds"
    )
    lines.on_event(Said("error", f'Status=429 Code="SubscriptionRequestsThrottled" Message="{throttled}"', WORKSPACE))
    lines.on_event(Said("error", f"{FAILED} TooManyRequests (HTTP 429)", MARKER))
    through = "Requests to management.azure.com go through the proxy http://127.0.0.1:9, because of HTTPS_PROXY: "
    assert shown(lines, Ended(1, ""), capsys) == [
        f'error: Status=429 Code="SubscriptionRequestsThrottled" Message="{throttled}"',
        "Azure throttles these requests: wait 300 s, then run the command again; it continues.",
        "error: the release of endpoint 'digits' failed: no.",
        "Run `pulumi up` again. TooManyRequests (HTTP 429)",
    ]
    unreached = "error: proxyconnect tcp: dial tcp 127.0.0.1:9: connect: connection refused"
    assert shown(Lines(), Ended(255, unreached), capsys) == [
        unreached,
        f"{through}check that it runs, or unset HTTPS_PROXY.",
    ]


def test_a_failure_without_an_event_is_told_in_pulumi_s_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(Lines(), Ended(255, "error: the stack is currently locked\n"), capsys) == [
        "error: the stack is currently locked"
    ]


def screen(height: int, width: int = 60) -> tuple[Screen, Clock, io.StringIO]:
    """A display on a terminal of this size."""
    clock, file = Clock(), io.StringIO()
    console = Console(file=file, force_terminal=True, width=width, height=height, color_system=None)
    return Screen(Progress(clock=clock), console), clock, file


def drawn(file: io.StringIO) -> list[str]:
    """Return what was printed since the last time, without the terminal's control sequences."""
    text = Console(file=io.StringIO()).render_str(file.getvalue(), markup=False, emoji=False).plain
    file.seek(0)
    file.truncate()
    return [line for line in text.replace("\r", "\n").splitlines() if line.strip()]


def test_a_terminal_has_a_line_for_each_endpoint_and_keeps_those_of_steps() -> None:
    display, clock, file = screen(40)
    with display:
        drawn(file)
        display.on_event(Step("digits", CREATE, "creating deployment mlp-1", subject="mlp-1"))
        clock.now += 3
        display.on_pause()
        (line,) = drawn(file)
        assert line.endswith("digits    3/8 create revisions           3 s  creating depl…")
        display.on_event(Step("digits", TRY, "trying out mlp-1", subject="mlp-1"))
        assert "digits    3/8 create revisions           3 s  mlp-1" in "\n".join(drawn(file))
        display.on_stop()
        display.on_pause()
        assert any(line.startswith("stopping once the requests in flight") for line in drawn(file))


def test_a_terminal_wraps_errors_between_words_but_no_command() -> None:
    display, _, file = screen(40, width=20)
    command = "  pulumi up --stack a-long-name"
    display.on_event(Said("error", f"the release of endpoint digits failed:\n{command}", "urn"))
    display.end(Ended(1, ""))
    assert [line.rstrip() for line in drawn(file)] == ["error: the release", "of endpoint digits", "failed:", command]


def test_more_endpoints_than_rows_are_counted() -> None:
    display, _, file = screen(7)
    with display:
        for number in range(10):
            display.on_event(Step(f"digits{number}", CREATE, "creating"))
        drawn(file)
        display.on_pause()
        lines = drawn(file)
    assert len(lines) == 3
    assert lines[-1].endswith("and 8 more")
