"""What `storage.cursor` promises: it comes back as it was given, and nothing else is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.cursor import CursorInvalid, decode, encode

SECRET = b"a secret of this server"
TOPIC, EPOCH = "merchant:m1", "e1"


@given(st.integers(min_value=0, max_value=2**63 - 1), st.text(max_size=80), st.text(max_size=20))
def test_a_cursor_comes_back_as_the_number_it_was_made_of(seq: int, topic: str, epoch: str) -> None:
    assert decode(encode(topic, epoch, seq, SECRET), topic, epoch, SECRET) == seq


def test_a_cursor_is_short_and_safe_in_urls() -> None:
    for seq in (0, 1, 2**53):
        text = encode(TOPIC, EPOCH, seq, SECRET)
        assert len(text) == 32
        assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_cursor_tells_nothing_of_its_topic() -> None:
    assert "m1" not in encode(TOPIC, EPOCH, 7, SECRET)
    assert len(encode("merchant:" + "x" * 64, EPOCH, 7, SECRET)) == len(encode(TOPIC, EPOCH, 7, SECRET))


@pytest.mark.parametrize(
    ("topic", "epoch", "secret"),
    [
        pytest.param("merchant:m2", EPOCH, SECRET, id="another merchant's"),
        pytest.param("marketplace", EPOCH, SECRET, id="the marketplace's"),
        pytest.param(TOPIC, "e2", SECRET, id="another database's"),
        pytest.param(TOPIC, EPOCH, b"another secret", id="another server's"),
    ],
)
def test_a_foreign_cursor_is_refused(topic: str, epoch: str, secret: bytes) -> None:
    with pytest.raises(CursorInvalid):
        decode(encode(topic, epoch, 7, secret), TOPIC, EPOCH, SECRET)


def test_topic_and_epoch_cannot_be_shifted_into_each_other() -> None:
    with pytest.raises(CursorInvalid):
        decode(encode("b", "e\0a", 7, SECRET), "a\0b", "e", SECRET)


@given(st.integers(min_value=0, max_value=31), st.sampled_from("AZaz09-_"))
def test_a_cursor_with_one_other_character_is_refused(at: int, character: str) -> None:
    text = encode(TOPIC, EPOCH, 7, SECRET)
    forged = text[:at] + character + text[at + 1 :]
    if forged != text:
        with pytest.raises(CursorInvalid):
            decode(forged, TOPIC, EPOCH, SECRET)


@pytest.mark.parametrize(
    "text", ["", "7", "x" * 31, "x" * 33, "!" * 32, "é" * 32, "\ud800" * 32, "=" * 32, "\0" * 32, "x" * 10**6]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid, match="leave `after` out"):
        decode(text, TOPIC, EPOCH, SECRET)


def test_another_spelling_of_the_same_bytes_is_refused() -> None:
    text = encode(TOPIC, EPOCH, 2**53, SECRET)
    with pytest.raises(CursorInvalid):
        decode(text[:-1] + "\n", TOPIC, EPOCH, SECRET)
    with pytest.raises(CursorInvalid):
        decode(f" {text}", TOPIC, EPOCH, SECRET)
