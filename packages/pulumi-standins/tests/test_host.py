"""The language host, with the real engine: it must be to a program what the official one is.

About 20 s. Nothing outlives a test; a test that was killed leaves only a temporary folder.
"""

import json
import os
import signal
import subprocess
import sys

import pytest

from host_project import Project, is_alive, until
from pulumi_standins.language_python.runner import GRACE_SECONDS

HOOKED = """
    import asyncio, os, pathlib, signal, time
    import pulumi

    async def hook(arguments):
        pathlib.Path("pids").write_text(f"{{os.getpid()}} {{os.getppid()}}\\n")
        {body}

    hook = pulumi.ResourceHook("hook", hook)
    binding = pulumi.ResourceHookBinding(before_create=[hook])
    pulumi.Stash("marker", input=1, opts=pulumi.ResourceOptions(hooks=binding))
"""


def test_runs_a_program_and_runs_it_again_without_a_change(project: Project) -> None:
    project.program("""
        import sys
        import pulumi
        print("to stdout")
        print("to stderr", file=sys.stderr)
        marker = pulumi.Stash("marker", input={"a": [1, "b"]})
        pulumi.export("value", marker.input["a"])
        pulumi.export("project", f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}")
    """)
    first = project.up()
    assert first.returncode == 0, first.stdout
    assert "to stdout" in first.stdout
    assert "to stderr" in first.stdout
    assert "warning" not in first.stdout
    assert json.loads(project.run("stack", "output", "--json").stdout) == {
        "value": [1, "b"],
        "project": "organization/tiny/dev",
    }
    again = project.run("up", "--yes", "--expect-no-changes", "--stack", "dev")
    assert again.returncode == 0, again.stdout
    assert "2 unchanged" in again.stdout


def test_the_program_sees_its_configuration(project: Project) -> None:
    project.program("""
        import os, sys
        import pulumi
        config = pulumi.Config()
        pulumi.export("plain", config.require("plain"))
        pulumi.export("secret", config.require_secret("secret"))
        pulumi.export("keys", os.environ["PULUMI_CONFIG_SECRET_KEYS"])
        pulumi.export("all", sorted(pulumi.runtime.get_config_env()))
        pulumi.export("folder", os.getcwd())
        pulumi.export("stdin", sys.stdin.read())
        pulumi.export("arguments", sys.argv[1:])
        import beside
        pulumi.export("beside", beside.__name__)
    """)
    (project.folder / "beside.py").write_text("")
    project.run("config", "set", "plain", "p")
    project.run("config", "set", "--secret", "secret", "s")
    ran = project.up()
    assert ran.returncode == 0, ran.stdout
    outputs = json.loads(project.run("stack", "output", "--json", "--show-secrets").stdout)
    assert outputs == {
        "plain": "p",
        "secret": "s",
        "keys": '["tiny:secret"]',
        "all": ["tiny:plain", "tiny:secret"],
        "folder": str(project.folder),
        "stdin": "",
        "arguments": [],
        "beside": "beside",
    }
    assert json.loads(project.run("stack", "output", "--json").stdout)["secret"] == "[secret]"


def test_an_exception_is_shown_from_the_programs_own_first_line(project: Project) -> None:
    project.program("""
        def inner():
            raise KeyError("nothing there")
        inner()
    """)
    ran = project.up()
    assert ran.returncode != 0
    expected = (
        "    error: Program failed with an unhandled exception:\n"
        "    Traceback (most recent call last):\n"
        f'      File "{project.folder}/__main__.py", line 4, in <module>\n'
    )
    assert expected in ran.stdout
    assert "KeyError: 'nothing there'" in ran.stdout
    assert "runner.py" not in ran.stdout


def test_a_run_error_is_shown_as_it_is(project: Project) -> None:
    project.program("""
        import pulumi
        raise pulumi.RunError("maxNodes is 1 and minNodes is 2")
    """)
    ran = project.up()
    assert ran.returncode != 0
    assert "error: maxNodes is 1 and minNodes is 2\n" in ran.stdout
    assert "Traceback" not in ran.stdout
    assert "exit code" not in ran.stdout


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("import sys; sys.exit(7)", "The program ended with exit code 7."),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "The program was ended by SIGTERM."),
    ],
)
def test_any_other_end_is_an_error_of_its_own(project: Project, statement: str, message: str) -> None:
    project.program(statement)
    ran = project.up()
    assert ran.returncode != 0
    assert message in ran.stdout


def test_a_failing_hook_fails_the_step_with_its_text(project: Project) -> None:
    project.program(HOOKED.format(body='raise ValueError("the service said no")'))
    ran = project.up()
    assert ran.returncode != 0
    assert 'error: before hook "hook" failed: the service said no' in ran.stdout


def test_a_preview_runs_hooks_that_ask_for_it(project: Project) -> None:
    project.program("""
        import pulumi
        def hook(arguments):
            pulumi.log.info(f"dry run: {pulumi.runtime.is_dry_run()}")
        hook = pulumi.ResourceHook("hook", hook, opts=pulumi.ResourceHookOptions(on_dry_run=True))
        binding = pulumi.ResourceHookBinding(before_create=[hook])
        pulumi.Stash("marker", input=1, opts=pulumi.ResourceOptions(hooks=binding))
    """)
    ran = project.run("preview", "--stack", "dev")
    assert ran.returncode == 0, ran.stdout
    assert "dry run: True" in ran.stdout


