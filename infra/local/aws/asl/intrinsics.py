"""The intrinsic functions of the Amazon States Language (`States.Format` and its kin).

docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

import base64
import binascii
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from infra.local.aws.asl.errors import StateError

Json = Any
Resolve = Callable[[str], Json]
Node = Callable[[Resolve], Json]

# "The length of the string shouldn't exceed 10,000 characters": the reference above, for Base64 and Hash.
_MAX_CHARACTERS = 10_000
_MAX_RANGE = 1_000
_TOKEN = re.compile(
    r"\s*(?:(?P<name>States\.\w+)\s*\(|(?P<string>'(?:\\.|[^'\\])*')|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>true|false|null)|(?P<path>\$(?:[^,()\[\]']|\[[^\]]*\])*))"
)
_WORDS = {"true": True, "false": False, "null": None}
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def evaluate(expression: str, resolve: Resolve) -> Json:
    """The value of a `States.…(…)` expression; `resolve` reads the paths in it.

    Raises StateError States.IntrinsicFailure for wrong arguments, States.Runtime for text that does not parse.
    """
    return _parse(expression)(resolve)


def _failure(name: str, reason: str) -> StateError:
    return StateError("States.IntrinsicFailure", f"Invalid arguments in {name}: {reason}")


@lru_cache(maxsize=2048)
def _parse(expression: str) -> Node:
    node, position = _argument(expression, 0)
    if expression[position:].strip():
        raise StateError("States.Runtime", f"Invalid intrinsic function: {expression}")
    return node


def _argument(text: str, position: int) -> tuple[Node, int]:
    match = _TOKEN.match(text, position)
    if match is None:
        raise StateError("States.Runtime", f"Invalid intrinsic function: {text}")
    if match.lastgroup == "name":
        return _call(match["name"], text, match.end())
    return _leaf(match), match.end()


def _leaf(match: re.Match[str]) -> Node:
    token = match[match.lastgroup or 0].strip()
    if match.lastgroup == "path":
        return lambda resolve: resolve(token)
    if match.lastgroup == "string":
        value: Json = _Literal(token[1:-1])
    elif match.lastgroup == "word":
        value = _WORDS[token]
    else:
        value = float(token) if "." in token else int(token)
    return lambda _resolve: value


class _Literal(str):
    """A string as written, escapes and all: States.Format reads `\\{` differently from the rest."""

    __slots__ = ()

    def plain(self) -> str:
        return re.sub(r"\\(.)", r"\1", self)


def _call(name: str, text: str, position: int) -> tuple[Node, int]:
    function = _FUNCTIONS.get(name)
    if function is None:
        raise StateError("States.Runtime", f"Unknown intrinsic function: {name}")
    arguments: list[Node] = []
    while not (end := re.compile(r"\s*\)").match(text, position)):
        if arguments:
            comma = re.compile(r"\s*,").match(text, position)
            if comma is None:
                raise StateError("States.Runtime", f"Invalid intrinsic function: {text}")
            position = comma.end()
        node, position = _argument(text, position)
        arguments.append(node)
    return (lambda resolve: _apply(name, function, [node(resolve) for node in arguments])), end.end()


def _apply(name: str, function: Callable[..., Json], arguments: list[Json]) -> Json:
    if name != "States.Format":
        arguments = [value.plain() if isinstance(value, _Literal) else value for value in arguments]
    try:
        return function(*arguments)
    except StateError:
        raise
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, binascii.Error) as error:
        raise _failure(name, str(error)) from error


def _format(template: str, *values: Json) -> str:
    parts = re.split(r"(\\.|\{\})", template)
    if parts.count("{}") != len(values):
        raise _failure("States.Format", f"{parts.count('{}')} placeholders, {len(values)} values")
    remaining = iter(values)
    return "".join(
        _text(next(remaining)) if part == "{}" else part[1:] if part.startswith("\\") and len(part) == 2 else part
        for part in parts
    )


def _text(value: Json) -> str:
    if isinstance(value, _Literal):
        return value.plain()
    return value if isinstance(value, str) else _dumps(value)


def _dumps(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _short(text: str) -> bytes:
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"more than {_MAX_CHARACTERS} characters")
    return text.encode()


def _array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError("an array is needed")
    return value


def _integer(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number is needed")
    return round(value)


def _unique(values: Json) -> list[Json]:
    seen: dict[str, Json] = {}
    for value in _array(values):
        seen.setdefault(json.dumps(value, sort_keys=True), value)
    return list(seen.values())


def _partition(values: Json, size: Json) -> list[list[Json]]:
    chunk = _integer(size)
    if chunk < 1:
        raise ValueError("chunk size must be positive")
    return [_array(values)[start : start + chunk] for start in range(0, len(values), chunk)]


def _range(first: Json, last: Json, step: Json) -> list[int]:
    jump = _integer(step)
    numbers = range(_integer(first), _integer(last) + (1 if jump > 0 else -1), jump)
    if len(numbers) > _MAX_RANGE:
        raise ValueError(f"more than {_MAX_RANGE} elements")
    return list(numbers)


def _item(values: Json, index: Json) -> Json:
    position = _integer(index)
    if not 0 <= position < len(_array(values)):
        raise ValueError("index out of range")
    return values[position]


def _contains(values: Json, wanted: Json) -> bool:
    return any(isinstance(v, bool) == isinstance(wanted, bool) and v == wanted for v in _array(values))


def _merge(first: Json, second: Json, deep: Json) -> dict[str, Json]:
    if deep is not False or not isinstance(first, dict) or not isinstance(second, dict):
        raise ValueError("two objects and false are needed")
    return {**first, **second}


def _split(text: str, delimiters: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(delimiters)}]", text) if part] if delimiters else [text]


def _random(first: Json, last: Json, seed: Json = None) -> int:
    low, high = _integer(first), _integer(last)
    source = random.Random(seed) if seed is not None else random  # noqa: S311 - ASL's own, not for secrets
    return source.randrange(low, max(low + 1, high))


_FUNCTIONS: dict[str, Callable[..., Json]] = {
    "States.Array": lambda *values: list(values),
    "States.ArrayContains": _contains,
    "States.ArrayGetItem": _item,
    "States.ArrayLength": lambda values: len(_array(values)),
    "States.ArrayPartition": _partition,
    "States.ArrayRange": _range,
    "States.ArrayUnique": _unique,
    "States.Base64Decode": lambda text: base64.b64decode(_short(text)).decode(),
    "States.Base64Encode": lambda text: base64.b64encode(_short(text)).decode(),
    "States.Format": _format,
    "States.Hash": lambda text, name: hashlib.new(
        _HASHES[name], _short(_text(text)), usedforsecurity=False
    ).hexdigest(),
    "States.JsonMerge": _merge,
    "States.JsonToString": _dumps,
    "States.MathAdd": lambda a, b: _integer(a) + _integer(b),
    "States.MathRandom": _random,
    "States.StringSplit": _split,
    "States.StringToJson": json.loads,
    "States.UUID": lambda: str(uuid.uuid4()),
}
