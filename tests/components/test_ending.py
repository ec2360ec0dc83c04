"""How the program ends after a mistake of the user's and after SIGINT, under a loop as a language host runs it.

What the engine then prints, with two hosts: tests/e2e/test_wrong_input.py and tests/e2e/test_policy.py.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import asyncio, os, signal, threading
import pulumi
from components.preflight import ending

pulumi.log.error = lambda text: print("told:", text)
{setting}

async def program():
    ending.quiet()
    {body}

try:
    asyncio.new_event_loop().run_until_complete(program())
except Exception as error:
    print("the host saw", repr(error))
print("goes on")
"""


def _run(body: str, setting: str = "") -> tuple[int, str, str]:
    text = PROGRAM.format(body=body, setting=setting)
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("body", "ended"),
    [
        ("raise pulumi.RunError('no such size')", (32, "told: no such size\n", "")),
        ("raise ValueError('our own bug')", (0, "the host saw ValueError('our own bug')\ngoes on\n", "")),
        ("raise asyncio.CancelledError", (1, "", "asyncio.exceptions.CancelledError")),
        ("pass", (0, "goes on\n", "")),
        ("os.kill(os.getpid(), signal.SIGINT); threading.Event().wait()", (32, "", "")),
    ],
    ids=["a mistake of the user's", "a fault of the program's", "cancelled", "a good end", "an interrupt"],
)
def test_what_the_host_sees_and_the_user_is_told(body: str, ended: tuple[int, str, str]) -> None:
    code, out, err = _run(body)
    assert (code, out) == ended[:2]
    assert err.splitlines()[-1:] == [ended[2]] * bool(ended[2])


def test_what_was_imported_is_not_looked_through_again() -> None:
    code, out, err = _run("import gc; print(gc.get_freeze_count() > 10_000, gc.isenabled())")
    assert (code, out, err) == (0, "True True\ngoes on\n", "")


def test_under_mocks_the_test_goes_on_and_keeps_its_interrupt() -> None:
    mocks = 'type("Mocks", (pulumi.runtime.Mocks,), {"call": None, "new_resource": None})'
    handler = "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    code, out, err = _run(f"{handler}; raise pulumi.RunError('no such size')", f"pulumi.runtime.set_mocks({mocks}())")
    assert (code, out, err) == (0, "True\nthe host saw RunError('no such size')\ngoes on\n", "")
