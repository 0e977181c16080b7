"""The moment before which messages count as old. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dragoman.errors import ConfigurationError
from dragoman.times import parse, rfc3339


def before(event: Mapping[str, Any]) -> str:
    """{"now": a moment, "afterSeconds": whole seconds, as a number or text} to the moment so long ago. Raises
    ConfigurationError."""
    try:
        ago = timedelta(seconds=int(event["afterSeconds"]))
        if ago < timedelta():
            raise ValueError("a time to come")
        return rfc3339(parse(event["now"]) - ago)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None
