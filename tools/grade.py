"""Grades what `modelops score` downloaded, where an endpoint's sample belongs to an example that has a `grade.py`.

``python -m tools.grade STACK``, in the environment that reads the stack. `make up` and `make score` run it.
"""

import json
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path("examples")


def grader(sample: str) -> Path | None:
    """Return the program that grades the predictions of a sample: that of its example."""
    place = Path(sample)
    if not place.is_relative_to(EXAMPLES) or len(place.parts) < 2:  # noqa: PLR2004 - examples/NAME
        return None
    found = EXAMPLES / place.parts[1] / "grade.py"
    return found if found.is_file() else None


def main(stack: str) -> int:
    """Grade every endpoint's predictions of its sample; return 1 if one of them is incomplete."""
    command = ["pulumi", "stack", "output", "endpoints", "--json", "--stack", stack]
    endpoints = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    code = 0
    for name, endpoint in endpoints.items():
        sample = endpoint.get("sample", "")
        program = grader(sample)
        if program is not None:
            grade = [sys.executable, str(program), f"predictions/{stack}/{name}", "--sample", sample]
            graded = subprocess.run(grade, check=False, stdout=subprocess.PIPE, text=True)
            sys.stdout.write(f"{name}: {graded.stdout}" if len(endpoints) > 1 and graded.stdout else graded.stdout)
            code = code or int(graded.returncode != 0)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
