"""What a release would do, as plain data: for `modelops plan --json`, and as rows for people.

The data and its forms only; `modelops.release.preview` finds out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from modelops.plan.reader import UNKNOWN
from modelops.release.rows import Row, joined, lines, money, size

_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Model:
    """A model to register."""

    name: str
    """Its name in the workspace; the service numbers the version."""
    digest: str | None = None
    """SHA-256 of the repository's bytes, 64 hex digits; None for one that a job left in Azure."""
    uri: str | None = None
    """Where a job left it in Azure."""
    size: int | None = None
    """Bytes to upload; None if nobody counted them."""

    def row(self) -> Row:
        """Return the table's row."""
        content = f"from {self.uri}" if self.uri else f"sha256 {(self.digest or '')[:_DIGITS]}"
        return Row("register model", self.name, content if self.size is None else f"{size(self.size)}, {content}")

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"name": self.name, "digest": self.digest, "uri": self.uri, "bytes": self.size}


Action = Literal["create", "use", "keep", "delete"]
"""`use`: it exists, and the last release had another one. `keep`: nothing changes."""
_ACTIONS: Final = {"create": "create revision", "use": "use revision", "delete": "delete revision"}


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision, and what becomes of it."""

    name: str
    """Its name in Azure."""
    logical: str
    """Its name in the stack file, now or when it was made."""
    action: Action
    why: Sequence[str] = ()
    """What changed since the last release, e.g. `miniBatchSize 10 -> 20`; or why it is deleted."""
    first: bool = False
    """Whether it is deleted before the others are created, to make room for them."""

    def row(self) -> Row:
        """Return the table's row."""
        return Row(_ACTIONS[self.action], self.name, joined(["first", *self.why] if self.first else self.why))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"name": self.name, "deployment": self.logical, "action": self.action, "why": list(self.why)}


@dataclass(frozen=True, slots=True)
class TryOut:
    """A job that tries a revision out, and the one that it is compared with."""

    revision: str
    input: str
    """What it scores: a path in the repository, or an address."""
    minutes: int
    """The most minutes for image, nodes and scoring."""
    nodes: int
    node_minutes: int
    """The most minutes of nodes, also of the other job; without the time in which the cluster is idle after it."""
    compared_with: str | None = None
    """The revision that serves."""
    is_compared_anew: bool = False
    """Whether that one has to score the input first, for as long."""
    cost: float | None = None
    """Of the nodes' minutes, in the stack's currency; None without a price."""

    def row(self) -> Row:
        """Return the table's row."""
        said = [f"on {self.input}, at most {self.minutes} min"]
        if self.compared_with and self.is_compared_anew:
            said.append(f"and as long for {self.compared_with}, to compare with it")
        elif self.compared_with:
            said.append(f"compared with {self.compared_with}")
        return Row("try out", self.revision, joined(said))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "revision": self.revision,
            "input": self.input,
            "mostMinutes": self.minutes,
            "nodes": self.nodes,
            "comparedWith": self.compared_with,
            "mostNodeMinutes": self.node_minutes,
        }


@dataclass(frozen=True, slots=True)
class Default:
    """What becomes of the default."""

    before: str | None
    """The default before the release moves it; a restored one, if it is restored first."""
    after: str
    restored: str | None = None
    """The default of the last release or rollback, if it is put back before anything else."""
    found: str | None = None
    """The default that was found then."""
    pinned: bool = False

    def rows(self) -> list[Row]:
        """Return the table's rows."""
        pin = " (pin)" if self.pinned else ""
        moves = f"-> {self.after}{pin}" if self.before != self.after else f"stays{pin}"
        rows = [Row("default", self.before or "(none)", moves)]
        if self.restored:
            rows.insert(0, Row("restore the default", self.restored, f"first, found {self.found or 'none'}"))
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"before": self.before, "after": self.after, "restored": self.restored, "pinned": self.pinned}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a release of one endpoint would do."""

    endpoint: str
    """Its name in Azure; `UNKNOWN` before it is created."""
    default: Default | None = None
    """None for a release that is refused."""
    body: Sequence[str] = ()
    """What else of the endpoint's own changes: `description`, `tags`."""
    models: Sequence[Model] = ()
    revisions: Sequence[Revision] = ()
    try_outs: Sequence[TryOut] = ()
    replaced: Sequence[Row] = field(default=())
    """What the stack replaces, and what that means for callers and for rollbacks."""
    archived: Sequence[str] = ()
    """Model versions, `name:version`, that no deployment uses any more."""
    currency: str = ""
    """Of the costs; empty without prices."""
    refusal: str | None = None
    """Why `pulumi up` will refuse the release."""
    notes: Sequence[str] = ()
    """Whole sentences that belong below the table."""

    @property
    def node_minutes(self) -> int:
        """The most minutes of nodes for all try-outs."""
        return sum(each.node_minutes for each in self.try_outs)

    @property
    def cost(self) -> float | None:
        """The most that these minutes cost; None if a price is missing."""
        found = [each.cost for each in self.try_outs]
        known = [each for each in found if each is not None]
        return sum(known) if found and len(known) == len(found) else None

    def rows(self) -> list[Row]:
        """Return the table: the most telling rows come first."""
        if self.default is None:
            return []
        kept = ("keep", "delete")
        rows = [
            *self.default.rows(),
            *self.replaced,
            *(each.row() for each in self.revisions if each.action not in kept),
            *(each.row() for each in self.models),
            *(each.row() for each in self.try_outs),
            *self._cost_row(),
            *([Row("update endpoint", "", joined(self.body))] if self.body else []),
            *(each.row() for each in self.revisions if each.action == "delete"),
            *(Row("archive model", each, "no deployment uses it") for each in self.archived),
        ]
        if len(rows) == 1 and self.default.before == self.default.after:
            return [Row("default", self.default.after, f"{rows[0].how}; nothing to register or create")]
        return rows

    def _cost_row(self) -> list[Row]:
        if not self.node_minutes:
            return []
        paid = [] if self.cost is None else [money(self.cost, self.currency)]
        return [Row("node-minutes", f"at most {self.node_minutes}", joined([*paid, "without the cluster's idle time"]))]

    def lines(self) -> list[str]:
        """Return the table and what is below it, for places that show only text."""
        return [*lines(self.rows()), *self.below()]

    def below(self) -> list[str]:
        """Return the sentences that belong below the table."""
        refused = [f"`pulumi up` will refuse this: {self.refusal}"] if self.refusal else []
        return [*refused, *self.notes]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data; `rows` and `notes` are the table for people."""
        return {
            "endpoint": None if self.endpoint == UNKNOWN else self.endpoint,
            "refusal": self.refusal,
            "default": self.default.to_json() if self.default else None,
            "models": [each.to_json() for each in self.models],
            "revisions": [each.to_json() for each in self.revisions],
            "tryOuts": [each.to_json() for each in self.try_outs],
            "archived": list(self.archived),
            "mostNodeMinutes": self.node_minutes,
            "mostCost": None if self.cost is None else {"amount": round(self.cost, 2), "currency": self.currency},
            "rows": [list(each) for each in self.rows()],
            "notes": self.below(),
        }
