"""Java behaviour for the values a mapping template sees.

API Gateway runs Velocity on the JVM, so templates call Java methods on strings, maps, lists and numbers and see
Java's text forms. Values here stay plain Python (str, bool, int, float, dict, list, None); this module supplies the
methods, the text form and the comparison rules. A plain ``list`` came from JSON and prints as JSON (json-smart's
``JSONArray``); a ``JavaList`` was made by the template and prints as ``[a, b]`` (``ArrayList``).
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol, runtime_checkable


class TemplateError(Exception):
    """A template that cannot be parsed or evaluated; API Gateway answers 500 for the latter."""


class JavaList(list[Any]):
    """A list made inside a template: prints as ``[a, b]``."""


class Missing:
    """What ``$input.path`` gives for a path that is not there.

    Prints as nothing, is false, and equals both null and the empty string, so that each idiom in use
    (``== ""``, ``#if($x)``, ``!$x``) takes the branch its author meant.
    """

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


@runtime_checkable
class HostObject(Protocol):
    """An object of the gateway itself (``$input``, ``$util``) with its own properties and methods."""

    def vtl_get(self, name: str) -> Any: ...

    def vtl_call(self, name: str, args: list[Any]) -> Any: ...


@dataclass
class Entry:
    """One pair of ``Map.entrySet()``."""

    key: Any
    value: Any

    def vtl_get(self, name: str) -> Any:
        return {"key": self.key, "value": self.value}.get(name)

    def vtl_call(self, name: str, args: list[Any]) -> Any:
        getters = {"getKey": self.key, "getValue": self.value}
        if name not in getters or args:
            raise TemplateError(f"Map.Entry has no method {name}")
        return getters[name]


def to_json(value: Any) -> str:
    """The compact JSON text of a value, non-ASCII kept."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=to_text)


def to_text(value: Any, null: str = "null") -> str:
    """Java's ``toString`` of a value; ``null`` is the text for null (Velocity prints it as nothing here)."""
    if isinstance(value, str):
        return value
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _double_text(value)
    return _container_text(value)


def _container_text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_text(k)}={to_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, JavaList):
        return "[" + ", ".join(to_text(item) for item in value) + "]"
    if isinstance(value, list):
        return to_json(value)
    if value is MISSING:
        return ""
    if isinstance(value, Entry):
        return f"{to_text(value.key)}={to_text(value.value)}"
    return str(value)


def _double_text(value: float) -> str:
    """``Double.toString``: scientific notation outside 1e-3 to 1e7, always a decimal point."""
    if not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = f"{value:.17f}" if "e" in repr(value) else repr(value)
        return text.rstrip("0") + "0" if text.rstrip("0").endswith(".") else text.rstrip("0")
    digits, _, exponent = f"{value!r}".partition("e") if "e" in repr(value) else f"{value:e}".partition("e")
    mantissa = repr(float(value) / 10.0 ** int(exponent)) if "." not in digits else digits.rstrip("0")
    mantissa += "0" if mantissa.endswith(".") else ""
    return f"{mantissa}E{int(exponent)}"


def is_number(value: Any) -> bool:
    """Whether Java would see a ``Number`` (a bool is not one)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def truth(value: Any) -> bool:
    """Velocity 1.7: null and false are false, everything else is true, the empty string included."""
    return not (value is None or value is False or value is MISSING)


def equal(left: Any, right: Any) -> bool:
    """Velocity's ``==``: numbers by value, like types by ``equals``, other pairs by their text."""
    if left is MISSING or right is MISSING:
        other = right if left is MISSING else left
        return other is None or other is MISSING or other == ""
    if left is None or right is None:
        return left is right
    if is_number(left) and is_number(right):
        return bool(left == right)
    if type(left) is type(right):
        return bool(left == right)
    return to_text(left) == to_text(right)


# --- strings ---------------------------------------------------------------------------------------------------


def utf16_length(text: str) -> int:
    """``String.length()``: UTF-16 code units."""
    return len(text) + sum(1 for ch in text if ch > "\uffff")


def substring(text: str, start: int, end: int | None = None) -> str:
    """``String.substring``: offsets in UTF-16 units; out of range is an error, as in Java."""
    units = utf16_length(text)
    stop = units if end is None else end
    if not 0 <= start <= stop <= units:
        raise TemplateError(f"substring({start}, {stop}) is out of range for length {units}")
    if units == len(text):
        return text[start:stop]
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * stop].decode("utf-16-le", "surrogatepass")


