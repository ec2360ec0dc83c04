"""Twenty runs of the kill series, with a fixed seed: `python -m tools.kill_series` does any number of others."""

from pathlib import Path

import pytest

from tools.kill_series.__main__ import main

RUNS = 20


@pytest.mark.long(part="kills")
def test_whatever_is_killed_the_documented_recovery_converges(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--runs", str(RUNS), "--seed", "1", "--home", str(tmp_path / "series")])
    out = capsys.readouterr().out
    assert code == 0, out
    assert f"| all |  | {RUNS} | " in out
