"""ModelRelease: a marker whose input is the whole plan, and a hook that always says why it failed."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components.release import ModelRelease
from components.release_parts import meanwhile
from components.release_parts.args import ModelReleaseArgs
from components.release_parts.plan_inputs import plan_inputs
from modelops import rehearsal
from modelops.errors import PlanError, RehearsalError
from modelops.plan import fingerprint
from modelops.plan.plan import ReleasePlan
from modelops.plan.try_out import TryOut
from modelops.release.context import TRY
from modelops.runner import pool as worker_pool
from modelops.runner.channel import VARIABLE
from modelops.runner.pool import WorkerFailed, WorkerPool, WorkerStopped, use_pool
from modelops.runner.protocol import (
    Done,
    Failed,
    PreviewRequest,
    ReleaseRequest,
    Request,
    Step,
    Stopping,
    Told,
    decode_told,
)
from tests.components.recorder import Refusal, recorded
from tests.unit.plans import SCORING

TYPE = "azureml-batch:index:ModelRelease"
LOWER_STACK = "organization/azureml-batch-endpoint/staging"
READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
LOWER: dict[str, dict[str, Any] | Refusal] = {}
"""What the engine answers who asks for the outputs of stack staging."""


def lay_out(folder: Path) -> None:
    """Write a model, code and a conda file."""
    for name in ("model/weights.bin", "code/score.py", "conda.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")


@pytest.fixture(autouse=True)
def _program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program's folder be one with a model, code and a conda file."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker_pool, "_pool", None)


def args(**changes: Any) -> ModelReleaseArgs:
    plain = {
        "subscription_id": "sub",
        "resource_group": "rg",
        "workspace": "ws",
        "endpoint_name": "digits1a2b",
        "endpoint_id": "/endpoints/digits1a2b",
        "endpoint_created_at": "2026-01-02T03:04:05Z",
        "endpoint_api_version": "2025-12-01",
        "location": "westeurope",
        "compute_ids": {"aml": "/computes/cpu"},
        "description": "Reads digits",
        "auth_mode": "AADToken",
        "endpoint_tags": {"stack": "dev"},
        "default": "mlp",
        "pin": None,
        "keep": 3,
        "deployments": {
            "mlp": {
                "model": {"path": "model", "name": "digits-mlp", "type": "custom_model"},
                "compute": "aml",
                "code": "code",
                "scoring_script": "score.py",
                "environment": {"image": "image:1", "conda_file": "conda.yaml"},
            }
        },
    }
    return cast("ModelReleaseArgs", {**plain, **changes})


class Pretending(WorkerPool):
    """Takes the place of the workers: keeps the requests, answers or fails as told."""

    def __init__(self, answer: Done | BaseException) -> None:
        super().__init__(["none"], {}, Path("worker.log"))
        self.answer = answer
        self.requests: list[Request] = []
        self.deadlines: list[float | None] = []

    async def run(self, request: Request, on_event: Any, deadline_seconds: float | None = None) -> Done:
        """Keep the request and answer."""
        self.requests.append(request)
        self.deadlines.append(deadline_seconds)
        on_event(Step("digits", "create revisions", "creating deployment"))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


DONE = Done("digits", "create revision mlp-1")


def asked() -> Pretending:
    """The workers of the last `hook`."""
    workers = worker_pool.pool()
    assert isinstance(workers, Pretending)
    return workers


def call(new: object, old: object) -> pulumi.ResourceHookArgs:
    """What the engine calls the hook with."""
    return pulumi.ResourceHookArgs(
        urn="",
        id="",
        name="digits-marker",
        type="pulumi:index:Stash",
        new_inputs={"input": new},
        old_inputs=None if old is None else {"input": old},
    )


async def hook(
    answer: Done | BaseException, new: object, old: object = None, **changes: Any
) -> tuple[str, list[Request]]:
    """Run the hook of a component as the engine does; return its error text and what the workers were asked."""
    workers = Pretending(answer)
    use_pool(workers)
    component = ModelRelease("digits", args(**changes))
    run = component._hook("digits", plan_inputs(args(**changes), Path.cwd()))
    try:
        await run(call(new, old))
    except Exception as error:  # noqa: BLE001 - the engine sees only its text
        return str(error), workers.requests
    return "", workers.requests


def called(*arguments: Any, **changes: Any) -> tuple[str, list[Request]]:
    """`hook` on the loop that Pulumi's mocks use."""
    found: list[tuple[str, list[Request]]] = []

    async def run() -> str:
        found.append(await hook(*arguments, **changes))
        return ""

    waiting: Callable[[], Any] = run
    recorded(lambda: pulumi.Output.from_input(waiting()), answers=LOWER)
    return found[0]


