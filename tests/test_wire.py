"""JSON on the wire: what is refused, and what is written out although orjson would not."""

import json
from collections.abc import Callable

import pytest

from graph.wire import DEEPEST, NotJson, decode, encode


@pytest.mark.parametrize("wrap", [lambda text: text, str.encode], ids=["text", "bytes"])
def test_a_value_as_deep_as_allowed_is_read_and_one_level_more_is_refused(
    wrap: Callable[[str], str | bytes],
) -> None:
    assert decode(wrap("[" * DEEPEST + "]" * DEEPEST))
    mixed = '{"a":[' * (DEEPEST // 2) + "1" + "]}" * (DEEPEST // 2)
    assert decode(wrap(mixed))
    with pytest.raises(NotJson, match="nested deeper than 32 levels"):
        decode(wrap(f"[{mixed}]"))


def test_brackets_that_are_only_text_or_side_by_side_do_not_count_as_depth() -> None:
    text = "{" * 1000
    assert decode(json.dumps({"query": text, "variables": [[], {}] * 100}))["query"] == text


@pytest.mark.parametrize("text", ["", "{", "NaN", "[1,]", '"\ud800"', '"\\ud800"', b'"\xff"', "[" * 5000])
def test_what_is_no_json_is_refused_with_a_sentence(text: str | bytes) -> None:
    with pytest.raises(NotJson, match=r"This is not JSON: .+\."):
        decode(text)


@pytest.mark.parametrize("value", [{"a": [1, None, "ünï"]}, 2**63, -(2**70), {"total": 10**30}])
def test_what_is_written_reads_the_same_whole_numbers_past_64_bits_included(value: object) -> None:
    assert json.loads(encode(value)) == value
