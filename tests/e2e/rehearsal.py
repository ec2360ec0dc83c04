"""One rehearsal: a copy of the program in a clean git folder, with its own sandbox, driven like a user would."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import yaml

from tests.e2e.commands import Done, Running
from tests.e2e.observed import Observed

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = "azureml-batch-endpoint"
MARKER = "pulumi:index:Stash"
SCORED = "scored 360 of 360 images, each exactly once; 353 right (accuracy 98.1 %)"
"""What the example's committed model does with the example's images."""
OUTCOME = "sandbox killed"
"""The property in which a test records what an interrupted run needed; the terminal summary counts them."""
UPGRADED = "upgraded from"
"""The property in which the test of an upgrade records what it started from; the terminal summary says it."""


_TRY_OUT = re.compile(r"^( +)tryOut:\n(?:\1 +.*\n)+", re.MULTILINE)


def leave_out_try_outs(folder: Path) -> None:
    """Let the stacks in a folder go without try-outs: each takes seconds, and few tests are about them."""
    for file in folder.glob("Pulumi.*.yaml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(_TRY_OUT.sub(r"\1tryOut: none\n", text), encoding="utf-8")


def check_out(folder: Path, environment: Path) -> None:
    """Make a git-clean folder with this repository's files as they are, without try-outs; it shares an environment."""
    folder.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in listed.split("\0"):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    leave_out_try_outs(folder)
    (folder / ".venv").symlink_to(environment, target_is_directory=True)
    _git(folder, "init", "--quiet")
    # .gitignore names a folder, and here .venv is a link.
    (folder / ".git" / "info" / "exclude").write_text(".venv\n", encoding="utf-8")
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "As it is")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def recovery_commands() -> list[list[str]]:
    """Read the commands that docs/recovery.md gives for a killed engine: what users will type is what is tested."""
    text = (REPOSITORY / "docs" / "recovery.md").read_text(encoding="utf-8")
    section = text.split("## The engine was killed", 1)[1].split("\n## ", 1)[0]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return [shlex.split(line, comments=True) for line in block[1].splitlines() if line.strip()]


