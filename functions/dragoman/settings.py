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


def positive_int(name: str) -> int:
    """The value of an environment variable as a whole number of at least 1. Raises ConfigurationError."""
    value = required(name)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ConfigurationError(f"{name} is not a whole number of at least 1")
    return int(value)
