"""Compares what an execution did with what a case expects, where the expectation may leave some of it open.

``"@time"`` stands for a context-object time, ``"@hour"`` for one cut after the hour, ``"@execution"`` for an
execution's ARN, ``"@token"`` for a task token, ``"@any"`` for anything,
``{"@json": x}`` for text that holds JSON matching x, ``{"@some": {…}}`` for an object with at least these members.
"""

import json
import re
from typing import Any

_PATTERNS = {
    "@time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "@hour": re.compile(r"\d{4}-\d\d-\d\dT\d\d"),
    "@token": re.compile(r"[A-Za-z0-9+/=_-]{16,}"),
    "@execution": re.compile(r"arn:aws:states:[\w-]+:\d{12}:(execution|express):[\w-]+:[\w:-]+"),
}


def differences(expected: Any, actual: Any, path: str = "$") -> list[str]:
    """Return one line for every place where the actual value is not as expected."""
    if isinstance(expected, str) and expected.startswith("@"):
        return _token(expected, actual, path)
    if isinstance(expected, dict) and set(expected) == {"@json"}:
        return _json_text(expected["@json"], actual, path)
    if isinstance(expected, dict) and set(expected) == {"@some"}:
        return _object(expected["@some"], actual, path, only=False)
    if isinstance(expected, dict):
        return _object(expected, actual, path, only=True)
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [line for index, (want, have) in pairs for line in differences(want, have, f"{path}[{index}]")]
    same = expected == actual and isinstance(expected, bool) == isinstance(actual, bool)
    return [] if same else [f"{path}: expected {_short(expected)}, found {_short(actual)}"]


def blur_times(value: Any) -> Any:
    """Replace every time and execution name inside a value, texts included, so that two runs can be compared."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "@time", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "@name", text)
    return json.loads(re.sub(r"\d{4}-\d\d-\d\dT\d\d(?=\")", "@hour", text))


def _token(token: str, actual: Any, path: str) -> list[str]:
    if token == "@any":
        return []
    pattern = _PATTERNS[token]
    return [] if isinstance(actual, str) and pattern.fullmatch(actual) else [f"{path}: {_short(actual)} is not {token}"]


def _json_text(expected: Any, actual: Any, path: str) -> list[str]:
    try:
        return differences(expected, json.loads(actual), f"{path}(json)")
    except (TypeError, ValueError):
        return [f"{path}: {_short(actual)} is not JSON text"]


def _object(expected: dict[str, Any], actual: Any, path: str, *, only: bool) -> list[str]:
    if not isinstance(actual, dict):
        return [f"{path}: expected an object, found {_short(actual)}"]
    missing = [f"{path}: no {key}" for key in expected if key not in actual]
    extra = [f"{path}: unexpected {key}" for key in actual if only and key not in expected]
    shared = [key for key in expected if key in actual]
    inside = [line for key in shared for line in differences(expected[key], actual[key], f"{path}.{key}")]
    return missing + extra + inside


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "…"
