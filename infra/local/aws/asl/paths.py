"""The JSONPath of the Amazon States Language: reading (`select`) and writing (`put`).

Paths without wildcards must exist; paths with one answer with a list, empty when nothing matches, as Jayway's
implementation behind Step Functions does.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

Json = Any
Step = Callable[[list[Json], Json], list[Json]]

_TOKEN = re.compile(
    r"""\.\.(?P<deep>[^\s.\[\]()*]+|\*)
      | \.\.(?=\[)(?P<deepany>)
      | \.(?P<name>[^\s.\[\]()*?]+)
      | \.(?P<star>\*)
      | \[(?P<allitems>\*)\]
      | \[(?P<index>-?\d+)\]
      | \[(?P<slice>-?\d*:-?\d*(?::\d+)?)\]
      | \[(?P<quoted>(?:'(?:\\.|[^'])*'|"(?:\\.|[^"])*")(?:\s*,\s*(?:'(?:\\.|[^'])*'|"(?:\\.|[^"])*"))*)\]
      | \[(?P<union>-?\d+(?:\s*,\s*-?\d+)+)\]
      | \[\?\((?P<filter>(?:[^()]|\([^()]*\))*)\)\]
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r"'((?:\\.|[^'])*)'|\"((?:\\.|[^\"])*)\"")


class InvalidPath(Exception):
    """The text is not a path this implementation knows."""


class PathNotFound(Exception):
    """A definite path that the document does not have."""


class Path(NamedTuple):
    """A compiled path: its steps, and whether it names exactly one value."""

    steps: tuple[Step, ...]
    definite: bool
    keys: tuple[str | int, ...]


def select(path: str, document: Json) -> Json:
    """The value or values at `path`. Raises PathNotFound for a definite path that is not there, InvalidPath."""
    compiled = compile_path(path)
    values = [document]
    for step in compiled.steps:
        values = step(values, document)
    if not compiled.definite:
        return values
    if not values:
        raise PathNotFound(path)
    return values[0]


def put(path: str, document: Json, value: Json) -> Json:
    """A copy of `document` with `value` at the reference path. Raises InvalidPath when it cannot be placed."""
    compiled = compile_path(path)
    if not compiled.definite:
        raise InvalidPath(path)
    return _put(document, compiled.keys, value)


def _put(document: Json, keys: tuple[str | int, ...], value: Json) -> Json:
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(key, int):
        if not isinstance(document, list) or not -len(document) <= key < len(document):
            raise InvalidPath(str(key))
        copy = list(document)
        copy[key] = _put(copy[key], rest, value)
        return copy
    if document is None:
        document = {}
    if not isinstance(document, dict):
        raise InvalidPath(key)
    return {**document, key: _put(document.get(key), rest, value)}


@lru_cache(maxsize=4096)
def compile_path(path: str) -> Path:
    """Parse `path` once. Raises InvalidPath."""
    if not path.startswith("$"):
        raise InvalidPath(path)
    steps: list[Step] = []
    keys: list[str | int] = []
    definite = True
    position = 1
    while position < len(path):
        match = _TOKEN.match(path, position)
        if match is None:
            raise InvalidPath(path)
        key, step = _step(match)
        steps.append(step)
        keys.append(key if key is not None else "")
        definite = definite and key is not None
        position = match.end()
    return Path(tuple(steps), definite, tuple(keys))


def _step(match: re.Match[str]) -> tuple[str | int | None, Step]:
    kind, text = match.lastgroup, match.group(match.lastgroup or 0)
    if kind == "name":
        return text, _each(lambda value: _field(value, text))
    if kind == "index":
        return int(text), _each(lambda value: _items(value, [int(text)]))
    if kind == "quoted":
        names = [a.replace("\\'", "'") if a else b.replace('\\"', '"') for a, b in _QUOTED.findall(text)]
        step = _each(lambda value: [x for name in names for x in _field(value, name)])
        return (names[0] if len(names) == 1 else None), step
    return None, _MANY[kind or ""](text)


def _slice(text: str) -> Step:
    bounds = [int(part) if part else None for part in text.split(":")]
    return _each(lambda value: value[slice(*bounds)] if isinstance(value, list) else [])


def _union(text: str) -> Step:
    indexes = [int(part) for part in text.split(",")]
    return _each(lambda value: _items(value, indexes))


def _filter(text: str) -> Step:
    keep = compile_filter(text)
    return lambda values, root: [x for value in values for x in _children(value) if keep(x, root)]


def _deep(text: str) -> Step:
    read = _children if text == "*" else lambda node: _field(node, text)
    return _each(lambda value: [x for node in _descend(value) for x in read(node)])


def _each(read: Callable[[Json], list[Json]]) -> Step:
    return lambda values, _root: [x for value in values for x in read(value)]


def _field(value: Json, name: str) -> list[Json]:
    return [value[name]] if isinstance(value, dict) and name in value else []


def _items(value: Json, indexes: list[int]) -> list[Json]:
    if not isinstance(value, list):
        return []
    return [value[index] for index in indexes if -len(value) <= index < len(value)]


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _descend(value: Json) -> Iterator[Json]:
    yield value
    for child in _children(value):
        yield from _descend(child)


_MANY: dict[str, Callable[[str], Step]] = {
    "star": lambda _text: _each(_children),
    "allitems": lambda _text: _each(_children),
    "slice": _slice,
    "union": _union,
    "filter": _filter,
    "deep": _deep,
    "deepany": lambda _text: _each(lambda value: list(_descend(value))),
}


# Filters: [?(@.lang == 'es' && @.score >= 0.5)]
_FILTER_TOKEN = re.compile(
    r"\s*(?:(?P<op>&&|\|\||==|!=|<=|>=|<|>|!|\(|\))"
    r"|(?P<string>'(?:\\.|[^'])*'|\"(?:\\.|[^\"])*\")"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>true|false|null)"
    r"|(?P<path>[@$](?:\.[\w-]+|\['[^']*'\]|\[\d+\])*))"
)
_WORDS = {"true": True, "false": False, "null": None}
_MISSING = object()
Predicate = Callable[[Json, Json], Any]