_UNSUPPORTED_REGEX: Final = re.compile(r"\\[pPQEGRXhHvV]|\[[^\]]*(?:&&|\[)")


@lru_cache(maxsize=512)
def java_regex(pattern: str) -> re.Pattern[str]:
    """A ``java.util.regex`` pattern compiled for Python; classes such as ``\\d`` are ASCII in both.

    Raises TemplateError for Java-only constructs, rather than matching something else.
    """
    if _UNSUPPORTED_REGEX.search(pattern):
        raise TemplateError(f"regular expression uses a Java-only construct: {pattern}")
    try:
        return re.compile(pattern.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!"), re.ASCII)
    except re.error as error:
        raise TemplateError(f"bad regular expression {pattern}: {error}") from error


def _replacement(text: str) -> Callable[[re.Match[str]], str]:
    """Java's replacement syntax: ``$1`` and ``${name}`` are groups, a backslash quotes the next character."""
    parts = re.findall(r"\\(.)|\$(\d)|\$\{(\w+)\}|([^\\$]+)|(.)", text, re.DOTALL)

    def expand(match: re.Match[str]) -> str:
        out = []
        for quoted, digit, name, plain, stray in parts:
            if stray:
                raise TemplateError(f"illegal replacement string: {text}")
            group = match.group(int(digit)) if digit else match.group(name) if name else None
            out.append(quoted or plain or group or "")
        return "".join(out)

    return expand


def _replace_all(text: str, pattern: str, replacement: str) -> str:
    return java_regex(pattern).sub(_replacement(replacement), text)


def _replace_first(text: str, pattern: str, replacement: str) -> str:
    return java_regex(pattern).sub(_replacement(replacement), text, count=1)


def _split(text: str, pattern: str, limit: int = 0) -> JavaList:
    """``String.split``: trailing empty strings are dropped unless a limit says otherwise; groups add nothing."""
    regex, start = java_regex(pattern), 0
    parts: list[str] = []
    for match in regex.finditer(text):
        if 0 < limit <= len(parts) + 1:
            break
        if match.end() == 0:
            continue
        parts.append(text[start : match.start()])
        start = match.end()
    parts.append(text[start:])
    while limit == 0 and len(parts) > 1 and not parts[-1]:
        parts.pop()
    return JavaList(parts)


def _char_at(text: str, index: int) -> str:
    return substring(text, index, index + 1)


STRING_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "length": utf16_length,
    "isEmpty": lambda s: s == "",
    "isBlank": lambda s: s.strip() == "",
    "substring": substring,
    "charAt": _char_at,
    "indexOf": lambda s, sub, start=0: s.find(sub, start),
    "lastIndexOf": lambda s, sub: s.rfind(sub),
    "contains": lambda s, sub: sub in s,
    "startsWith": lambda s, sub: s.startswith(sub),
    "endsWith": lambda s, sub: s.endswith(sub),
    "equals": lambda s, other: isinstance(other, str) and s == other,
    "equalsIgnoreCase": lambda s, other: isinstance(other, str) and s.casefold() == other.casefold(),
    "compareTo": lambda s, other: (s > other) - (s < other),
    "concat": lambda s, other: s + other,
    "matches": lambda s, pattern: java_regex(pattern).fullmatch(s) is not None,
    "replace": lambda s, old, new: s.replace(old, new),
    "replaceAll": _replace_all,
    "replaceFirst": _replace_first,
    "split": _split,
    "toLowerCase": lambda s: s.lower(),
    "toUpperCase": lambda s: s.upper(),
    "trim": lambda s: s.strip("".join(map(chr, range(33)))),
    "toString": lambda s: s,
}


# --- maps, lists, numbers, booleans ----------------------------------------------------------------------------


def _put(mapping: dict[Any, Any], key: Any, value: Any) -> Any:
    previous = mapping.get(key)
    mapping[key] = value
    return previous


MAP_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "get": lambda m, key: m.get(key),
    "getOrDefault": lambda m, key, default: m.get(key, default),
    "containsKey": lambda m, key: key in m,
    "containsValue": lambda m, value: value in m.values(),
    "keySet": JavaList,
    "values": lambda m: JavaList(m.values()),
    "entrySet": lambda m: JavaList(Entry(k, v) for k, v in m.items()),
    "size": len,
    "isEmpty": lambda m: not m,
    "put": _put,
    "putAll": lambda m, other: m.update(other),
    "remove": lambda m, key: m.pop(key, None),
    "equals": lambda m, other: m == other,
    "toString": to_text,
}


