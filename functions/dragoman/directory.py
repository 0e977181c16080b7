"""Entries of the directory, and what they tell a sender. Pure, standard library alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from dragoman.documents import Directory, FoundEntry
from dragoman.items import json_text, plain
from dragoman.texts import shortened

MAX_ANSWER: Final = 900
# Bytes of a report's section as it stands in the machine's payload.
MAX_SECTION: Final = 6 * 1024
BETWEEN_ENTRIES: Final = "\n\n"
# With less of it left than this an entry is not worth beginning.
MIN_BLOCK: Final = 80

TRANSLATED: Final = ("hours", "text")
TOLD: Final = ("name", "address", "hours", "phone", "text", "link")
KEPT: Final = ("entryId", "name", "phone", "address", "hours", "text", "link", "language")


def words_of(entry: Mapping[str, Any]) -> str:
    """What of an entry is translated: hours and text, a line break between them; empty when it has neither. Names,
    addresses, numbers and links stay as they are."""
    return "\n".join(str(entry[name]) for name in TRANSLATED if entry.get(name))


def entry_text(entry: Mapping[str, Any], words: str = "", most: int = MAX_ANSWER) -> str:
    """An entry as a sender reads it, each of TOLD on a line of its own, at most `most` characters: where that is too
    little its text is cut first. words: words_of() in another language."""
    told = {name: str(entry[name]) for name in TOLD if entry.get(name)} | _translated(entry, words)
    whole = _lines(told)
    if len(whole) <= most:
        return whole
    room = len(told.get("text", "")) - (len(whole) - most)
    told["text"] = shortened(told["text"], room) if room > 1 else ""
    return shortened(_lines(told), most)


def answer_text(entries: Iterable[Mapping[str, Any]], words: Mapping[str, str]) -> str:
    """Entries as one answer, the best first, a blank line between two, at most MAX_ANSWER characters: an entry with too
    little room is left out. words: words_of() in the sender's language, by entryId."""
    answer = ""
    for entry in entries:
        begun = answer + BETWEEN_ENTRIES if answer else ""
        room = MAX_ANSWER - len(begun)
        if room < MIN_BLOCK:
            break
        answer = begun + entry_text(entry, words.get(entry["entryId"], ""), room)
    return answer


def found_entries(found: Iterable[Mapping[str, Any]], order: Sequence[str] = ()) -> list[FoundEntry]:
    """Entries as a report keeps them, from items of table Directory or plain entries; in the order of their ids as far
    as one is given.

    Raises KeyError, TypeError, AttributeError or ValueError when they have another shape.
    """
    entries = [_kept(plain(entry) if isinstance(entry["entryId"], Mapping) else entry) for entry in found]
    places = {entry_id: place for place, entry_id in enumerate(order)}
    return sorted(entries, key=lambda entry: places.get(entry["entryId"], len(places)))


def bounded(directory: Directory) -> Directory:
    """The section, with no more left out of its entries than it takes to be at most MAX_SECTION bytes: the longest and
    least missed first. What the sender was told is cut last."""
    for name in ("text", "hours", "address", "link"):
        if _size(directory) > MAX_SECTION:
            directory = {**directory, "entries": [_without(entry, name) for entry in directory["entries"]]}
    for most in (MAX_ANSWER // 2, MAX_ANSWER // 4):
        if _size(directory) > MAX_SECTION:
            directory = {**directory, "answer": shortened(directory["answer"], most)}
    return directory


def _translated(entry: Mapping[str, Any], words: str) -> dict[str, str]:
    """hours and text out of their common translation. Who translates may drop the line break: then all of it is what
    the first of them would be."""
    present = [name for name in TRANSLATED if entry.get(name)]
    if not words.strip() or not present:
        return {}
    parts = words.strip().split("\n", len(present) - 1)
    return {name: part.strip() for name, part in zip(present, [*parts, ""], strict=False)}


def _lines(told: Mapping[str, str]) -> str:
    return "\n".join(told[name] for name in TOLD if told.get(name))


def _kept(entry: Mapping[str, Any]) -> FoundEntry:
    found: FoundEntry = {"entryId": entry["entryId"], "name": entry["name"], "language": entry["language"]}
    return found | {name: entry[name] for name in KEPT if name in entry}  # type: ignore[return-value]


def _without(entry: FoundEntry, name: str) -> FoundEntry:
    return {key: value for key, value in entry.items() if key != name}  # type: ignore[return-value]


def _size(directory: Directory) -> int:
    return len(json_text(json_text(directory)).encode(errors="replace"))
