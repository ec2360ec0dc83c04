"""What the runner knows of one public example: where it is, and what it needs that a checkout or a sandbox lacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Maker = Callable[[Path], None]
"""Writes a file that the example needs, to the path that it is given."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """Our file in a place where the example expects another."""

    path: str
    """Relative to the checkout."""

    make: Maker
    why: str
    """What is missing, and what takes its place; a sentence for the table."""


@dataclass(frozen=True, slots=True)
class Public:
    """Files of ours at an address in a public storage account."""

    address: str
    """``https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH/``."""

    make: Maker
    """Writes a folder with the files."""

    why: str
    """What they take the place of, for the table."""


@dataclass(frozen=True, slots=True)
class Step:
    """Code that runs before a cell, for what its reader does by hand."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Example:
    """A notebook, or a script of bash."""

    name: str
    path: str
    """Of the notebook or script, relative to the checkout."""

    group: str
    """The group of examples that it belongs to; several make one row of the table."""

    clusters: Mapping[str, int] = field(default_factory=dict)
    """Clusters that the example expects in its workspace, with their nodes at most."""

    curated: Mapping[str, str] = field(default_factory=dict)
    """Curated environments that it names, as REGISTRY/NAME:VERSION, each with the text of a conda file of ours."""

    stand_ins: tuple[StandIn, ...] = ()
    public: tuple[Public, ...] = ()
    before: Mapping[int, Step] = field(default_factory=dict)
    skipped: Mapping[int, str] = field(default_factory=dict)
    """Cells that are not run, each with the reason."""

    note: str = ""
    """What came of it beyond its end."""

    @property
    def is_notebook(self) -> bool:
        """Whether it has cells."""
        return self.path.endswith(".ipynb")
