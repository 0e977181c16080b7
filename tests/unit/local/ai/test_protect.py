"""What is kept from the engines, with fakes that show what they were given."""

import time

import pytest

from infra.local.ai.engines.neural import by_sentence
from infra.local.ai.protect import letters, translate_lines, well_formed, words_only


def spell(text: str) -> str:
    """An engine that marks what it was given."""
    return f"<{text}>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", "<hello>"),
        ("hello\nworld", "<hello>\n<world>"),
        (" hello \r\n\r\n world ", " <hello> \r\n\r\n <world> "),
        ("👍 hello 🎉🎉", "👍 <hello> 🎉🎉"),
        ("12345\nhello", "12345\n<hello>"),
        ("he\x00llo\x07", "<hello>"),
        ("", ""),
        ("a" * 61, "a" * 61),
        ("a" * 60, f"<{'a' * 60}>"),
    ],
)
def test_translate_lines_keeps_what_is_around_the_words(text: str, expected: str) -> None:
    assert translate_lines(text, spell) == expected


@pytest.mark.parametrize(
    "token",
    [
        "#4521",
        "@ana",
        "https://x.co/a?b=1",
        "www.example.org",
        "a.b@example.org",
        "+1 (202) 555-0100",
        "AB-1234",
        "❤️",
        "1️⃣",
    ],
)
def test_translate_lines_hides_a_token_from_the_engine_and_puts_it_back(token: str) -> None:
    seen: list[str] = []

    def engine(text: str) -> str:
        seen.append(text)
        return text.lower()

    assert translate_lines(f"see {token}, please", engine) == f"see {token}, please"
    assert token not in seen[0]


def test_translate_lines_with_an_engine_that_loses_stand_ins_translates_around_the_tokens() -> None:
    translated = translate_lines(
        "order #12 and #34 now", lambda text: "".join(c for c in text if not c.isdigit()).upper()
    )
    assert translated == "ORDER #12 AND #34 NOW"


def test_translate_lines_with_a_stand_in_in_the_text_translates_around_the_tokens() -> None:
    assert translate_lines("x9q0z and #12", str.upper) == "X9Q0Z AND #12"


@pytest.mark.parametrize(
    "text",
    [
        "a@",
        "a.",
        "A-",
        "A",
        "-",
        "1-",
        "#",
        "!",
        "'",
        "(",
        ". ",
        "a.b@",
        "x9q",
        "e@a.",
        " ",
        "👩\u200d",
        "1 ",
        "www.",
        "AB ",
        "1\u20e3",
    ],
)
def test_translate_lines_of_ten_thousand_bytes_takes_no_longer_for_strange_text(text: str) -> None:
    start = time.process_time()
    translate_lines(text * (10_000 // len(text.encode())) + "x", by_sentence(lambda line: line))
    assert letters(text * (100_000 // len(text.encode()))) >= 0
    assert time.process_time() - start < 1.5


def test_translate_lines_ends_an_address_where_chinese_begins() -> None:
    assert words_only("看https://x.co/a好的，谢谢").split() == ["看", "好的，谢谢"]


def test_translate_lines_calms_shouting_and_shouts_again() -> None:
    seen: list[str] = []

    def engine(text: str) -> str:
        seen.append(text)
        return text

    assert translate_lines("WHERE IS ORDER AB-1234?", engine) == "WHERE IS ORDER AB-1234?"
    assert seen[0].startswith("Where is order")
    assert translate_lines("SOS", spell) == "<SOS>"


@pytest.mark.parametrize(
    ("text", "count"), [("ok 👍", 2), ("12345", 0), ("https://example.org", 0), ("你好", 2), ("", 0)]
)
def test_letters_counts_only_words(text: str, count: int) -> None:
    assert letters(text) == count


def test_well_formed_replaces_lone_surrogates_and_keeps_pairs() -> None:
    assert well_formed("a\ud83d b \ud83d\udc4d") == "a\ufffd b 👍"
