"""A candidate is judged by the user's functions, in separate processes, and by how much it differs."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from modelops.errors import PlanError, RefusedPlanError
from modelops.plan import fingerprint
from modelops.plan.try_out import File, TryOut
from modelops.release.comparison import child, user_code
from modelops.release.comparison.judgement import Verdict, compared, refused_by_check


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The program's folder, with an input and the predictions of two jobs."""
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "images" / name).touch()
    for job, rows in (("candidate", "a.png 1\nb.png 2\n"), ("current", "b.png 2\na.png 1.5\n")):
        (tmp_path / job).mkdir()
        (tmp_path / job / "predictions.csv").write_text(rows)
    return tmp_path


def _file(root: Path, name: str, text: str) -> File:
    (root / name).write_text(text)
    return File(name, fingerprint.digest(root / name))


def _checked(root: Path, text: str, *, python: str | None = None) -> TryOut:
    return TryOut(File("images", ""), check=_file(root, "check.py", text), python=python)


def _judged(root: Path, try_out: TryOut) -> Verdict:
    return compared(root / "candidate", root / "current", try_out, ("a.png", "b.png"), root)


def _check(root: Path, try_out: TryOut) -> str | None:
    return refused_by_check(root / "candidate", try_out, root / "images", root)


def _problem(try_out: TryOut, root: Path) -> str | None:
    """Return why a try-out is refused before it begins, without the last line."""
    try:
        user_code.require([try_out, try_out], root)
    except RefusedPlanError as error:
        text, _, last = str(error).rpartition("\n")
        assert last == "Nothing was uploaded or created; correct it first."
        return text
    return None


LINES = (
    "1 of 2 rows differ (paired by column 1)",
    "column 2: 1 number differs, the largest difference is 0.5, the median 0.5",
)


def test_says_how_the_candidate_differs(root: Path) -> None:
    assert _judged(root, TryOut(File("images", ""))) == Verdict(LINES)


@pytest.mark.parametrize(("most", "refused"), [(0.5, False), (0.49, True)])
def test_refuses_more_changed_rows_than_allowed(root: Path, most: float, *, refused: bool) -> None:
    why = "1 of 2 rows (50.0%) differ from those of what serves; tryOut.maxChangedRows allows 49.0%"
    assert _judged(root, TryOut("x", max_changed_rows=most)) == Verdict(LINES, why if refused else None)


def _with_parquet(root: Path, *, changed: bool) -> None:
    for job in ("candidate", "current"):
        (root / job / "part.parquet").write_bytes(f"PAR1\0{job if changed else ''}".encode())


@pytest.mark.parametrize("with_rows", [False, True])
def test_cannot_count_the_changed_rows_of_files_without_lines(root: Path, *, with_rows: bool) -> None:
    _with_parquet(root, changed=True)
    if not with_rows:
        for job in ("candidate", "current"):
            (root / job / "predictions.csv").unlink()
    with pytest.raises(PlanError) as caught:
        _judged(root, TryOut("x", max_changed_rows=0.5))
    assert str(caught.value) == (
        "tryOut.maxChangedRows cannot be judged: 1 of 1 files without lines of text differs, whose rows only code of "
        "yours can read. Remove it, and compare them with tryOut.compare."
    )


def test_files_without_lines_that_are_the_same_have_no_changed_rows(root: Path) -> None:
    _with_parquet(root, changed=False)
    assert _judged(root, TryOut("x", max_changed_rows=0.5)).refused is None
    for job in ("candidate", "current"):
        (root / job / "predictions.csv").unlink()
    assert _judged(root, TryOut("x", max_changed_rows=0.0)).refused is None


def test_too_many_changed_rows_are_refused_beside_files_without_lines(root: Path) -> None:
    _with_parquet(root, changed=True)
    assert _judged(root, TryOut("x", max_changed_rows=0.4)).refused == (
        "1 of 2 rows (50.0%) differ from those of what serves; tryOut.maxChangedRows allows 40.0%"
    )