def test_what_the_plans_wait_for_is_time_to_get_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meanwhile, "_SECONDS", 0.0)
    monkeypatch.setattr(meanwhile, "_EACH_SECONDS", 0.0)

    async def run() -> str:
        known, prepared = pulumi.Output.from_input(1), asyncio.Event()
        here = meanwhile.meanwhile(prepared.set)
        assert meanwhile.meanwhile(prepared.set) is here
        here.wait_for(known)
        await known.apply(lambda _: None).future()
        here._look()
        assert not prepared.is_set()
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        here.wait_for(pulumi.Output.from_input(waiting))
        await prepared.wait()
        waiting.set_result(1)
        return ""

    started: Callable[[], Any] = run
    recorded(lambda: pulumi.Output.from_input(started()))


def test_a_program_gets_ready_and_a_preview_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[object] = []
    monkeypatch.setattr(meanwhile.Meanwhile, "wait_for", lambda _self, plan: taken.append(plan))
    recorded(lambda: ModelRelease("digits", args()))
    assert len(taken) == 1
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    recorded(lambda: ModelRelease("digits", args()))
    assert len(taken) == 1


def plan() -> dict[str, Any]:
    return plan_inputs(args(), Path.cwd())


def test_the_exact_list() -> None:
    assert recorded(lambda: ModelRelease("digits", args())).declared() == [
        (TYPE, "digits"),
        ("pulumi:index:Stash", "digits-marker"),
    ]


def test_what_a_rehearsal_says_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, str]] = []
    monkeypatch.setenv(rehearsal.VARIABLE, "http://127.0.0.1:9/")
    monkeypatch.setattr(pulumi.log, "info", lambda text, **_: said.append(("info", text)))
    monkeypatch.setattr(pulumi.log, "warn", lambda text, **_: said.append(("warn", text)))
    monkeypatch.setattr(rehearsal, "ask", lambda asked: [f"{each['endpoint']}.{each['deployment']}" for each in asked])
    recorded(lambda: ModelRelease("digits", args()))

    def silent(_: object) -> list[str]:
        raise RehearsalError("timed out")

    monkeypatch.setattr(rehearsal, "ask", silent)
    recorded(lambda: ModelRelease("digits", args()))
    assert said == [("info", "digits.mlp"), ("warn", "the rehearsal did not say what it can run: timed out")]


def test_the_marker_s_input_is_the_whole_plan() -> None:
    resources = recorded(lambda: ModelRelease("digits", args())).resources
    (marker,) = [each for each in resources if each.typ == "pulumi:index:Stash"]
    assert marker.inputs["input"] == {
        "schema": 1,
        "subscriptionId": "sub",
        "resourceGroup": "rg",
        "workspace": "ws",
        "endpoint": {
            "name": "digits1a2b",
            "id": "/endpoints/digits1a2b",
            "createdAt": "2026-01-02T03:04:05Z",
            "azureApiVersion": "2025-12-01",
            "location": "westeurope",
            "authMode": "AADToken",
            "description": "Reads digits",
            "tags": {"stack": "dev"},
        },
        "default": "mlp",
        "keep": 3,
        "deployments": {
            "mlp": {
                "model": {
                    "path": "model",
                    "name": "digits-mlp",
                    "type": "custom_model",
                    "digest": fingerprint.digest(Path("model")),
                },
                "code": {"path": "code", "digest": fingerprint.digest(Path("code"))},
                "scoringScript": "score.py",
                "environment": {
                    "image": "image:1",
                    "condaFile": "conda.yaml",
                    "condaDigest": fingerprint.digest(Path("conda.yaml")),
                },
                "compute": "/computes/cpu",
                "settings": dict(SCORING),
                "environmentVariables": {},
                "description": "",
                "tags": {},
            }
        },
        "number": 1,
    }


