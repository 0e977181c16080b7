"""How soon people were answered, and who was not. Pure."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import groupby
from statistics import median
from typing import Any, Final, TypedDict

from dragoman.digests import Row
from dragoman.times import parse

MAX_UNANSWERED: Final = 20
SECOND: Final = timedelta(seconds=1)


class Answers(TypedDict):
    """answered: runs of messages that a person answered. byDirectory: messages that the directory answered.
    unanswered: conversations that wait."""

    answered: int
    byDirectory: int
    unanswered: int
    medianSeconds: float | None


class Run(TypedDict):
    """Messages of a sender with no person's answer between them, of which the first counts."""

    first: Row
    seconds: float | None


def runs(rows: Iterable[Row]) -> Iterator[Run]:
    """The runs of all conversations. Messages that need no person are in none: the directory answered, a question was
    answered, or they are a stop, start or help. rows may go on after the day, with answers alone."""
    ordered = sorted(rows, key=lambda row: (row["conversation"], row["at"], row["id"]))
    for _, conversation in groupby(ordered, key=lambda row: row["conversation"]):
        first: Row | None = None
        for row in conversation:
            if row["direction"] == "inbound" and not row.get("by"):
                first = first or row
            elif row.get("person") and first:
                yield {"first": first, "seconds": (parse(row["at"]) - parse(first["at"])) / SECOND}
                first = None
        if first:
            yield {"first": first, "seconds": None}


def answers(found: Iterable[Run], rows: Iterable[Row]) -> Answers:
    """The figures of the runs and of the rows they were found in. The median is exact."""
    seconds = [run["seconds"] for run in found]
    taken = [each for each in seconds if each is not None]
    return {
        "answered": len(taken),
        "byDirectory": sum(row.get("by") == "directory" for row in rows),
        "unanswered": len(seconds) - len(taken),
        "medianSeconds": median(taken) if taken else None,
    }


def unanswered(found: Iterable[Run]) -> list[dict[str, Any]]:
    """The conversations that wait, by their first message that does: the longest waiting first, MAX_UNANSWERED at the
    most."""
    waiting = sorted((run["first"] for run in found if run["seconds"] is None), key=lambda row: (row["at"], row["id"]))
    return [
        {
            "messageId": row["id"],
            "conversationId": row["conversation"],
            "preview": row.get("preview", ""),
            "language": row["language"],
            "receivedAt": row["at"],
        }
        for row in waiting[:MAX_UNANSWERED]
    ]
