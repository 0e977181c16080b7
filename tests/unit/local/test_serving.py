"""The servers of the local stack: how they end."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import Any

import pytest

from infra.local.serving import Served, listen


def test_request_that_is_cut_off_at_the_end_leaves_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Its task is cancelled while the server still ends, where asyncio's streams of Python 3.11 would print it."""
    begun = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            begun.set()
            await asyncio.sleep(60)

    served = Served(app, listen(0, "tests"), "endless")
    served.start()
    with caplog.at_level(logging.DEBUG, "asyncio"), socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert begun.wait(10)
        served.stop()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
