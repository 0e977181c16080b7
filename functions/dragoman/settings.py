"""Readers of environment variables, from which each function builds one frozen dataclass, once."""

import os
from urllib.parse import urlsplit

from dragoman.errors import ConfigurationError


def required(name: str) -> str:
    """The value of an environment variable. Raises ConfigurationError when it is missing or blank."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"{name} is not set")
    return value


def optional(name: str) -> str:
    """The value of an environment variable, empty when it is missing."""
    return os.environ.get(name, "").strip()


def positive_int(name: str, default: int | None = None) -> int:
    """The value of an environment variable as a whole number of at least 1, or the default where it is not set.

    Raises ConfigurationError.
    """
    value = optional(name) if default is not None else required(name)
    if not value and default is not None:
        return default
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ConfigurationError(f"{name} is not a whole number of at least 1")
    return int(value)


def words(name: str) -> tuple[str, ...]:
    """The entries of a list with commas, blank ones left out: none when it is missing."""
    return tuple(word.strip() for word in optional(name).split(",") if word.strip())


def required_words(name: str) -> tuple[str, ...]:
    """The same for a list that must hold one at least. Raises ConfigurationError."""
    found = words(name)
    if not found:
        raise ConfigurationError(f"{name} is not set")
    return found


def base_url(name: str) -> str:
    """A URL such as https://example.org/prod, without a slash at its end; empty when it is missing. Raises
    ConfigurationError."""
    url = optional(name).rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if url and (not usable or parts.query or parts.fragment):
        raise ConfigurationError(f"{name} is not a URL such as https://example.org/prod")
    return url
