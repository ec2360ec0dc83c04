"""Stacks in the sandbox's Pulumi backend; the repository's stack files are not changed.

`pulumi stack init` writes an ``encryptionsalt`` into the stack file and `pulumi stack rm` deletes that file; in the
repository, either would break the user's real stack. So both run in a folder of the sandbox (``SANDBOX_HOME/stacks``),
and all other commands get a merged copy: the committed configuration with the sandbox's salt, and with placeholder
secrets instead of secure values, which only the real backend can decrypt.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox.commands.inventory import python
from sandbox.commands.lifecycle import locked
from sandbox.commands.stack_file import StackFileError, merge, named_principals, remember
from sandbox.home import Home, project_folder

DEFAULT_STACK = "dev"

_WITH_VALUE = frozenset({"--color", "-v", "--verbose", "--profiling", "--tracing", "--memprofilerate"})
_WRITES_STACK_FILE = frozenset({"init", "rm", "rename", "change-secrets-provider"})
_EDITS_CONFIG = frozenset({"set", "set-all", "rm", "rm-all"})


class StackError(Exception):
    """A stack cannot be prepared; the text gives the reason and says what to do."""


@dataclass(frozen=True, slots=True)
class PulumiCommand:
    """The relevant parts of a `pulumi` command line; empty for any other command."""

    words: tuple[str, ...] = ()
    stack: str | None = None
    folder: str | None = None
    flags: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, command: Sequence[str]) -> "PulumiCommand | None":
        """Return the parts of a `pulumi` command line, or None for another program."""
        if not command or Path(command[0]).name != "pulumi":
            return None
        values: dict[str, str] = {}
        words: list[str] = []
        flags: set[str] = set()
        rest = iter(command[1:])
        for word in rest:
            if word == "--":
                break
            if not word.startswith("-"):
                words.append(word)
                continue
            name, equals, value = word.partition("=")
            flags.add(name)
            if name in ("--stack", "-s", "--cwd", "-C"):
                values[name.lstrip("-")[0]] = value if equals else next(rest, "")
            elif name in _WITH_VALUE and not equals:
                next(rest, "")
        return cls(tuple(words), values.get("s"), values.get("c") or values.get("C"), frozenset(flags))

    @property
    def rewrites_stack_file(self) -> bool:
        """Whether it creates, deletes or re-encrypts the project's stack file."""
        return self.words[:1] == ("stack",) and self.words[1:2] != () and self.words[1] in _WRITES_STACK_FILE

    @property
    def edits_plain_config(self) -> bool:
        """Whether it edits configuration that belongs in the committed stack file: anything but a secret."""
        is_edit = self.words[:1] == ("config",) and self.words[1:2] != () and self.words[1] in _EDITS_CONFIG
        return is_edit and "--secret" not in self.flags


@dataclass(frozen=True, slots=True)
class Project:
    """A Pulumi project: its folder and the relevant parts of its ``Pulumi.yaml``."""

    folder: Path
    name: str
    config_folder: Path

    @classmethod
    def find(cls, start: Path) -> "Project | None":
        """Return the project of ``start`` or of the nearest folder above it that has a ``Pulumi.yaml``."""
        folder = project_folder(start)
        if folder is None:
            return None
        data = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
        if not isinstance(data, dict) or not isinstance(data.get("name"), str):
            raise StackError(
                f"'{folder / 'Pulumi.yaml'}' has no project name that is a text. Allowed: letters, digits, hyphens, "
                "underscores and periods; a number in quotes."
            )
        return cls(folder, data["name"], folder / str(data.get("stackConfigDir") or "."))

    def stack_file(self, stack: str) -> Path:
        """Return the committed stack file, which may not exist."""
        return self.config_folder / f"Pulumi.{stack}.yaml"


