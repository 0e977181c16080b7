"""Measures the pipeline on this machine: how soon a webhook is answered, how many messages a second are reported.

Load goes to 127.0.0.1 only, for a bounded time. Nothing here passes or fails.
"""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx

from tests.integration.stack import Running, sign

# English, so that each of the desk's three languages (Spanish, Portuguese, French) is a real translation.
DESK_LANGUAGES = "es,pt,fr"
TEXTS = [
    "Good morning, I would like to see a doctor today.",
    "Can you tell me when the office opens tomorrow?",
    "My son has a fever and I do not know what to do.",
    "Where do I have to bring the papers you asked me for?",
]


@dataclass(frozen=True)
class Latency:
    """Milliseconds."""

    p50: float
    p95: float
    p99: float
    count: int

    def __str__(self) -> str:
        return f"p50 {self.p50:.1f} ms, p95 {self.p95:.1f} ms, p99 {self.p99:.1f} ms ({self.count} webhooks)"


class Sender:
    """Texts the number over one kept connection."""

    def __init__(self, stack: Running, number: int) -> None:
        self._stack, self._number, self._turn = stack, number, 0
        self._client = httpx.Client(timeout=60)
        self.accepted: list[str] = []
        self.milliseconds: list[float] = []

    def text(self) -> None:
        """Signs and posts one message; keeps how long the answer took."""
        self._turn += 1
        sender = f"+1202{self._number:03d}{self._turn % 10000:04d}"
        fields = self._stack.fields(From=sender, Body=TEXTS[self._turn % len(TEXTS)])
        headers = {
            "X-Twilio-Signature": sign(self._stack.settings.twilio.auth_tokens[0], self._stack.webhook, fields),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        began = time.perf_counter()
        answer = self._client.post(self._stack.webhook, content=urlencode(fields).encode(), headers=headers)
        self.milliseconds.append((time.perf_counter() - began) * 1000)
        if answer.status_code == 200:
            self.accepted.append(dict(fields)["MessageSid"])


def acknowledgement(stack: Running, senders: int, each: int, pause: float = 0) -> Latency:
    """How long a webhook's answer takes with that many senders at once, each pausing after a message.

    Without a pause they send more than the pipeline behind them can do, which shares its processors.
    """
    everyone = [Sender(stack, 100 + number) for number in range(senders)]

    def work(sender: Sender) -> None:
        for _ in range(each):
            sender.text()
            time.sleep(pause)

    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(work, everyone))
    times = sorted(ms for sender in everyone for ms in sender.milliseconds)
    cuts = statistics.quantiles(times, n=100)
    return Latency(cuts[49], cuts[94], cuts[98], len(times))


@dataclass(frozen=True)
class Throughput:
    """What was sent and reported."""

    accepted: int
    reported: int
    seconds: float
    drained_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.reported} of {self.accepted} acknowledged messages reported; accepted during {self.seconds:.1f} s, "
            f"all reported after {self.drained_seconds:.1f} s: {self.reported / self.drained_seconds:.1f} a second"
        )


def throughput(stack: Running, seconds: float, senders: int) -> Throughput:
    """Sends for that long, then waits until every acknowledged message has its report."""
    stop = threading.Event()
    everyone = [Sender(stack, 500 + number) for number in range(senders)]

    def work(sender: Sender) -> None:
        while not stop.is_set():
            sender.text()

    before = count_reports(stack)
    began = time.monotonic()
    with ThreadPoolExecutor(senders) as pool:
        running = [pool.submit(work, sender) for sender in everyone]
        time.sleep(seconds)
        stop.set()
        for each in running:
            each.result()
    sent = time.monotonic() - began
    accepted = sum(len(sender.accepted) for sender in everyone)
    deadline = time.monotonic() + 10 * seconds
    while (reported := count_reports(stack) - before) < accepted and time.monotonic() < deadline:
        time.sleep(0.5)
    return Throughput(accepted, reported, sent, time.monotonic() - began)


def count_reports(stack: Running) -> int:
    """Reports in the table."""
    pages = (
        stack.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=stack.outputs()["ReportsTableName"], Select="COUNT")
    )
    return sum(int(page["Count"]) for page in pages)


def drain(stack: Running) -> None:
    """Waits until nothing is queued or worked on."""
    deadline = time.monotonic() + 300
    while not stack.idle("Messages", "Replies") and time.monotonic() < deadline:
        time.sleep(0.2)
