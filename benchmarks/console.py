"""`python -m benchmarks.console`: how soon consoles have a message, and how soon one is back that lost its connection.

Load goes to 127.0.0.1 only, for a bounded time. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.pipeline import TEXTS, drain
from tests.integration.desk import id_token
from tests.integration.stack import Running, new_stack
from tests.load.conftest import LIMITS
from tests.load.consoles import Listener, connected, sign_in

LANGUAGES = ("en", "es", "pt")
CONSOLES = {1: 30, 50: 20, 200: 10}
"""How many consoles, and how many messages they are sent."""
BACKLOGS = {0: 10, 20: 10, 100: 5}
"""How many messages come while a console is away, and how often that is tried."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Spread:
    """Milliseconds, over so many measurements."""

    p50: float
    p95: float
    most: float
    count: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        """Of measurements in seconds, two at least."""
        milliseconds = [value * 1000 for value in seconds]
        cuts = statistics.quantiles(milliseconds, n=20, method="inclusive")
        return cls(cuts[9], cuts[18], max(milliseconds), len(milliseconds))

    def __str__(self) -> str:
        return f"p50 {self.p50:6.0f} ms, p95 {self.p95:6.0f} ms, longest {self.most:6.0f} ms ({self.count})"


@dataclass(frozen=True)
class Pushed:
    """From the webhook's 200, and from the moment in the report (createdAt), to the frame at each console; and to the
    frame at the last of them."""

    accepted: Spread
    created: Spread
    last: Spread


async def text(stack: Running, number: int) -> tuple[str, float]:
    """Texts the number what nobody texted before; the message's id and when it was accepted."""
    body = f"{TEXTS[number % len(TEXTS)]} This is message number {next(_numbers)}."
    fields = stack.fields(From=f"+1202555{number % 10_000:04d}", Body=body)
    answer = await asyncio.to_thread(stack.post, fields)
    answer.raise_for_status()
    return dict(fields)["MessageSid"], time.time()


async def push(stack: Running, consoles: int, messages: int) -> Pushed:
    """Sends one message after another to that many consoles."""
    accepted, created, last = list[float](), list[float](), list[float]()
    languages = [LANGUAGES[number % len(LANGUAGES)] for number in range(consoles)]
    async with connected(stack, languages) as listeners:
        for number in range(messages + 2):
            message_id, at = await text(stack, number)
            arrivals = await asyncio.gather(*(listener.message(message_id) for listener in listeners))
            await asyncio.to_thread(drain, stack)
            if number < 2:  # these wake the functions
                continue
            made = datetime.fromisoformat(arrivals[0][1]["createdAt"]).timestamp()
            accepted += [came - at for came, _ in arrivals]
            created += [came - made for came, _ in arrivals]
            last.append(max(came for came, _ in arrivals) - made)
    return Pushed(Spread.of(accepted), Spread.of(created), Spread.of(last))


async def away(stack: Running, backlog: int, times: int) -> Spread:
    """From a lost connection to the last of what came meanwhile: ticket, connection and pages included, and not the
    wait before trying again that a browser adds."""
    token = await asyncio.to_thread(id_token, stack)
    taken = []
    async with httpx.AsyncClient(timeout=60) as client:
        for turn in range(times):
            async with connected(stack, ["en"]) as (listener,):
                first, _ = await text(stack, 5_000 + turn)
                _, known = await listener.message(first)
                listener.drop()
            missed = {(await text(stack, number))[0] for number in range(backlog)}
            await asyncio.to_thread(drain, stack)
            began = time.perf_counter()
            back = Listener("en", await sign_in(stack, client, token, "en"))
            listening = asyncio.create_task(back.listen())
            await catch_up(back, known, missed)
            taken.append(time.perf_counter() - began)
            await back.socket.close()
            await listening
    return Spread.of(taken)


async def catch_up(listener: Listener, known: dict[str, Any], missed: set[str]) -> None:
    """Asks for what came since a message until nothing is left. Raises AssertionError if something is missing."""
    found, since = set[str](), known["id"]
    while since:
        page = await listener.call("getmessages", since=since)
        found |= {message["messageId"] for message in page["messages"]}
        since = page.get("next", "")
    assert missed <= found, f"{len(missed - found)} of {len(missed)} are missing"


def measure(stack: Running) -> None:
    """Prints every figure."""
    for consoles, messages in CONSOLES.items():
        pushed = asyncio.run(push(stack, consoles, messages))
        for what, spread in (
            ("webhook accepted to frame", pushed.accepted),
            ("ReportCreated to frame", pushed.created),
            ("ReportCreated to last frame", pushed.last),
        ):
            print(f"{consoles:3} consoles, {what:28} {spread}", flush=True)
    for backlog, times in BACKLOGS.items():
        spread = asyncio.run(away(stack, backlog, times))
        print(f"back after {backlog:3} missed messages              {spread}", flush=True)


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        stack = new_stack(Path(scratch) / "data", **LIMITS)
        stack.start()
        try:
            measure(stack)
        finally:
            stack.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
