"""Messages survive every way of cutting a stream, and what is no message is told apart."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifiers.audit.isabelle.framing import Decoder, ProtocolError, Reply, encode, parse

TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=300)
"""Lines and blocks; a message that ends in CR cannot be told from its line end."""


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [*sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def decoded(pieces: list[bytes]) -> list[str]:
    decoder = Decoder()
    return [message.decode() for piece in pieces for message in decoder.feed(piece)]


@given(st.lists(TEXTS, max_size=6), st.lists(st.integers(min_value=0), max_size=30))
def test_messages_come_back_however_their_bytes_are_cut(messages: list[str], places: list[int]) -> None:
    data = b"".join(map(encode, messages))
    assert decoded(cut(data, places)) == messages


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_one_byte_at_a_time_or_all_at_once_is_the_same(messages: list[str]) -> None:
    data = b"".join(map(encode, messages))
    assert decoded([data[at : at + 1] for at in range(len(data))]) == decoded([data]) == messages


@given(TEXTS, st.booleans())
def test_both_forms_and_both_line_ends_are_read(text: str, crlf: bool) -> None:
    end = b"\r\n" if crlf else b"\n"
    data = text.encode()
    block = str(len(data) + len(end)).encode() + end + data + end
    assert decoded([block]) == [text]
    if "\n" not in text and not text.isdigit():
        assert decoded([data + end]) == [text]


def test_a_length_counts_bytes_and_its_last_line_end_is_not_part_of_the_message() -> None:
    assert decoded(["5\n∀é".encode() + b"x"]) == ["∀é"]  # three bytes and two; x begins the next message
    assert decoded([b"4\nabc\n4\nabcd"]) == ["abc", "abcd"]


@pytest.mark.parametrize("size", [100, 101, 1_000_000, 3_000_000])
def test_long_messages_cut_in_the_middle_of_characters_are_whole(size: int) -> None:
    text = 'FINISHED {"message":"' + "\\<forall>∀" * (size // 12) + '"}'
    data = encode(text) + encode("OK")
    pieces = [data[at : at + 65_521] for at in range(0, len(data), 65_521)]  # a prime, so boundaries fall everywhere
    assert decoded(pieces) == [text, "OK"]


def test_a_message_beyond_the_limit_is_refused_before_it_is_held() -> None:
    with pytest.raises(ProtocolError):
        Decoder(largest=1000).feed(b"1001\n")
    with pytest.raises(ProtocolError):
        Decoder(largest=1000).feed(b"x" * 1001)


def test_a_decoder_knows_that_a_message_is_cut() -> None:
    for begun in (b"OK", b"10\n", b"10\nOK 1"):
        decoder = Decoder()
        assert decoder.feed(begun) == []
        assert decoder.in_message
    assert not Decoder().in_message


@given(st.sampled_from(["OK", "NOTE", "FINISHED", "x.y_1"]), st.sampled_from(["", " ", "  \t"]), st.none() | TEXTS)
def test_a_name_is_the_longest_prefix_of_its_letters(name: str, blank: str, value: str | None) -> None:
    argument = "" if value is None else blank + json.dumps(value)
    assert parse((name + argument).encode()) == Reply(name, value)


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_reply_or_no_message(data: bytes) -> None:
    with suppress(ProtocolError):
        assert isinstance(parse(data), Reply)


def test_a_bare_string_is_an_argument() -> None:
    assert parse(b"ERROR \"Bad command 'x'\"") == Reply("ERROR", "Bad command 'x'")


@pytest.mark.parametrize("data", [b"", b"{}", b"OK {", b"OK \x05", b"OK \xff", b"NOTE " + b"[" * 100_000])
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(data)