class Rehearsal(Observed):
    """A folder with the program, a SANDBOX_HOME, and the commands that a user would type there."""

    def __init__(self, folder: Path, home: Path) -> None:
        super().__init__(home)
        self.folder = folder
        self._runs = 0

    # Commands -------------------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """The caller's environment without anything that names a cloud, a stack or a sandbox, and without its make."""
        foreign = ("PULUMI_", "AZURE_", "ARM_", "SANDBOX_", "MAKE", "MFLAGS", "STACK", "PYTEST")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        # Without debug commands the engine has no --event-log.
        return kept | {
            "SANDBOX_HOME": str(self.home),
            "SANDBOX_OFFLINE": "1",  # jobs run in the environment of this test, and nothing is built
            "PULUMI_DEBUG_COMMANDS": "true",
            # The provider's retries wait 20, 60 and 120 s as the real one's do; here a thousandth of that.
            "SANDBOX_PROVIDER_TIME_SCALE": "0.001",
        }

    def start(self, *command: str, events: Path | None = None, extra: Mapping[str, str] | None = None) -> Running:
        """Start a command in the program's folder."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return Running(command, process, events)

    def python(self, *arguments: str, extra: Mapping[str, str] | None = None) -> Done:
        """Run the program's own Python outside the sandbox's environment: ``python -m sandbox status``."""
        return self.start(".venv/bin/python", *arguments, extra=extra).wait()

    def run(self, *command: str, extra: Mapping[str, str] | None = None, principal: str = "deployer") -> Done:
        """Run a command as ``python -m sandbox run --as PRINCIPAL -- COMMAND``."""
        return self.python("-m", "sandbox", "run", "--as", principal, "--", *command, extra=extra)

    def make(self, target: str, *variables: str) -> Done:
        """Run a target of the Makefile, without its first step: the tools are those that run this test."""
        return self.start("make", target, "SET_UP=@:", *variables).wait()

    def begin(
        self, verb: str, *arguments: str, extra: Mapping[str, str] | None = None, principal: str = "deployer"
    ) -> Running:
        """Start ``pulumi VERB`` in the sandbox without waiting for it."""
        self._runs += 1
        events = self.home.parent / f"events-{self._runs}.json"
        events.unlink(missing_ok=True)
        yes = [] if verb == "preview" else ["--yes", "--skip-preview"]
        command = (
            "pulumi",
            verb,
            "--non-interactive",
            "--color",
            "never",
            "--event-log",
            str(events),
            *yes,
            *arguments,
        )
        run = (".venv/bin/python", "-m", "sandbox", "run", "--as", principal, "--")
        return self.start(*run, *command, events=events, extra=extra)

    def pulumi(
        self, verb: str, *arguments: str, extra: Mapping[str, str] | None = None, principal: str = "deployer"
    ) -> Done:
        """Run ``pulumi VERB`` (preview, up, refresh, destroy) in the sandbox; its steps are in the result."""
        return self.begin(verb, *arguments, extra=extra, principal=principal).wait()

    def up(self, *arguments: str) -> Done:
        """Run ``pulumi up`` and expect success."""
        return self.pulumi("up", *arguments).ok()

    def state(self, stack: str = "dev") -> dict[str, Any]:
        """Return a stack's deployment (``resources``, ``pending_operations``), as `pulumi stack export` shows it.

        Read from the backend's own file: a command would take a second each time.
        """
        file = self.home / "pulumi" / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
        return dict(json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {})

    def outputs(self, stack: str = "dev") -> dict[str, Any]:
        """Return a stack's outputs."""
        found = next(each for each in self.state(stack)["resources"] if each["type"] == "pulumi:pulumi:Stack")
        return dict(found["outputs"])

    @property
    def default(self) -> str:
        """The default deployment that the stack's outputs name."""
        return str(self.outputs()["endpoints"]["digits"]["default"])

    def lost(self) -> str:
        """Return what `status` lists as made and in no stack's state."""
        return self.python("-m", "sandbox", "status", "--lost").ok().out

    def do_what_is_printed_of_the_lost(self, lost: str) -> Counter[str]:
        """Run the commands that `status` prints: import what has a fixed name, delete what has a random one."""
        done: Counter[str] = Counter()
        kept = {match[1]: match[2] for match in re.finditer(r"^  (/\S+)\n    keep it: +(.*)$", lost, re.MULTILINE)}
        for match in re.finditer(r"^  (/\S+)\n(?:    keep it: .*\n)?    delete it: +(.*)$", lost, re.MULTILINE):
            command = shlex.split(kept.get(match[1], match[2]))
            self.python(*command[1:]).ok()
            done["imported" if match[1] in kept else "deleted"] += 1
        return done

    def git(self, *words: str) -> str:
        """Run a git command in the checkout, as somebody who can commit, and return its output."""
        command = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com", *words)
        return subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.PIPE, text=True).stdout

    def changed_files(self) -> str:
        """Return what ``git status`` says: empty when the checkout is clean."""
        return self.git("status", "--porcelain")

    # The program's files --------------------------------------------------------------------------------------------

    @contextmanager
    def _stack_file(self, stack: str) -> Iterator[dict[str, Any]]:
        file = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        yield content.setdefault("config", {})
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def configure(self, change: Callable[[dict[str, Any]], object], stack: str = "dev") -> None:
        """Change a stack's config; keys are given without the project's namespace."""
        with self._stack_file(stack) as config:
            foreign = {key: value for key, value in config.items() if ":" in key.removeprefix(f"{PROJECT}:")}
            own = {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items() if key not in foreign}
            change(own)
            config.clear()
            config.update(foreign | own)

    def restore_try_outs(self) -> None:
        """Let the stacks be as this repository has them, with their try-outs, in a clean checkout."""
        for file in REPOSITORY.glob("Pulumi.*.yaml"):
            shutil.copyfile(file, self.folder / file.name)
        self.git("commit", "--quiet", "-am", "With try-outs")

    def change_one_byte_of_the_model(self) -> None:
        """Change one letter of the producer's name in the model file: other bytes, the same predictions."""
        file = self.folder / "examples" / "digits" / "model" / "model.onnx"
        before = file.read_bytes()
        at = before.index(b"onnx")
        file.write_bytes(before[:at] + bytes([before[at] + 1]) + before[at + 1 :])

    def start_server(self, profile: str | None = None) -> None:
        """Start the sandbox if it does not run, with a profile (default: harsh, or the one that it runs with)."""
        self.python("-m", "sandbox", "start", *(() if profile is None else ("--profile", profile))).ok()

    def stop(self) -> None:
        """Stop the sandbox; its state stays."""
        if (self.home / "server.json").exists():
            self.python("-m", "sandbox", "stop")

    # Copies ---------------------------------------------------------------------------------------------------------

    def copy_to(self, place: Path) -> Self:
        """Copy program and sandbox, which must not be running, to a new place: a deployed stack for one test."""
        twin = type(self)(place / "program", place / "home")
        shutil.copytree(self.folder, twin.folder, symlinks=True)
        if self.home.exists():
            shutil.copytree(self.home, twin.home, symlinks=True)
        return twin
