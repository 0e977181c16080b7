"""Texts are cut where nobody minds."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.people import clean_name
from dragoman.texts import MAX_PART, preview, repaired, shortened, split

GRAPHEMES = ["e\u0301", "👨‍👩‍👧", "👍🏽", "🇵🇹", "한", "क्षि", "❤️", "s\u0323\u0307"]


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def letters(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    ("text", "most", "parts"),
    [
        ("", 10, []),
        (" \n ", 10, []),
        ("short", 10, ["short"]),
        ("  short ", 10, ["short"]),
        ("One two. Three four five.", 16, ["One two.", "Three four five."]),
        ("One. Two three four five", 16, ["One. Two three", "four five"]),
        ('He said "no!" Then he went.', 18, ['He said "no!"', "Then he went."]),
        ("Line one\nline two and more", 14, ["Line one", "line two and", "more"]),
        ("3.1415926535 is pi", 10, ["3.14159265", "35 is pi"]),
        ("你好。再见。明天见。", 7, ["你好。再见。", "明天见。"]),
        ("क्या हुआ। ठीक है।", 11, ["क्या हुआ।", "ठीक है।"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("ab cdefghij", 4, ["ab", "cdef", "ghij"]),
        ("😀😀😀", 4, ["😀😀", "😀"]),
        ("😀😀😀", 3, ["😀", "😀", "😀"]),
    ],
)
def test_split_table(text: str, most: int, parts: list[str]) -> None:
    assert split(text, most) == parts


def test_split_at_the_limit() -> None:
    assert split("x" * MAX_PART) == ["x" * MAX_PART]
    assert [len(part) for part in split("x" * (MAX_PART + 1))] == [MAX_PART, 1]
    assert [units(part) for part in split("😀" * MAX_PART)] == [MAX_PART, MAX_PART]


@pytest.mark.parametrize("grapheme", GRAPHEMES)
def test_split_keeps_what_looks_like_one_character(grapheme: str) -> None:
    parts = split(grapheme * 900, 100)
    assert "".join(parts) == grapheme * 900
    assert all(part == grapheme * (len(part) // len(grapheme)) for part in parts)


def test_split_a_character_longer_than_a_part_is_cut() -> None:
    parts = split("e" + "\u0301" * 50, 20)
    assert "".join(parts) == "e" + "\u0301" * 50
    assert all(units(part) <= 20 for part in parts)


words = st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs", "So", "Mn"]), max_size=30)
texts = st.lists(st.one_of(words, st.sampled_from([". ", "! ", "。", "\n", " ", "\n\n", *GRAPHEMES])), max_size=80).map(
    "".join
)


@given(texts, st.integers(40, 200))
def test_split_any_text(text: str, most: int) -> None:
    parts = split(text, most)
    assert letters("".join(parts)) == letters(text)
    for part in parts:
        assert part == part.strip() != ""
        assert units(part) <= most
        part.encode()


@given(st.text(max_size=300), st.integers(2, 60))
def test_split_loses_nothing_of_whatever_it_gets(text: str, most: int) -> None:
    parts = split(text, most)
    assert letters("".join(parts)) == letters(text)
    assert all(units(part) <= most for part in parts)


@given(st.lists(st.sampled_from("aé😀 क"), max_size=200), st.integers(20, 60))
def test_split_marks_stay_with_their_base(bases: list[str], most: int) -> None:
    text = "".join(base if base == " " else base + "\u0301" for base in bases)
    assert not any(unicodedata.category(part[0]).startswith("M") for part in split(text, most))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("one\n two\t", "one two"),
        ("x" * 10, "x" * 10),
        ("x" * 11, "x" * 9 + "…"),
        ("one two three", "one two t…"),
        ("a\x00b\u202ec", "a b c"),
        ("e\u0301" * 6, "e\u0301" * 4 + "…"),
        (" " * 50 + "x", "…"),
    ],
)
def test_preview(text: str, shown: str) -> None:
    assert preview(text, 10) == shown


@given(st.text(max_size=600), st.integers(2, 120))
def test_preview_any_text(text: str, most: int) -> None:
    shown = preview(text, most)
    assert len(shown) <= most
    assert not any(unicodedata.category(letter) == "Cc" for letter in shown)


@given(st.text(max_size=60), st.integers(2, 30))
def test_shortened_any_text(text: str, most: int) -> None:
    short = shortened(text, most)
    assert len(short) <= most
    assert short == text or text.startswith(short[:-1].rstrip())


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("a\r\nb\rc\nd\te", "a\nb\nc\nd\te"),
        ("a\x00\x07\x7f\x85b", "ab"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d!", "\ufffd!"),
        ("أين 👨‍👩‍👧", "أين 👨‍👩‍👧"),
    ],
)
def test_repaired(text: str, whole: str) -> None:
    assert repaired(text) == whole


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        (" Ana\tMaría ", "Ana María"),
        ("\u202eanA", "anA"),
        (" \n\x00", ""),
        ("x" * 70, "x" * 59 + "…"),
        ("Zoë 🎈", "Zoë 🎈"),
    ],
)
def test_clean_name(name: str, clean: str) -> None:
    assert clean_name(name) == clean
