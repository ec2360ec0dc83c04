"""ModelRelease: an endpoint's release, as one resource of the stack.

Owns the marker (a ``pulumi.Stash`` whose input is the whole release plan) and the hook that carries out the plan. Does
not own the endpoint, its deployments or any other Azure resource: `components.endpoint` creates the endpoint, and
`modelops` creates the rest from the plan.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final, assert_never

import pulumi
from pulumi.output import Unknown

from components.preflight.live_default import Live, Number
from components.release_parts import abandoned
from components.release_parts.args import ModelReleaseArgs
from components.release_parts.lower_stack import LowerStack
from components.release_parts.meanwhile import meanwhile
from components.release_parts.plan_inputs import plan_inputs
from components.release_parts.rehearsal_inputs import rehearsal_inputs
from modelops import about, rehearsal
from modelops.errors import RehearsalError
from modelops.plan.plan import LocalModel, PlanError, ReleasePlan
from modelops.release import steps
from modelops.runner.channel import is_told, tell, tell_end
from modelops.runner.interrupt import end_on_interrupt
from modelops.runner.pool import pool
from modelops.runner.process import WorkerFailed, WorkerStopped
from modelops.runner.protocol import Done, Heartbeat, PreviewRequest, Progress, ReleaseRequest, Step, Switching

_PREVIEW_SECONDS: Final = 20.0  # a preview must not wait minutes for a missing network
_AT_ONCE: Final = 10
"""Endpoints whose previews, of some 20 reads each, the worker sends at once; it sends 20 reads a second of the others
(modelops/release/pace.py), so that each of them adds a second."""


class ModelRelease(pulumi.ComponentResource):
    """An endpoint's release: runs when the plan changes, and again until it succeeds.

    Type token: `azureml-batch:index:ModelRelease`

    Creates: Stash `<name>-marker`, whose input is the plan. Before the engine creates or updates it, a worker process
        carries out the plan; if that fails, the step fails, the state keeps the old plan, and the next `pulumi up`
        tries again. A preview shows what the release would do and changes nothing.
    """

    default: pulumi.Output[str | None]
    """Name (in Azure) of the default deployment in the released plan; None before the first release."""

    deployments: pulumi.Output[Mapping[str, str]]
    """Deployment name in the stack file to revision name in Azure and, after a space, the digest of its model (if it is
    the repository's), as released. A revision that waits for the end of a pin has no digest, and may not exist."""

    _made: ClassVar = 0
    """Releases that this program has made so far: as a rule all of them, once the first hook runs."""

    def __init__(self, name: str, args: ModelReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("azureml-batch:index:ModelRelease", name, {}, opts)
        ModelRelease._made += 1
        self._released: Mapping[str, Any] | None = None
        self._refusal: str | None = None
        self._most_nodes = args.get("most_nodes", {})
        self._prices, self._currency = args.get("node_prices", {}), args.get("currency", "")
        # Before the plan, which is of the same files; a preview makes nothing that would carry it.
        self._about = about.About() if pulumi.runtime.is_dry_run() else about.current(Path.cwd())
        self._state_default = pulumi.Output.from_input(args.get("state_default"))
        try:
            plan = plan_inputs(args, Path.cwd())
        except PlanError as error:
            raise pulumi.RunError(f"endpoint {name!r}: {error}") from None  # shown without a traceback
        self._lower = LowerStack.of(name, args)
        self._ask_rehearsal(name, args)
        number = Number(name, plan, args["endpoint_id"], lambda inputs, live: self._number(name, _read(inputs), live))
        if not pulumi.runtime.is_dry_run():
            meanwhile(lambda: pool().prepare()).wait_for(number.value)
        plan = {**plan, "number": self._lower.before(number.value) if self._lower else number.value}
        hook = pulumi.ResourceHook(
            f"{name}-release", self._hook(name, plan), pulumi.ResourceHookOptions(on_dry_run=True)
        )
        marker = pulumi.Stash(
            f"{name}-marker",
            input=plan,
            opts=pulumi.ResourceOptions(
                parent=self,
                hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
                transforms=[number.leave_out],
            ),
        )
        # From `input`: a Stash's `output` always keeps its first value. With --continue-on-error, a failed release must
        # not end the program and the other releases: then the outputs come from the last plan that succeeded.
        released = marker.input.recover(lambda _: self._released)
        served = released.apply(lambda recorded: _read(recorded) if recorded else None)
        self.default = served.apply(lambda plan: plan.target if plan else None)
        self.deployments = served.apply(lambda plan: _shown(plan) if plan else {})
        self.serves: Mapping[str, pulumi.Output[Any]] = {"default": self.default, "deployments": self.deployments}
        self.register_outputs(self.serves)

    def _number(self, name: str, plan: ReleasePlan, live: Live) -> int | None:
        # Refused in the hook: it alone is given the last released plan, without which the stack would lose its outputs.
        self._refusal = abandoned.refusal(name, plan, live, pulumi.get_stack())
        return abandoned.number(plan, live)

    def _ask_rehearsal(self, name: str, args: ModelReleaseArgs) -> None:
        """Show how far a rehearsal can run the deployments' jobs; not in the hook, which an unchanged plan skips."""
        if rehearsal.VARIABLE not in os.environ:
            return
        try:
            for sentence in rehearsal.ask(rehearsal_inputs(name, args, Path.cwd())):
                pulumi.log.info(sentence, resource=self)
        except RehearsalError as error:
            pulumi.log.warn(f"the rehearsal did not say what it can run: {error}", resource=self)

    def _hook(self, name: str, plan: Mapping[str, Any]) -> Callable[[pulumi.ResourceHookArgs], Any]:
        async def release(hook: pulumi.ResourceHookArgs) -> None:
            try:
                inputs = await _plain_input(hook, plan)
                recorded = (hook.old_inputs or {}).get("input")
                old = _old(recorded)
                self._released = recorded if old else None
                wanted = _read(inputs)
                await self._require_allowed(wanted, old)
                await (self._summarise if pulumi.runtime.is_dry_run() else self._carry_out)(name, wanted, old)
            except WorkerStopped as stopped:
                tell_end(name, stopped)
                raise RuntimeError(_stopped_text(name, stopped)) from None
            except WorkerFailed as failed:
                tell_end(name, failed)
                raise RuntimeError(_failed_text(name, failed)) from None
            except asyncio.CancelledError:
                raise RuntimeError(f"the release of endpoint {name!r} was cancelled. {_again()}") from None
            except Exception as error:
                tell_end(name, error)
                # The engine treats an empty text as success, and TimeoutError() or a bare assert have no text.
                raise RuntimeError(
                    f"the release of endpoint {name!r} failed: {error or type(error).__name__}"
                ) from error

        return release

    async def _require_allowed(self, wanted: ReleasePlan, old: ReleasePlan | None) -> None:
        """Refuse what a rollback abandoned, and a model that the stack of `requireReleasedIn` has not released."""
        if self._refusal:
            raise WorkerFailed(self._refusal, refused=True)
        known = _digests(old).values() if old else ()
        if self._lower and (problem := await self._lower.problem(_digests(wanted), known)):
            raise WorkerFailed(f"{problem}\n  {rehearsal.up(self._lower.stack)}", refused=True)

    def _nodes(self, plan: ReleasePlan) -> dict[str, int]:
        """Most nodes of the plan's clusters, by their ids in lower case, as far as the stack knows them."""
        return {plan.deployments[logical].compute.lower(): most for logical, most in self._most_nodes.items()}

    async def _carry_out(self, name: str, plan: ReleasePlan, old: ReleasePlan | None) -> None:
        request = ReleaseRequest(
            name,
            plan.to_json(),
            str(Path.cwd()),
            old.target if old else None,
            self._nodes(plan),
            await self._state_default.future(),
            self._about.texts(),
            pulumi.get_stack(),
            old.to_json() if old else None,
        )
        end_on_interrupt(pool())
        deadline = pool().deadline_seconds + 60 * plan.try_out_minutes
        done = await pool().run(request, self._forward, deadline)
        tell(done)
        pulumi.log.info(done.text, resource=self)
        for warning in (done.report or {}).get("warnings", ()):
            pulumi.log.warn(warning, resource=self)

    async def _summarise(self, name: str, plan: ReleasePlan, old: ReleasePlan | None) -> None:
        """Show what the release would do; a preview fails for a refused plan, and not if Azure cannot be asked."""
        request = PreviewRequest(
            name,
            plan.to_json(),
            str(Path.cwd()),
            old.to_json() if old else None,
            self._nodes(plan),
            await self._state_default.future(),
            pulumi.get_stack(),
            self._prices,
            self._currency,
        )
        end_on_interrupt(pool())
        deadline = _PREVIEW_SECONDS + max(0, ModelRelease._made - _AT_ONCE)
        try:
            done = await pool().run(request, tell, deadline)
        except (WorkerFailed, WorkerStopped) as failed:
            if isinstance(failed, WorkerFailed) and failed.refused:
                raise
            if isinstance(failed, WorkerStopped) and not failed.at_deadline:
                raise
            done = Done(
                name, f"release to {plan.endpoint.name}, default {plan.target} (not compared with Azure: {failed})"
            )
        tell(done)
        if not is_told():  # `modelops plan` shows it above the engine's own list
            pulumi.log.info(done.text, resource=self)

    def _forward(self, event: Progress) -> None:
        """Show what the worker does; the next line replaces it.

        Pulumi's table leaves eleven characters at 100 columns, and cuts off the rest: they say the step's number.
        """
        tell(event)
        match event:
            case Step():
                text = f"{steps.label(event.step, event.items)}: {event.text}"
                pulumi.log.info(text, resource=self, ephemeral=True)
            case Heartbeat():
                pulumi.log.info(f"{steps.label(event.step)}: goes on", resource=self, ephemeral=True)
            case Switching():
                pass  # its step was shown
            case _:
                assert_never(event)


def _read(inputs: object) -> ReleasePlan:
    return ReleasePlan.from_inputs(inputs, lambda value: isinstance(value, Unknown))


def _shown(plan: ReleasePlan) -> dict[str, str]:
    """One line for each deployment: the whole plan is in the state."""
    digests = _digests(plan)
    return {
        key: f"{revision} sha256:{digests[key]}" if key in digests else revision
        for key, revision in plan.revisions.items()
    }


def _digests(plan: ReleasePlan) -> dict[str, str]:
    """The digests of the repository's models that were released, by deployment."""
    return {each.logical: each.model.digest for each in plan.made if isinstance(each.model, LocalModel)}


def _old(recorded: object) -> ReleasePlan | None:
    """The plan that was released last; None if there is none, or if another version of the program wrote it.

    Such a plan must not be an error: otherwise the first new version would lock every stack out of `pulumi up`.
    """
    with suppress(Exception):
        return _read(recorded) if recorded is not None else None
    return None


async def _plain_input(hook: pulumi.ResourceHookArgs, plan: Mapping[str, Any]) -> object:
    """Return the marker's input; secrets in it are refused by name, because a plan is shown in previews and logs.

    One nested secret makes the engine pass the whole input as a secret, so the names come from the program's own plan.
    """
    inputs = (hook.new_inputs or {}).get("input")
    if not isinstance(inputs, pulumi.Output):
        return inputs
    secrets = [path async for path in _secret_leaves(plan, "")]
    raise ValueError(
        f"{', '.join(secrets) or 'a value of the plan'}: is a secret. A release plan is shown in previews and logs; "
        "keep secrets in the key vault and let the scoring script read them with the job's identity."
    )


async def _secret_leaves(value: object, path: str) -> AsyncIterator[str]:
    if isinstance(value, pulumi.Output):
        if await value.is_secret():
            yield path
    elif isinstance(value, Mapping):
        for key, each in value.items():
            async for found in _secret_leaves(each, f"{path}.{key}" if path else str(key)):
                yield found


def _stopped_text(name: str, stopped: WorkerStopped) -> str:
    why = " at its deadline" if stopped.at_deadline else ""
    where = f"at step {stopped.step!r}" if stopped.step else "before it began"
    default = "the default is unchanged"
    if stopped.restored:
        default = "the default is the last release's again"
    if stopped.switch_sent:
        default = "the switch was already sent"
    # A worker that did not answer in time did not say what became of its job.
    job = stopped.jobs or ("A job may go on, and the next release takes it up." if stopped.step == steps.TRY else "")
    job = job and f" {job}"
    return f"the release of endpoint {name!r} was stopped{why}, {where}; {default}.{job} {_again()}"


def _failed_text(name: str, failed: WorkerFailed) -> str:
    if failed.explained:
        return f"{name}: {failed}"
    if failed.refused:
        return f"the release of endpoint {name!r} is refused: {failed}"
    state = "The switch was already sent" if failed.switch_sent else "The switch to the new default was not made"
    return (
        f"the release of endpoint {name!r} failed: {failed}\n"
        f"{state}; the infrastructure is up. Once the cause is gone, run `{rehearsal.up(pulumi.get_stack())}`: the "
        f"release continues from here. (Log: {pool().log})"
    )


def _again() -> str:
    return f"To go on, run `{rehearsal.up(pulumi.get_stack())}`."
