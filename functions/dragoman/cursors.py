"""Where a page of messages ends, and the next one begins. Pure.

A cursor is a moment, '~' and a word. As the id of a message the word is its messageId. In a `next` of since it is the
day to read: days are the key of the index, messages are found by the day they were received on, and are composed
seconds, or after an outage hours, later.
"""

import re
from datetime import date, timedelta
from typing import Final

from dragoman.times import parse, rfc3339

DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MILLISECOND: Final = timedelta(milliseconds=1)


def parted(cursor: str) -> tuple[str, str]:
    """The moment and the word. Raises ValueError when the moment is none."""
    moment, _, word = cursor.partition("~")
    return rfc3339(parse(moment)), word


def moved(moment: str, by: timedelta) -> str:
    """A moment so much later. Raises ValueError or OverflowError outside the calendar."""
    return rfc3339(parse(moment) + by)


def day_after(day: str) -> str:
    """The day that follows a day such as '2026-11-21'."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
