"""Collections that a snapshot takes as they are at a moment, instead of copying every element while everything waits.

They grow in any thread; what is in them is only ever replaced whole. ministack's `get_state` copies its stores deeply;
within `holding` a copy of one of these is a `Held`, whose elements are written out later.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

_holding = [False]


class Held:
    """Elements too many to copy one by one: a table's items, an archive's events, an execution's history."""

    def __init__(self, elements: Any) -> None:
        self.elements = elements

    def __deepcopy__(self, _memo: Any) -> Held:
        return self


@contextlib.contextmanager
def holding() -> Iterator[None]:
    """Copies made meanwhile are Held."""
    _holding[0] = True
    try:
        yield
    finally:
        _holding[0] = False


class KeptDict(dict[str, Any]):
    """A dictionary of such elements."""

    def __deepcopy__(self, memo: Any) -> Any:
        shallow = dict(self)
        return Held(shallow) if _holding[0] else copy.deepcopy(shallow, memo)


class KeptList(list[Any]):
    """A list of such elements."""

    def __deepcopy__(self, memo: Any) -> Any:
        shallow = list(self)
        return Held(shallow) if _holding[0] else copy.deepcopy(shallow, memo)
