"""What the Makefile does before Python does anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain.places import REPOSITORY


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in this checkout."""
    return subprocess.run(["make", "-s", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)


def python(folder: Path, name: str, version: str) -> str:
    """Make a command that says it is a Python of some version: it runs the real one with another version_info."""
    path = folder / name
    path.write_text(
        "#!/bin/sh\n"
        f'test "$1" = -c && exec {sys.executable} -c "import sys; sys.version_info = ({version}); $2"\n'
        f'echo ran {name} "$@"\n'
    )
    path.chmod(0o755)
    return str(path)


def test_help_lists_every_target() -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    documented = re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE)
    phony = next(line for line in text.splitlines() if line.startswith(".PHONY:")).split()[1:]
    assert sorted(documented) == sorted(set(phony) - {"tools-program", "tools-local", "tools-dev"})
    listed = [line.split()[1] for line in make("help").stdout.splitlines()]
    assert listed == documented
    assert make().stdout == make("help").stdout


@pytest.mark.parametrize("version", ["3, 10, 14", "3, 14, 0"])
def test_an_unfit_python_is_one_clear_message(tmp_path: Path, version: str) -> None:
    unfit = python(tmp_path, "unfit", version)
    ran = make("tools", f"PYTHON={unfit} {tmp_path}/none")
    assert ran.returncode != 0
    assert ran.stdout == ""
    assert ran.stderr.splitlines()[0] == (
        f"Python 3.11, 3.12 or 3.13 is needed to set up this checkout; tried: {unfit} {tmp_path}/none. "
        "Install one, or name it: make PYTHON=/path/to/python3.12"
    )


def test_takes_the_first_python_that_will_do(tmp_path: Path) -> None:
    unfit = python(tmp_path, "unfit", "3, 10, 0")
    ran = make("tools-dev", f"PYTHON={tmp_path}/none {unfit} {sys.executable} {tmp_path}/never")
    assert ran.returncode == 0, ran.stderr


def test_the_set_up_is_done_already(tmp_path: Path) -> None:
    del tmp_path
    ran = make("tools-dev")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("target", ["preview", "up"])
def test_previews_and_deployments_are_checked_with_the_policy_pack(target: str) -> None:
    pack = "--policy-pack policy"
    assert f"{pack} --policy-pack-config policy/prod.json" in make("-n", target, "STACK=prod").stdout
    dev = make("-n", target).stdout
    assert pack in dev
    assert "--policy-pack-config" not in dev
    assert "--policy-pack" not in make("-n", target, "POLICY=", "STACK=prod").stdout


@pytest.mark.parametrize("target", ["up", "preview", "down", "score", "status", "report", "drift"])
def test_in_azure_the_steps_are_the_same_without_the_sandbox(target: str) -> None:
    def steps(*variables: str) -> list[str]:
        made = make("-n", target, "STACK=prod", "SET_UP=@:", *variables).stdout.splitlines()
        printed = [each for each in made if "printf" not in each and "make " not in each and not each.startswith(": ")]
        return [re.sub(r" +", " ", each.replace(".venv/bin/python -m sandbox run -- ", "")).strip() for each in printed]

    check = ".venv/bin/python -m prerequisites check --stack prod"
    first = {"up": [f"{check} --init"], "preview": [f"{check} --advise"]}.get(target, [])
    lost = ".venv/bin/python -m sandbox status --lost; "
    sandbox = [each.replace(lost, "") for each in steps() if not each.startswith(".venv/bin/python -m sandbox")]
    assert steps("TARGET=azure", "YES=1") == first + sandbox


@pytest.mark.parametrize("target", ["up", "down"])
def test_in_azure_a_change_is_asked_about(target: str) -> None:
    assert "--yes" in make("-n", target).stdout
    assert "--yes" in make("-n", target, "TARGET=azure", "YES=1").stdout
    asks = make("-n", target, "TARGET=azure").stdout
    assert "--yes" not in asks.replace("refresh --stack dev --yes", "")
    assert "test -t 0 || " in asks