def _element(items: list[Any], index: int) -> Any:
    if not 0 <= index < len(items):
        raise TemplateError(f"index {index} is out of range for size {len(items)}")
    return items[index]


def _set_element(items: list[Any], index: int, value: Any) -> Any:
    previous = _element(items, index)
    items[index] = value
    return previous


def _add(items: list[Any], value: Any) -> bool:
    items.append(value)
    return True


LIST_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "get": _element,
    "set": _set_element,
    "add": _add,
    "addAll": lambda items, more: (items.extend(more), bool(more))[1],
    "remove": lambda items, index: items.pop(index),
    "contains": lambda items, value: value in items,
    "containsAll": lambda items, more: all(value in items for value in more),
    "indexOf": lambda items, value: items.index(value) if value in items else -1,
    "size": len,
    "isEmpty": lambda items: not items,
    "subList": lambda items, start, end: JavaList(items[start:end]),
    "equals": lambda items, other: items == other,
    "toString": to_text,
}


def _parse_int(_: int | float, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise TemplateError("parseInt of a text that is not a number")
    return int(text)


NUMBER_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "intValue": int,
    "longValue": int,
    "doubleValue": float,
    "equals": lambda n, other: type(n) is type(other) and n == other,
    "compareTo": lambda n, other: (n > other) - (n < other),
    "toString": to_text,
    # Static methods reached through an instance: `#set($Integer = 0)` then `$Integer.parseInt(...)`.
    "parseInt": _parse_int,
    "parseLong": _parse_int,
}

BOOLEAN_METHODS: Final[dict[str, Callable[..., Any]]] = {
    "booleanValue": lambda b: b,
    "equals": lambda b, other: b is other,
    "toString": to_text,
}


def _methods(value: Any) -> dict[str, Callable[..., Any]]:
    if isinstance(value, str):
        return STRING_METHODS
    if isinstance(value, dict):
        return MAP_METHODS
    if isinstance(value, list):
        return LIST_METHODS
    return BOOLEAN_METHODS if isinstance(value, bool) else NUMBER_METHODS


def call(value: Any, name: str, args: list[Any]) -> Any:
    """``$value.name(args)``. A method on null is null.

    Raises TemplateError for a method that Java (or this table) does not have: Velocity would print nothing, but a
    misspelt method should be found here and not in production.
    """
    if value is None or value is MISSING:
        return None
    if isinstance(value, HostObject):
        return value.vtl_call(name, args)
    method = _methods(value).get(name)
    if method is None:
        raise TemplateError(f"no method {name} on {type(value).__name__}")
    try:
        return method(value, *args)
    except (TypeError, AttributeError, IndexError) as error:
        raise TemplateError(f"{name}({len(args)} arguments) failed: {error}") from error


def get(value: Any, name: str) -> Any:
    """``$value.name``: a map's entry, or a bean property such as ``empty`` for ``isEmpty()``; null if there is none."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, HostObject):
        return value.vtl_get(name)
    if value is None or value is MISSING:
        return None
    getter = _methods(value).get("is" + name[:1].upper() + name[1:])
    return getter(value) if getter else None


def index(value: Any, key: Any) -> Any:
    """``$value[key]``: a list's element (negative counts from the end) or a map's entry."""
    if isinstance(value, list) and isinstance(key, int):
        return _element(value, key + len(value) if key < 0 else key)
    if isinstance(value, dict):
        return value.get(key)
    return None


def escape_javascript(text: str) -> str:
    """Commons Lang's ``escapeJavaScript``: quotes of both kinds, slash and backslash are escaped, the rest is ASCII.

    ``\\'`` is not JSON; the AWS documentation tells templates to undo it with ``.replaceAll("\\\\'", "'")``.
    """
    return _ESCAPABLE.sub(lambda match: _escaped(match.group()), text)


_ESCAPABLE: Final = re.compile(r"""['"\\/\x00-\x1f\x7f-\U0010ffff]""")
_SHORT: Final = {"\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r"}


def _escaped(char: str) -> str:
    if char in "'\"\\/":
        return "\\" + char
    if char in _SHORT:
        return _SHORT[char]
    if char == "\x7f":
        return char
    units = char.encode("utf-16-be", "surrogatepass").hex().upper()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
