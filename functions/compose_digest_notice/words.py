"""Figures as people read them. Pure."""

from collections.abc import Mapping
from typing import Any


def duration(seconds: float) -> str:
    """Seconds as '45 seconds', '12 minutes', '3 hours 5 minutes'."""
    whole = round(seconds)
    if whole < 60:
        return _times(whole, "second")
    minutes = round(whole / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _times(minutes, "minute")
    return f"{_times(hours, 'hour')} {_times(rest, 'minute')}" if rest else _times(hours, "hour")


def answered_words(answers: Mapping[str, Any]) -> str:
    """How many were answered, and how soon."""
    if answers["medianSeconds"] is None:
        return "Nobody was answered by a person."
    return f"Answered by a person: {answers['answered']}, half of them within {duration(answers['medianSeconds'])}."


def _times(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
