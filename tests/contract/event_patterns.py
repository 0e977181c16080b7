"""EventBridge's event patterns, as far as the template uses them: exact values, prefix, suffix, anything-but, exists.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

from collections.abc import Callable

from tests.contract.shipped import Json, many

# An operator's test of its operand against a value that is there.
_OPERATORS: dict[str, Callable[[Json, Json], bool]] = {
    "prefix": lambda operand, value: isinstance(value, str) and value.startswith(operand),
    "suffix": lambda operand, value: isinstance(value, str) and value.endswith(operand),
    "equals-ignore-case": lambda operand, value: isinstance(value, str) and value.lower() == operand.lower(),
    "anything-but": lambda operand, value: value not in many(operand),
}


class UnsupportedPatternError(Exception):
    """A pattern with an operator that this matcher does not know: teach it, or write the pattern otherwise."""


def matches(pattern: Json, event: Json) -> bool:
    """Whether EventBridge would send the event to a rule with this pattern. Raises UnsupportedPatternError."""
    return all(_field_matches(event, name, wanted) for name, wanted in pattern.items())


def _field_matches(event: Json, name: str, wanted: Json) -> bool:
    there = isinstance(event, dict) and name in event
    if isinstance(wanted, dict):
        return there and matches(wanted, event[name])
    if not isinstance(wanted, list):
        raise UnsupportedPatternError(f"{name}: a pattern's values stand in a list")
    values = many(event[name]) if there else []
    return any(_alternative_matches(alternative, values) for alternative in wanted)


def _alternative_matches(alternative: Json, values: list[Json]) -> bool:
    if not isinstance(alternative, dict):
        return any(alternative == value for value in values)
    ((operator, operand),) = alternative.items()
    if operator == "exists":
        return bool(values) is operand
    if operator not in _OPERATORS:
        raise UnsupportedPatternError(operator)
    return any(_OPERATORS[operator](operand, value) for value in values)
