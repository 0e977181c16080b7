"""Faults on demand: a test asks for an AWS error on the next calls of an operation."""

import threading
from dataclasses import dataclass, replace
from typing import Any, Final

OPERATIONS: Final = (
    "TranslateText",
    "ListLanguages",
    "DetectDominantLanguage",
    "DetectSentiment",
    "BatchDetectSentiment",
    "DetectLabels",
    "DetectText",
    "DetectModerationLabels",
)
_MOST: Final = 1_000_000


@dataclass(frozen=True)
class Fault:
    """`error` is answered to the next `count` calls of `operation`; with `target`, only for that language: the one
    translated into, or the one that sentiment is told in.
    """

    operation: str
    error: str
    count: int
    target: str | None = None

    def meets(self, operation: str, target: str | None) -> bool:
        """Whether a call is one this fault waits for."""
        return self.operation == operation and self.target in (None, target)


def parse(document: Any) -> Fault:
    """A fault from its JSON form. Raises ValueError that says what is wrong."""
    if not isinstance(document, dict) or document.keys() - {"operation", "error", "count", "target"}:
        raise ValueError("a fault has operation, error and, if wanted, count and target")
    operation, error = document.get("operation"), document.get("error")
    count, target = document.get("count", 1), document.get("target")
    if operation not in OPERATIONS:
        raise ValueError(f"operation must be one of {', '.join(OPERATIONS)}")
    if not (isinstance(error, str) and error.endswith(("Exception", "Error")) and error.isalnum()):
        raise ValueError("error must be the name of an AWS exception, such as TooManyRequestsException")
    if not (isinstance(count, int) and 1 <= count <= _MOST):
        raise ValueError(f"count must be a number from 1 to {_MOST}")
    if not (target is None or isinstance(target, str)):
        raise ValueError("target must be a language code")
    return Fault(operation, error, count, target)


class Faults:
    """The faults still to be answered, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault behind those already waiting."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """The faults with the counts that are left."""
        with self._lock:
            return list(self._waiting)

    def take(self, operation: str, target: str | None) -> str | None:
        """The error for this call, counted down, or None."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.meets(operation, target):
                    left = [replace(fault, count=fault.count - 1)] if fault.count > 1 else []
                    self._waiting[index : index + 1] = left
                    return fault.error
        return None