@pytest.mark.parametrize("key", ["flie", "7"])
def test_cannot_pair_rows_by_a_key_that_none_has(root: Path, key: str) -> None:
    with pytest.raises(PlanError) as caught:
        _judged(root, TryOut("x", key=key, max_changed_rows=0.0))
    assert str(caught.value) == (
        f"tryOut.maxChangedRows cannot be judged: tryOut.key is {key!r}, and no row has such a column. Allowed: the "
        "position of a column, from 1, and its name where the rows have names."
    )
    assert _judged(root, TryOut("x", key=key)).lines == (
        f"1 of 2 rows differ (not paired: no row has column {key}, which tryOut.key names)",
    )


def test_says_that_a_retry_may_be_why_rows_cannot_be_paired(root: Path) -> None:
    for job, rows in (("candidate", "1\n2\n1\n"), ("current", "1\n2\n")):
        (root / job / "predictions.csv").write_text(rows)
    assert _judged(root, TryOut("x", max_changed_rows=0.1)).refused == (
        "1 of 3 rows (33.3%) differ from those of what serves; tryOut.maxChangedRows allows 10.0%. They cannot be "
        "paired, so rows that a retry wrote again count too: write the file's name into each, or set tryOut.key."
    )


def test_the_exception_of_a_check_is_the_reason(root: Path) -> None:
    text = (
        "def check(predictions, input):\n"
        "    rows = (predictions / 'predictions.csv').read_text().splitlines()\n"
        "    files = sorted(file.name for file in input.iterdir())\n"
        "    raise ValueError(f'{len(rows)} rows for {files}')\n"
    )
    assert _check(root, _checked(root, text)) == (
        "check.py refused its predictions: ValueError: 2 rows for ['a.png', 'b.png'] (check.py, line 4)"
    )


def test_a_check_gets_no_input_that_is_in_azure(root: Path) -> None:
    try_out = _checked(root, "def check(predictions, input):\n    assert input is None\n")
    assert refused_by_check(root / "candidate", try_out, None, root) is None


def test_a_check_imports_its_neighbours_and_not_our_modules(root: Path) -> None:
    (root / "checks").mkdir()
    (root / "checks" / "rows.py").write_text("NUMBER = 2\n")
    text = "from rows import NUMBER\ndef check(predictions, input):\n    assert NUMBER == 3\n"
    try_out = TryOut("x", check=_file(root, "checks/check.py", text))
    assert _check(root, try_out) == ("checks/check.py refused its predictions: AssertionError (check.py, line 3)")


def test_a_check_that_leaves_is_no_success(root: Path) -> None:
    assert _check(root, _checked(root, "def check(predictions, input): raise SystemExit(0)")) == (
        "check.py refused its predictions: SystemExit: 0 (check.py, line 1)"
    )


def test_the_user_compares(root: Path) -> None:
    text = (
        "def compare(candidate, current):\n    raise RuntimeError(f'{candidate.name} is worse than {current.name}')\n"
    )
    assert _judged(root, TryOut("x", compare=_file(root, "compare.py", text))) == Verdict(
        LINES,
        "compare.py refused it, compared with what serves: RuntimeError: candidate is worse than current (compare.py, "
        "line 2)",
    )


def test_a_function_that_is_content_refuses_nothing(root: Path) -> None:
    text = "def check(predictions, input): pass\ndef compare(candidate, current): pass\n"
    file = _file(root, "both.py", text)
    try_out = TryOut(File("images", ""), check=file, compare=file)
    assert (_check(root, try_out), _judged(root, try_out)) == (None, Verdict(LINES))


def test_a_file_that_changed_since_the_plan_is_not_run(root: Path) -> None:
    try_out = _checked(root, "def check(predictions, input): pass")
    (root / "check.py").write_text("def check(predictions, input): print('changed')")
    with pytest.raises(PlanError, match=r"check\.py' changed after the plan was made"):
        _check(root, try_out)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("other = 1", "has no function check(predictions, input)."),
        ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero (check.py, line 1)"),
        ("exit()", "cannot be imported: SystemExit: None (check.py, line 1)"),
        (
            "import os\nos.write(1, b'so long')\nos._exit(3)",
            "ended with exit code 3 before it said how it went.\nso long",
        ),
    ],
)
def test_says_why_a_function_cannot_be_called(root: Path, text: str, problem: str) -> None:
    found = _problem(_checked(root, text), root)
    assert found == f"tryOut.check: check.py {problem}"