def prepare(
    home: Home, variables: Mapping[str, str], command: Sequence[str], folder: Path
) -> tuple[dict[str, str], list[str]]:
    """Create the stack of ``command``, started in ``folder``, and its merged stack file.

    Returns the environment with ``PULUMI_STACK`` and ``PULUMI_OPTION_CONFIG_FILE`` added, and the command, which is
    changed only if it would write into the repository's stack file. Without a project or a `pulumi` command on PATH,
    both are returned unchanged.

    Raises:
        StackError: the stack cannot be created, or the command would delete the committed stack file.
    """
    pulumi = PulumiCommand.parse(command)
    start = folder / pulumi.folder if pulumi is not None and pulumi.folder else folder
    project = Project.find(start.resolve())
    program = shutil.which("pulumi", path=variables["PATH"])
    if project is None or program is None:
        return dict(variables), list(command)
    own = home.stacks / project.name
    with locked(home, "stacks"):
        own.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(project.folder / "Pulumi.yaml", own / "Pulumi.yaml")
        if pulumi is not None and pulumi.rewrites_stack_file:
            # There the real and the merged file are the same, outside the repository.
            without = {name: value for name, value in variables.items() if name != "PULUMI_STACK"}
            return without, [*command, "--cwd", str(own)]
        if pulumi is not None and pulumi.words[:1] == ("destroy",) and "--remove" in pulumi.flags:
            raise StackError(
                "`pulumi destroy --remove` would delete the repository's stack file. Run `pulumi destroy` and then "
                "`pulumi stack rm`, both with `python -m sandbox run --`."
            )
        stack = (pulumi.stack if pulumi else _named(command, project)) or variables.get("PULUMI_STACK") or DEFAULT_STACK
        short = stack.rpartition("/")[2]
        merged = own_stack_file(home, project.name, short)
        _refuse_damaged(checkpoint(home, project.name, short))
        if not _exists(home, project.name, short) or not merged.exists():
            _init(program, own, short, variables, exists=_exists(home, project.name, short))
        try:
            missing = merge(project.stack_file(short), merged, project.name)
        except StackFileError as error:
            raise StackError(str(error)) from None
        remember(home, named_principals(project.stack_file(short)))
        for key, path in missing:
            # The sandbox's placeholder for a secret that only the real backend can read.
            words = ["config", "set", "--secret", "--path", "--stack", short, path, f"sandbox placeholder for {key}"]
            _pulumi([program, *words], own, variables)
    is_edit = pulumi is not None and pulumi.edits_plain_config
    config_file = project.stack_file(short) if is_edit else merged
    added = {"PULUMI_STACK": stack, "PULUMI_OPTION_CONFIG_FILE": str(config_file)}
    return dict(variables) | added, list(command)


def own_stack_file(home: Home, project: str, stack: str) -> Path:
    """Return the merged stack file, which Pulumi reads in the sandbox; it may not exist."""
    return home.stacks / project / f"Pulumi.{stack}.yaml"


def checkpoint(home: Home, project: str, stack: str) -> Path:
    """Return the state file of a stack in the sandbox's backend; it may not exist."""
    return home.backend / ".pulumi" / "stacks" / project / f"{stack}.json"


def run_quietly(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a non-interactive `pulumi` command in a folder; return its output, also if it failed."""
    return subprocess.run(
        [*command, "--non-interactive"],
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _named(command: Sequence[str], project: Project) -> str | None:
    """Return the stack that another program's option `--stack` names, if it has a file: it may run `pulumi` on it."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == "--stack":
            stack = value if equals else following
            return stack if project.stack_file(stack.rpartition("/")[2]).exists() else None
    return None


def _exists(home: Home, project: str, stack: str) -> bool:
    return checkpoint(home, project, stack).exists()


def _refuse_damaged(state: Path) -> None:
    """Refuse a state that a full disk has emptied or cut off: JSON ends with a brace, which is quick to see."""
    if state.exists() and not state.read_bytes()[-64:].rstrip().endswith(b"}"):
        raise StackError(
            f"the state of stack '{state.stem}' is damaged, as a full disk leaves it: '{state}'. Nothing was run. "
            f"Bring it back, then run the command again:\n  {python()} -m sandbox recover --stack {state.stem}"
        )


def _init(program: str, own: Path, stack: str, variables: Mapping[str, str], *, exists: bool) -> None:
    """Create the stack, or only its lost stack file: its next use then writes a new salt."""
    if exists:
        (own / f"Pulumi.{stack}.yaml").touch()
        return
    _pulumi([program, "stack", "init", stack, "--no-select"], own, variables)


def _pulumi(command: Sequence[str], own: Path, variables: Mapping[str, str]) -> None:
    result = run_quietly(command, own, variables)
    if result.returncode != 0:
        words = " ".join(["pulumi", *command[1:3]])
        raise StackError(f"`{words}` failed in '{own}': {(result.stderr or result.stdout).strip()}")
