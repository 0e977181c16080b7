"""Readers of environment variables, from which each function builds one frozen dataclass, once."""

import os

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
