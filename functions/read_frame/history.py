"""What to read of the reports: a conversation's history, or everything since a message."""

from datetime import datetime, timedelta
from typing import Any, Final

from dragoman.cursors import DAY, moved, parted
from dragoman.errors import InvalidFrame
from dragoman.times import parse, rfc3339

DEFAULT_LIMIT: Final = 20
SINCE_LIMIT: Final = 50
# After every moment as text.
NO_BOUND: Final = "9999"
# An index lags behind its table, and clocks behind one another.
OVERLAP: Final = timedelta(seconds=60)
# How long a message may be under way before it has a report, and still be found by whoever has been away. One that took
# longer is pushed all the same to all who are connected, and is in its conversation's history.
LONGEST_WAY: Final = timedelta(hours=6)
OLDEST: Final = timedelta(days=7)
# For the pages that follow one that was within the bound.
OLDEST_NEXT: Final = timedelta(days=8)


def history(frame: dict[str, Any]) -> dict[str, Any]:
    """The request for a page of a conversation. Raises InvalidFrame."""
    before = NO_BOUND if "before" not in frame else _parted(frame["before"], "before")[0]
    limit = str(int(frame.get("limit", DEFAULT_LIMIT)))
    return {"mode": "history", "conversationId": frame["conversationId"], "before": before, "limit": limit}


def since(cursor: str, room: str, now: datetime) -> dict[str, Any]:
    """The request for a page of one day: for the id of a message, from a minute before it on; for the `next` of a page,
    from there on. Raises InvalidFrame."""
    moment, word = _parted(cursor, "since")
    follows = bool(DAY.fullmatch(word))
    if parse(moment) < now - (OLDEST_NEXT if follows else OLDEST):
        raise InvalidFrame("too-old", f"That is more than {OLDEST.days} days ago: load everything anew.")
    today = rfc3339(now)[:10]
    after = moment if follows else moved(moment, -OVERLAP)
    day = word if follows else moved(after, -LONGEST_WAY)[:10]
    return {
        "mode": "since",
        "since": cursor,
        "day": min(day, today),
        "after": after,
        "today": today,
        "room": room,
        "limit": str(SINCE_LIMIT),
    }


def _parted(cursor: str, field: str) -> tuple[str, str]:
    try:
        return parted(cursor)
    except (ValueError, OverflowError):
        raise InvalidFrame("invalid-frame", f"{field} must be the id of a message, or next of a page") from None
