"""From the rows of a day to its digest. Pure: no boto3, no clock."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from compose_digest.answers import answers, runs, unanswered
from compose_digest.costs import cost, quantities
from compose_digest.errors import InvalidDigest
from compose_digest.pages import Page
from dragoman.digests import DIGEST_LIST, MAX_NAMES, Count, Row
from dragoman.items import AttributeValue, item, json_text
from dragoman.times import parse, rfc3339
from dragoman.validation import ValidationError, validator

validate_digest = validator("digest")
validate_event = validator("events/digest_created")

SENTIMENTS: Final = ("positive", "negative", "neutral", "mixed")

Json = dict[str, Any]


class Composed(TypedDict):
    """item: of table Digests. event: DigestCreated. rows: how many reports it was made of."""

    item: dict[str, AttributeValue]
    event: Json
    rows: int


def compose(plan: Mapping[str, Any], now: str, pages: Iterable[Page], prices: Mapping[str, Any], days: int) -> Composed:
    """plan: {"day", "timeZone", "window", "complete"}; days: how long it is kept. Raises InvalidDigest."""
    try:
        made = rfc3339(parse(now))
        document = digest(plan, made, list(pages), prices)
        event = created(document)
        validate_digest(document)
        validate_event(event)
        expires_at = int((parse(now) + timedelta(days=days)).timestamp())
    except ValidationError as violation:
        raise InvalidDigest(str(violation)) from None
    except (KeyError, TypeError, ValueError, AttributeError, ZoneInfoNotFoundError) as error:
        raise InvalidDigest(f"The machine's input has another shape ({type(error).__name__})") from None
    kept = {"day": document["day"], "list": DIGEST_LIST, "createdAt": made, "expiresAt": expires_at}
    return {
        "item": item({**kept, "document": json_text(document)}),
        "event": event,
        "rows": sum(document["messages"].values()),
    }


def digest(plan: Mapping[str, Any], made: str, pages: list[Page], prices: Mapping[str, Any]) -> Json:
    """The document (schemas/digest.json)."""
    every, window = unique(pages), plan["window"]
    rows = [row for row in every if window["start"] <= row["at"] < window["end"]]
    inbound = [row for row in rows if row["direction"] == "inbound"]
    judged, waits = sentiments(pages, inbound), list(runs(every))
    units = sum(row.get("units", 0) for row in inbound if row["id"] in judged)
    return {
        "schemaVersion": "1",
        "digestId": plan["day"],
        "day": plan["day"],
        "timeZone": plan["timeZone"],
        "from": window["start"],
        "to": window["end"],
        "createdAt": made,
        "complete": plan["complete"],
        "messages": directions(rows),
        "byLanguage": counts(row["language"] for row in inbound),
        "byChannel": counts(row["channel"] for row in inbound),
        "byHour": by_hour(inbound, ZoneInfo(plan["timeZone"])),
        "byLabel": counts(label for row in rows for label in row.get("labels", ())),
        "byEntry": by_entry(rows),
        "failures": counts(reason for row in rows for reason in row.get("failures", ())),
        "sentiment": sentiment(judged, inbound),
        "answers": answers(waits, rows),
        "unanswered": unanswered(waits),
        "questions": questions(rows),
        "cost": cost(quantities(rows, units, prices["usage"]), prices),
        "links": {"self": f"/digests/{plan['day']}"},
    }


def created(document: Json) -> Json:
    """The event DigestCreated."""
    return {
        "schemaVersion": "1",
        "digestId": document["digestId"],
        "day": document["day"],
        "messages": document["messages"],
        "at": document["createdAt"],
    }


def unique(pages: Iterable[Page]) -> list[Row]:
    """Each report once: a page that was read twice may hold a report that the next one holds too."""
    return list({row["id"]: row for page in pages for row in page["rows"]}.values())


def directions(rows: Iterable[Row]) -> dict[str, int]:
    """How many messages came, went and stayed."""
    found = Counter(row["direction"] for row in rows)
    return {name: found[name] for name in ("inbound", "outbound", "internal")}


def counts(names: Iterable[str]) -> list[Count]:
    """How often each was met, the most frequent first, MAX_NAMES at the most."""
    ordered = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"name": name, "count": count} for name, count in ordered[:MAX_NAMES]]


def by_entry(rows: Iterable[Row]) -> list[Count]:
    """How often each entry of the directory answered: by its id, shown with the name it had last."""
    met = sorted(rows, key=lambda row: row["at"])
    names = {entry_id: name for row in met for entry_id, name in row.get("entries", ())}
    found = Counter(entry_id for row in met for entry_id, _ in row.get("entries", ()))
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], names[pair[0]], pair[0]))
    return [{"name": names[entry_id], "count": count} for entry_id, count in ordered[:MAX_NAMES]]


def by_hour(rows: Iterable[Row], zone: ZoneInfo) -> list[int]:
    """Messages by the hour that the clock there showed: an hour that came twice holds both."""
    found = Counter(parse(row["at"]).astimezone(zone).hour for row in rows)
    return [found[hour] for hour in range(24)]


def sentiments(pages: Iterable[Page], inbound: Iterable[Row]) -> dict[str, str]:
    """positive, negative, neutral or mixed by the ids of the messages that were judged."""
    known = {row["id"] for row in inbound}
    found = dict[str, str]()
    for batch in (batch for page in pages for batch in page["judged"]):
        for result in batch["results"]:
            name = str(result["Sentiment"]).lower()
            if batch["ids"][result["Index"]] in known and name in SENTIMENTS:
                found[batch["ids"][result["Index"]]] = name
    return found


def sentiment(judged: Mapping[str, str], inbound: list[Row]) -> Json:
    """The section: how the messages sound, in all and by language, the language with most of them first."""
    by_language: dict[str, Counter[str]] = {}
    for row in inbound:
        if row["id"] in judged:
            by_language.setdefault(row["language"], Counter())[judged[row["id"]]] += 1
    ordered = sorted(by_language.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    return {
        "judged": len(judged),
        "unjudged": len(inbound) - len(judged),
        "byLanguage": [{"name": language, **_all(found)} for language, found in ordered],
        "totals": _all(Counter(judged.values())),
    }


def _all(found: Counter[str]) -> dict[str, int]:
    return {name: found[name] for name in SENTIMENTS}


def questions(rows: Iterable[Row]) -> dict[str, int]:
    """How many questions were put to people, and how many were answered on the day."""
    found = Counter(row.get("question", "") for row in rows)
    return {"asked": found["asked"], "answered": found["answered"]}
