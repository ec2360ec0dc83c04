"""``python -m tools.scan --stack dev TEMPLATE``: run checkov on an exported template and compare with checks.toml.

Exit code 0: as expected; 1: not as expected; 2: the scan did not run.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolchain.places import SetupError
from tools.scan import checks, gate, scanner
from tools.scan.checks import Check
from tools.scan.scanner import Result

_NOT_GRADED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Scan one template; return the exit code."""
    known = checks.expected()
    parser = argparse.ArgumentParser(
        prog="python -m tools.scan", description="Run checkov on an exported ARM template."
    )
    parser.add_argument("--stack", required=True, help="stack whose waivers in tools/scan/checks.toml apply")
    parser.add_argument("template", type=Path, help="file that `python -m sandbox export-arm` wrote")
    options = parser.parse_args(arguments)
    stacks = checks.stacks(known.values())
    if options.stack not in stacks:
        print(
            f"scan: tools/scan/checks.toml has no waivers for the stack '{options.stack}', "
            f"only for {', '.join(stacks)}."
            f' Add them with their reasons: {options.stack} = "..." under [CHECK.waived].',
            file=sys.stderr,
        )
        return _NOT_GRADED
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copy(options.template, Path(folder, "template.json"))
            template = json.loads(Path(copy).read_text(encoding="utf-8"))
            results = scanner.scan(Path(folder))["template.json"]
    except (OSError, ValueError, scanner.ScanError, SetupError) as error:
        print(f"scan: '{options.template}' was not scanned: {error}", file=sys.stderr)
        return _NOT_GRADED
    wrong = gate.problems(template, results, known, options.stack)
    print(_table(known, results, options.stack))
    for problem in wrong:
        print(f"scan: {problem}", file=sys.stderr)
    evaluated = len({each.check for each in results})
    waived = sum(options.stack in check.waived for check in known.values())
    print(f"{evaluated} checks evaluated, {waived} of them waived, {len(wrong)} not as expected")
    return 1 if wrong else 0


def _table(known: Mapping[str, Check], results: Sequence[Result], stack: str) -> str:
    """Return a line per check, and one more for each waiver's reason."""
    evaluated, failed = {each.check for each in results}, {each.check for each in results if not each.passed}
    rows = []
    for check in known.values():
        reason = check.waived.get(stack)
        state = "FAILED" if check.id in failed else "passed" if check.id in evaluated else "-"
        rows.append(f"  {check.id:<14} {'waived' if reason else state:<6}  {check.asks}")
        if reason:
            rows.append(f"  {'':<14} {'':<6}  -> {reason}")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
