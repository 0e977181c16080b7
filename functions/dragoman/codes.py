"""The codes that tell one open question from another, as people write them. Pure, standard library alone."""

import re
import unicodedata
from collections.abc import Collection
from typing import Final, NamedTuple

from dragoman.identifiers import CODE_INITIALS, CODE_LENGTH, CODE_LETTERS

CODE: Final = rf"[{CODE_INITIALS}][{CODE_LETTERS}]{{{CODE_LENGTH - 1}}}"
# "#K7F", "# k7f", and "#K7F2" of somebody in a hurry.
MARKED: Final = re.compile(rf"#\s?({CODE})([1-9])?(?![^\W_])", re.IGNORECASE)
BARE: Final = re.compile(rf"(?<![^\W_])({CODE})(?![^\W_])", re.IGNORECASE)
# What stands around a code and belongs to no answer.
AROUND: Final = " \t\r\n()[]{}:;,.-–—"


class Coded(NamedTuple):
    """A text apart from its code, which is in capitals; empty when it has none."""

    code: str
    rest: str


def coded(text: str, own: Collection[str] = ()) -> Coded:
    """Finds the code in a text: behind a '#', one of `own` before all others, or, without '#', one of `own` that stands
    at the beginning or the end."""
    wide = unicodedata.normalize("NFKC", text)
    marked = sorted(MARKED.finditer(wide), key=lambda match: match[1].upper() not in own)
    if marked:
        found = marked[0]
        return Coded(found[1].upper(), _without(wide, found.start(), found.end(), found[2] or ""))
    for found in BARE.finditer(wide):
        at_edge = not wide[: found.start()].strip(AROUND) or not wide[found.end() :].strip(AROUND)
        if at_edge and found[1].upper() in own:
            return Coded(found[1].upper(), _without(wide, found.start(), found.end(), ""))
    return Coded("", text)


def without_code(text: str, code: str) -> str:
    """A text without that code, if it has it behind a '#'; a translation may have lost it."""
    found = coded(text, {code}) if code else Coded("", text)
    return found.rest if found.code == code and code else text.strip()


def _without(text: str, start: int, end: int, more: str) -> str:
    before, after = text[:start].rstrip(AROUND), text[end:].lstrip(AROUND)
    return " ".join(part for part in (before, more, after) if part).strip()
