"""The exec script of host.py: runs a Pulumi program, and ends as the official one does.

A `pulumi.RunError` is shown and ends with 1, any other exception is shown with its traceback and ends with 32;
`SystemExit` keeps its code, and SIGINT shows Python's own traceback. Nothing ends before the threads of registrations.

Source of these rules: https://github.com/pulumi/pulumi, sdk/python/cmd/pulumi-language-python-exec, read in version
3.259.
"""

import argparse
import asyncio
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

import pulumi
import pulumi.runtime

SETTINGS = ("monitor", "engine", "project", "stack", "organization", "root_directory")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in (*SETTINGS, "pwd", "dry_run"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--parallel", type=int)
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


def _run(program: str, threads: int) -> int:
    """Run a program to its end and return the exit code."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=threads)
    loop.set_default_executor(executor)

    def body() -> None:
        runpy.run_path(program, run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(body))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception:  # noqa: BLE001 - whatever a program raises
        pulumi.log.error(f"Program failed with an unhandled exception:\n{traceback.format_exc()}")
        return 32
    finally:
        executor.shutdown(wait=True)
        loop.close()
    return 0


def main() -> None:
    """Connect to the engine that the flags name, and run the program in the folder that they name."""
    given = _arguments()
    named = {name: getattr(given, name) for name in SETTINGS}
    pulumi.runtime.configure(pulumi.runtime.Settings(**named, parallel=given.parallel, dry_run=given.dry_run == "true"))
    sys.argv = [given.program, *given.arguments]
    if given.pwd:
        os.chdir(given.pwd)
    sys.exit(_run(given.program, max(given.parallel, 1) * 4))


if __name__ == "__main__":
    main()
