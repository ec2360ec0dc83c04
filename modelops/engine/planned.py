"""What the next `pulumi up` will do to each endpoint: from a preview's event log, and from what its releases tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from modelops.engine.event_log import Happening, Operation, Summary
from modelops.engine.running import Watcher
from modelops.release.rows import Row
from modelops.runner.protocol import Done, Failed, Told

_RELEASE: Final = "azureml-batch:index:ModelRelease$pulumi:index:Stash"
_MARKER: Final = "-marker"
_ENDPOINT: Final = "azure-native:machinelearningservices:BatchEndpoint"

Change = Literal["release", "none", "removed", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What becomes of one endpoint."""

    change: Change
    """`failed`: its preview failed, so nothing is known."""
    outlook: Mapping[str, Any] | None = None
    """The release's `Outlook.to_json`; None if there is none, or Azure did not answer in time."""
    text: str = ""
    """Why it is refused or failed, or the release in one line where there is no outlook."""
    endpoint: str = ""
    """The endpoint's name in Azure, as far as it is known."""
    uri: str = ""
    """The address of an endpoint that is removed."""

    @property
    def rows(self) -> list[Row]:
        """The table's rows."""
        if self.change == "removed":
            gone = f"{self.uri} stops answering, and its deployments go with it; jobs and what they wrote stay"
            return [Row("delete endpoint", self.endpoint, gone.lstrip())]
        return [Row(*each) for each in (self.outlook or {}).get("rows", ())]

    @property
    def notes(self) -> list[str]:
        """The sentences below the table."""
        return [*(self.outlook or {}).get("notes", ()), *([self.text] if self.text else [])]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        rows = [list(each) for each in self.rows]
        plain = {key: value for key, value in (self.outlook or {}).items() if key not in ("rows", "notes")}
        return {
            "change": self.change,
            **({"endpoint": self.endpoint or None} | plain),
            "rows": rows,
            "notes": self.notes,
        }


class Planned(Watcher):
    """Takes note of what a preview tells."""

    def __init__(self) -> None:
        self.endpoints: dict[str, Expected] = {}
        """By logical name."""
        self.resources: Mapping[str, int] = {}
        """How many resources the engine would treat how, by its own words: `same`, `create`, `update`, `delete`."""

    @property
    def is_refused(self) -> bool:
        """Whether `pulumi up` will refuse one of the releases. A preview by itself only warns of most reasons."""
        return any(each.change == "refused" for each in self.endpoints.values())

    def sorted(self) -> dict[str, Expected]:
        """Return the endpoints by name, those that are removed last: they are told in any order."""
        return dict(sorted(self.endpoints.items(), key=lambda each: (each[1].change == "removed", each[0])))

    def on_event(self, event: Happening | Told) -> None:
        """Take a happening of the engine, or what a release tells."""
        match event:
            case Done():
                outlook = event.report
                is_refused = bool(outlook and outlook.get("refusal"))
                text = event.text if outlook is None else ""
                name = str((outlook or {}).get("endpoint") or "")
                self.endpoints[event.id] = Expected("refused" if is_refused else "release", outlook, text, name)
            case Failed():
                self.endpoints[event.id] = Expected("refused" if event.refused else "failed", text=event.message)
            case Summary():
                self.resources = event.changes
            case Operation(state="began", op="same") if f"::{_RELEASE}::" in event.urn:
                self.endpoints.setdefault(event.name.removesuffix(_MARKER), Expected("none"))
            case Operation(state="began", op="delete", type=token) if token == _ENDPOINT:
                old = (event.metadata.get("old") or {}).get("outputs") or {}
                uri = str((old.get("properties") or {}).get("scoringUri") or "")
                self.endpoints[event.name] = Expected("removed", endpoint=str(old.get("name") or ""), uri=uri)
            case _:
                pass
