"""What the set-up has put into a model directory, so that the next run need not read 200 MB again."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.local.ai.catalogue import digest

_NAME: Final = "manifest.json"
_FORMAT: Final = 1


class SetUpError(RuntimeError):
    """A step of the set-up failed; the message is for the person who ran it."""


def say(line: str) -> None:
    """A line of progress."""
    print(line, file=sys.stderr, flush=True)


def temporary_in(directory: Path) -> dict[str, str]:
    """The environment for a program that shall put its temporary files there, so that nothing is written elsewhere."""
    return {**os.environ, "TMPDIR": str(directory)}


@dataclass(frozen=True)
class Outcome:
    """How an optional part ended: `state` is ready or refused, `reason` is for people, `at` is seconds since 1970."""

    state: str
    reason: str
    at: float


class Manifest:
    """Files with their hash, size and time of change, and the outcomes of the optional parts."""

    def __init__(self, models: Path) -> None:
        self._models = models
        document = _read(models / _NAME)
        self._files: dict[str, dict[str, Any]] = document.get("files", {})
        self._parts: dict[str, dict[str, Any]] = document.get("parts", {})

    def add(self, path: str, sha256: str) -> None:
        """Note a file whose content was just checked."""
        self._files[path] = {"sha256": sha256, **_stamp(self._models / path)}

    def holds(self, path: str, sha256: str | None = None) -> bool:
        """Whether a file is there and unchanged, with this hash or, without one, the hash noted.

        It is read again only if its size or time of change differ from what was noted.
        """
        file = self._models / path
        noted = self._files.get(path, {})
        wanted = sha256 or noted.get("sha256")
        if wanted is None or not file.is_file():
            return False
        if noted.get("sha256") == wanted and _stamp(file).items() <= noted.items():
            return True
        if digest(file) != wanted:
            return False
        self.add(path, wanted)
        self.save()
        return True

    def paths(self, prefix: str) -> list[str]:
        """The noted files under a prefix."""
        return [path for path in self._files if path.startswith(prefix)]

    def forget(self, prefix: str) -> None:
        """Drop the noted files under a prefix."""
        self._files = {path: entry for path, entry in self._files.items() if not path.startswith(prefix)}

    def part(self, name: str) -> Outcome | None:
        """How an optional part ended last time."""
        noted = self._parts.get(name)
        return Outcome(noted["state"], noted["reason"], noted["at"]) if noted else None

    def note(self, name: str, outcome: Outcome) -> None:
        """Keep an optional part's outcome and save."""
        self._parts[name] = {"state": outcome.state, "reason": outcome.reason, "at": outcome.at}
        self.save()

    def save(self) -> None:
        """Write the manifest in one step."""
        partial = self._models / f"{_NAME}.part"
        document = {"format": _FORMAT, "files": self._files, "parts": self._parts}
        partial.write_text(json.dumps(document, indent=1, sort_keys=True))
        partial.replace(self._models / _NAME)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return document if isinstance(document, dict) and document.get("format") == _FORMAT else {}


def _stamp(file: Path) -> dict[str, int]:
    status = file.stat()
    return {"size": status.st_size, "changed": status.st_mtime_ns}
