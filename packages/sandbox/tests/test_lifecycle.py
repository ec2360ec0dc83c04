"""The server process: started once, its state safe from kill -9, several side by side; and the signals of `run`."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.commands import environment, lifecycle
from sandbox.commands.processes import wait_until_ended
from sandbox.home import Home
from sandbox.testing import Sandbox, started

GROUPS = "2024-03-01"
GROUP = {"location": "westeurope"}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *words]


def sandboxed(home: Path, **more: str) -> dict[str, str]:
    return os.environ | {"SANDBOX_HOME": str(home)} | more


def wait_for_end(pid: int) -> None:
    assert wait_until_ended(pid, 60), f"process {pid} did not end"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "sandbox"
    yield folder
    if folder.exists():
        lifecycle.stop(Home(folder))


def test_two_runs_at_once_start_one_server(home: Path) -> None:
    def run(_: int) -> str:
        words = command("run", "--", sys.executable, "-c", "import os; print(os.environ['HTTPS_PROXY'])")
        return subprocess.run(
            words, env=sandboxed(home), cwd=home.parent, capture_output=True, text=True, check=True, timeout=120
        ).stdout

    with ThreadPoolExecutor(4) as pool:
        proxies = set(pool.map(run, range(4)))
    assert len(proxies) == 1
    assert (home / "log" / "server.log").read_text().count("ready: proxy") == 1


def test_run_has_the_commands_exit_code(home: Path) -> None:
    codes = [
        subprocess.run(
            command("run", "--", *words),
            env=sandboxed(home),
            cwd=home.parent,
            check=False,
            timeout=120,
            capture_output=True,
        ).returncode
        for words in (["sh", "-c", "exit 7"], ["true"], ["no-such-command"], ["sh", "-c", "kill -TERM $$"])
    ]
    assert codes == [7, 0, 127, -signal.SIGTERM]


def test_a_command_that_is_not_installed(home: Path) -> None:
    done = subprocess.run(
        command("run", "--", "az", "account", "show"),
        env={**sandboxed(home), "PATH": str(home)},
        cwd=home.parent,
        check=False,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 127
    assert done.stderr.splitlines()[-1] == (
        "sandbox: command 'az' was not found on PATH. "
        "Install the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli"
    )


def test_ctrl_c_goes_to_the_command_and_not_to_the_server(home: Path) -> None:
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(42))\n"
        "print('up', flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen(
        command("run", "--", sys.executable, "-c", program),
        env=sandboxed(home),
        cwd=home.parent,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        # What a terminal does: the whole foreground process group gets the signal.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 42
    assert lifecycle.running(Home(home)) is not None


def test_the_environment_replaces_a_real_identity(home: Path) -> None:
    real = {
        "AZURE_CLIENT_ID": "real",
        "ARM_USE_OIDC": "true",
        "https_proxy": "http://real",
        "PULUMI_ACCESS_TOKEN": "real",
        "AZURE_CONFIG_DIR": "/real",
    }
    result = subprocess.run(
        command("run", "--", sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"),
        env=sandboxed(home, **real),
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    seen = json.loads(result.stdout)
    assert not [
        name
        for name, value in seen.items()
        if value in real.values() and name != "PULUMI_SKIP_UPDATE_CHECK" and value != "true"
    ]
    assert "ARM_USE_OIDC" not in seen
    assert (
        seen["AZURE_CLIENT_ID"] == seen["ARM_CLIENT_ID"] == Home(home).facts().accounts["deployer"].principal.client_id
    )
    assert seen["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def test_run_as_another_principal(home: Path) -> None:
    words = command("run", "--as", "reader", "--", "sh", "-c", "echo $AZURE_CLIENT_ID")
    result = subprocess.run(
        words, env=sandboxed(home), cwd=home.parent, capture_output=True, text=True, check=True, timeout=120
    )
    assert result.stdout.strip() == Home(home).facts().accounts["reader"].principal.client_id


def test_state_survives_kill_9_and_clients_find_the_server_where_it_was(own_sandbox: Sandbox) -> None:
    assert own_sandbox.arm("PUT", "resourceGroups/kept", GROUP, api_version=GROUPS).status == 201
    token, last = own_sandbox.control.token(), own_sandbox.control.sequence()
    os.kill(own_sandbox.server.pid, signal.SIGKILL)
    wait_for_end(own_sandbox.server.pid)
    assert lifecycle.running(own_sandbox.home) is None
    again = lifecycle.start(own_sandbox.home)
    assert (again.proxy_port, again.control_port) == (own_sandbox.server.proxy_port, own_sandbox.server.control_port)
    path = f"/subscriptions/{own_sandbox.subscription}/resourceGroups/kept?api-version={GROUPS}"
    # The old handle, the old token and the old certificates: a client notices nothing but the lost connection.
    assert own_sandbox.request("GET", path, token=token).status == 200
    assert own_sandbox.control.journal(last)[0]["sequence"] == last + 1


def test_a_killed_server_keeps_its_profile_and_a_stopped_one_does_not(home: Path) -> None:
    server = lifecycle.start(Home(home), "lenient")
    os.kill(server.pid, signal.SIGKILL)
    wait_for_end(server.pid)
    assert lifecycle.start(Home(home)).profile == "lenient"
    lifecycle.stop(Home(home))
    assert lifecycle.start(Home(home)).profile == "harsh"


def test_what_an_administrator_set_up_is_found_beside_the_project_and_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = home.parent / "project"
    (project / "prerequisites").mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: x\n")
    (project / "below").mkdir()
    monkeypatch.chdir(project / "below")
    server = lifecycle.start(Home(home))
    assert server.prerequisites == project / "prerequisites"
    monkeypatch.chdir(home.parent)
    os.kill(server.pid, signal.SIGKILL)
    wait_for_end(server.pid)
    assert lifecycle.start(Home(home)).prerequisites == project / "prerequisites"
    with pytest.raises(SystemExit) as refused:
        lifecycle.start(Home(home), prerequisites=project)
    assert str(refused.value) == (
        f"sandbox: the running server uses the prerequisites in '{project}/prerequisites', not those in '{project}'. "
        "Stop it first: python -m sandbox stop"
    )
    with pytest.raises(SystemExit) as missing:
        lifecycle.start(Home(home), prerequisites=project / "none")
    assert str(missing.value) == f"sandbox: --prerequisites: folder '{project}/none' does not exist"
    lifecycle.stop(Home(home))
    assert lifecycle.start(Home(home)).prerequisites is None


def test_where_a_sandbox_is_when_nobody_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert Home.locate({}).root == tmp_path / "a" / "b" / ".sandbox"
    (tmp_path / "Pulumi.yaml").touch()
    assert Home.locate({}).root == tmp_path / ".sandbox"
    (tmp_path / "a" / "Pulumi.yaml").touch()
    assert Home.locate({}).root == tmp_path / "a" / ".sandbox"
    assert Home.locate({"SANDBOX_HOME": "c"}).root == tmp_path / "a" / "b" / "c"


def test_another_profile_than_the_running_one_is_refused(own_sandbox: Sandbox) -> None:
    with pytest.raises(
        SystemExit, match=r"runs with profile 'harsh', not 'lenient'\. Stop it first: python -m sandbox stop"
    ):
        lifecycle.start(own_sandbox.home, "lenient")
    with pytest.raises(SystemExit, match="unknown profile 'x'; allowed: harsh, lenient"):
        lifecycle.start(own_sandbox.home, "x")


def test_kill_after_commits_first(own_sandbox: Sandbox) -> None:
    own_sandbox.control.fault("kill-after", method="PUT", path="/committed$")
    with pytest.raises(OSError, match=r"[Cc]onnection|reset|closed"):
        own_sandbox.arm("PUT", "resourceGroups/committed", GROUP, api_version=GROUPS)
    wait_for_end(own_sandbox.server.pid)
    lifecycle.start(own_sandbox.home)
    assert own_sandbox.arm("GET", "resourceGroups/committed", api_version=GROUPS).status == 200


def test_sandboxes_side_by_side_do_not_know_each_other(sandbox: Sandbox, tmp_path: Path) -> None:
    with started(tmp_path / "other") as other:
        assert other.server.proxy_port != sandbox.server.proxy_port
        path = f"/subscriptions/{other.subscription}/resourceGroups/x?api-version={GROUPS}"
        status, code, _ = other.request("GET", path, token=sandbox.control.token()).error
        assert (status, code) == (401, "InvalidAuthenticationToken")
        # Neither trusts the other's certificates.
        mixed = Sandbox(sandbox.home, other.facts, other.server, {})
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            mixed.request("GET", path, token="x")


def test_a_server_whose_folder_vanished_ends_itself(tmp_path: Path) -> None:
    server = lifecycle.start(Home(tmp_path / "gone"))
    shutil.rmtree(tmp_path / "gone")
    wait_for_end(server.pid)


def test_stop_and_reset(home: Path) -> None:
    with started(home) as handle:
        handle.arm("PUT", "resourceGroups/x", GROUP, api_version=GROUPS)
        lifecycle.reset(handle.home)
        assert lifecycle.running(handle.home) is None
        assert handle.home.facts() == handle.facts
        lifecycle.start(handle.home)
        assert handle.arm("GET", "resourceGroups/x", api_version=GROUPS).status == 404
        assert lifecycle.stop(handle.home) is True
        assert lifecycle.stop(handle.home) is False


def test_reset_refuses_a_folder_that_is_no_sandbox(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    with pytest.raises(SystemExit, match=r"'.*' has no sandbox\. Create one: python -m sandbox start$"):
        lifecycle.reset(Home(tmp_path))
    assert (tmp_path / "blobs").exists()


def test_secrets_are_for_the_owner_only(own_sandbox: Sandbox) -> None:
    root = own_sandbox.home.root
    assert root.stat().st_mode & 0o777 == 0o700
    for file in ("sandbox.json", "server.json", "ports.json", "tls/ca.key", "tls/token.key"):
        assert (root / file).stat().st_mode & 0o777 == 0o600, file


def test_a_damaged_sandbox_is_named(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"sandbox.json' is damaged .* Remove '.*' to start over."):
        lifecycle.start(Home(tmp_path))


def test_env_gives_a_shell_the_same_environment_as_run(home: Path) -> None:
    shell = 'eval "$("$0" -m sandbox env)" && exec env'
    real = {"AZURE_CLIENT_ID": "real", "no_proxy": "it's quoted"}
    printed = subprocess.run(
        ["sh", "-c", shell, sys.executable],
        env=sandboxed(home, **real),
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    seen = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    expected = environment.complete(Home(home), Home(home).facts(), lifecycle.start(Home(home)))
    names = ("HTTPS_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "AZURE_CLIENT_ID", "ARM_TENANT_ID", "PULUMI_BACKEND_URL")
    assert {name: seen[name] for name in names} == {name: expected[name] for name in names}


def test_a_reader_that_has_seen_enough_gets_no_traceback(home: Path) -> None:
    run = f"{shlex.join(command('status'))} | true"
    done = subprocess.run(
        ["sh", "-c", run], env=sandboxed(home), cwd=home.parent, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stderr == ""


def test_a_pipe_of_the_command_ends_as_outside_the_sandbox(home: Path) -> None:
    """With Python's setting of SIGPIPE, `yes` would get an error, and other programs would never end."""
    done = subprocess.run(
        command("run", "--", "sh", "-c", "yes | head -n 1"),
        env=sandboxed(home),
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("y\n", "")