def test_names_a_module_that_is_missing_and_the_interpreter(root: Path) -> None:
    assert _problem(_checked(root, "import no_such_module"), root) == (
        f"tryOut.check: check.py imports no_such_module, which {sys.executable} does not have. Install it there, or "
        "set tryOut.python to the path of an interpreter that has it."
    )


def test_says_nothing_of_a_function_that_can_be_called(root: Path) -> None:
    assert _problem(_checked(root, "def check(predictions, input): raise ValueError"), root) is None


def test_says_where_a_file_is_no_python(root: Path) -> None:
    found = _problem(_checked(root, "def check(:"), root)
    assert found is not None
    assert found.startswith("tryOut.check: check.py cannot be imported:")
    assert "SyntaxError: invalid syntax" in found


def test_runs_in_the_interpreter_that_the_user_names(root: Path) -> None:
    (root / "venv").symlink_to(Path(sys.executable).parent)
    try_out = _checked(root, "import sys\ndef check(predictions, input): raise ValueError(sys.executable)")
    for python in ("venv/python", str(root / "venv" / "python")):
        assert str(root / "venv" / "python") in str(_check(root, replace(try_out, python=python)))


def test_refuses_an_interpreter_that_does_not_exist(root: Path) -> None:
    for python in ("venv/python", "no-such-python"):
        assert _problem(_checked(root, "", python=python), root) == (
            f"tryOut.python is {python!r}, which does not exist. Allowed: the path of a Python interpreter, absolute "
            "or below the folder of Pulumi.yaml."
        )


def test_refuses_an_interpreter_that_is_none(root: Path) -> None:
    (root / "python").touch()
    python = str(root / "python")
    assert _problem(_checked(root, "", python=python), root) == (
        f"tryOut.check: check.py: {python} cannot be started: Permission denied."
    )


def test_ends_a_function_that_hangs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_code, "_CALL_SECONDS", 1.0)
    try_out = _checked(root, "import threading\ndef check(predictions, input): threading.Event().wait()")
    with pytest.raises(PlanError) as caught:
        _check(root, try_out)
    assert re.fullmatch(r"tryOut.check: check.py did not end within 1 s, and was ended.", str(caught.value))


SLOW = "import time\ntime.sleep(5)\ndef check(predictions, input): pass\ndef compare(candidate, current): pass\n"


def test_a_slow_import_is_no_problem_of_a_release(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview has no time for it, and says so; the files are imported beside each other."""
    monkeypatch.setattr(user_code, "_PREVIEW_SECONDS", 1.0)
    file = _file(root, "slow.py", SLOW.replace("5", "2"))
    try_out = TryOut("x", check=file, compare=file)
    assert user_code.previewed([try_out], root) == [
        f"tryOut.{function}: slow.py did not end within 1 s, and was ended. Only the release will tell whether it "
        "can be imported."
        for function in ("check", "compare")
    ]
    user_code.require([try_out], root)


def test_a_preview_refuses_what_can_be_known_beside_a_slow_import(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_code, "_PREVIEW_SECONDS", 4.0)  # a busy machine needs more than one to start Python
    compare = _file(root, "compare.py", "1 / 0")
    with pytest.raises(RefusedPlanError) as caught:
        user_code.previewed([TryOut("x", check=_file(root, "slow.py", SLOW.replace("5", "60")), compare=compare)], root)
    assert str(caught.value) == (
        "tryOut.compare: compare.py cannot be imported: ZeroDivisionError: division by zero (compare.py, line 1)\n"
        "Nothing was uploaded or created; correct it first."
    )


def test_a_function_does_not_outlive_the_release(root: Path) -> None:
    _file(root, "check.py", "import threading\nprint('here', flush=True)\nthreading.Event().wait()")
    command = [sys.executable, child.__file__, str(root / "check.py"), "check", str(root / "answer.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.stdin.close()
        assert process.wait(60) == 1
