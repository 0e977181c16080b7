"""Moments as the documents write them: RFC 3339, UTC, milliseconds, 'Z'. Text order is time order."""

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """The moment as '2026-11-21T10:49:17.000Z'. The moment must carry a time zone."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_epoch_ms(milliseconds: int) -> str:
    """The moment that many milliseconds after 1970. Raises ValueError, OverflowError or OSError outside the
    calendar."""
    seconds, rest = divmod(milliseconds, 1000)
    return rfc3339(datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000))


def parse(text: str) -> datetime:
    """The moment an RFC 3339 text stands for. Raises ValueError when it is none or has no time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC)
