"""Where every branch of an execution stands, so that it can go on from there after a restart.

A branch (the machine itself, an iteration of a Map, a branch of a Parallel) has one place: the state it is in, with the
state's input and what its attempts have come to. That is enough, since a state reads nothing but its input and the
Context Object. Places are plain JSON, and replaced whole, never changed: they can be copied at any moment.
"""

from collections.abc import Callable, Mapping
from typing import Any

Json = Any
Place = Mapping[str, Json]


class Places:
    """The places of one execution by the branch's path: `""` for the machine, `"/Each[3]"` for an iteration in it.

    A place is {"state", "input", "entered"?, "retries"?, "again"?, "until"?, "task"?}, or {"output"} of a branch that
    has ended: `entered` as the Context Object shows it, `retries` {retrier's number: used}, `again` and `until` in
    seconds since 1970 (the next attempt; a Wait's end), `task` what the attempt under way has noted.
    `changed` is called after every change.
    """

    def __init__(self, kept: dict[str, Place] | None = None, changed: Callable[[], None] = lambda: None) -> None:
        self._kept = {} if kept is None else kept
        self._changed = changed

    def at(self, path: str) -> Place:
        """A branch's place; empty for one that has not begun."""
        return self._kept.get(path, {})

    def move(self, path: str, **place: Json) -> None:
        """Put a branch somewhere else."""
        self._kept[path] = place
        self._changed()

    def note(self, path: str, **details: Json) -> None:
        """Add to a branch's place."""
        self.move(path, **{**self.at(path), **details})

    def forget(self, path: str) -> None:
        """Drop the branches inside a state, when it has ended or starts anew."""
        for inner in [known for known in list(self._kept) if known.startswith(f"{path}[")]:
            del self._kept[inner]