@lru_cache(maxsize=512)
def compile_filter(text: str) -> Predicate:
    """A predicate (item, root) -> truth for the inside of `[?(...)]`. Raises InvalidPath."""
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.strip()
    while position < len(text):
        match = _FILTER_TOKEN.match(text, position)
        if match is None:
            raise InvalidPath(text)
        tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
        position = match.end()
    parser = _FilterParser(tokens)
    predicate = parser.either()
    if parser.tokens:
        raise InvalidPath(text)
    return predicate


class _FilterParser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens

    def _take(self, *operators: str) -> str | None:
        if self.tokens and self.tokens[0][0] == "op" and self.tokens[0][1] in operators:
            return self.tokens.pop(0)[1]
        return None

    def either(self) -> Predicate:
        left = self.both()
        while self._take("||"):
            left = _or(left, self.both())
        return left

    def both(self) -> Predicate:
        left = self.unary()
        while self._take("&&"):
            left = _and(left, self.unary())
        return left

    def unary(self) -> Predicate:
        if self._take("!"):
            inner = self.unary()
            return lambda item, root: not inner(item, root)
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                raise InvalidPath("unbalanced filter")
            return inner
        return self.comparison()

    def comparison(self) -> Predicate:
        left = self.operand()
        operator = self._take("==", "!=", "<=", ">=", "<", ">")
        if operator is None:
            return lambda item, root: left(item, root) is not _MISSING
        right = self.operand()
        return lambda item, root: _compare(operator, left(item, root), right(item, root))

    def operand(self) -> Predicate:
        if not self.tokens:
            raise InvalidPath("unfinished filter")
        kind, text = self.tokens.pop(0)
        if kind == "path":
            return lambda item, root: _peek("$" + text[1:], item if text[0] == "@" else root)
        if kind == "op":
            raise InvalidPath(text)
        value = _literal(kind, text)
        return lambda _item, _root: value


def _literal(kind: str, text: str) -> Json:
    if kind == "string":
        return text[1:-1]
    if kind == "word":
        return _WORDS[text]
    return float(text) if "." in text else int(text)


def _peek(path: str, document: Json) -> Json:
    try:
        return select(path, document)
    except PathNotFound:
        return _MISSING


def _or(left: Predicate, right: Predicate) -> Predicate:
    return lambda item, root: left(item, root) or right(item, root)


def _and(left: Predicate, right: Predicate) -> Predicate:
    return lambda item, root: left(item, root) and right(item, root)


def _compare(operator: str, left: Json, right: Json) -> bool:
    if left is _MISSING or right is _MISSING:
        return operator == "!=" and left is not right
    if operator in ("==", "!="):
        return (_same(left, right)) == (operator == "==")
    if not (_numbers(left, right) or (isinstance(left, str) and isinstance(right, str))):
        return False
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])


def _same(left: Json, right: Json) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _numbers(*values: Json) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
