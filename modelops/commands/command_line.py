"""The command line: arguments, exit codes and one clear message for every mistake.

Exit codes: 0 done, 1 it failed or differs, 2 the command line names something that does not exist.
"""

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

from modelops.commands import targets
from modelops.errors import ModelOpsError, Stopped, UsageError
from modelops.plan.plan import ReleasePlan
from modelops.release.context import Context
from modelops.release.position import Position
from modelops.release.reconcile import reconcile
from modelops.workspace import Workspace

_QUIET_SECONDS: Final = 30.0
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    if arguments[:1] == ["worker"]:
        from modelops.runner import worker  # noqa: PLC0415

        worker.main()
    options = _parser().parse_args(arguments)
    logging.disable(logging.WARNING)  # the SDK's notes about experimental classes
    try:
        return int(options.run(options))
    except UsageError as error:
        return _fail(error, 2)
    except ModelOpsError as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return _fail("interrupted", 1)


def _fail(error: object, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)  # noqa: T201
    return code


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m modelops", description="What an endpoint serves, and jobs on it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--stack", help="stack that deployed the endpoint (default: the selected one)")
    where.add_argument("--outputs", type=Path, help="file with saved outputs, instead of asking the stack")
    where.add_argument("--endpoint", help="logical or physical name (default: the only one)")
    where.add_argument("--directory", type=Path, default=Path(), help="the program's folder (default: this one)")

    status = commands.add_parser("status", parents=[where], help="show what is live, and what differs")
    status.add_argument("--check", action="store_true", help="exit with 1 if anything differs from the release")
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=_status)

    release = commands.add_parser("release", parents=[where], help="bring the endpoint to the released plan again")
    release.set_defaults(run=_release)

    invoke = commands.add_parser("invoke", parents=[where], help="run a job and download its predictions")
    invoke.add_argument("--subscription", help="with --resource-group and --workspace: no stack is asked")
    invoke.add_argument("--resource-group")
    invoke.add_argument("--workspace")
    invoke.add_argument("--deployment", help="logical or physical name (default: the endpoint's default)")
    invoke.add_argument("--input", required=True, help="local file or folder, URI or azureml:name:version")
    invoke.add_argument("--download", required=True, type=Path, help="new folder for the predictions")
    invoke.set_defaults(run=_invoke)
    return parser


def _find(options: argparse.Namespace) -> targets.Target:
    if options.outputs is not None:
        return targets.choose(targets.from_file(options.outputs), options.endpoint)
    return targets.choose(targets.from_stack(options.stack, options.directory), options.endpoint)


def _released(target: targets.Target) -> ReleasePlan:
    if target.plan is None:
        raise UsageError(f"endpoint {target.logical} was not released yet. Run `pulumi up` first.")
    return target.plan


def _workspace(target: targets.Target) -> Workspace:
    return Workspace(target.subscription_id, target.resource_group, target.workspace)


def _status(options: argparse.Namespace) -> int:
    from modelops.release.status import status  # noqa: PLC0415

    target = _find(options)
    found = status(_workspace(target), _released(target))
    _say(json.dumps(found.to_json(), indent=2) if options.json else "\n".join(found.lines()))
    if found.problems and not options.json:
        _say("Run `python -m modelops release` to mend it.")
    return 1 if options.check and found.problems else 0


def _release(options: argparse.Namespace) -> int:
    from modelops.plan.staging import remove_abandoned  # noqa: PLC0415

    target = _find(options)
    plan = _released(target)
    stop = _Stop()
    remove_abandoned()
    context = Context(_workspace(target), options.directory, stop.progress, stop.gate.sleep)
    try:
        report = reconcile(plan, context, previous=None)
    except (Stopped, ModelOpsError):
        if not stop.gate.is_closed:
            raise
        # The thread that closed the gate ends the process and has said where. What fails after a stop is a consequence
        # of it: the staged copy may be gone already.
        threading.Event().wait()
        return 1
    _say(report.summary())
    return 0


