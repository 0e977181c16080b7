"""Measures a digest of many reports: `PYTHONPATH=functions .venv/bin/python -m benchmarks.digest` (two minutes).

The shipped functions over made reports, in pages as the machine asks for them and through JSON as it hands them over;
DynamoDB, S3, Comprehend and the states between take no part in it. Each size in a process of its own, for its memory.
With --stack 2000, so many reports are put into a local stack as well and its real machine makes the digest: the local
DynamoDB looks through its whole table for each page, so that more of them take longer than they would on AWS.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from compose_digest.logic import compose
from compose_digest.pages import read_pages
from dragoman.items import item, json_text
from infra import digest as command
from infra.build import ROOT
from infra.local.aws import clients
from plan_digest.logic import plan
from tally_reports.logic import tally
from tests.integration.stack import Running, new_stack

DAY: Final = "2026-11-27"
NOW: Final = "2026-11-28T06:00:00.000Z"
PAGE: Final = 25
SIZES: Final = (1_000, 10_000, 100_000)
TEXTS: Final = {
    "es": "Hola, ¿podrían decirme si la clínica está abierta mañana por la mañana? Mi hijo tiene fiebre desde ayer.",
    "en": "Good morning, where can I pick up the form that you wrote about last week? Thank you for your help.",
    "pt": "Bom dia, a que horas abre a biblioteca no sábado? Obrigada!",
    "fr": "Bonjour, je ne peux pas venir aujourd'hui, est-ce possible demain à la même heure ?",
}
LABELS: Final = ("Sign", "Dog", "Document", "Person", "Car", "Food", "Building")


@dataclass(frozen=True)
class Measured:
    """Seconds, MiB and bytes; dollars for the digest alone, without the messages."""

    reports: int
    pages: int
    tally_seconds: float
    compose_seconds: float
    peak_mib: float
    largest_page: int
    row_bytes: int
    digest_bytes: int
    dollars: float


def made_report(number: int, luck: random.Random) -> dict[str, Any]:
    """An item of table Reports: of three messages two come in and one goes out, one in ten with a picture."""
    seconds = luck.randrange(86_400)
    at = f"{DAY}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{number % 1000:03}Z"
    outbound, language = number % 3 == 2, luck.choice(list(TEXTS))
    person, ours = f"+1202555{luck.randrange(10_000):04}", "+15550100100"
    sections = {
        "message": made_message(number, at, outbound, TEXTS[language], person, ours),
        "language": {"code": language, "confidence": 0.987, "method": "comprehend"},
        "translations": [
            {"language": code, "status": "translated", "text": TEXTS[code]} for code in TEXTS if code != language
        ],
        "pictures": [made_picture(number, luck)] if number % 10 == 0 else [],
        "directory": {
            "state": "found",
            "entries": [
                {"entryId": f"e{number % 40:016x}", "name": f"Entry {number % 40}", "phone": ours, "language": "en"}
            ],
            "answer": f"Entry\n{ours}",
        }
        if number % 5 == 0
        else {"state": "none", "entries": [], "answer": ""},
        "reply": {
            "state": "sent",
            "text": TEXTS[language],
            "parts": [{"part": "0", "state": "sent", "text": TEXTS[language]}],
        },
    }
    made: dict[str, Any] = item(
        {
            "reportId": f"SM{number:032x}",
            "conversationId": f"c{int(person[1:]):032x}",
            "day": DAY,
            "createdAt": at,
            **{name: json_text(section) for name, section in sections.items()},
        }
    )
    status = {"status": "undelivered" if number % 50 == 0 else "delivered", "at": at}
    return {**made, "deliveries": {"M": {"0": {"M": item(status)}}}}


def made_message(number: int, at: str, outbound: bool, text: str, person: str, ours: str) -> dict[str, Any]:  # noqa: PLR0913, PLR0917
    """The message as Twilio's fields make it."""
    fields = {
        "FromCountry": ["US"],
        "FromState": ["DC"],
        "FromZip": ["20001"],
        "FromCity": ["WASHINGTON"],
        "SmsStatus": ["received"],
    }
    return {
        "schemaVersion": "1",
        "messageId": f"SM{number:032x}",
        "provider": "console" if outbound else "twilio",
        "accountId": "AC" + "0" * 32,
        "channel": "console" if outbound else "sms",
        "direction": "outbound" if outbound else "inbound",
        "sender": "console:op-1" if outbound else f"sms:{person}",
        "recipient": f"sms:{person}" if outbound else f"sms:{ours}",
        "conversationId": f"c{int(person[1:]):032x}",
        "delivery": {"to": person, "from": ours},
        "text": text,
        "textLength": len(text),
        "media": [],
        "segments": 1,
        "receivedAt": at,
        "providerFields": {} if outbound else fields,
        **({"author": {"operatorId": "op-1", "name": "Ana"}} if outbound else {}),
    }


