"""Choice rules: which comparison of the Amazon States Language holds for an input."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from infra.local.aws.asl.errors import runtime_error
from infra.local.aws.asl.paths import PathNotFound

Json = Any
Read = Callable[[str], Json]


def holds(rule: Mapping[str, Json], read: Read) -> bool:
    """Whether `rule` holds; `read` resolves a path or raises PathNotFound. Raises StateError for a missing Variable."""
    if "And" in rule:
        return all(holds(inner, read) for inner in rule["And"])
    if "Or" in rule:
        return any(holds(inner, read) for inner in rule["Or"])
    return not holds(rule["Not"], read) if "Not" in rule else _comparison(rule, read)


def _comparison(rule: Mapping[str, Json], read: Read) -> bool:
    operator = next(key for key in rule if key not in ("Variable", "Next", "Comment"))
    if operator == "IsPresent":
        return _present(rule["Variable"], read) is rule[operator]
    value = _must(rule["Variable"], read)
    if operator in _TYPES:
        return _TYPES[operator](value) is rule[operator]
    if operator.endswith("Path"):
        return _compare(operator[:-4], value, _must(rule[operator], read))
    return _compare(operator, value, rule[operator])


def _present(path: str, read: Read) -> bool:
    try:
        read(path)
    except PathNotFound:
        return False
    return True


def _must(path: str, read: Read) -> Json:
    try:
        return read(path)
    except PathNotFound as error:
        cause = f"Invalid path '{path}': The choice state's condition path references an invalid value."
        raise runtime_error(cause) from error


def _number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _instant(value: Json) -> datetime | None:
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


_TYPES: dict[str, Callable[[Json], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": _number,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: _instant(value) is not None,
}
_ORDER: dict[str, Callable[[Json, Json], bool]] = {
    "Equals": lambda a, b: bool(a == b),
    "LessThan": lambda a, b: bool(a < b),
    "GreaterThan": lambda a, b: bool(a > b),
    "LessThanEquals": lambda a, b: bool(a <= b),
    "GreaterThanEquals": lambda a, b: bool(a >= b),
}


def _compare(operator: str, left: Json, right: Json) -> bool:
    if operator == "StringMatches":
        return isinstance(left, str) and isinstance(right, str) and _glob(right).fullmatch(left) is not None
    for kind in ("String", "Numeric", "Boolean", "Timestamp"):
        if operator.startswith(kind):
            return _ordered(kind, operator.removeprefix(kind), left, right)
    raise runtime_error(f"Unknown comparison: {operator}")


def _ordered(kind: str, order: str, left: Json, right: Json) -> bool:
    if kind == "Timestamp":
        left, right = _instant(left), _instant(right)
        typed = left is not None and right is not None
    elif kind == "Numeric":
        typed = _number(left) and _number(right)
    else:
        wanted = str if kind == "String" else bool
        typed = isinstance(left, wanted) and isinstance(right, wanted)
    return typed and _ORDER[order](left, right)


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|\*|[^*\\]+", pattern)
    return re.compile("".join(".*" if p == "*" else re.escape(p.removeprefix("\\")) for p in parts), re.DOTALL)
