"""Validators of schemas/, which `python -m infra.build` generates into dragoman/validators/ (about a millisecond to
import).

The generated code raises ValidationError. Its text names the place and the rule, never the value that broke it.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


class ValidationError(ValueError):
    """A document that its schema refuses."""


def validator(schema: str) -> Callable[[object], None]:
    """The validator of a schema by its path, such as 'message' or 'events/report_created'; it raises ValidationError.

    Raises ModuleNotFoundError when there is no such schema or the validators were not built.
    """
    validate: Callable[[object], Any] = import_module("dragoman.validators." + schema.replace("/", "_")).validate

    def check(document: object) -> None:
        validate(document)

    return check