@pytest.mark.parametrize("is_ready", [True, False])
def test_in_azure_without_a_terminal_the_check_comes_before_the_refusal(tmp_path: Path, *, is_ready: bool) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$*"\n{str(is_ready).lower()}\n', encoding="utf-8")
    python.chmod(0o755)
    ran = subprocess.run(
        ["make", "-s", "up", "TARGET=azure", "SET_UP=@:", f"VENV={tmp_path}"],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "-m prerequisites check --stack dev\n")
    asks = "make up TARGET=azure asks first, and there is no terminal to ask on. Add YES=1."
    assert [each for each in ran.stderr.splitlines() if "***" not in each] == ([asks] if is_ready else [])


def test_an_unknown_target_is_an_error() -> None:
    ran = make("-n", "up", "TARGET=aws")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith("TARGET is sandbox or azure, not 'aws'.  Stop.\n")
    assert make("-n", "scan", "TARGET=azure").stderr.endswith("looks at the sandbox: leave out TARGET=azure.  Stop.\n")


def test_in_azure_no_sandbox_is_installed() -> None:
    assert "-m toolchain program pulumi\n" in make("-n", "up", "TARGET=azure").stdout


@pytest.mark.parametrize("target", ["up", "preview", "down", "score", "status", "scan"])
def test_a_stack_without_a_file_is_an_error_before_anything_runs(target: str) -> None:
    stacks = ", ".join(sorted(path.name.split(".")[1] for path in REPOSITORY.glob("Pulumi.*.yaml")))
    ran = make("-n", target, "STACK=lba")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith(f" *** Pulumi.lba.yaml does not exist. STACK is one of: {stacks}.  Stop.\n")


def test_every_target_of_a_stack_needs_its_file() -> None:
    for target in make("help").stdout.splitlines():
        name = target.split()[1]
        takes = "--stack" in make("-n", name).stdout
        assert takes == (make("-n", name, "STACK=lba").returncode != 0), name


def test_the_long_series_run_apart() -> None:
    assert '-m "not long"' in make("-n", "test").stdout
    assert (
        "for part in kills profiles series packages engines environments browser workflows; do"
        in make("-n", "test-long").stdout
    )
    assert "for part in kills; do" in make("-n", "test-long", "PART=kills").stdout


def test_an_unknown_part_is_an_error() -> None:
    ran = make("-n", "test-long", "PART=kills nonsense")
    assert ran.returncode != 0
    assert ran.stderr.splitlines()[0].endswith(
        "PART is one or more of: kills profiles series packages engines environments browser workflows.  Stop."
    )


def test_the_set_up_may_be_only_for_azure() -> None:
    assert "-m toolchain local pulumi\n" in make("-n", "tools").stdout
    assert "-m toolchain program pulumi\n" in make("-n", "tools", "ONLY=program").stdout
    # Targets that need the sandbox install it anyway.
    assert "-m toolchain local pulumi\n" in make("-n", "preview", "ONLY=program").stdout


def test_up_offers_to_score_again_only_if_something_was_scored(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").touch()
    (tmp_path / "examples" / "digits").mkdir(parents=True)
    (tmp_path / "python").symlink_to("/bin/true")

    def offered() -> list[str]:
        parts = ("SET_UP=@:", "DEPLOY=:", "SCORE=:", f"VENV={tmp_path}")
        ran = subprocess.run(
            ["make", "-s", "-f", str(REPOSITORY / "Makefile"), "up", *parts],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return re.findall(r"^  (make \w+) ", ran.stdout, re.MULTILINE)

    assert offered() == ["make preview", "make report", "make down"]
    (tmp_path / "predictions" / "dev").mkdir(parents=True)
    assert offered() == ["make preview", "make report", "make score", "make down"]
