"""How bodies are read and written, without HTTP."""

import json
import time
from typing import Any

import pytest

from sandbox.edge.answers import json_answer, parsed


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a": 1,}', {"a": 1}),
        (b'{"a": [true , \n], "b": {} ,}', {"a": [True], "b": {}}),
        (b'{"a": ",}", "b": "\\",]",}', {"a": ",}", "b": '",]'}),
        (b"[[], 1.5e+3,]", [[], 1500.0]),
    ],
)
def test_a_comma_after_the_last_value(content: bytes, value: Any) -> None:
    assert parsed(content) == value


@pytest.mark.parametrize("content", [b'{"a": {,}}', b"[,]", b"[1,,]", b'{"a":,}', b'{"a": "x', b'{"a": "\\'])
def test_what_is_no_json_stays_so(content: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        parsed(content)


def test_quotes_without_an_end_take_time_in_proportion() -> None:
    # 320 kB: with a new search at each quote it takes minutes.
    begun = time.process_time()
    with pytest.raises(json.JSONDecodeError):
        parsed(b'{"a": "' + b'\\"' * 160_000)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(("has_null", "body"), [(False, None), (True, b"null")])
def test_no_body_and_null_are_different(*, has_null: bool, body: bytes | None) -> None:
    assert json_answer(202, None, {}, has_null=has_null).body == body