def test_the_executor_has_four_threads_for_each_operation_at_once(project: Project) -> None:
    project.program("""
        import asyncio
        import pulumi
        async def main():
            return {"threads": asyncio.get_running_loop()._default_executor._max_workers}
        pulumi.run(main)
    """)
    ran = project.run("up", "--yes", "--skip-preview", "--parallel", "3", "--stack", "dev")
    assert ran.returncode == 0, ran.stdout
    assert json.loads(project.run("stack", "output", "--json").stdout) == {"threads": 12}


def test_ctrl_c_reaches_the_program_and_leaves_no_trace(project: Project) -> None:
    project.program(HOOKED.format(body="await asyncio.sleep(600)"))
    with project.running_up() as running:
        pids = project.pids()
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=GRACE_SECONDS * 4)
    assert running.returncode != 0
    assert "Traceback" not in output
    assert "KeyboardInterrupt" not in output
    assert [is_alive(pid) for pid in pids] == [False, False]


def test_a_program_may_take_the_interrupt_itself(project: Project) -> None:
    body = """
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
        await stop.wait()
        raise ValueError("stopped at step 3")
    """.strip().replace("\n    ", "\n    ")
    project.program(HOOKED.format(body="\n        ".join(line.strip() for line in body.splitlines())))
    with project.running_up() as running:
        project.pids()
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=GRACE_SECONDS * 4)
    assert running.returncode != 0
    assert "stopped at step 3" in output
    assert "KeyboardInterrupt" not in output


def test_a_program_that_ignores_the_interrupt_is_killed(project: Project) -> None:
    project.program(HOOKED.format(body="signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"))
    with project.running_up() as running:
        pids = project.pids()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=GRACE_SECONDS * 4)
    assert [is_alive(pid) for pid in pids] == [False, False]


@pytest.mark.parametrize("who", ["engine", "host"])
def test_nothing_outlives_a_killed_engine_or_host(project: Project, who: str) -> None:
    project.program(HOOKED.format(body="await asyncio.sleep(600)"))
    with project.running_up() as running:
        program, host = project.pids()
        os.kill(running.pid if who == "engine" else host, signal.SIGKILL)
        until(lambda: not is_alive(program), "the program to end")
        until(lambda: not is_alive(host), "the host to end")
        running.communicate(timeout=GRACE_SECONDS * 4)


def test_says_what_it_is_where_one_looks_for_it(project: Project) -> None:
    project.program("")
    about = project.run("about")
    assert "host='the Python language host of pulumi-standins, a stand-in" in about.stdout
    assert "executable='" in about.stdout
    assert "azure-native  3.29.0" in about.stdout
    assert "a stand-in" not in project.up().stdout
    debug = project.run("up", "--yes", "--skip-preview", "--debug", "--stack", "dev")
    assert "debug: This is the Python language host of pulumi-standins" in debug.stdout


def test_a_missing_environment_is_named(project: Project) -> None:
    project.program("")
    project.options(virtualenv="none-here")
    ran = project.up()
    assert ran.returncode != 0
    assert f"The virtual environment {project.folder}/none-here has no Python" in ran.stdout
    assert "Create it, install the program's packages in it, then try again." in ran.stdout
    assert "Traceback" not in ran.stdout


def test_install_says_that_the_host_installs_nothing(project: Project) -> None:
    project.program("")
    ran = project.run("install", "--no-plugins")
    assert ran.returncode == 0, ran.stdout
    assert "exists; this language host installs nothing: update its packages yourself" in ran.stdout


def test_runs_a_policy_pack(project: Project) -> None:
    project.program('import pulumi; pulumi.Stash("marker", input="forbidden")')
    pack = project.folder / "policy"
    pack.mkdir()
    options = (project.folder / "Pulumi.yaml").read_text(encoding="utf-8").split("\n", 1)[1]
    (pack / "PulumiPolicy.yaml").write_text(options, encoding="utf-8")
    (pack / "__main__.py").write_text(
        "import pulumi_policy as p\n"
        "def check(args, report):\n"
        "    if args.props.get('input') == 'forbidden':\n"
        "        report('the input is forbidden')\n"
        "p.PolicyPack('pack', [p.ResourceValidationPolicy('no-forbidden', 'a rule', check,"
        " p.EnforcementLevel.MANDATORY)])\n",
        encoding="utf-8",
    )
    ran = project.run("preview", "--policy-pack", "policy", "--stack", "dev")
    assert ran.returncode != 0
    assert "the input is forbidden" in ran.stdout
    assert "KeyboardInterrupt" not in ran.stdout
    project.program('import pulumi; pulumi.Stash("marker", input="allowed")')
    ran = project.run("preview", "--policy-pack", "policy", "--stack", "dev")
    assert ran.returncode == 0, ran.stdout


def test_the_host_loads_nothing_of_the_sdk_but_its_protocol() -> None:
    program = (
        "import sys; from pulumi_standins.protocol import use_protocol_only; use_protocol_only(); "
        "import pulumi_standins.language_python.service; "
        "print(sorted(n for n in sys.modules if n.startswith('pulumi.') and 'proto' not in n))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "['pulumi.runtime']\n"
