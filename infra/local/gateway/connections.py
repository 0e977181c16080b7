"""The open connections of a WebSocket API: what `@connections` of API Gateway's management API works on.

`Registry` may be used from any thread. Each connection has a bounded queue of its own, which only the connection's
writer empties: a client that reads slowly delays nobody else.
"""

import asyncio
import base64
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

GOING_AWAY: Final = 1001


class Gone(Exception):
    """There is no such connection, or not yet, or no longer (410 GoneException)."""


class LimitExceeded(Exception):
    """The connection's queue is full (429 LimitExceededException)."""


class PayloadTooLarge(Exception):
    """The message is larger than a message may be (413 PayloadTooLargeException)."""


@dataclass(frozen=True)
class Limits:
    """Quotas of a WebSocket API ("Quotas for configuring and running a WebSocket API"), sizes in bytes.

    `idle` and `life` are seconds. AWS does not tell how much it queues for a slow client (`queued` bytes here), nor how
    many messages of one client it works on at once (`under_way`).
    """

    message: int = 128 * 1024
    idle: float = 600
    life: float = 7200
    queued: int = 4 * 1024 * 1024
    under_way: int = 16


@dataclass
class Connection:
    """One client: `identity` is its connectionId, `connected_at` in milliseconds since 1970."""

    identity: str
    client: str
    agent: str
    limits: Limits
    loop: asyncio.AbstractEventLoop
    connected_at: int = field(default_factory=lambda: int(time.time() * 1000))
    authorizer: dict[str, str] = field(default_factory=dict)
    opened: bool = False
    active_at: float = field(default_factory=time.monotonic)
    close_code: int = 0
    _frames: deque[bytes] = field(default_factory=deque)
    _size: int = 0
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def offer(self, data: bytes) -> None:
        """Queue a message, from any thread. Raises PayloadTooLarge, LimitExceeded, Gone."""
        if len(data) > self.limits.message:
            raise PayloadTooLarge(self.identity)
        with self._lock:
            if self.close_code:
                raise Gone(self.identity)
            if self._size + len(data) > self.limits.queued:
                raise LimitExceeded(self.identity)
            self._frames.append(data)
            self._size += len(data)
            first = len(self._frames) == 1
        if first:
            self._wake()

    def end(self, code: int) -> None:
        """Close once what is queued has been sent, from any thread."""
        with self._lock:
            self.close_code = self.close_code or code
        self._wake()

    def _wake(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self._waiting.set)
        except RuntimeError as error:
            raise Gone(self.identity) from error

    async def next(self) -> bytes | None:
        """The next message to send; None when the connection is to be closed. On the connection's own loop."""
        while True:
            with self._lock:
                if self._frames:
                    data = self._frames.popleft()
                    self._size -= len(data)
                    self.active_at = time.monotonic()
                    return data
                if self.close_code:
                    return None
                self._waiting.clear()
            await self._waiting.wait()


class Registry:
    """The connections by their ids."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._open: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[str]:
        """The ids, in the order the connections were made in."""
        return iter(list(self._open))

    def add(self, client: str, agent: str) -> Connection:
        """A connection whose handshake has begun; nothing can be posted to it before `opened` is set."""
        identity = new_id()
        loop = asyncio.get_running_loop()
        connection = self._open[identity] = Connection(identity, client, agent, self.limits, loop)
        return connection

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.pop(connection.identity, None)

    def post(self, connection_id: str, data: bytes) -> None:
        """Send a message to the client. Raises Gone, LimitExceeded, PayloadTooLarge."""
        self._find(connection_id).offer(data)

    def close(self, connection_id: str) -> None:
        """End the connection. Raises Gone."""
        self._find(connection_id).end(GOING_AWAY)

    def describe(self, connection_id: str) -> dict[str, Any]:
        """{connectedAt, lastActiveAt (ms since 1970), identity: {sourceIp, userAgent}}. Raises Gone."""
        found = self._find(connection_id)
        idle = time.monotonic() - found.active_at
        return {
            "connectedAt": found.connected_at,
            "lastActiveAt": int((time.time() - idle) * 1000),
            "identity": {"sourceIp": found.client, "userAgent": found.agent},
        }

    def close_all(self) -> None:
        """End every connection."""
        for connection in list(self._open.values()):
            connection.end(GOING_AWAY)

    def _find(self, connection_id: str) -> Connection:
        connection = self._open.get(connection_id)
        if connection is None or not connection.opened:
            raise Gone(connection_id)
        return connection


def new_id() -> str:
    """An id as API Gateway's look, for a connection, a request or a message: 15 characters and an equals sign."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()
