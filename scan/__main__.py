"""``python -m scan --stack dev TEMPLATE``: have checkov grade an exported template, and compare with scan/checks.toml.

Exit code 0: as expected; 1: not; 2: nothing could be graded.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scan import checks, gate, scanner
from scan.checks import Check
from toolchain.places import SetupError

_NOT_GRADED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade one template; return the exit code."""
    known = checks.expected()
    parser = argparse.ArgumentParser(prog="python -m scan", description="Have checkov grade an exported ARM template.")
    parser.add_argument("--stack", required=True, help="whose waivers in scan/checks.toml hold")
    parser.add_argument("template", type=Path, help="what `python -m sandbox export-arm` wrote")
    options = parser.parse_args(arguments)
    stacks = checks.stacks(known.values())
    if options.stack not in stacks:
        print(
            f"scan: scan/checks.toml knows no stack '{options.stack}', only {', '.join(stacks)}. Give its waivers"
            f' their reasons there: {options.stack} = "..." under [CHECK.waived].',
            file=sys.stderr,
        )
        return _NOT_GRADED
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copy(options.template, Path(folder, "template.json"))
            template = json.loads(Path(copy).read_text(encoding="utf-8"))
            results = scanner.scan(Path(folder))["template.json"]
    except (OSError, ValueError, scanner.ScanError, SetupError) as error:
        print(f"scan: '{options.template}' was not graded: {error}", file=sys.stderr)
        return _NOT_GRADED
    wrong = gate.problems(template, results, known, options.stack)
    print(_table(known, {each.check for each in results if not each.passed}, options.stack))
    for problem in wrong:
        print(f"scan: {problem}", file=sys.stderr)
    evaluated = {each.check for each in results}
    waived = sum(options.stack in check.waived for check in known.values())
    print(f"{len(evaluated)} of {len(known)} checks evaluated, {waived} waived, {len(wrong)} not as expected")
    return 1 if wrong else 0


def _table(known: Mapping[str, Check], failed: set[str], stack: str) -> str:
    rows = []
    for check in known.values():
        reason = check.waived.get(stack)
        state = "waived" if reason else "FAILED" if check.id in failed else "passed"
        rows.append(f"  {check.id:<14} {state}  {check.asks}" + (f": {reason}" if reason else ""))
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
