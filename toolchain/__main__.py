"""Set up a checkout: `python3 -m toolchain [program|local|dev|pulumi|scan|lock|check]...`.

`program`, `local` and `dev` install the Python environment: what `pulumi up` against Azure needs; that and the sandbox
and the example; that and the tests. `pulumi` installs the Pulumi CLI, `scan` checkov. `lock` recompiles the
requirements files, `check` says whether they are current. Without an argument: `local pulumi`. Finished steps are not
repeated.
"""

import sys

MINIMUM = (3, 11)

if sys.version_info < MINIMUM:  # before the imports, which an older Python cannot parse
    sys.exit(
        f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}. Run: make PYTHON=python3.12"
    )

from collections.abc import Callable  # noqa: E402

from toolchain import cli, environment, requirements, scanner  # noqa: E402
from toolchain.places import SetupError  # noqa: E402

STEPS: dict[str, Callable[[], object]] = {
    "program": lambda: environment.ensure("program"),
    "local": lambda: environment.ensure("local"),
    "dev": lambda: environment.ensure("dev"),
    "pulumi": cli.ensure,
    "scan": scanner.ensure,
    "lock": requirements.compile_all,
    "check": requirements.check,
}
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run the steps in order; return the exit code."""
    names = arguments or ["local", "pulumi"]
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        sys.stderr.write(f"Unknown step {unknown[0]!r}. Steps: {', '.join(STEPS)}.\n")
        return 2
    try:
        for name in names:
            STEPS[name]()
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Finished steps are kept; run make again to continue.\n")
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