def test_the_hook_is_bound_to_creation_and_update_only() -> None:
    request = recorded(lambda: ModelRelease("digits", args())).requests["pulumi:index:Stash::digits-marker"]
    assert list(request.hooks.before_create) == ["digits-release"]
    assert list(request.hooks.before_update) == ["digits-release"]
    others = ("after_create", "after_update", "before_delete", "after_delete")
    assert [list(getattr(request.hooks, other)) for other in others] == [[], [], [], []]


def test_its_outputs_follow_the_marker_s_input() -> None:
    seen: dict[str, Any] = {}

    def declare() -> None:
        made = ModelRelease("digits", args())
        pulumi.Output.all(made.default, made.deployments).apply(lambda all_: seen.update(zip("ab", all_, strict=True)))

    recorded(declare)
    revision = ReleasePlan.from_inputs(plan()).target
    digest = plan()["deployments"]["mlp"]["model"]["digest"]
    assert seen == {"a": revision, "b": {"mlp": f"{revision} sha256:{digest}"}}


def test_a_path_that_is_not_there_is_told_before_anything_is_registered() -> None:
    deployments = {"mlp": {**args()["deployments"]["mlp"], "code": "nowhere"}}
    with pytest.raises(PlanError, match=r"nowhere' does not exist\."):
        plan_inputs(args(deployments=deployments), Path.cwd())


def test_such_a_path_ends_the_program_without_a_traceback() -> None:
    deployments = {"mlp": {**args()["deployments"]["mlp"], "code": "nowhere"}}
    with pytest.raises(pulumi.RunError, match=r"^endpoint 'digits': '.*/nowhere' does not exist\."):
        recorded(lambda: ModelRelease("digits", args(deployments=deployments)))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (DONE, "create revision mlp-1"),
        (WorkerFailed("no login."), "release to digits1a2b, default {target} (not compared with Azure: no login.)"),
        (
            WorkerStopped("digits", "read what is live", at_deadline=True),
            "release to digits1a2b, default {target} (not compared with Azure: stopped at step read what is live)",
        ),
    ],
)
def test_a_preview_says_what_it_knows_and_never_fails(
    monkeypatch: pytest.MonkeyPatch, answer: Done | BaseException, text: str
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda message, **_: said.append(message))
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(ModelRelease, "_made", 9)
    error, requests = called(answer, plan())
    assert error == ""
    assert said == [text.format(target=ReleasePlan.from_inputs(plan()).target)]
    assert requests == [
        PreviewRequest("digits", ReleasePlan.from_inputs(plan()).to_json(), str(Path.cwd()), stack="dev")
    ]
    assert asked().deadlines == [20]


def test_previews_of_many_endpoints_have_the_time_that_their_reads_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(ModelRelease, "_made", 99)
    assert called(DONE, plan())[0] == ""
    assert asked().deadlines == [110]


@pytest.mark.parametrize("is_preview", [True, False])
@pytest.mark.parametrize(
    ("answer", "last"),
    [
        (Done("digits", "did it", {"created": []}), Done("digits", "did it", {"created": []})),
        (WorkerFailed("mlp is too large.", refused=True), Failed("digits", "mlp is too large.", refused=True)),
        (
            WorkerStopped("digits", "create revisions", restored=True),
            Stopping("digits", "create revisions", restored=True),
        ),
    ],
)
def test_who_shows_it_is_told_every_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Done | BaseException, last: Told, *, is_preview: bool
) -> None:
    file = tmp_path / "events"
    monkeypatch.setenv(VARIABLE, str(file))
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: is_preview)
    called(answer, plan())
    told = [decode_told(line) for line in file.read_bytes().splitlines(keepends=True)]
    assert told == [Step("digits", "create revisions", "creating deployment"), last]


