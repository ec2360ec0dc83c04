"""The live default in the plan: what is asked of Azure, the number that follows from it, and what is refused."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import requests

from components.preflight import arm, live_default
from components.preflight.arm import LIMIT_SECONDS, PREVIEW_SECONDS, Refused, ResourceManager, Unanswered
from components.preflight.live_default import Live, Number
from components.release_parts import abandoned
from modelops.plan.plan import ReleasePlan
from modelops.release.last_set import LastSet
from tests.components.recorder import recorded
from tests.components.resource_manager import ResourceManagerDouble, answer
from tests.components.test_release import lay_out, plan

READ: Callable[[str, str], Live] = live_default._read
"""What asks Azure; `conftest.live` puts another in its place for every test."""

NO_OPTIONS = pulumi.ResourceOptions()
ABANDONED_AT = "2026-11-30T10:00:00Z"


@pytest.fixture(autouse=True)
def _program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program's folder be one with a model, code and a conda file."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="warned", autouse=True)
def _warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the program warns of."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, **_: said.append(text))
    return said


def target() -> str:
    """Return the plan's revision."""
    return ReleasePlan.from_inputs(plan()).target


def marker(
    monkeypatch: pytest.MonkeyPatch, live: Live | Exception, pin: str | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return the marker's input and what is ignored of it, as the engine gets them, for such an endpoint."""
    found: list[tuple[dict[str, Any], list[str]]] = []

    def read(endpoint: str, token: str) -> Live:
        assert (endpoint, token) == ("/endpoints/digits1a2b", "a-token")
        if isinstance(live, Exception):
            raise live
        return live

    async def declare() -> str:
        given = {**plan(), "pin": pin}
        number = Number("digits", given, "/endpoints/digits1a2b", lambda *asked: abandoned.number(*known(*asked)))
        # The SDK drops what is null before it calls a transform.
        declared = {key: each for key, each in {**given, "number": number.value}.items() if each is not None}
        result = await number.leave_out(
            pulumi.ResourceTransformArgs(True, "pulumi:index:Stash", "digits-marker", {"input": declared}, NO_OPTIONS)
        )
        props, opts = (result.props, result.opts) if result else ({"input": declared}, NO_OPTIONS)
        given = await pulumi.Output.from_input(props["input"]).future() or {}
        found.append((dict(given), list(opts.ignore_changes or [])))
        return ""

    monkeypatch.setattr(live_default, "_read", read)
    waiting: Callable[[], Any] = declare
    recorded(lambda: pulumi.Output.from_input(waiting()))
    return found[0]


def known(inputs: Any, live: Live) -> tuple[ReleasePlan, Live]:
    """Return the plan, which is complete, and the endpoint."""
    return ReleasePlan.from_inputs(inputs), live


def tags(number: int = 0, default: str = "mlp-0", **more: Any) -> Mapping[str, str]:
    """Return the endpoint's tags after a release with that number."""
    return {"stack": "dev", **LastSet(default, number=number, **more).tags()}


@pytest.mark.parametrize(
    ("default", "found", "number"),
    [
        (None, {}, 1),
        (None, {"stack": "dev"}, 1),
        ("mlp-0", {}, 1),
        ("own", {}, None),
        ("own", tags(), None),
        ("own", tags(4), 4),
        ("mlp-0", tags(4), 5),
        (None, tags(4), 5),
        ("own", {"modelops-default": "mlp-0", "modelops-number": "many"}, None),
    ],
    ids=[
        "a new endpoint",
        "an endpoint without a default",
        "released before numbers were",
        "the plan's default without our tags",
        "the plan's default without a number",
        "the plan's default",
        "moved, or another plan",
        "cleared",
        "a number that somebody wrote",
    ],
)
def test_the_number_is_the_next_one_if_the_default_is_not_the_plans(
    monkeypatch: pytest.MonkeyPatch,
    warned: list[str],
    default: str | None,
    found: Mapping[str, str],
    number: int | None,
) -> None:
    given, ignored = marker(monkeypatch, Live(target() if default == "own" else default, found))
    wanted = {key: each for key, each in plan().items() if key != "pin"}
    assert given == {**wanted, **({"pin": None} if number is None else {"number": number})}
    assert (ignored, warned) == ([], [])


@pytest.mark.parametrize(("pin", "number"), [("mlp-0", 4), ("mlp-00000000", 5)])
def test_beside_a_pin_it_is_about_the_pinned_revision(monkeypatch: pytest.MonkeyPatch, pin: str, number: int) -> None:
    given, _ = marker(monkeypatch, Live("mlp-0", tags(4)), pin=pin)
    assert (given["pin"], given["number"]) == (pin, number)


def asked_of(live: Live, pin: str | None = None) -> tuple[str | None, int | None]:
    """Return why the plan is refused and its number, for an endpoint that is so."""
    given = ReleasePlan.from_inputs({**plan(), "pin": pin})
    return abandoned.refusal("digits", given, live, "dev"), abandoned.number(given, live)


@pytest.mark.parametrize("moved_back", [False, True])
def test_a_plan_that_names_an_abandoned_revision_is_refused(*, moved_back: bool) -> None:
    own = target()
    left = tags(4, by="rollback", at=ABANDONED_AT, abandoned=(own,))
    # The number changes in any case, so that the hook runs, which refuses.
    assert asked_of(Live(own if moved_back else "mlp-0", left)) == (
        (
            f"a rollback on {ABANDONED_AT} abandoned {own}, which the stack file still makes the default. Nothing was "
            "released; mlp-0 still serves.\n"
            "  To release a fix: change the deployment, or go back in git\n"
            "  To keep mlp-0: add a line below endpoints.digits in Pulumi.dev.yaml: pin: mlp-0\n"
            f"  To let {own} serve again: python -m modelops rollback --to {own} --endpoint digits --stack dev"
        ),
        5,
    )


def test_a_new_pin_brings_it_back_and_the_one_that_was_abandoned_does_not() -> None:
    own = target()
    assert asked_of(Live("mlp-0", tags(4, abandoned=(own,))), pin=own) == (None, 5)
    text, number = asked_of(Live("mlp-0", tags(4, abandoned=(own,), abandoned_pin=own)), pin=own)
    assert (text or "").startswith(f"a rollback on  abandoned {own}, which the stack file still makes the default. ")
    assert number == 5


@pytest.mark.parametrize("refusal", [Refused(403), Unanswered("nobody answers. Run pulumi up again.")])
def test_without_an_answer_the_states_number_stays(
    monkeypatch: pytest.MonkeyPatch, warned: list[str], refusal: Exception
) -> None:
    """It may have none: tests/e2e/test_upgrade.py."""
    given, ignored = marker(monkeypatch, refusal)
    assert (given, ignored) == (plan(), ["input.number"])
    (warning,) = warned
    assert warning == (
        f"endpoint 'digits': whether somebody moved its default is unknown: {refusal}\n"
        "  The release goes by what it set last."
    )


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            {"tags": {"stack": "dev"}, "properties": {"defaults": {"deploymentName": "mlp-0"}}},
            Live("mlp-0", {"stack": "dev"}),
        ),
        ({"tags": None, "properties": {"defaults": {"deploymentName": ""}}}, Live(None, {})),
        ({"properties": {"defaults": None}}, Live(None, {})),
        ({"properties": {}}, Live(None, {})),
    ],
)
def test_one_get_of_the_endpoint_is_what_it_costs(monkeypatch: pytest.MonkeyPatch, body: Any, found: Live) -> None:
    azure = ResourceManagerDouble(monkeypatch, lambda _: answer(body))
    assert READ("/endpoints/digits1a2b", "a-token") == found
    assert azure.asked == ["https://management.azure.com/endpoints/digits1a2b?api-version=2025-12-01"]
    assert azure.tokens == {"Bearer a-token"}


def test_an_endpoint_that_is_not_there_has_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    ResourceManagerDouble(monkeypatch, lambda _: answer({"error": {}}, 404))
    assert READ("/endpoints/digits1a2b", "a-token") == Live(None, {})
    ResourceManagerDouble(monkeypatch, lambda _: answer({"error": {}}, 403))
    with pytest.raises(Refused, match="HTTP 403"):
        READ("/endpoints/digits1a2b", "a-token")


@pytest.mark.parametrize(("is_preview", "seconds"), [(True, PREVIEW_SECONDS), (False, LIMIT_SECONDS)])
def test_a_preview_waits_for_less_long(monkeypatch: pytest.MonkeyPatch, *, is_preview: bool, seconds: float) -> None:
    given: list[float] = []

    def noted(token: str, seconds: float) -> ResourceManager:
        given.append(seconds)
        return ResourceManager(token, seconds)

    def answers(_url: str) -> requests.Response:
        return answer({"properties": {}})

    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: is_preview)
    ResourceManagerDouble(monkeypatch, answers)
    monkeypatch.setattr(arm, "ResourceManager", noted)
    READ("/endpoints/digits1a2b", "a-token")
    assert given == [seconds]
