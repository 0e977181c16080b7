"""Two hundred consoles at once: everyone gets everything, in their own language, and nobody waits for anybody else."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from tests.integration.stack import Running, message_sid, until
from tests.load.consoles import Listener, connected, connections, connections_table

DESK = ("en", "es", "pt")
OTHER = "fr"
"""Read by none of the desk's settings: the broadcast itself has it translated."""
LANGUAGES = [*DESK, OTHER] * 50
SPANISH = "¿Dónde está la clínica?"
PAGE_BYTES = 60_000
ASKED_PAGES = 60
"""Together more than the buffers of a socket hold (three megabytes were seen): the gateway itself has to wait."""
MOST_BYTES = 128 * 1024
"""What API Gateway passes on."""
SECONDS = 45
"""Far more than it takes: a shared machine may be slow, and a lost frame never comes."""


async def texted(stack: Running, number: str, body: str = SPANISH) -> str:
    """Texts the number by the simulated Twilio's front door; returns the message's id."""
    fields = stack.fields(From=number, Body=body)
    answer = await asyncio.to_thread(stack.post, fields)
    assert answer.status_code == 200, answer.text
    return dict(fields)["MessageSid"]


async def everyone_has(listeners: list[Listener], message_id: str) -> list[dict[str, Any]]:
    """The frame that each got for a message; fails when one waits for longer than SECONDS."""
    arrivals = await asyncio.gather(*(listener.message(message_id, SECONDS) for listener in listeners))
    return [frame for _, frame in arrivals]


def words(frame: dict[str, Any]) -> dict[str, Any]:
    """What of a message must be the same however often it comes; its reply and receipts may have moved on."""
    return {name: value for name, value in frame.items() if name not in ("reply", "deliveries")}


def test_200_consoles_all_get_a_message_each_in_their_own_language(stack: Running) -> None:
    async def run() -> None:
        async with connected(stack, LANGUAGES) as listeners:
            assert len(connections(stack)) == len(LANGUAGES)
            message_id = await texted(stack, "+12025550170")
            frames = await everyone_has(listeners, message_id)
            report = await asyncio.to_thread(stack.report, message_id)
            expected = {entry["language"]: entry["text"] for entry in report["translations"]}
            for listener, frame in zip(listeners, frames, strict=True):
                assert (frame["text"], frame["translation"]["language"]) == (SPANISH, listener.language)
                if listener.language in DESK:
                    assert frame["translation"]["text"] == expected[listener.language]
            french = {frame["translation"].get("text") for frame in frames if frame["translation"]["language"] == OTHER}
            assert len(french) == 1, "translated once for all who read it"
            assert "clinique" in str(french).lower()
            await asyncio.gather(*(one_status(listener, message_id) for listener in listeners))
            for listener in listeners:
                assert len({json.dumps(words(frame), sort_keys=True) for frame in copies(listener, message_id)}) == 1

    asyncio.run(run())


async def one_status(listener: Listener, message_id: str) -> None:
    await listener.first(lambda frame: frame["type"] == "status" and frame["messageId"] == message_id, SECONDS)


def copies(listener: Listener, message_id: str) -> list[dict[str, Any]]:
    found = [frame for _, frame in listener.arrivals if frame.get("messageId") == message_id]
    return [frame for frame in found if frame["type"] == "message"]


def test_console_that_does_not_read_delays_nobody_and_has_it_all_when_it_reads(stack: Running) -> None:
    async def run() -> None:
        async with connected(stack, list(DESK) * 7) as listeners, connected(stack, ["en"], 4096) as (sleeper,):
            first = await texted(stack, "+12025550171", "Good morning, is somebody there?")
            report = await asyncio.to_thread(stack.report, first)
            usual = await delay(stack, listeners)
            await asyncio.to_thread(lengthen, stack, report)
            page = await sleeper.call("getmessages", conversationId=report["conversationId"])
            assert len(json.dumps(page)) > PAGE_BYTES
            # From here on it reads nothing, and asks for more than its socket holds: what comes next waits behind that.
            sleeper.socket.transport.pause_reading()
            ask = {"action": "getmessages", "conversationId": report["conversationId"]}
            for _ in range(ASKED_PAGES):
                await sleeper.socket.send(json.dumps(ask))
            delays = [await delay(stack, listeners) for _ in range(5)]
            assert max(delays) < 3 * usual + 3, (usual, delays)
            last = await texted(stack, "+12025550172", "Thank you.")
            await everyone_has(listeners, last)
            assert not copies(sleeper, last)
            sleeper.socket.transport.resume_reading()
            await sleeper.message(last, SECONDS)

    asyncio.run(run())