def test_a_step_is_shown_with_its_number_until_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, bool]] = []

    def info(message: str, ephemeral: bool = False, **_: object) -> None:
        said.append((message, ephemeral))

    monkeypatch.setattr(pulumi.log, "info", info)
    called(DONE, plan())
    assert said == [("3/8 create revisions: creating deployment", True), (DONE.text, False)]


def test_the_worker_gets_the_plan_and_what_is_beside_it() -> None:
    before = {**plan(), "pin": "mlp-00000000"}
    error, requests = called(DONE, plan(), before)
    assert error == ""
    wanted, released = (ReleasePlan.from_inputs(each).to_json() for each in (plan(), before))
    assert requests == [
        ReleaseRequest("digits", wanted, str(Path.cwd()), previous="mlp-00000000", stack="dev", released=released)
    ]
    assert asked().deadlines == [3600]


def test_a_release_may_take_as_long_as_its_try_outs() -> None:
    with_try_out = plan()
    with_try_out["deployments"]["mlp"]["tryOut"] = TryOut("azureml:digits:1").to_json()
    called(DONE, with_try_out)
    assert asked().deadlines == [3600 + 2 * 80 * 60]


@pytest.mark.parametrize("old", [{"schema": 0}, "text", {}])
def test_an_old_plan_that_cannot_be_read_is_no_reason_to_fail(old: object) -> None:
    error, requests = called(DONE, plan(), old)
    assert error == ""
    assert requests == [
        ReleaseRequest("digits", ReleasePlan.from_inputs(plan()).to_json(), str(Path.cwd()), None, stack="dev")
    ]


@pytest.mark.parametrize("old", [{"schema": 0}, "text", {}])
def test_nor_is_it_one_to_fail_a_preview(monkeypatch: pytest.MonkeyPatch, old: object) -> None:
    """Otherwise the first new version of the plan's form would lock every stack out of `pulumi up`."""
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    error, requests = called(DONE, plan(), old)
    assert error == ""
    assert requests == [
        PreviewRequest("digits", ReleasePlan.from_inputs(plan()).to_json(), str(Path.cwd()), released=None, stack="dev")
    ]


@pytest.mark.parametrize(("old", "kept"), [(lambda: {"schema": 0}, False), (plan, True)])
def test_the_outputs_fall_back_to_a_plan_that_can_be_read_or_to_none(
    old: Callable[[], dict[str, Any]], kept: bool
) -> None:
    """With --continue-on-error; they would end the program if they could not be computed."""
    found: list[object] = []

    async def fail() -> Any:
        use_pool(Pretending(WorkerFailed("no.")))
        component = ModelRelease("digits", args())
        with pytest.raises(RuntimeError):
            await component._hook("digits", plan())(call(plan(), old()))
        found.append(component._released)
        return ""

    recorded(lambda: pulumi.Output.from_input(fail()))
    assert found == [old() if kept else None]


def test_a_failure_says_what_is_left_and_what_to_run() -> None:
    error, _ = called(WorkerFailed("registration refused."), plan())
    assert error == (
        "the release of endpoint 'digits' failed: registration refused.\n"
        "The switch to the new default was not made; the infrastructure is up. Once the cause is gone, run `pulumi up "
        "--stack dev`: the release continues from here. (Log: worker.log)"
    )


def test_a_failure_that_says_everything_gets_only_the_endpoints_name() -> None:
    text = "mlp-1 failed its try-out; mlp-0 still serves\n  score.py:6 in run: ValueError: broken"
    error, _ = called(WorkerFailed(text, explained=True), plan())
    assert error == f"digits: {text}"


@pytest.mark.parametrize("is_preview", [True, False])
def test_a_refused_plan_fails_the_preview_too(monkeypatch: pytest.MonkeyPatch, *, is_preview: bool) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: is_preview)
    error, _ = called(WorkerFailed("a module is missing.", refused=True), plan())
    assert error == "the release of endpoint 'digits' is refused: a module is missing."


def test_a_failure_after_the_switch_says_that_it_was_sent() -> None:
    error, _ = called(WorkerFailed("not verified.", switch_sent=True), plan())
    assert error == (
        "the release of endpoint 'digits' failed: not verified.\n"
        "The switch was already sent; the infrastructure is up. Once the cause is gone, run `pulumi up --stack dev`: "
        "the release continues from here. (Log: worker.log)"
    )


