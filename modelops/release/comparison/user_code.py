"""The functions `check` and `compare` of the user's files, called in separate processes.

In the interpreter of `tryOut.python`, or in the release's own, which has neither numpy nor pandas.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from modelops.errors import PlanError, RefusedPlanError
from modelops.plan import fingerprint
from modelops.plan.try_out import File, TryOut

_CHILD: Final = Path(__file__).with_name("child.py")
_PREVIEW_SECONDS: Final = 10.0
"""A preview waits 20 s in total, for Azure too."""
_CALL_SECONDS: Final = 600.0
_LINES_SHOWN: Final = 5
_CALLS: Final = {"check": "check(predictions, input)", "compare": "compare(candidate, current)"}


class _TooSlowError(PlanError):
    """The process was ended, because it took too long."""


class _Answer(NamedTuple):
    """What the process says of itself: see `child`."""

    problem: str | None
    text: str


@dataclass(frozen=True, slots=True)
class UserCode:
    """A function of the user's."""

    function: str
    """`check` or `compare`."""
    file: File
    """The file that has it."""
    python: str | None
    """The interpreter; None: the release's own."""
    root: Path
    """Folder that paths are relative to."""

    def imported(self, seconds: float) -> None:
        """Import the file, to know whether the function can be called.

        Raises:
            PlanError: it cannot; a `_TooSlowError`: it is not known, for the import takes longer.
        """
        self._judged(self._run((), seconds))

    def raised(self, *arguments: Path | None) -> str | None:
        """Call the function and return its exception, or None.

        Raises:
            PlanError: the file changed since the plan was made, cannot be imported, or has no such function; or the
                process did not end within ten minutes, or said nothing.
        """
        _require_unchanged(self.root / self.file.path, self.file.digest)
        return self._judged(self._run([str(each.absolute()) if each else "" for each in arguments], _CALL_SECONDS))

    def _judged(self, answer: _Answer) -> str | None:
        """Return the function's exception, if there is one.

        Raises:
            PlanError: it could not be called.
        """
        match answer.problem:
            case None:
                return None
            case "raised":
                return answer.text
            case "module":
                raise PlanError(
                    f"{self._place()} imports {answer.text}, which {self.python or sys.executable} does not have. "
                    "Install it there, or set tryOut.python to the path of an interpreter that has it."
                )
            case "function":
                raise PlanError(f"{self._place()} has no function {_CALLS[self.function]}.")
            case _:
                raise PlanError(f"{self._place()} cannot be imported: {answer.text}")

    def _run(self, arguments: Sequence[str], seconds: float) -> _Answer:
        command = [self._interpreter(), str(_CHILD), str((self.root / self.file.path).absolute()), self.function]
        with tempfile.TemporaryDirectory() as folder:
            answer, printed = Path(folder) / "answer.json", Path(folder) / "printed.txt"
            code = self._waited([*command, str(answer), *arguments], printed, seconds)
            output = printed.read_text(encoding="utf-8", errors="replace")
            sys.stderr.write(output)  # the release's log
            if not answer.exists():
                last = "".join(f"\n{line}" for line in output.splitlines()[-_LINES_SHOWN:])
                raise PlanError(f"{self._place()} ended with exit code {code} before it said how it went.{last}")
            return _Answer(**json.loads(answer.read_text(encoding="utf-8")))

    def _waited(self, command: Sequence[str], printed: Path, seconds: float) -> int:
        """Run a command and return its exit code; its standard input is open until then."""
        try:
            with (
                printed.open("wb") as output,
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=self.root
                ) as process,
            ):
                try:
                    return process.wait(seconds)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise _TooSlowError(f"{self._place()} did not end within {seconds:.0f} s, and was ended.") from None
        except OSError as error:
            raise PlanError(f"{self._place()}: {command[0]} cannot be started: {error.strerror}.") from None

    def _interpreter(self) -> str:
        """Return the interpreter to start: the release's own by default, a path below the root, or one of the PATH."""
        if self.python is None:
            return sys.executable
        found = str((self.root / self.python).absolute()) if "/" in self.python else shutil.which(self.python)
        if found is None or not Path(found).is_file():
            raise PlanError(
                f"tryOut.python is {self.python!r}, which does not exist. Allowed: the path of a Python interpreter, "
                "absolute or below the folder of Pulumi.yaml."
            )
        return found

    def _place(self) -> str:
        return f"tryOut.{self.function}: {self.file.path}"


def of(try_out: TryOut, root: Path) -> tuple[UserCode | None, UserCode | None]:
    """Return a try-out's `check` and its `compare`; None: it has none."""

    def function(name: str, file: File | None) -> UserCode | None:
        return UserCode(name, file, try_out.python, root) if file else None

    return function("check", try_out.check), function("compare", try_out.compare)


def require(try_outs: Iterable[TryOut], root: Path) -> None:
    """Refuse try-outs with functions that cannot be called; their files are imported to know it.

    Raises:
        RefusedPlanError: with all problems.
    """
    _refuse(_problems(try_outs, root, _CALL_SECONDS))


def previewed(try_outs: Iterable[TryOut], root: Path) -> list[str]:
    """Do the same within a preview's time; return lines about functions whose files take longer to import.

    Raises:
        RefusedPlanError: with all problems.
    """
    found = _problems(try_outs, root, _PREVIEW_SECONDS)
    slow = [each for each in found if isinstance(each, _TooSlowError)]
    _refuse([each for each in found if each not in slow])
    return [f"{each} Only the release will tell whether it can be imported." for each in slow]


def _problems(try_outs: Iterable[TryOut], root: Path, seconds: float) -> list[PlanError]:
    """Import the files of all functions beside each other, each once, and return what is wrong with them."""

    def problem(function: UserCode) -> PlanError | None:
        try:
            function.imported(seconds)
        except PlanError as error:
            return error
        return None

    functions = dict.fromkeys(each for try_out in try_outs for each in of(try_out, root) if each)
    if not functions:
        return []
    with ThreadPoolExecutor(len(functions)) as pool:
        return list(filter(None, pool.map(problem, functions)))


def _refuse(problems: Sequence[PlanError]) -> None:
    if problems:
        raise RefusedPlanError("\n".join([*map(str, problems), "Nothing was uploaded or created; correct it first."]))


def _require_unchanged(path: Path, digest: str) -> None:
    tree = fingerprint.Tree(path)
    for each in tree.files:
        with tree.open(each) as opened:
            opened.read()
    tree.require(digest)
