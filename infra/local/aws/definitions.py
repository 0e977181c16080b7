"""The definitions that Standard executions were started with: they keep them, whatever is deployed meanwhile.

"Running executions will continue to use the previous definition" (UpdateStateMachine, API reference). Each is a file
named by its hash, since a hundred executions of one machine would carry a hundred copies through every snapshot.
"""

import hashlib
import os
import threading
from collections.abc import Collection
from pathlib import Path

_directory: list[Path] = []
_writing = threading.Lock()


def keep_in(directory: Path) -> None:
    """Keep definitions in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    _directory[:] = [directory]


def keep(text: str) -> str:
    """Keep a definition; returns the name to find it by. It is on disk when this returns."""
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    path = _directory[0] / name
    with _writing:
        if not path.exists():
            fresh = path.with_suffix(".tmp")
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
    return name


def find(name: str) -> str | None:
    """A definition, or None for one that is not there any more."""
    path = _directory[0] / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


def forget_all_but(names: Collection[str]) -> None:
    """Drop what no execution uses."""
    for path in _directory[0].iterdir():
        if path.name not in names:
            path.unlink()
