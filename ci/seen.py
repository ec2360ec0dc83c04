"""What a preview or an `up` tells, for a comment: the releases, the resources, the policies and what failed."""

from collections.abc import Mapping
from typing import Any, Final

from modelops.engine.display import ENGINES_OWN, HOOK
from modelops.engine.event_log import Happening, Operation, Policies, Said, Violation
from modelops.engine.planned import Planned
from modelops.engine.running import Ended
from modelops.runner.protocol import Done, Failed, Told

_QUIET: Final = ("same", "read", "refresh")
_REPLACING: Final = ("replace", "create-replacement", "delete-replaced")


class Seen(Planned):
    """Takes note of everything that a comment says."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: dict[str, Operation] = {}
        """What is done to each resource that does not stay as it is, by its URN."""
        self.violations: list[Violation] = []
        self.packs: dict[str, None] = {}
        """The policy packs, in their order."""
        self.errors: list[str] = []
        """What the engine, a provider or the program says of a failure, each once."""
        self.done: dict[str, str] = {}
        """What each release of an `up` did, by the endpoint's name in the stack file."""
        self.failed: dict[str, str] = {}
        """Why a release failed."""

    def on_event(self, event: Happening | Told) -> None:
        """Take a happening of the engine, or what a release tells."""
        super().on_event(event)
        match event:
            case Operation(state="began") if event.op not in _QUIET:
                self._note(event)
            case Violation() if event not in self.violations:
                self.violations.append(event)
            case Policies():
                self.packs[event.pack] = None
            case Said(severity="error"):
                self._note_error(HOOK.sub("", event.text.strip()))
            case Done():
                self.done[event.id] = event.text
            case Failed():
                self.failed[event.id] = event.message
            case _:
                pass

    def on_end(self, ended: Ended) -> None:
        """Take the command's own error if no event gives a reason: without a login, for example, there are none."""
        is_told = self.errors or self.failed or any(each.level == "mandatory" for each in self.violations)
        if not ended.code or is_told:
            return
        _, error, text = f"\n{ended.output}".partition("\nerror: ")
        if error and text.strip():
            self._note_error(text.strip())

    @property
    def replaced(self) -> list[Operation]:
        """The resources that are replaced."""
        return [each for each in self.operations.values() if each.op in _REPLACING]

    @property
    def deleted(self) -> list[Operation]:
        """The resources that are deleted without a replacement."""
        return [each for each in self.operations.values() if each.op == "delete"]

    def _note_error(self, text: str) -> None:
        """Keep an error once, without what the engine says after every one."""
        if text not in (*self.errors, *ENGINES_OWN):
            self.errors.append(text)

    def _note(self, event: Operation) -> None:
        """Keep one operation for each resource: of a replacement's three, the one that names the properties.

        Components are left out: what they made is there by itself.
        """
        state = event.metadata.get("new") or event.metadata.get("old")
        if state and not state.get("custom"):
            return
        before = self.operations.get(event.urn)
        if before is None or event.op == "replace":
            self.operations[event.urn] = event


def changed(operation: Operation) -> list[str]:
    """Return the properties that an operation changes, as the provider names them."""
    details: Mapping[str, Any] = operation.metadata.get("detailedDiff") or {}
    return sorted(details or operation.metadata.get("diffs") or ())