def lengthen(stack: Running, report: dict[str, Any], messages: int = 5) -> None:
    """Gives a conversation more messages, all of them long, each a second older than the one before."""
    tables = stack.client("dynamodb")
    name = stack.outputs()["ReportsTableName"]
    item = tables.get_item(TableName=name, Key={"reportId": {"S": report["reportId"]}})["Item"]
    created = datetime.fromisoformat(report["createdAt"])
    for number in range(messages):
        message_id = message_sid()
        message = json.loads(item["message"]["S"]) | {"messageId": message_id, "text": "Good morning. " * 1_100}
        at = (created - timedelta(seconds=number + 1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        own = {"reportId": message_id, "message": json.dumps(message), "createdAt": at}
        tables.put_item(TableName=name, Item={**item, **{key: {"S": value} for key, value in own.items()}})


def test_history_larger_than_a_state_may_be_comes_in_pages(stack: Running) -> None:
    async def run() -> None:
        first = await texted(stack, "+12025550174", "Good morning, is somebody there?")
        report = await asyncio.to_thread(stack.report, first)
        await asyncio.to_thread(lengthen, stack, report, 30)
        async with connected(stack, ["en"]) as (console,):
            found, more = list[str](), dict[str, Any]()
            while True:
                page = await console.call("getmessages", conversationId=report["conversationId"], limit=50, **more)
                assert page["type"] == "messages", page
                assert len(json.dumps(page)) < MOST_BYTES
                found += [message["messageId"] for message in page["messages"]]
                if "next" not in page:
                    break
                more = {"before": page["next"]}
        assert len(set(found)) == 31

    asyncio.run(run())


async def delay(stack: Running, listeners: list[Listener]) -> float:
    """Seconds from a webhook's acceptance until the last of them has the message."""
    message_id = await texted(stack, "+12025550172", "Hello, good morning.")
    accepted = time.time()
    arrivals = await asyncio.gather(*(listener.message(message_id, SECONDS) for listener in listeners))
    return max(came for came, _ in arrivals) - accepted


def test_connection_that_is_gone_is_forgotten_and_the_others_are_served(stack: Running) -> None:
    async def run() -> None:
        async with connected(stack, ["en", "es", "pt", "en"]) as (one, *others):
            # One that the gateway sees closing, and one of which it knows nothing: a $disconnect that never came.
            one.drop()
            ghost = {**next(iter(connections(stack).values()))}
            ghost |= {"connectionId": {"S": "Z2hvc3Rjb25uZWM="}, "connectedAt": {"S": "2026-01-01T00:00:00Z"}}
            ghost |= {"roomKey": {"S": "desk#Z2hvc3Rjb25uZWM="}}
            stack.client("dynamodb").put_item(TableName=connections_table(stack), Item=ghost)
            await everyone_has(others, await texted(stack, "+12025550173"))
            left = await asyncio.to_thread(until, lambda: settled(stack, len(others)))
            assert Counter(item["language"]["S"] for item in left.values()) == {"en": 1, "es": 1, "pt": 1}
        assert await asyncio.to_thread(until, lambda: True if not connections(stack) else None)

    asyncio.run(run())


def settled(stack: Running, number: int) -> dict[str, dict[str, Any]] | None:
    """The connections, once there are no more than so many."""
    found = connections(stack)
    return found if len(found) == number else None
