"""Cutting texts without breaking what a person sees as one character, and comparing them. Standard library alone."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, takewhile
from typing import Final

# Twilio's limit for one message. It does not say whether a character beyond U+FFFF counts once or, as in UCS-2, twice;
# counted twice, a part keeps to it either way. https://www.twilio.com/docs/glossary/what-sms-character-limit
MAX_PART: Final = 1_600
CUT: Final = "…"
# Marks that writers add or leave out as they like: accents of Latin, Greek and Cyrillic, the points of Hebrew, the
# vowel signs, hamza and stretching of Arabic. Those of other scripts make other letters.
OPTIONAL_MARKS: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u06d6-\u06ed]"
)

# Where a sentence ends: before white space, or without it in scripts that use none; and at the end of a line.
SENTENCE_END: Final = re.compile(r"""[.!?…‽؟۔।॥።။។]+["'”’»)\]]*(?=\s)|[。！？｡．]+[」』”’）〉》】]*|\n+""")
WHITE_SPACE: Final = re.compile(r"\s+")
# Controls, and marks that change the direction of what follows: a text that was cut may have lost their end.
UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
JOINER: Final = "\u200d"


def split(text: str, most: int = MAX_PART) -> list[str]:
    """The text in parts of at most `most` characters, none blank: cut at the end of a sentence if there is one in the
    second half of a part, else between words, else between characters. Nothing is lost but white space at the cuts and
    at both ends."""
    parts, rest = list[str](), text.strip()
    while rest:
        at = _cut(rest, most)
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return parts


def preview(text: str, most: int) -> str:
    """The beginning of a text on one line, at most `most` code points."""
    shown = WHITE_SPACE.sub(" ", UNSEEN.sub(" ", text[: most * 4])).strip()
    if len(shown) <= most and len(text) <= most * 4:
        return shown
    return shown[: _whole_characters(shown, min(most - len(CUT), len(shown)))].rstrip() + CUT


def shortened(text: str, most: int) -> str:
    """The beginning of a text, at most `most` code points, with a mark where it was cut."""
    return text if len(text) <= most else text[: _whole_characters(text, most - len(CUT))].rstrip() + CUT


def repaired(text: str) -> str:
    """The text without control characters, line ends as one character, and with U+FFFD for half of a surrogate pair:
    what a browser sends may hold all of them."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    lines = whole.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in lines if letter in "\n\t" or unicodedata.category(letter) != "Cc")


def _cut(text: str, most: int) -> int:
    """Where to cut a text that does not begin with white space; its length when it fits."""
    end = _fitting(text, most)
    if end == len(text):
        return end
    sentences = [at for at in _sentence_ends(text, end) if at >= end // 2]
    if sentences:
        return sentences[-1]
    words = [at for at in _word_ends(text, end) if at > 0]
    return words[-1] if words else _whole_characters(text, end)


def _fitting(text: str, most: int) -> int:
    """How many code points of the text make at most `most` units of UTF-16, and one at least."""
    units = list(accumulate(2 if letter > "\uffff" else 1 for letter in text[: most + 1]))
    return max(1, bisect_right(units, most))


def _sentence_ends(text: str, end: int) -> Iterator[int]:
    return (match.end() for match in SENTENCE_END.finditer(text[: end + 1]) if _parts_at(text, match.end(), end))


def _word_ends(text: str, end: int) -> Iterator[int]:
    return (match.start() for match in WHITE_SPACE.finditer(text[: end + 1]) if _parts_at(text, match.start(), end))


def _parts_at(text: str, at: int, end: int) -> bool:
    """Whether a part may end there. A mark belongs to the white space before it."""
    if at > end:
        return False
    while at < len(text) and text[at].isspace():
        at += 1
    return not _continues(text, at)


def _whole_characters(text: str, end: int) -> int:
    """The last place up to `end` that is between two characters; `end` itself when one character is longer."""
    return next((at for at in range(end, 0, -1) if not _continues(text, at)), end)


def _continues(text: str, at: int) -> bool:
    """Whether the code point there belongs to the one before it. The rules of UAX #29 that people notice: marks,
    joiners, skin tones, flags, Hangul."""
    if at <= 0 or at >= len(text):
        return False
    letter, before = text[at], text[at - 1]
    if JOINER in (letter, before) or unicodedata.category(letter) in ("Mn", "Mc", "Me"):
        return True
    if _within(letter, "\U0001f3fb", "\U0001f3ff") or _within(letter, "\U000e0020", "\U000e007f"):
        return True
    if _within(letter, "\u1160", "\u11ff"):
        return True
    return _is_flag(letter) and _flags_before(text, at) % 2 == 1


def _is_flag(letter: str) -> bool:
    return _within(letter, "\U0001f1e6", "\U0001f1ff")


def _flags_before(text: str, at: int) -> int:
    """How many of the letters that flags are made of, two each, stand right before."""
    return len(list(takewhile(_is_flag, reversed(text[:at]))))


def _within(letter: str, first: str, last: str) -> bool:
    return first <= letter <= last


def without_accents(text: str) -> str:
    """A text without case and optional marks, wide and narrow forms as one; decomposed, for the caller to compose."""
    wide = unicodedata.normalize("NFKC", text).casefold()
    return OPTIONAL_MARKS.sub("", unicodedata.normalize("NFD", wide))
