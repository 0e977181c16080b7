"""From a day to the slices of the reports that its digest is made from. Pure: no boto3, no clock.

Reports are indexed by the UTC day on which their message was received and, within it, by when they were composed, which
is later: a second as a rule, hours or days after an outage. So the slices of a UTC day go on to its end, and the last
one is open.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dragoman.digests import Window
from dragoman.errors import ConfigurationError
from dragoman.times import parse, rfc3339
from plan_digest.errors import InvalidDay

SLICE: Final = timedelta(hours=1)
# How long after midnight an answer is still looked for.
GRACE: Final = timedelta(hours=6)
# How far the clock that composes a report may be behind the one that received its message.
SKEW: Final = timedelta(minutes=5)
MILLISECOND: Final = timedelta(milliseconds=1)
FIRST: Final = "0"
LAST: Final = "9"


class Slice(TypedDict):
    """day: the UTC day. after, before: moments of createdAt, both included; open ones are no moments but stand before
    or after all. texts: how many may be judged."""

    day: str
    after: str
    before: str
    texts: int


class Plan(TypedDict):
    """complete: whether the day is over."""

    day: str
    timeZone: str
    window: Window
    complete: bool
    notify: bool
    again: bool
    slices: list[Slice]


def plan(event: Mapping[str, Any]) -> Plan:
    """{"request": {"day"?, "scheduledAt"?, "notify"?, "again"?}, "now", "timeZone", "sentimentTexts"} to the plan.
    Without a day it is the one before the moment for which the digest was scheduled, or else before now, in the time
    zone: a schedule tries again for hours, past midnight too. Raises InvalidDay, ConfigurationError."""
    try:
        request, now, zone = event["request"], parse(event["now"]), ZoneInfo(event["timeZone"])
        texts = int(event["sentimentTexts"])
        wanted, due = request.get("day", ""), parse(request.get("scheduledAt", event["now"]))
    except (KeyError, TypeError, ValueError, AttributeError, ZoneInfoNotFoundError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None
    day = _day(wanted) if wanted else due.astimezone(zone).date() - timedelta(days=1)
    try:
        start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    except OverflowError:
        raise InvalidDay("The day is outside the calendar") from None
    if start > now:
        raise InvalidDay("The day has not begun")
    until = max(end, min(now, end + GRACE))
    ranges = list(_ranges(start, end, until, now))
    shares = _shares(texts, [_begin(date.fromisoformat(utc_day)) < end for utc_day, _, _ in ranges])
    return {
        "day": day.isoformat(),
        "timeZone": event["timeZone"],
        "window": {"start": rfc3339(start), "end": rfc3339(end), "until": rfc3339(until)},
        "complete": now >= end,
        "notify": request.get("notify") is True,
        "again": request.get("again") is True,
        "slices": [
            {"day": utc_day, "after": after, "before": before, "texts": share}
            for (utc_day, after, before), share in zip(ranges, shares, strict=True)
        ],
    }


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins there, in UTC: where the clock is put forward over midnight, when it is put."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _shares(total: int, wanted: list[bool]) -> list[int]:
    """What each slice gets of the total: nothing where only answers are looked for."""
    parts, before = sum(wanted), 0
    shares = []
    for gets in wanted:
        shares.append((total // parts + (before < total % parts)) * gets)
        before += gets
    return shares


def _day(text: Any) -> date:
    try:
        found = date.fromisoformat(text)
    except (TypeError, ValueError):
        raise InvalidDay("The day is not one such as 2026-11-27") from None
    if text != found.isoformat():
        raise InvalidDay("The day is not one such as 2026-11-27")
    return found


def _ranges(start: datetime, end: datetime, until: datetime, now: datetime) -> Iterator[tuple[str, str, str]]:
    """UTC day, first and last createdAt of each slice; none but the first of a UTC day begins in the future."""
    utc_day = start.date()
    while _begin(utc_day) < until:
        begin, last = _begin(utc_day), _begin(utc_day + timedelta(days=1))
        # A day that holds nothing but answers given after midnight is read no further than those.
        bound = min(last if begin < end else until + SKEW, now + SKEW)
        lower = max(start - SKEW, begin)
        yield from _hours(utc_day, lower, bound, opened=begin >= start - SKEW, endless=begin < end)
        utc_day += timedelta(days=1)


def _hours(
    utc_day: date, lower: datetime, bound: datetime, *, opened: bool, endless: bool
) -> Iterator[tuple[str, str, str]]:
    first = True
    while first or lower < bound:
        upper = lower.replace(minute=0, second=0, microsecond=0) + SLICE
        after = FIRST if first and opened else rfc3339(lower)
        before = LAST if endless and upper >= bound else rfc3339(upper - MILLISECOND)
        yield utc_day.isoformat(), after, before
        lower, first = upper, False


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