class _Stop:
    """Ends a release on SIGINT and SIGTERM: the request in flight is finished, no other begins.

    The end of standard input means nothing here: the command also runs where that is /dev/null.
    """

    def __init__(self) -> None:
        from modelops.release.gate import Gate  # noqa: PLC0415

        self.gate = Gate()
        self.gate.install()
        self._position = Position()
        self.gate.on_request = self._position.notice
        # As they are now: `azure.step` swallows what is printed while the SDK is at work.
        self._output, self._errors = sys.stdout, sys.stderr
        # Waited for in a thread, and blocked in all others: a handler would run in the main thread, and only after the
        # request that it waits for, if the system gives the signal to another one.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._wait, daemon=True).start()

    def progress(self, step: str, text: str) -> None:
        if self.gate.is_closed:
            return  # nothing of this step will be sent: it stopped in the one before
        self._position.enter(step)
        print(f"{step}: {text}", file=self._output, flush=True)

    def _wait(self) -> NoReturn:
        """Wait for a signal and the requests in flight, say where it stopped, and leave the SDK's threads behind."""
        from modelops.plan.staging import remove_staged  # noqa: PLC0415

        signal.sigwait(_SIGNALS)
        self.gate.close()
        if not self.gate.wait_until_idle(0):
            print("stopping when the request in flight is answered", file=self._errors, flush=True)
        self.gate.wait_until_idle()
        where = f"stopped at step {self._position.step!r}; default unchanged"
        if self._position.switch_sent:
            where = "stopped; the switch was already sent"
        print(f"error: {where}. Run the command again.", file=self._errors, flush=True)
        remove_staged()
        os._exit(1)


def _invoke(options: argparse.Namespace) -> int:
    from modelops.scoring import jobs  # noqa: PLC0415

    jobs.require_empty(options.download)
    jobs.input_kind(options.input)
    target = _by_names(options) or _find(options)
    deployment = options.deployment
    if target.plan is not None and deployment in target.plan.revisions:
        deployment = target.plan.revisions[deployment]
    ml = _workspace(target).ml
    place = (
        f"--subscription {target.subscription_id} --resource-group {target.resource_group} "
        f"--workspace-name {target.workspace}"
    )
    with _told(f"A job may have been started; to see: az ml job list --max-results 1 {place}"):
        job = jobs.start(ml, target.endpoint, deployment, options.input)
    _say(f"job {job} on {target.endpoint}" + (f" (deployment {deployment})" if deployment else ""))
    goes_on = f"Job {job} goes on in Azure; to end it: az ml job cancel --name {job} {place}"
    with _told(goes_on), contextlib.closing(_Progress()) as progress:
        seconds = jobs.follow(ml, job, progress.show)
    loses = (
        f"Job {job} is completed; to get its predictions: az ml job download --name {job} --output-name score {place}"
    )
    with _told(loses):
        files = jobs.download(ml, job, options.download)
    _say(f"completed in {seconds:.0f} s; predictions:")
    for path in files:
        _say(f"  {path}")
    return 0


@contextlib.contextmanager
def _told(consequence: str) -> Iterator[None]:
    """Let Ctrl-C say what it leaves behind.

    Raises:
        ModelOpsError: it was pressed.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise ModelOpsError(f"interrupted. {consequence}") from None


def _by_names(options: argparse.Namespace) -> targets.Target | None:
    names = (options.subscription, options.resource_group, options.workspace)
    if not any(names):
        return None
    if not all(names) or not options.endpoint:
        raise UsageError("--subscription, --resource-group, --workspace and --endpoint belong together; give all four.")
    return targets.Target(options.endpoint, *names, endpoint=options.endpoint)


class _Progress:
    """One line that changes on a terminal, erased at the end; elsewhere a line for each new state or half minute."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._state = ""
        self._shown = 0.0

    def show(self, state: str, seconds: float) -> None:
        text = f"{state}, {seconds:.0f} s"
        if self._terminal:
            print(f"\r\x1b[K{text}", end="", flush=True)  # noqa: T201
            return
        now = time.monotonic()
        if state != self._state or now - self._shown >= _QUIET_SECONDS:
            self._state, self._shown = state, now
            _say(text)

    def close(self) -> None:
        """Make room for what is said next."""
        if self._terminal:
            print("\r\x1b[K", end="", flush=True)  # noqa: T201
