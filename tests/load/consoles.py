"""Many consoles in one event loop: signed in, connected, listening."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.integration.desk import id_token
from tests.integration.stack import Running

Frame = dict[str, Any]
AT_ONCE = 4
"""Sign-ins under way at the same time: each is a ticket and an authorizer, two functions that want a process each."""


@dataclass(eq=False)
class Listener:
    """A connected console. arrivals: (time.time() when it came, frame), oldest first."""

    language: str
    socket: ClientConnection
    arrivals: list[tuple[float, Frame]] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Keeps whatever comes, until the socket is closed."""
        try:
            async for text in self.socket:
                self.arrivals.append((time.time(), json.loads(text)))
                self._came.set()
        except ConnectionClosed:
            pass

    async def first(self, wanted: Callable[[Frame], bool], seconds: float = 60) -> tuple[float, Frame]:
        """When the first frame came for which `wanted` holds, and the frame. Raises TimeoutError."""
        seen = 0
        async with asyncio.timeout(seconds):
            while True:
                for arrival in self.arrivals[seen:]:
                    if wanted(arrival[1]):
                        return arrival
                seen = len(self.arrivals)
                self._came.clear()
                await self._came.wait()

    async def message(self, message_id: str, seconds: float = 60) -> tuple[float, Frame]:
        """When the pushed message came, and its frame. Raises TimeoutError."""
        return await self.first(lambda frame: frame["type"] == "message" and frame["messageId"] == message_id, seconds)

    async def call(self, action: str, seconds: float = 60, **rest: Any) -> Frame:
        """Sends a frame and waits for its answer, known by its `ref`. Raises TimeoutError."""
        ref = uuid.uuid4().hex
        await self.socket.send(json.dumps({"action": action, "ref": ref, **rest}))
        return (await self.first(lambda frame: frame.get("ref") == ref, seconds))[1]

    def drop(self) -> None:
        """Loses the connection as a train in a tunnel does: no goodbye."""
        self.socket.transport.abort()


async def sign_in(
    stack: Running, client: httpx.AsyncClient, token: str, language: str, buffer: int = 0
) -> ClientConnection:
    """A ticket, and the socket that it opens; `buffer` bytes are kept for it unread, 0 for the system's choice."""
    answer = await client.post(
        f"{stack.settings.gateway_url}/desk/tickets", json={"language": language}, headers={"Authorization": token}
    )
    assert answer.status_code == 201, answer.text
    address = f"{stack.settings.socket_url}?ticket={answer.json()['ticket']}"
    end = socket.socket()
    if buffer:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    end.connect(("127.0.0.1", stack.settings.ports.gateway))
    end.setblocking(False)
    # API Gateway compresses nothing either.
    return await connect(address, sock=end, max_size=None, open_timeout=60, ping_interval=None, compression=None)


@asynccontextmanager
async def connected(stack: Running, languages: Sequence[str], buffer: int = 0) -> AsyncIterator[list[Listener]]:
    """A listening console for each language given, all connected at once. buffer: see sign_in."""
    token = await asyncio.to_thread(id_token, stack)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(client: httpx.AsyncClient, language: str) -> Listener:
        async with places:
            return Listener(language, await sign_in(stack, client, token, language, buffer))

    async with httpx.AsyncClient(timeout=60) as client:
        listeners = await asyncio.gather(*(one(client, language) for language in languages))
    tasks = [asyncio.create_task(listener.listen()) for listener in listeners]
    try:
        yield list(listeners)
    finally:
        await asyncio.gather(*(listener.socket.close() for listener in listeners), return_exceptions=True)
        await asyncio.gather(*tasks, return_exceptions=True)


def connections(stack: Running) -> dict[str, dict[str, Any]]:
    """The items of the table Connections by their ids."""
    tables = stack.client("dynamodb")
    items = [
        item
        for page in tables.get_paginator("scan").paginate(TableName=connections_table(stack), ConsistentRead=True)
        for item in page["Items"]
    ]
    return {item["connectionId"]["S"]: item for item in items}


def connections_table(stack: Running) -> str:
    """The name of the table Connections."""
    names = stack.client("dynamodb").list_tables(Limit=100)["TableNames"]
    return str(next(name for name in names if "Connections" in name))
