"""The predictions that a candidate's try-out copies do not outlive a process that ends without unwinding."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from modelops.errors import Stopped
from modelops.plan.staging import remove_staged
from modelops.release.tryout import candidates, outcome


def test_the_folder_of_predictions_is_removed_with_the_other_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    def predicted(*given: Any) -> None:
        folder: Path = given[-1]
        (folder / "predictions.csv").write_text("a 1", encoding="utf-8")
        remove_staged()
        assert not folder.parent.exists()
        raise Stopped

    monkeypatch.setattr(outcome, "predicted", predicted)
    some = cast("Any", SimpleNamespace(context=None))
    with pytest.raises(Stopped):
        candidates._Candidate(some, some, some, some, some)._judged(some, None)
