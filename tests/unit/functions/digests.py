"""Reports as table Reports holds them, and rows, for the tests of the digest."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from dragoman.digests import Row
from dragoman.items import item, json_text
from infra.build import ROOT

PRICES: dict[str, Any] = json.loads((ROOT / "docs/cost/prices.json").read_text())
DAY = "2026-11-27"
WINDOW = {"start": "2026-11-27T00:00:00.000Z", "end": "2026-11-28T00:00:00.000Z", "until": "2026-11-28T06:00:00.000Z"}
PLAN = {"day": DAY, "timeZone": "Etc/UTC", "window": WINDOW, "complete": True}


def report_id(number: int) -> str:
    return f"SM{number:032x}"


def message(
    number: int, at: str = "2026-11-27T10:00:00.000Z", text: str = "¿Dónde está la clínica?", **more: Any
) -> Any:
    """A message as a section of its report; operator: who wrote an outbound one."""
    operator = more.pop("operator", "")
    direction = "outbound" if operator else "inbound"
    author = {"author": {"operatorId": operator, "name": "Ana"}} if operator else {}
    return {
        "messageId": report_id(number),
        "channel": "console" if operator else "sms",
        "direction": direction,
        "sender": f"console:{operator}" if operator else "sms:+12025550100",
        "recipient": "sms:+12025550100" if operator else "sms:+12025550199",
        "conversationId": "c1",
        "text": text,
        "textLength": len(text),
        "media": [],
        "segments": 1,
        "receivedAt": at,
        **author,
        **more,
    }


def report(number: int, *, section: Any = None, **more: Any) -> dict[str, Any]:
    """An item of table Reports as Step Functions hands it over. section: other sections than the message."""
    sections = {
        "message": message(number, **more),
        "language": {"code": "es", "confidence": 0.98, "method": "comprehend"},
        "translations": [{"language": "en", "status": "translated", "text": "Where is the clinic?"}],
        "pictures": [],
        "directory": {"state": "none", "entries": [], "answer": ""},
        "reply": {"state": "sent", "text": "Gracias.", "parts": [{"part": "0", "state": "sent", "text": "Gracias."}]},
        **(section or {}),
    }
    deliveries = sections.pop("deliveries", {})
    made: dict[str, Any] = item(
        {
            "reportId": report_id(number),
            "conversationId": "c1",
            **{name: json_text(part) for name, part in sections.items()},
        }
    )
    return {**made, "deliveries": {"M": {name: {"M": item(part)} for name, part in deliveries.items()}}}


def row(number: int, at: str = "10:00", **more: Any) -> Row:
    """A row of an inbound message of the day. at: a time of the day, or a whole moment."""
    made: Any = {
        "id": report_id(number),
        "conversation": conversation(1),
        "at": at if "T" in at else f"2026-11-27T{at}:00.000Z",
        "direction": "inbound",
        "channel": "sms",
        "language": "es",
        "preview": f"Message {number}",
        "units": 3,
        "usage": {},
        **more,
    }
    found: Row = made
    return found


def answer(number: int, at: str, **more: Any) -> Row:
    """A row of what a person wrote."""
    return row(number, at, direction="outbound", person=True, **more)


def page(rows: Iterable[Any], judged: Iterable[Any] = ()) -> Any:
    return {"rows": list(rows), "judged": list(judged)}


def judged(*results: tuple[int, str]) -> Any:
    """What Comprehend said about messages, by their numbers."""
    found = [{"Index": place, "Sentiment": sentiment} for place, (_, sentiment) in enumerate(results)]
    return {"ids": [report_id(number) for number, _ in results], "results": found}


def conversation(number: int) -> str:
    """A conversation's id as it looks."""
    return "c" + hashlib.sha256(str(number).encode()).hexdigest()[:32]