@pytest.mark.parametrize(
    ("stopped", "text"),
    [
        (
            WorkerStopped("digits", "create revisions"),
            (
                "the release of endpoint 'digits' was stopped, at step 'create revisions'; the default is unchanged. "
                "To go on, run `pulumi up --stack dev`."
            ),
        ),
        (
            WorkerStopped("digits", "switch the default", switch_sent=True),
            (
                "the release of endpoint 'digits' was stopped, at step 'switch the default'; the switch was already "
                "sent. To go on, run `pulumi up --stack dev`."
            ),
        ),
        (
            WorkerStopped("digits", TRY),
            (
                "the release of endpoint 'digits' was stopped, at step 'try out'; the default is unchanged. A job may "
                "go on, and the next release takes it up. To go on, run `pulumi up --stack dev`."
            ),
        ),
        (
            WorkerStopped("digits", TRY, jobs="Job a is canceled; the next release starts another."),
            (
                "the release of endpoint 'digits' was stopped, at step 'try out'; the default is unchanged. Job a is "
                "canceled; the next release starts another. To go on, run `pulumi up --stack dev`."
            ),
        ),
        (
            WorkerStopped("digits", TRY, switch_sent=True, jobs="Job a is canceled; the next release starts another."),
            (
                "the release of endpoint 'digits' was stopped, at step 'try out'; the switch was already sent. Job a "
                "is canceled; the next release starts another. To go on, run `pulumi up --stack dev`."
            ),
        ),
        (
            WorkerStopped("digits", "create revisions", restored=True),
            (
                "the release of endpoint 'digits' was stopped, at step 'create revisions'; the default is the last "
                "release's again. To go on, run `pulumi up --stack dev`."
            ),
        ),
        (
            WorkerStopped("digits", None, at_deadline=True),
            (
                "the release of endpoint 'digits' was stopped at its deadline, before it began; the default is "
                "unchanged. To go on, run `pulumi up --stack dev`."
            ),
        ),
    ],
)
def test_a_stop_says_where(stopped: WorkerStopped, text: str) -> None:
    assert called(stopped, plan())[0] == text


@pytest.mark.parametrize("error", [TimeoutError(), AssertionError(), OSError("disk full")])
def test_every_exception_leaves_with_a_text(error: Exception) -> None:
    """An empty text is success to the engine."""
    assert called(error, plan())[0] == f"the release of endpoint 'digits' failed: {error or type(error).__name__}"


def test_a_plan_that_is_none_never_reaches_a_worker() -> None:
    error, requests = called(DONE, {**plan(), "keep": 0})
    assert error.endswith("  - keep: is 0; allowed is a whole number from 1")
    assert requests == []


def test_a_secret_is_refused_by_name() -> None:
    variables = {"KEY": pulumi.Output.secret("hush"), "MODE": pulumi.Output.from_input("fast")}
    deployments = {"mlp": {**args()["deployments"]["mlp"], "environment_variables": variables}}
    error, requests = called(DONE, pulumi.Output.secret({}), deployments=deployments)
    assert error == (
        "the release of endpoint 'digits' failed: deployments.mlp.environmentVariables.KEY: is a secret. A release "
        "plan is shown in previews and logs; keep secrets in the key vault and let the scoring script read them with "
        "the job's identity."
    )
    assert requests == []


def test_workers_do_not_get_pulumi_s_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hush")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    environment = worker_pool._environment()
    assert not [name for name in environment if name.startswith("PULUMI")]
    assert environment["AZURE_TENANT_ID"] == "tenant"


@pytest.mark.parametrize("is_preview", [False, True])
def test_the_worker_is_told_the_default_that_the_state_names(
    monkeypatch: pytest.MonkeyPatch, *, is_preview: bool
) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: is_preview)
    for named in (None, "mlp-0", pulumi.Output.from_input("mlp-0")):
        error, (request,) = called(DONE, plan(), state_default=named)
        assert error == ""
        assert request.state_default == (None if named is None else "mlp-0")
    assert "mlp-0" not in str(plan_inputs(args(state_default="mlp-0"), Path.cwd()))


