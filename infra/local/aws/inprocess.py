"""Calls to ministack's services without a network hop, one at a time on its own event loop.

ministack serves a request as one uninterrupted step of its loop; running our calls there as well keeps conditional
writes atomic, and gives a snapshot a moment when nothing is half done.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, NamedTuple, TypeVar

from infra.local.aws import clients

T = TypeVar("T")


_versions = itertools.count(1)
_version = [0]
_READ_ONLY = ("Get", "List", "Describe", "Query", "Scan", "BatchGet")


def changed() -> None:
    """Note that some service's state may have changed."""
    _version[0] = next(_versions)


def version() -> int:
    """A number that grows with every change."""
    return _version[0]


_SCOPE = f"{clients.ROOT_ACCESS_KEY_ID}/20260101/{clients.REGION}/x/aws4_request"


class Reply(NamedTuple):
    """A service's answer: HTTP status, and the JSON body (an empty object when there is none)."""

    status: int
    body: Any

    @property
    def error(self) -> str:
        """The error code without namespace, such as `ConditionalCheckFailedException`; empty for a success."""
        if self.status < 400:
            return ""
        name = str(self.body.get("__type") or self.body.get("code") or "InternalError")
        return name.rpartition("#")[2].rpartition(".")[2]

    @property
    def message(self) -> str:
        """The error's text, or an empty string."""
        return str(self.body.get("message") or self.body.get("Message") or "")


class CallTimedOut(Exception):
    """No answer within the time given."""


def loop() -> asyncio.AbstractEventLoop:
    """ministack's event loop. Raises RuntimeError when it is not serving."""
    from ministack import app  # noqa: PLC0415 - after its environment is set

    running: asyncio.AbstractEventLoop | None = app._MAIN_LOOP
    if running is None or running.is_closed():
        raise RuntimeError("the embedded AWS is not running")
    return running


def on_loop(function: Callable[[], T]) -> T:
    """Run a quick function on the loop's thread and wait for its result."""

    async def call() -> T:
        return function()

    return asyncio.run_coroutine_threadsafe(call(), loop()).result()


def headers(target: str) -> dict[str, str]:
    """The headers of a JSON-protocol request for `target` (`DynamoDB_20120810.GetItem`)."""
    return {
        "x-amz-target": target,
        "content-type": "application/x-amz-json-1.1",
        "authorization": f"AWS4-HMAC-SHA256 Credential={_SCOPE}",
    }


def call(service: str, target: str, payload: Mapping[str, Any], timeout: float = 60) -> Reply:
    """Call a JSON-protocol service (`dynamodb`, `events`, `sqs`, ...). Raises CallTimedOut after `timeout` seconds."""
    from ministack import app  # noqa: PLC0415

    body = json.dumps(payload).encode()
    request = app.SERVICE_HANDLERS[service]("POST", "/", headers(target), body, {})
    future = asyncio.run_coroutine_threadsafe(request, loop())
    try:
        status, _headers, answer = future.result(timeout)
    except FutureTimeout as error:
        future.cancel()
        raise CallTimedOut(target) from error
    if not target.rpartition(".")[2].startswith(_READ_ONLY):
        changed()
    return Reply(status, json.loads(answer) if answer else {})
