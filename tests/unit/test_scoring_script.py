"""What is certain to be wrong with a scoring script."""

import pytest

from modelops.plan.scoring_script import problem

INIT = "def init(): pass\n"
RUN = "def run(mini_batch): return []\n"


@pytest.mark.parametrize(
    "text",
    [
        INIT + RUN,
        "\ufeff" + INIT + RUN,
        "# -*- coding: utf-8 -*-\n" + INIT + RUN,
        INIT + "def run(mini_batch, mini_batch_context): return []\n",
        INIT + "def run(*batches): return []\n",
        INIT + "def run(batch, /, *, limit=3): return []\n",
        INIT + "def run(mini_batch=None): yield True\n",
        INIT + "run = lambda mini_batch: []\n",
        INIT + "import functools\n@functools.cache\ndef run(): return []\n",
        INIT + "def run(): return []\ndef run(mini_batch): return []\n",
        INIT + "try:\n    from fast import run\nexcept ImportError:\n    def run(mini_batch): return []\n",
        INIT + "if True:\n    def run(mini_batch): return []\n",
        INIT + "class run:\n    def __init__(self, mini_batch): pass\n",
        "from scoring import init, score as run\n",
        "def init():\n    global run\n    run = load().predict\n",
        INIT + "globals()['run'] = print\n",
        "exec(open('generated.py').read())\n",
        "from scoring import *\n",
        "import run, init\n",
        "def init(model=None): pass\n" + RUN,
        "init, run = make()\n",
        INIT + 'PATTERN = "\\d"\n' + RUN,
    ],
)
def test_nothing_is_certain_to_be_wrong(text: str) -> None:
    assert problem(text.encode()) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not define init() or run(mini_batch), which the job calls"),
        (INIT, "does not define run(mini_batch), which the job calls"),
        (RUN, "does not define init(), which the job calls"),
        (INIT + "def score():\n    def run(mini_batch): return []\n", "does not define run(mini_batch), which the job"),
        (INIT + "run\n", "does not define run(mini_batch), which the job calls"),
        (INIT + "def run(): return []\n", "defines run() without an argument (line 2); the job calls run(mini_batch)"),
        (
            INIT + "def run(batch, context, limit): return []\n",
            "defines run() with required arguments (limit; line 2); the job calls run(mini_batch)",
        ),
        (
            INIT + "def run(batch, *, limit): return []\n",
            "defines run() with required arguments (limit; line 2); the job calls run(mini_batch)",
        ),
        (
            "def init(model): pass\n" + RUN,
            "defines init() with required arguments (model; line 1); the job calls init()",
        ),
        (
            INIT + "async def run(mini_batch): return []\n",
            "defines run(mini_batch) with async def (line 2), and the job does not await it",
        ),
        (INIT + "def run(mini_batch)\n    return []\n", "does not parse: line 2: expected ':' (read by Python 3."),
        (INIT + "\0", "does not parse: "),
    ],
)
def test_what_is_certain_to_be_wrong(text: str, said: str) -> None:
    assert (problem(text.encode()) or "").startswith(said)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding(encoding: str) -> None:
    content = (INIT + "# ä\n" + RUN).encode(encoding)
    line = 2 if encoding == "latin-1" else 1
    assert problem(content) == f"is not UTF-8 (line {line}); save it as UTF-8"
