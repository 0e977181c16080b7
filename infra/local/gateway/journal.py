"""The front door's journal: accepted requests, on disk before they are answered.

One line for each request: eight hexadecimal digits of CRC-32, a blank, a JSON object. Appends from concurrent requests
share one ``fsync`` (group commit). A torn line at the end, from a crash in mid-write, is cut off when the journal is
opened: its request was never answered. A damaged line further up is skipped with a warning, what follows it is kept.
The file holds message content and is readable by its owner alone.
"""

import asyncio
import base64
import json
import logging
import os
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

LOG = logging.getLogger(__name__)
_MODE: Final = 0o600


@dataclass(frozen=True)
class Entry:
    """An accepted request: ``at`` is when it came, in milliseconds since 1970; ``path`` and ``query`` are raw.

    ``context`` is what of ``$context`` must be the same when it is submitted again: its id, and who sent it.
    """

    at: int
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    context: Mapping[str, Any] = field(default_factory=dict)

    def to_line(self) -> bytes:
        record = {"at": self.at, "method": self.method, "path": self.path, "query": self.query,
                  "headers": self.headers, "body": base64.b64encode(self.body).decode(),
                  "context": self.context}  # fmt: skip
        text = json.dumps(record, separators=(",", ":")).encode()
        return b"%08x %s\n" % (zlib.crc32(text), text)

    @classmethod
    def from_line(cls, line: bytes) -> "Entry":
        """Raises ValueError for a damaged line."""
        checksum, _, text = line.removesuffix(b"\n").partition(b" ")
        if not line.endswith(b"\n") or int(checksum, 16) != zlib.crc32(text):
            raise ValueError("damaged journal line")
        record = json.loads(text)
        headers = tuple((name, value) for name, value in record["headers"])
        body = base64.b64decode(record["body"])
        context = record.get("context", {})
        return cls(record["at"], record["method"], record["path"], record["query"], headers, body, context)


class Journal:
    """An append-only file of entries, used from one event loop.

    Opening it drops a torn tail. Raises OSError if the file cannot be opened or written.
    """

    def __init__(self, path: Path, executor: Executor | None = None) -> None:
        self.path = path
        self.commits = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _MODE)
        os.fchmod(self._file, _MODE)
        self._drop_torn_tail()
        self._pending: list[tuple[bytes, asyncio.Future[None]]] = []
        self._committer: asyncio.Task[None] | None = None

    def _drop_torn_tail(self) -> None:
        sound = max((end for end, _ in self._lines()), default=0)
        size = os.fstat(self._file).st_size
        if sound < size:
            LOG.warning("journal: %d bytes of an unfinished write dropped", size - sound)
            os.ftruncate(self._file, sound)
            os.fsync(self._file)

    def _lines(self) -> Iterator[tuple[int, Entry]]:
        """The sound entries, each with the offset of its end."""
        end = 0
        with self.path.open("rb") as file:
            for line in file:
                end += len(line)
                try:
                    yield end, Entry.from_line(line)
                except (ValueError, KeyError, TypeError):
                    LOG.warning("journal: a damaged line of %d bytes is left out", len(line))

    def entries(self, since: int = 0) -> Iterator[Entry]:
        """The entries that came at or after ``since`` (milliseconds since 1970), oldest first."""
        return (entry for _, entry in self._lines() if entry.at >= since)

    async def append(self, entry: Entry) -> None:
        """Returns once the entry is on disk. Raises OSError if it could not be written."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((entry.to_line(), done))
        if self._committer is None or self._committer.done():
            self._committer = asyncio.create_task(self._commit())
        await done

    async def _commit(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, []
            data = b"".join(line for line, _ in batch)
            try:
                await asyncio.get_running_loop().run_in_executor(self._executor, self._write, data)
                failure = None
            except OSError as error:
                failure = error
            self.commits += 1
            for _, done in batch:
                _settle(done, failure)

    def _write(self, data: bytes) -> None:
        """Runs in the one writing thread, as does a truncation: they never overlap."""
        before = os.fstat(self._file).st_size
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, before)
            raise

    def mark(self) -> int:
        """The journal's length now: take it before a snapshot starts, and give it to ``truncate`` when it is done."""
        return os.fstat(self._file).st_size

    async def truncate(self, mark: int) -> None:
        """Drops what came before ``mark``; what was accepted since, during the snapshot too, is kept."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._keep_from, mark)

    def _keep_from(self, mark: int) -> None:
        with self.path.open("rb") as file:
            file.seek(mark)
            rest = file.read()
        fresh = self.path.with_suffix(self.path.suffix + ".new")
        handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, _MODE)
        os.write(handle, rest)
        os.fsync(handle)
        fresh.replace(self.path)
        _sync_directory(self.path.parent)
        os.close(self._file)
        self._file = handle

    async def close(self) -> None:
        """Waits for pending writes and closes the file."""
        if self._committer is not None:
            await self._committer
        os.close(self._file)


def _settle(done: "asyncio.Future[None]", failure: OSError | None) -> None:
    if done.cancelled():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
