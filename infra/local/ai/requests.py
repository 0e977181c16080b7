"""Members of a request to Translate or Comprehend, checked in the words of AWS's request validator."""

from collections.abc import Mapping
from typing import Any, Final

from infra.local.ai.errors import AwsError, text_too_long, validation
from infra.local.ai.protect import well_formed

_CODE_LENGTH: Final = (2, 5)


def field(key: str) -> str:
    """A member's name as the validator spells it."""
    return key[0].lower() + key[1:]


def string(request: Mapping[str, Any], key: str) -> str:
    """A required string. Raises AwsError when it is missing or something else."""
    value = request.get(key)
    if value is None:
        raise validation("null", field(key), "Member must not be null")
    if not isinstance(value, str):
        raise AwsError("SerializationException", f"{key} must be a string.")
    return value


def text_of(request: Mapping[str, Any], limit: int) -> str:
    """Member `Text`, without lone surrogates. Raises AwsError when it is empty or over `limit` bytes of UTF-8."""
    value = well_formed(string(request, "Text"))
    if not value:
        raise validation("''", "text", "Member must have length greater than or equal to 1")
    within(value, limit)
    return value


def within(value: str, limit: int) -> None:
    """Raises AwsError when a text is over `limit` bytes of UTF-8."""
    size = len(value.encode())
    if size > limit:
        raise text_too_long(limit, size)


def code_of(request: Mapping[str, Any], key: str) -> str:
    """A language code of 2 to 5 characters, whether or not there is such a language."""
    value = string(request, key)
    least, most = _CODE_LENGTH
    if len(value) < least:
        raise validation(f"'{value}'", field(key), f"Member must have length greater than or equal to {least}")
    if len(value) > most:
        raise validation(f"'{value}'", field(key), f"Member must have length less than or equal to {most}")
    return value
