"""The part of Jayway's JSONPath that mapping templates use: ``$.a['b'][0][-1][1:3][*]..c``.

A path without ``*``, ``..``, a slice or a union is definite and gives one value; the others give a list.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from infra.local.gateway.java_values import MISSING, TemplateError

Step = Callable[[list[Any]], list[Any]]

_TOKEN: Final = re.compile(
    r"""(?P<deep>\.\.)(?P<deepname>[\w$@-]+|\*)?      # ..name  ..*  ..[
    |\.(?P<name>[\w$@-]+|\*)                          # .name  .*
    |\[\s*(?P<quoted>(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
        (?:\s*,\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))*)\s*\]
    |\[\s*(?P<star>\*)\s*\]
    |\[\s*(?P<slice>-?\d*\s*:\s*-?\d*)\s*\]
    |\[\s*(?P<indexes>-?\d+(?:\s*,\s*-?\d+)*)\s*\]""",
    re.VERBOSE,
)
_QUOTED: Final = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")


def find(document: Any, path: str) -> Any:
    """The value or list at ``path``; MISSING if a definite path leads nowhere.

    Raises TemplateError for a path that is not valid or uses filters, which no mapping here needs.
    """
    steps, definite = _compile(path)
    found = [document]
    for step in steps:
        found = step(found)
    if not definite:
        return found
    return found[0] if found else MISSING


@lru_cache(maxsize=512)
def _compile(path: str) -> tuple[list[Step], bool]:
    text = path.strip()
    if not text.startswith("$"):
        text = "$." + text
    position, steps, definite = 1, [], True
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise TemplateError(f"unsupported JSONPath: {path}")
        new_steps, one_value = _steps(match)
        steps.extend(new_steps)
        definite = definite and one_value
        position = match.end()
    return steps, definite


def _steps(match: re.Match[str]) -> tuple[list[Step], bool]:
    if match["deep"]:
        name = match["deepname"]
        after = [] if name is None else [_children if name == "*" else _member((name,))]
        return [_descendants, *after], False
    if match["name"]:
        return ([_children], False) if match["name"] == "*" else ([_member((match["name"],))], True)
    if match["star"]:
        return [_children], False
    if match["quoted"]:
        names = tuple(re.sub(r"\\(.)", r"\1", one or two) for one, two in _QUOTED.findall(match["quoted"]))
        return [_member(names)], len(names) == 1
    if match["slice"]:
        return [_sliced(match["slice"])], False
    indexes = tuple(int(number) for number in match["indexes"].split(","))
    return [_elements(indexes)], len(indexes) == 1


def _member(names: tuple[str, ...]) -> Step:
    return lambda values: [v[name] for v in values if isinstance(v, dict) for name in names if name in v]


def _elements(indexes: tuple[int, ...]) -> Step:
    return lambda values: [v[i] for v in values if isinstance(v, list) for i in indexes if -len(v) <= i < len(v)]


def _sliced(text: str) -> Step:
    start, _, stop = text.partition(":")
    bounds = slice(int(start) if start.strip() else None, int(stop) if stop.strip() else None)
    return lambda values: [item for v in values if isinstance(v, list) for item in v[bounds]]


def _children(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, dict):
            found.extend(value.values())
        elif isinstance(value, list):
            found.extend(value)
    return found


def _descendants(values: list[Any]) -> list[Any]:
    """Every value with all it contains, parents first."""
    found: list[Any] = []
    for value in values:
        found.append(value)
        found.extend(_descendants(_children([value])))
    return found
