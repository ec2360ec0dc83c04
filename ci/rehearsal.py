"""A rehearsal: the base commit is deployed into a sandbox, and then the change, without any login.

It shows what a preview cannot: that the release works, with its try-out, and which predictions change.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ci import engine
from ci.comment import Rehearsed
from ci.sandboxed import Sandbox, SandboxError, base_commit, has_file, place
from ci.seen import Seen
from ci.stand_ins import Stack
from modelops.errors import UsageError

_NO_FILE: Final = "the base commit does not have this stack: everything is new"
_NO_BASE: Final = "the base commit does not deploy in the sandbox, so everything is new here"


@dataclass
class Rehearsal:
    """What came of it."""

    preview: Seen = field(default_factory=Seen)
    is_previewed: bool = False
    """Whether the preview succeeded."""
    released: Rehearsed | None = None
    """None if nothing was released: the preview failed, or the stack cannot be rehearsed."""
    why_not: str = ""
    """Why the stack cannot be rehearsed."""
    failure: str = ""
    """The error that ended the rehearsal early."""

    @property
    def succeeded(self) -> bool:
        """Whether nothing failed; a stack that cannot be rehearsed fails nothing."""
        return bool(self.why_not) or (self.is_previewed and self.released is not None and self.released.succeeded)


def rehearse(stack: str, program: Path, base: str, say: Callable[[str], None]) -> Rehearsal:
    """Deploy a stack's base commit and then the checkout into a new sandbox, which is gone afterwards.

    Args:
        stack: its name.
        program: the folder with Pulumi.yaml, as it is in the checkout.
        base: the commit to compare with.
        say: tells what is done.

    Raises:
        UsageError: git does not have the base commit, or the stack file cannot be read or is in neither.
        SandboxError: the sandbox does not start, or a stand-in does not exist.
    """
    here = Stack.read(program, stack)
    if here is None:
        _require_stack(stack, program, base)
        return Rehearsal(why_not=f"Pulumi.{stack}.yaml does not exist")
    if here.adopts:
        return Rehearsal(why_not=f"the stack adopts what only Azure has ({here.adopts})")
    if found := here.without_stand_in():
        return Rehearsal(why_not=f"nothing can stand in for the model {found}")
    without = here.not_tried_out()
    with place() as folder, base_commit(program, base, folder) as before:
        then, notes = _base(before, stack)
        have = {**(then.stand_ins if then else {}), **here.stand_ins}
        sandbox = Sandbox(folder, "base")
        try:
            sandbox.start(program)
            if then is not None and not then.adopts:
                say(f"releasing the base commit {base[:8]} in the sandbox")
                if not _released(sandbox, then, stack, have):
                    notes.append(_NO_BASE)
                    sandbox.stop()
                    sandbox = Sandbox(folder, "new")
                    sandbox.start(program)
            sandbox.add_models(here, have)
            done = _change(sandbox, here, stack, without, say)
        finally:
            sandbox.stop()
    if done.released is not None:
        done.released.notes.extend(notes)
    return done


def _require_stack(stack: str, program: Path, base: str) -> None:
    """Refuse a name without a stack file, before and after the change.

    Raises:
        UsageError: with the stacks of the checkout.
    """
    name = f"Pulumi.{stack}.yaml"
    if not has_file(program, base, name):
        stacks = sorted(each.name.split(".", 1)[1].removesuffix(".yaml") for each in program.glob("Pulumi.*.yaml"))
        raise UsageError(f"no {name} in the base or the checkout; the stacks are: {', '.join(stacks) or 'none'}")


def _base(folder: Path, stack: str) -> tuple[Stack | None, list[str]]:
    """Return the base commit's stack and no note, or none and why: a change may correct a file that cannot be read."""
    try:
        found = Stack.read(folder, stack)
    except UsageError as error:
        sys.stdout.write(f"{error}\n")
        return None, [_NO_BASE]
    return found, [] if found else [_NO_FILE]


def _released(sandbox: Sandbox, base: Stack, stack: str, have: dict[str, Path]) -> bool:
    """Deploy the base commit; say whether that worked."""
    try:
        sandbox.add_models(base, have)
        # Its try-outs took place when it was released: here they would only take time.
        names = dict.fromkeys(base.endpoints, "")
        environ = sandbox.environment(base.folder, stack, names)
    except SandboxError as error:
        sys.stdout.write(f"{error}\n")
        return False
    return engine.up(stack, base.folder, Seen(), environ=environ).code == 0


def _change(
    sandbox: Sandbox, here: Stack, stack: str, without: dict[str, str], say: Callable[[str], None]
) -> Rehearsal:
    done = Rehearsal()
    say("previewing the change in the sandbox")
    environ = sandbox.environment(here.folder, stack, {})
    is_previewed = engine.preview(stack, here.folder, done.preview, environ).code == 0
    done.is_previewed = is_previewed and not done.preview.is_refused
    if not done.is_previewed:
        return done
    say("releasing the change in the sandbox")
    seen = Seen()
    ended = engine.up(stack, here.folder, seen, environ=sandbox.environment(here.folder, stack, without))
    done.released = Rehearsed(seen, ended.code == 0, without)
    return done
