"""Threads that wait for something to be said: hundreds of them, without polling."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterator

LONGEST = 60.0
"""Seconds to wait at once: who looks at the clock again has not overslept when the machine was asleep."""


class Signals:
    """Wakes those who listen for a key, such as an execution's ARN or a task token."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listening: dict[str, set[threading.Event]] = defaultdict(set)

    @contextlib.contextmanager
    def listening(self, *keys: str) -> Iterator[threading.Event]:
        """An event that is set whenever one of the keys is told. Look before you wait: what was told is over."""
        event = threading.Event()
        with self._lock:
            for key in keys:
                self._listening[key].add(event)
        try:
            yield event
        finally:
            with self._lock:
                for key in keys:
                    self._listening[key].discard(event)
                    if not self._listening[key]:
                        del self._listening[key]

    def tell(self, key: str) -> None:
        """Wake who listens for `key`."""
        with self._lock:
            for event in self._listening.get(key, ()):
                event.set()

    def tell_all(self) -> None:
        """Wake everybody."""
        with self._lock:
            for events in self._listening.values():
                for event in events:
                    event.set()


signals = Signals()
"""Told: an execution's ARN when it must stop, `ended(arn)` when it has ended, a task token when it was answered."""


def ended(execution_arn: str) -> str:
    """The key that is told when an execution has ended."""
    return f"ended {execution_arn}"
