"""What the directory knew about a message, as its report keeps it."""

from collections.abc import Mapping
from typing import Any, Final

from dragoman.directory import answer_text, bounded, found_entries
from dragoman.documents import Directory

MAX_ENTRIES: Final = 3


def directory(asked: Mapping[str, Any]) -> Directory:
    """{"looked", "failed"?, "entryIds"?, "entries", "answer"} as the report's section; of nothing: not asked.

    entries: items of table Directory or plain entries; in the order of entryIds, if given. answer: [{"entryId",
    "text", "language"}], hours and text of an entry in the sender's language. Raises KeyError, TypeError,
    AttributeError or ValueError when it has another shape.
    """
    if not asked.get("looked"):
        return {"state": "not-asked", "entries": [], "answer": ""}
    if asked.get("failed"):
        return {"state": "failed", "entries": [], "answer": ""}
    entries = found_entries(asked["entries"], asked.get("entryIds", ()))[:MAX_ENTRIES]
    words = {part["entryId"]: part["text"] for part in asked.get("answer", ())}
    section: Directory = {
        "state": "found" if entries else "none",
        "entries": entries,
        "answer": answer_text(entries, words),
    }
    return bounded(section)