def test_the_warnings_of_a_release_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, **_: said.append(text))
    called(Done("digits", "default a -> b", {"warnings": ["not everything was deleted"]}), plan())
    assert said == ["not everything was deleted"]


def of_prod(
    lower: dict[str, Any] | Refusal, old: object = None, new: object = None, **changes: Any
) -> tuple[str, list[Request]]:
    """Call the hook of a stack that requires what stack staging has released; return its error and the requests."""
    LOWER[READ_OUTPUTS] = lower if isinstance(lower, Refusal) else {"outputs": lower}
    try:
        return called(DONE, new or plan(), old, require_released_in="staging", **changes)
    finally:
        LOWER.clear()


@pytest.mark.parametrize(
    ("lower", "why"),
    [
        (
            {"endpoints": {"digits": {"deployments": {"mlp": f"mlp-1 sha256:{'0' * 64}", "other": "other-1"}}}},
            "which has not released the model of mlp (sha256 {digest})",
        ),
        (
            {"endpoints": {"letters": {"deployments": {"cnn": f"cnn-1 sha256:{'0' * 64}"}}}},
            "which has not released the model of mlp (sha256 {digest}); it has no endpoint 'digits'",
        ),
        ({"endpoints": {"digits": {"deployments": {}}}}, "which has not released the model of mlp (sha256 {digest})"),
        ({}, "which has released nothing yet"),
        (
            Refusal(f"invocation of {READ_OUTPUTS} returned an error: unknown stack {LOWER_STACK!r}"),
            "whose outputs cannot be read: unknown stack 'organization/azureml-batch-endpoint/staging'",
        ),
    ],
)
def test_a_model_that_the_lower_stack_has_not_released_is_refused(lower: dict[str, Any] | Refusal, why: str) -> None:
    assert of_prod(lower) == (
        (
            "the release of endpoint 'digits' is refused: requireReleasedIn is 'staging', "
            f"{why.format(digest=fingerprint.digest(Path('model'))[:12])}. Nothing was released. Release the same "
            "files there first:\n  pulumi up --stack staging"
        ),
        [],
    )


def test_a_model_that_the_lower_stack_has_released_may_be_released() -> None:
    digest = fingerprint.digest(Path("model"))
    said, requests = of_prod({"endpoints": {"letters": {"deployments": {"cnn": f"cnn-1 sha256:{digest}"}}}})
    assert (said, len(requests)) == ("", 1)


def test_a_model_that_is_released_already_may_stay() -> None:
    """The lower stack may have gone on to another one since, or be gone."""
    lower: dict[str, Any] | Refusal
    for lower in ({"endpoints": {}}, Refusal("unknown stack")):
        said, requests = of_prod(lower, plan())
        assert (said, len(requests)) == ("", 1)


def test_a_model_beside_a_pin_was_not_released() -> None:
    """Neither here, nor in a lower stack: there the output has no digest."""
    said, requests = of_prod({}, {**plan(), "pin": "mlp-00000000"})
    assert ("which has released nothing yet" in said, requests) == (True, [])
    own = {**plan(), "pin": ReleasePlan.from_inputs(plan()).target}
    assert of_prod({}, own)[0] == ""


def test_a_pin_asks_no_other_stack() -> None:
    pinned = {**plan(), "pin": "mlp-00000000"}
    said, requests = of_prod(Refusal("unknown stack"), plan(), pinned, pin="mlp-00000000")
    assert (said, len(requests)) == ("", 1)


@pytest.mark.parametrize(("pin", "shown"), [("mlp-00000000", "{own}"), (None, "{own} sha256:{digest}")])
def test_the_outputs_have_the_digests_of_what_was_released(pin: str | None, shown: str) -> None:
    seen: list[Any] = []
    recorded(lambda: ModelRelease("digits", args(pin=pin)).deployments.apply(seen.append))
    own = ReleasePlan.from_inputs(plan()).target
    assert seen == [{"mlp": shown.format(own=own, digest=fingerprint.digest(Path("model")))}]