def made_picture(number: int, luck: random.Random) -> dict[str, Any]:
    labels = [{"name": name, "confidence": 98.2} for name in luck.sample(LABELS, 4)]
    lines = [
        {"text": "Cerrado por obras", "confidence": 97.0, "polygon": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.2], [0.1, 0.2]]}
    ]
    return {
        "kind": "picture",
        "imageId": f"IM{number}",
        "labels": labels,
        "lines": lines,
        "text": "Cerrado por obras",
        "translations": [],
    }


def pages(reports: int) -> Iterator[list[dict[str, Any]]]:
    """The reports, a page at a time."""
    luck = random.Random(reports)
    for first in range(0, reports, PAGE):
        yield [made_report(number, luck) for number in range(first, min(first + PAGE, reports))]


def measure(reports: int) -> Measured:
    """Tallies and composes a day of so many reports."""
    planned = plan({"request": {"day": DAY}, "now": NOW, "timeZone": "Etc/UTC", "sentimentTexts": 600})
    prices = json.loads((ROOT / "docs/cost/prices.json").read_text(encoding="utf-8"))
    kept: dict[str, bytes] = {}
    largest, took = 0, 0.0
    for number, page in enumerate(pages(reports)):
        handed = json.dumps(page, ensure_ascii=False).encode()
        largest = max(largest, len(handed))
        began = time.perf_counter()
        tallied = tally({"items": json.loads(handed), "window": planned["window"], "texts": 0})
        kept[f"rows-{number}.json"] = json.dumps({"rows": tallied["rows"], "judged": []}, ensure_ascii=False).encode()
        took += time.perf_counter() - began
    began = time.perf_counter()
    found = read_pages(kept.__getitem__, [{"prefix": "rows", "pages": len(kept)}])
    composed = compose(planned, NOW, found, prices, 90)
    composing = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = len(composed["item"]["document"]["S"].encode())
    each = sum(map(len, kept.values())) // reports
    return Measured(reports, len(kept), took, composing, peak, largest, each, size, dollars(reports, prices))


def dollars(reports: int, prices: dict[str, Any]) -> float:
    """What the digest itself costs by docs/cost, all its texts judged included."""
    usage, price = prices["usage"], prices["prices"]
    fixed = sum(amount * price[name]["price"] for name, amount in usage["digest"].items())
    growing = sum(amount * price[name]["price"] for name, amount in usage["digestReport"].items())
    judged = min(600, reports * 2 // 3) * 3 * price["comprehend"]["price"]
    return float(fixed + reports * growing + judged)


def measured_apart(reports: int) -> Measured:
    """The same in a process of its own."""
    arguments = [sys.executable, "-m", "benchmarks.digest", "--one", str(reports)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    return Measured(**json.loads(done.stdout))


def through_stack(reports: int) -> tuple[float, float]:
    """Seconds to put so many reports into a local stack, and those its machine takes for the digest."""
    with tempfile.TemporaryDirectory() as scratch:
        stack = new_stack(Path(scratch) / "data")
        stack.start()
        try:
            command.make(clients.client, "dragoman", {"day": "2026-11-26"}, lambda _line: None)  # wakes the functions
            began = time.perf_counter()
            put(stack, reports)
            loaded = time.perf_counter()
            found = command.make(clients.client, "dragoman", {"day": DAY}, lambda _line: None)
            ended = time.perf_counter()
            counted = sum(found["messages"].values())
            if counted != reports:
                raise SystemExit(f"{counted} of {reports} reports were counted")
        finally:
            stack.stop()
    return loaded - began, ended - loaded


def put(stack: Running, reports: int) -> None:
    """Writes the reports past the pipeline."""
    assert stack.process is not None
    table = command.outputs_of(clients.client("cloudformation"), "dragoman")["ReportsTableName"]
    dynamodb = clients.client("dynamodb")

    def write(page: list[dict[str, Any]]) -> None:
        dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": report}} for report in page]})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, pages(reports)))


def line_of(each: Measured) -> str:
    """One line of the table."""
    tallied = f"{each.tally_seconds:6.2f} s  {each.tally_seconds / each.pages * 1000:5.1f} ms"
    sizes = f"{each.largest_page / 1024:6.0f} KiB  {each.row_bytes:5} B"
    composed = f"{each.compose_seconds:6.2f} s  {each.peak_mib:4.0f} MiB  {each.digest_bytes / 1024:4.1f} KiB"
    return f"{each.reports:7}  {each.pages:6}  {tallied}  {sizes}  {composed}  ${each.dollars:.4f}"


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="benchmarks.digest", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="how many reports")
    parser.add_argument("--stack", type=int, nargs="*", default=[], help="how many through a local stack")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(asdict(measure(options.one))))
        return 0
    print("reports   pages  tally      a page  largest page  a row   compose    peak      digest   the digest's cost")
    for reports in options.sizes:
        each = measured_apart(reports)
        print(line_of(each), flush=True)
    for reports in options.stack:
        loading, took = through_stack(reports)
        print(f"{reports:7} through the local stack: {took:.1f} s (put there in {loading:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
