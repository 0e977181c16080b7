"""Serves an ASGI application from a thread of this process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from hypercorn.asyncio import serve
from hypercorn.config import Config

T = TypeVar("T")
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]
READY_SECONDS = 20


class PortInUse(RuntimeError):
    """Another program listens on the port."""


def listen(port: int, purpose: str) -> socket.socket:
    """A socket bound to 127.0.0.1:`port` (0 for any). Raises PortInUse with the purpose in its text."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise PortInUse(f"Port {port} of 127.0.0.1, wanted for {purpose}, is in use by another program.") from error
    return listener


class Served:
    """An application on a bound socket, with an event loop of its own.

    `ending` runs on it when it is to stop, while it still serves: the place to end what would never end by itself.
    """

    def __init__(
        self, app: AsgiApp, listener: socket.socket, name: str, ending: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._app, self._listener, self._ending = app, listener, ending
        self._port = int(listener.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    def start(self) -> None:
        """Returns once it answers. Raises RuntimeError when it does not within 20 s."""
        # From here on callers wait instead of being refused, until the server has come up.
        self._listener.listen()
        self._thread.start()
        if not self._ready.wait(READY_SECONDS):
            raise RuntimeError(f"{self._thread.name} did not start")

    def stop(self) -> None:
        """Lets requests under way finish for a moment, then ends."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout=10)

    def call(self, work: Coroutine[Any, Any, T], timeout: float = 120) -> T:
        """Runs a coroutine on the application's own loop and returns its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def _run(self) -> None:
        config = Config()
        # The server closes it: a second owner would close whatever has the same number by then.
        config.bind = [f"fd://{self._listener.detach()}"]
        config.loglevel = "WARNING"
        config.accesslog = None
        config.graceful_timeout = 2
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(_unless_cancelled)
        try:
            self._loop.run_until_complete(self._serve(config))
        finally:
            self._loop.run_until_complete(_end_tasks())
            self._loop.close()

    async def _serve(self, config: Config) -> None:
        self._ready.set()
        await serve(self._app, config, shutdown_trigger=self._stop_asked)

    async def _stop_asked(self) -> None:
        await self._stopping.wait()
        if self._ending is not None:
            await self._ending()


def _unless_cancelled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Keeps quiet about requests that were cut off: asyncio's own streams would print each with a traceback."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def _end_tasks() -> None:
    """Cancels what the application left running, such as deliveries that wait for their time."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
