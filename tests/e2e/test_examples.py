"""`make` for other stacks than dev: another example, endpoints without a sample, two stacks in one sandbox."""

import re
import shlex
from typing import Any

from tests.e2e.rehearsal import Rehearsal

ROWS = "scored 116 of 116 rows, each exactly once; 113 right (accuracy 97.4 %)"
"""What the tabular example's committed model does with the example's rows."""


def _without_sample(config: dict[str, Any]) -> None:
    del config["endpoints"]["digits"]["sample"]


def test_another_example_and_then_a_stack_without_a_sample(fresh: Rehearsal) -> None:
    example = fresh.make("up", "EXAMPLE=tabular").ok()
    assert ROWS in example.out.splitlines()
    assert "  make down STACK=tabular " in example.out
    assert len(list((fresh.folder / "predictions" / "tabular" / "tabular").iterdir())) == 1

    fresh.configure(_without_sample)
    other = fresh.make("up").ok()
    assert "digits: not scored, because the stack file has no `sample` for it. To score:" in other.out.splitlines()
    printed = re.search(r"^  (\S+ -m sandbox run -- python -m modelops invoke .*)$", other.out, re.MULTILINE)
    assert printed is not None
    named = printed[1].replace(" FOLDER", " examples/digits/data/images").replace("NEW_FOLDER", "predictions/own")
    assert "predictions/own/predictions.csv" in fresh.start(*shlex.split(named)).wait().ok().out

    assert re.search(r"^default +classifier-[0-9a-f]{8}$", fresh.make("status", "STACK=tabular").ok().out, re.MULTILINE)
    assert "predictions/tabular/tabular/predictions.csv" in fresh.make("score", "STACK=tabular").ok().out

    assert "sandbox: keeps running, because it holds the stacks dev" in fresh.make("down", "STACK=tabular").ok().out
    assert "sandbox: stopped" in fresh.make("down").ok().out
