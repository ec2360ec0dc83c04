"""What an earlier job left out, as the input of the next one, and the outputs of both in one folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from modelops.commands import terminal
from modelops.scoring import outputs, predictions
from modelops.scoring.inputs import JobInput
from modelops.scoring.losses import Losses
from modelops.scoring.start import JobOptions


class Asked(NamedTuple):
    """How the rest of a job is scored.

    Attributes:
        source: the job's input; None: the service is asked for it.
        deployment: where it is scored; None: where the job was.
        options: settings and words of the next job; what is None is as it was for the job.
        key: column of the predictions that has the names of the input's files; None: mini-batches are scored again.
    """

    source: JobInput | None
    deployment: str | None
    options: JobOptions
    key: str | None


class Nothing(NamedTuple):
    """A job that left nothing to be scored: the files of the output, which are downloaded, and the input's number."""

    predictions: tuple[Path, ...]
    items: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a job left to be scored.

    Attributes:
        source: copies of the files, on this machine.
        deployment: the revision that the job ran on; None: the endpoint's default.
        options: of the next job.
        whole: the files of the job's input.
        before: number of those that are not among `source`.
        is_exact: whether none of the files has a result yet.
        first: folder with the output of the job and of those that resumed it; empty if there is none.
        own: the job's own files in that folder, as paths below it.
        unseen: files of the job's input in sub-folders, which it did not look into.
    """

    source: JobInput
    deployment: str | None
    options: JobOptions
    whole: tuple[str, ...]
    before: int
    is_exact: bool
    first: Path
    own: tuple[Path, ...]
    unseen: tuple[str, ...]
    _new: Path = field(repr=False)

    def fetch(self, ml: Any, job: str, folder: Path) -> tuple[Path, ...]:
        """Put the earlier output and the one of `job`, read by the client `ml`, into `folder`; return their files.

        If both jobs wrote into one folder of the datastore, the earlier output is not taken twice.
        """
        first = predictions.files_in(self.first)
        for path in first:
            outputs.copied(self.first / path, folder / path)
        predictions.download(ml, job, self._new)
        new = predictions.files_in(self._new)
        # Without a path the service makes a folder, and what is equal in that one was written by the second job.
        if self.options.output_path is not None and all(
            outputs.are_equal(self._new / path, self.first / path) for path in self.own
        ):
            new = tuple(path for path in new if path not in self.own)
        placed = [outputs.beside(self._new / path, folder, path, job) for path in new]
        return (*(folder / path for path in first), *placed)

    def joined(self, found: Losses, files: Sequence[Path]) -> Losses:
        """Return what both jobs together lost, from what the second one lost; say what their files have."""
        both = replace(
            found,
            items=None if found.items is None else self.before + found.items,
            missing=None if found.missing is None else found.missing + len(self.unseen),
            names=None if found.names is None else tuple(sorted((*found.names, *self.unseen))),
            unseen=(*found.unseen, *self.unseen),
        )
        have = ""
        if both.items is not None and both.missing is not None:
            have = f"{both.items - both.missing} of {both.items} files have a result now, in "
        twice = "" if self.is_exact else "; files that were scored again can have their rows twice"
        rows, number = predictions.rows(files), len(files)
        in_rows = f"{rows} {'row' if rows == 1 else 'rows'} of {number} {'file' if number == 1 else 'files'}"
        terminal.say(f"{have}{in_rows}{twice}")
        return both
