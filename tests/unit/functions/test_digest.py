"""The digest: which reports a day is made of, what is counted of them, what it has cost, who is told."""

import json
from datetime import timedelta
from decimal import Decimal
from email import message_from_string
from email.policy import default
from io import BytesIO
from itertools import pairwise
from statistics import median
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from compose_digest import handler as compose_handler
from compose_digest import settings as compose_settings
from compose_digest.answers import answers, runs, unanswered
from compose_digest.costs import cost, quantities
from compose_digest.errors import InvalidDigest, RowsMissing
from compose_digest.logic import by_entry, by_hour, compose, counts, digest
from compose_digest.pages import read_pages
from compose_digest_notice import charts
from compose_digest_notice import handler as notice_handler
from compose_digest_notice.errors import InvalidNotice
from compose_digest_notice.logic import notice
from compose_digest_notice.mail import Row, sections
from compose_digest_notice.settings import Settings
from compose_digest_notice.words import words_in
from dragoman.errors import ConfigurationError
from dragoman.identifiers import conversation_id
from dragoman.items import item
from dragoman.segments import segments
from dragoman.times import parse
from infra.build import ROOT
from plan_digest import handler as plan_handler
from plan_digest.errors import InvalidDay
from plan_digest.logic import plan
from tally_reports import handler as tally_handler
from tally_reports.logic import tally
from tests.unit.functions.digests import (
    DAY,
    PLAN,
    PRICES,
    WINDOW,
    answer,
    conversation,
    judged,
    page,
    report,
    report_id,
    row,
)

NOW = "2026-11-28T06:00:00.000Z"


def planned(day: str = "", zone: str = "Etc/UTC", now: str = NOW, **request: Any) -> Any:
    wanted = {**request, **({"day": day} if day else {})}
    return plan({"request": wanted, "now": now, "timeZone": zone, "sentimentTexts": "600"})


# --- the day and its slices


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-08", "America/New_York", 23),
        ("2026-11-01", "America/New_York", 25),
        ("2026-11-27", "America/New_York", 24),
        ("2026-11-27", "Etc/UTC", 24),
        # Half an hour is put forward here.
        ("2026-10-04", "Australia/Lord_Howe", 23.5),
        # Where midnight itself is left out, the day begins when the clock is put forward.
        ("2026-04-24", "Africa/Cairo", 23),
        ("2026-11-27", "Pacific/Kiritimati", 24),
    ],
)
def test_day_is_as_long_as_the_clock_says(day: str, zone: str, hours: float) -> None:
    window = planned(day, zone)["window"]
    assert parse(window["end"]) - parse(window["start"]) == timedelta(hours=hours)


def test_day_is_the_one_before_today_in_the_time_zone() -> None:
    assert planned(now="2026-11-28T04:59:00.000Z", zone="America/New_York")["day"] == "2026-11-26"
    assert planned(now="2026-11-28T05:00:00.000Z", zone="America/New_York")["day"] == "2026-11-27"


def test_day_is_the_one_before_the_schedule_meant_it_whenever_it_gets_through() -> None:
    late = {"now": "2026-11-28T05:59:00.000Z", "zone": "America/New_York", "scheduledAt": "2026-11-28T03:59:30Z"}
    assert planned(**late)["day"] == "2026-11-26"
    assert planned(**late)["complete"]
    assert planned(**{**late, "scheduledAt": "2026-11-28T05:00:00Z"})["day"] == "2026-11-27"
    assert planned(**late, day="2026-11-20")["day"] == "2026-11-20"


@pytest.mark.parametrize("at", ["<aws.scheduler.scheduled-time>", "2026-11-28T03:59:30", "", None, 5])
def test_schedule_that_names_no_moment_is_a_configuration_error(at: Any) -> None:
    with pytest.raises(ConfigurationError):
        planned(scheduledAt=at)


@pytest.mark.parametrize("zone", ["Etc/UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "now", [NOW, "2026-11-29T15:30:00.000Z", "2026-12-24T00:00:00.000Z", "2026-11-27T20:15:00.000Z"]
)
def test_slices_hold_every_moment_of_their_day_once(zone: str, now: str) -> None:
    found = planned(DAY, zone, now)
    by_day: dict[str, list[Any]] = {}
    for part in found["slices"]:
        by_day.setdefault(part["day"], []).append(part)
    assert min(by_day) == found["window"]["start"][:10]
    for utc_day, parts in by_day.items():
        assert all(one["before"] < other["after"] for one, other in pairwise(parts))
        assert parts[0]["after"] in ("0", "2026-11-27T04:55:00.000Z") or parts[0]["after"] <= found["window"]["start"]
        # What was received that day may be composed at any time after it.
        assert (parts[-1]["before"] == "9") == (f"{utc_day}T00:00:00.000Z" < found["window"]["end"])
    assert 1 <= len(found["slices"]) <= 56


def test_slices_share_what_may_be_judged() -> None:
    slices = planned(DAY)["slices"]
    assert sum(part["texts"] for part in slices) == 600
    # What is read of the next UTC day is answers alone.
    assert {part["texts"] for part in slices if part["day"] == DAY} == {25}
    assert {part["texts"] for part in slices if part["day"] != DAY} == {0}


def test_slices_of_a_day_that_is_not_over_end_now() -> None:
    found = planned(DAY, now="2026-11-27T03:10:00.000Z")
    assert not found["complete"]
    assert [part["before"] for part in found["slices"]][-2:] == ["2026-11-27T02:59:59.999Z", "9"]


def test_answers_are_looked_for_until_six_hours_after_midnight() -> None:
    assert planned(DAY, now="2026-11-28T02:00:00.000Z")["window"]["until"] == "2026-11-28T02:00:00.000Z"
    assert planned(DAY, now="2026-12-01T02:00:00.000Z")["window"]["until"] == "2026-11-28T06:00:00.000Z"


@pytest.mark.parametrize("day", ["27.11.2026", "2026-11-31", "20261127", 7, "9999-12-31", "2026-11-29"])
def test_what_is_no_day_or_has_not_begun_is_refused(day: Any) -> None:
    with pytest.raises(InvalidDay):
        planned(day)


@pytest.mark.parametrize(
    "change", [{"timeZone": "Europe/Atlantis"}, {"now": "today"}, {"request": None}, {"sentimentTexts": "x"}]
)
def test_plan_of_something_else_is_a_configuration_error(change: dict[str, Any]) -> None:
    event = {"request": {}, "now": NOW, "timeZone": "Etc/UTC", "sentimentTexts": "600"}
    with pytest.raises(ConfigurationError):
        plan({**event, **change})


def test_only_true_notifies() -> None:
    assert (planned(notify=True)["notify"], planned(notify="no")["notify"], planned()["again"]) == (True, False, False)


# --- rows


def tallied(*items: Any, texts: int = 25) -> Any:
    return tally({"items": list(items), "window": WINDOW, "texts": texts})


def only_row(number: int = 1, **more: Any) -> Any:
    (found,) = tallied(report(number, **more))["rows"]
    return found


def test_row_of_a_message() -> None:
    assert only_row() == {
        "id": report_id(1),
        "conversation": "c1",
        "at": "2026-11-27T10:00:00.000Z",
        "direction": "inbound",
        "channel": "sms",
        "language": "es",
        "preview": "¿Dónde está la clínica?",
        "units": 3,
        "usage": {"parts": 1, "translate": 23, "comprehend": 3, "twilioSmsOut": 1, "twilioSmsIn": 1},
    }


@pytest.mark.parametrize(
    ("at", "operator", "kept"),
    [
        ("2026-11-26T23:59:59.999Z", "", False),
        ("2026-11-27T00:00:00.000Z", "", True),
        ("2026-11-27T23:59:59.999Z", "", True),
        ("2026-11-28T00:00:00.000Z", "", False),
        ("2026-11-28T00:00:00.000Z", "op1", True),
        ("2026-11-28T05:59:59.999Z", "op1", True),
        ("2026-11-28T06:00:00.000Z", "op1", False),
        ("2026-11-28T01:00:00.000Z", "questions", False),
    ],
)
def test_rows_are_those_of_the_day_and_of_answers_soon_after(at: str, operator: str, kept: bool) -> None:
    assert bool(tallied(report(1, at=at, operator=operator))["rows"]) is kept


@pytest.mark.parametrize(("operator", "person"), [("op1", True), ("questions", None), ("digest", None)])
def test_only_people_are_persons(operator: str, person: bool | None) -> None:
    found = only_row(operator=operator)
    assert found.get("person") is person
    assert (found["channel"], "preview" in found) == ("sms", False)


@pytest.mark.parametrize(
    ("more", "by"),
    [
        ({"section": {"directory": {"state": "found", "entries": [{"entryId": "e1", "name": "Clinic"}]}}}, "directory"),
        ({"section": {"question": {"state": "answered"}}}, "question"),
        ({"section": {"question": {"state": "unclear"}}}, None),
        ({"consent": "stop"}, "consent"),
        ({"consent": "near-miss"}, None),
        ({}, None),
    ],
)
def test_row_says_who_settled_a_message(more: dict[str, Any], by: str | None) -> None:
    assert only_row(**more).get("by") == by


def test_row_of_pictures_and_entries() -> None:
    pictures = [
        {
            "kind": "picture",
            "labels": [{"name": "Sign"}, {"name": "Dog"}],
            "text": "Salida",
            "translations": [{"status": "translated"}],
        },
        {"kind": "picture", "labels": [{"name": "Sign"}]},
        {"kind": "attachment"},
    ]
    entries = {"state": "found", "entries": [{"entryId": "e1", "name": "Clinic"}, {"entryId": "e2", "name": "Library"}]}
    found = only_row(channel="mms", section={"pictures": pictures, "directory": entries})
    assert (found["labels"], found["pictures"]) == (["Sign", "Dog"], 2)
    assert found["entries"] == [["e1", "Clinic"], ["e2", "Library"]]
    assert found["usage"] == {"parts": 1, "translate": 23 + 6, "comprehend": 3, "twilioSmsOut": 1, "twilioMmsIn": 1}


@pytest.mark.parametrize(
    ("reply", "deliveries", "reasons"),
    [
        ({"state": "failed", "reason": "Refused."}, {}, ["Refused."]),
        ({"state": "unknown"}, {}, ["It is not known why."]),
        ({"state": "suppressed", "reason": "The contact opted out."}, {}, []),
        (
            {"state": "sent", "parts": [{"part": "0", "state": "sent"}]},
            {"0": {"status": "undelivered", "reason": "Off."}},
            ["Off."],
        ),
        ({"state": "sent"}, {"0": {"status": "delivered"}}, []),
        ({"state": "unknown"}, {"0": {"status": "delivered"}}, []),
        (
            {
                "state": "failed",
                "parts": [{"part": "0", "state": "sent"}, {"part": "1", "state": "failed", "reason": "Long."}],
            },
            {"0": {"status": "failed", "errorCode": "30005"}},
            ["The carrier does not know this number, or it is out of service.", "Long."],
        ),
    ],
)
def test_row_counts_each_part_that_did_not_arrive(reply: Any, deliveries: Any, reasons: list[str]) -> None:
    assert only_row(section={"reply": reply, "deliveries": deliveries}).get("failures", []) == reasons


@pytest.mark.parametrize(
    ("message", "usage"),
    [
        ({"channel": "whatsapp"}, {"twilioWhatsApp": 2}),
        ({"operator": "op1", "recipient": "whatsapp:+12025550100"}, {"twilioWhatsApp": 1}),
        ({"operator": "op1"}, {"twilioSmsOut": 1}),
        ({"segments": 3}, {"twilioSmsIn": 3, "twilioSmsOut": 1}),
        ({"text": "x" * 301}, {"twilioSmsIn": 1, "twilioSmsOut": 1, "comprehend": 4, "translate": 301}),
    ],
)
def test_row_says_what_was_used(message: dict[str, Any], usage: dict[str, int]) -> None:
    assert only_row(**message)["usage"] == {"parts": 1, "translate": 23, "comprehend": 3, **usage}


def test_what_the_directory_says_in_another_language_was_translated() -> None:
    hours, text = "Mon to Fri", "Bring your papers."
    entries = [
        {
            "entryId": "e1",
            "name": "Clinic",
            "language": "en",
            "hours": hours,
            "text": text,
            "address": "12 Main Street",
        },
        {"entryId": "e2", "name": "Biblioteca", "language": "es", "hours": "Lunes a viernes"},
    ]
    directory = {"directory": {"state": "found", "entries": entries}}
    assert only_row(section=directory)["usage"]["translate"] == 23 + len(f"{hours}\n{text}")
    unknown = {"language": {"code": "und", "method": "none"}}
    assert only_row(section={**directory, **unknown})["usage"]["translate"] == 23


def test_old_report_without_later_sections_makes_a_row() -> None:
    old = report(1)
    for name in ("directory", "deliveries", "pictures"):
        del old[name]
    assert tallied(old)["rows"][0]["id"] == report_id(1)


def test_batches_are_of_one_language_and_at_most_25() -> None:
    items = [report(n) for n in range(30)] + [report(40, section={"language": {"code": "en", "method": "comprehend"}})]
    found = tallied(*items, texts=100)
    assert [(batch["language"], len(batch["texts"])) for batch in found["batches"]] == [
        ("es", 25),
        ("es", 5),
        ("en", 1),
    ]
    assert found["texts"] == 100 - 31
    assert found["batches"][2]["ids"] == [report_id(40)]


def test_no_more_texts_are_judged_than_allowed() -> None:
    found = tallied(*[report(n) for n in range(5)], texts=2)
    assert ([len(batch["texts"]) for batch in found["batches"]], found["texts"]) == ([2], 0)
    assert tallied(report(1), texts=0)["batches"] == []


@pytest.mark.parametrize(
    "more",
    [
        {"text": " "},
        {"consent": "stop"},
        {"operator": "op1"},
        {"section": {"language": {"code": "und", "method": "none"}}},
        {"section": {"language": {"code": "pl", "method": "comprehend"}}},
    ],
)
def test_what_comprehend_does_not_judge_is_in_no_batch(more: dict[str, Any]) -> None:
    assert tallied(report(1, **more))["batches"] == []


def test_text_is_cut_to_the_bytes_comprehend_takes() -> None:
    (batch,) = tallied(report(1, text="ñ" * 4000))["batches"]
    assert batch["texts"] == ["ñ" * 2500]


@pytest.mark.parametrize(
    "event", [{}, {"items": [{}], "window": WINDOW, "texts": 1}, {"items": [], "window": {}, "texts": None}]
)
def test_tally_of_something_else_is_a_configuration_error(event: Any) -> None:
    with pytest.raises(ConfigurationError):
        tally(event)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("😀" * 35, 1),
        ("", 1),
    ],
)
def test_segments(text: str, count: int) -> None:
    assert segments(text) == count


# --- answers


def figures(*rows: Any) -> tuple[Any, Any]:
    found = list(runs(rows))
    return answers(found, rows), [each["messageId"] for each in unanswered(found)]


@pytest.mark.parametrize(
    ("rows", "answered", "seconds", "waiting"),
    [
        ([], 0, None, []),
        ([row(1, "10:00"), answer(2, "10:05")], 1, 300, []),
        # Of a run of messages the first counts.
        ([row(1, "10:00"), row(2, "10:04"), answer(3, "10:05")], 1, 300, []),
        ([row(1, "10:00"), answer(2, "10:01"), row(3, "11:00"), answer(4, "11:03")], 2, 120, []),
        ([row(1, "10:00"), answer(2, "10:01"), row(3, "11:00")], 1, 60, [3]),
        # What was written before is no answer.
        ([answer(1, "09:00"), row(2, "10:00")], 0, None, [2]),
        # A machine's message is none either.
        ([row(1, "10:00"), row(2, "10:05", direction="outbound")], 0, None, [1]),
        ([row(1, "10:00", by="directory")], 0, None, []),
        ([row(1, "10:00", by="directory"), row(2, "10:01")], 0, None, [2]),
        ([row(1, "10:00"), row(2, "10:01", by="consent")], 0, None, [1]),
        # Another conversation's answer.
        ([row(1, "10:00"), answer(2, "10:01", conversation="c2")], 0, None, [1]),
        # After midnight.
        ([row(1, "23:59"), answer(2, "2026-11-28T00:09:00.000Z")], 1, 600, []),
        # At the same moment, whatever the order of the pages.
        ([answer(2, "10:00"), row(1, "10:00")], 1, 0, []),
    ],
)
def test_answers(rows: list[Any], answered: int, seconds: float | None, waiting: list[int]) -> None:
    found, names = figures(*rows)
    assert (found["answered"], found["medianSeconds"], found["unanswered"]) == (answered, seconds, len(waiting))
    assert names == [report_id(number) for number in waiting]


@pytest.mark.parametrize("seconds", [[7], [3, 4], [5, 1, 3], [10, 2, 8, 4], list(range(101)), [0, 0, 86399]])
def test_median_is_exact(seconds: list[int]) -> None:
    rows = []
    for number, each in enumerate(seconds):
        minutes, rest = divmod(each, 60)
        at = f"2026-11-27T{minutes // 60:02}:{minutes % 60:02}:{rest:02}.000Z"
        rows += [row(2 * number, "00:00", conversation=conversation(number))]
        rows += [answer(2 * number + 1, at, conversation=conversation(number))]
    assert figures(*rows)[0]["medianSeconds"] == median(seconds)


def test_longest_waiting_come_first_and_twenty_at_most() -> None:
    rows = [row(n, f"10:{59 - n:02}", conversation=conversation(n)) for n in range(30)]
    found, names = figures(*rows)
    assert (found["unanswered"], len(names), names[0]) == (30, 20, report_id(29))


# --- the digest


def test_empty_day_is_a_valid_digest_of_nothing() -> None:
    made = compose(PLAN, NOW, [page([])], PRICES, 30)
    document = json.loads(made["item"]["document"]["S"])
    assert document["messages"] == {"inbound": 0, "outbound": 0, "internal": 0}
    assert (document["byHour"], document["answers"]["medianSeconds"]) == ([0] * 24, None)
    assert document["sentiment"]["judged"] == 0
    assert {entry["unit"] for entry in document["cost"]["items"]} == {
        "transition",
        "execution",
        "call",
        "GB-s",
        "request",
    }
    assert made["event"] == {
        "schemaVersion": "1",
        "digestId": DAY,
        "day": DAY,
        "messages": {"inbound": 0, "outbound": 0, "internal": 0},
        "at": NOW,
    }
    assert made["item"]["expiresAt"] == {"N": str(int(parse(NOW).timestamp()) + 30 * 86400)}
    assert {name: made["item"][name]["S"] for name in ("day", "list", "createdAt")} == {
        "day": DAY,
        "list": "digests",
        "createdAt": NOW,
    }


def test_digest_counts_what_happened() -> None:
    rows = [
        row(1, "09:10", labels=["Sign"], entries=[["e1", "Clinic"]], by="directory"),
        row(2, "09:20", language="en", conversation="c2", failures=["Off.", "Off."]),
        answer(3, "09:30", conversation="c2", question="asked"),
        row(4, "23:59", channel="whatsapp", question="answered", by="question"),
        answer(5, "2026-11-28T00:00:00.000Z"),
        row(6, "12:00", direction="internal"),
    ]
    found = digest(PLAN, NOW, [page(rows[:3], [judged((1, "POSITIVE"), (2, "NEGATIVE"))]), page(rows[2:])], PRICES)
    assert found["messages"] == {"inbound": 3, "outbound": 1, "internal": 1}
    assert found["byLanguage"] == [{"name": "es", "count": 2}, {"name": "en", "count": 1}]
    assert found["byChannel"] == [{"name": "sms", "count": 2}, {"name": "whatsapp", "count": 1}]
    assert (found["byHour"][9], found["byHour"][23], sum(found["byHour"])) == (2, 1, 3)
    assert (found["byLabel"], found["byEntry"]) == ([{"name": "Sign", "count": 1}], [{"name": "Clinic", "count": 1}])
    assert found["failures"] == [{"name": "Off.", "count": 2}]
    assert found["answers"] == {"answered": 1, "byDirectory": 1, "unanswered": 0, "medianSeconds": 600}
    assert found["questions"] == {"asked": 1, "answered": 1}
    assert found["sentiment"]["totals"] == {"positive": 1, "negative": 1, "neutral": 0, "mixed": 0}
    assert (found["sentiment"]["judged"], found["sentiment"]["unjudged"]) == (2, 1)
    assert found["sentiment"]["byLanguage"][0] == {"name": "en", "positive": 0, "negative": 1, "neutral": 0, "mixed": 0}


def test_report_that_two_pages_hold_counts_once() -> None:
    assert digest(PLAN, NOW, [page([row(1)]), page([row(1)])], PRICES)["messages"]["inbound"] == 1


def test_hour_that_comes_twice_holds_both() -> None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    rows = [row(1, "2026-11-01T05:30:00.000Z"), row(2, "2026-11-01T06:30:00.000Z")]
    assert by_hour(rows, ZoneInfo("America/New_York"))[1] == 2


def test_counts_are_ordered_and_bounded() -> None:
    assert counts(["b", "a", "c", "c"]) == [
        {"name": "c", "count": 2},
        {"name": "a", "count": 1},
        {"name": "b", "count": 1},
    ]
    assert len(counts(str(n) for n in range(80))) == 50


def test_entry_that_was_renamed_counts_as_one() -> None:
    rows = [row(1, "11:00", entries=[["e1", "New"]]), row(2, "10:00", entries=[["e1", "Old"]])]
    assert by_entry(rows) == [{"name": "New", "count": 2}]


@pytest.mark.parametrize(
    "change", [{"plan": {}}, {"plan": {**PLAN, "timeZone": "Europe/Atlantis"}}, {"pages": [page([{"id": 1}])]}]
)
def test_digest_of_something_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidDigest):
        compose(change.get("plan", PLAN), NOW, change.get("pages", []), PRICES, 30)


def test_pages_are_read_by_their_names() -> None:
    kept = {f"digests/x/{n}-{m}.json": json.dumps(page([row(10 * n + m)])).encode() for n in range(2) for m in range(3)}
    slices = [{"prefix": "digests/x/0", "pages": 3}, {"prefix": "digests/x/1", "pages": 2}]
    found = read_pages(kept.__getitem__, slices)
    assert [part["rows"][0]["id"] for part in found] == [report_id(n) for n in (0, 1, 2, 10, 11)]


def test_page_that_is_json_once_more_is_read_too() -> None:
    content = json.dumps(json.dumps(page([row(1)]))).encode()
    assert read_pages(lambda _key: content, [{"prefix": "x", "pages": 1}])[0]["rows"][0]["id"] == report_id(1)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"rows": []}', b'"x"'])
def test_page_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(RowsMissing):
        read_pages(lambda _key: content, [{"prefix": "x", "pages": 1}])


# --- what it has cost


def test_cost_is_what_was_used_by_its_price() -> None:
    usage = {
        "inbound": {"events": 2},
        "part": {"events": 1},
        "picture": {"rekognition": 3},
        "digest": {"standardTransitions": 200},
    }
    rows = [row(1, usage={"parts": 2, "translate": 100, "twilioSmsIn": 1}, pictures=1), row(2, usage={"translate": 50})]
    used = quantities(rows, 6, usage)
    assert used == {
        "translate": 150,
        "twilioSmsIn": 1,
        "comprehend": 6,
        "events": 2 * 2 + 2 * 1,
        "rekognition": 3,
        "standardTransitions": 200,
    }
    bill = cost(used, PRICES)
    amounts = {entry["name"]: entry["amount"] for entry in bill["items"]}
    assert amounts["Translate"] == pytest.approx(0.00225)
    assert amounts["Step Functions Standard"] == pytest.approx(0.005)
    assert bill["total"] == pytest.approx(0.00225 + 0.0083 + 0.0006 + 0.000006 + 0.003 + 0.005, abs=1e-6)
    assert [entry["amount"] for entry in bill["items"]] == sorted(amounts.values(), reverse=True)


def test_cost_is_free_of_rounding() -> None:
    bill = cost({"events": Decimal(1), "queues": Decimal(1)}, PRICES)
    assert bill["total"] == 0.000001
    assert cost({"translate": Decimal(0)}, PRICES)["items"] == []


def test_every_use_has_a_price_with_its_source() -> None:
    named = {name for kind in PRICES["usage"].values() for name in kind}
    named |= {"twilioSmsIn", "twilioSmsOut", "twilioMmsIn", "twilioWhatsApp", "translate", "comprehend"}
    assert named == set(PRICES["prices"])
    assert all(price["source"].startswith("https://") and price["price"] > 0 for price in PRICES["prices"].values())


# --- notices

SETTINGS = Settings("desk@example.org", "+15550100100", "AC" + "0" * 32, ("en", "es"))


def told(settings: Settings = SETTINGS, rows: Any = (), **subscription: Any) -> Any:
    kept = compose(PLAN, NOW, [page(rows, [judged((1, "MIXED"))])], PRICES, 30)["item"]
    wanted = {"subscriptionId": "s-1", "kind": "email", "address": "ana@example.org", **subscription}
    return notice({"item": kept, "subscription": item(wanted), "run": "run-1", "now": NOW}, settings)


ENGLISH = words_in("en")
ROWS = [
    row(1, "10:00", preview="¿Dónde está <b>la</b> clínica? 诊所"),
    answer(2, "10:20"),
    row(3, "11:00", preview="Hola <b>"),
]


def test_mail_holds_words_and_charts() -> None:
    made = told(rows=ROWS)
    assert made["kind"] == "email"
    assert made["mime"].isascii()
    mail: Any = message_from_string(made["mime"], policy=default)
    assert (mail["From"], mail["To"]) == ("desk@example.org", "ana@example.org")
    assert mail["Subject"] == made["subject"] == "Dragoman: 2 messages, November 27, 2026"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"
    plain, rich = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    assert plain.replace("\r\n", "\n") == made["text"]
    assert "Answered by a person: 1, within 20 minutes." in plain
    assert "Hola &lt;b&gt;" in rich
    assert "<b>" not in rich
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert [part["Content-ID"] for part in pictures] == ["<hours>", "<sentiment>"]
    assert all(f"cid:{part['Content-ID'][1:-1]}" in rich for part in pictures)
    for part in pictures:
        Image.open(BytesIO(part.get_content())).verify()
    assert len(made["mime"]) < 24 * 1024


def test_mail_says_how_to_stop_it_and_promises_nothing_else() -> None:
    made = told(rows=ROWS)
    mail: Any = message_from_string(made["mime"], policy=default)
    for kind in ("plain", "html"):
        words = " ".join(mail.get_body((kind,)).get_content().split())
        assert "To get no more of these e-mails, ask the desk" in words
        assert "“Who gets the digest”" in words
    assert "To get no more" in made["text"]
    assert mail["List-Unsubscribe"] is None


def test_bar_of_sentiments_says_which_colour_is_what() -> None:
    mail: Any = message_from_string(told(rows=ROWS)["mime"], policy=default)
    rich = mail.get_body(("html",)).get_content()
    assert "<h2>How the messages sound</h2>" in rich
    assert 'alt="From left to right: 0 positive, 0 neutral, 1 mixed, 0 negative"' in rich
    assert all(f"color: {colour}" in rich for colour in ("#1a7f37", "#8c959f", "#bf8700", "#cf222e"))
    assert "</span> 1 mixed<" in rich


@pytest.mark.parametrize(
    ("zone", "at", "words"),
    [
        ("Etc/UTC", "2026-11-27T10:00:00.000Z", "10:00, Spanish"),
        ("America/New_York", "2026-11-28T04:59:00.000Z", "23:59, Spanish"),
        ("America/New_York", "2026-11-28T05:01:00.000Z", "November 28, 00:01, Spanish"),
        ("Asia/Kathmandu", "2026-11-26T18:00:00.000Z", "November 26, 23:45, Spanish"),
    ],
)
def test_waiting_messages_have_the_time_of_the_digests_clock(zone: str, at: str, words: str) -> None:
    found = json.loads(compose(PLAN, NOW, [page(ROWS, [])], PRICES, 30)["item"]["document"]["S"])
    (waiting,) = found["unanswered"]
    given = {**found, "day": DAY, "timeZone": zone, "unanswered": [{**waiting, "receivedAt": at, "language": "es"}]}
    (found,) = (each for each in sections(given, ENGLISH) if each.heading == "Waiting for an answer")
    assert found.rows == [Row(words, "Hola <b>", "es")]


def test_mail_of_a_full_digest_fits_a_payload() -> None:
    rows = [
        row(
            n,
            f"{n % 24:02}:{n % 60:02}",
            conversation=conversation(n),
            preview="诊" * 120,
            language=f"q{chr(97 + n % 26)}",
            labels=[f"Label {n}" * 5],
        )
        for n in range(500)
    ]
    made = told(rows=rows)
    assert len(json.dumps(made)) < 100 * 1024


@pytest.mark.parametrize("address", ["ana@example.org\r\nBcc: x@example.org", "ana@example.org\nX: y"])
def test_mail_to_an_address_with_more_in_it_is_refused(address: str) -> None:
    with pytest.raises(InvalidNotice):
        told(address=address)


def test_text_is_a_message_of_the_desk() -> None:
    made = told(kind="sms", address="sms:+12025550177", language="pt", rows=ROWS)
    sent = json.loads(made["message"])
    assert made["kind"] == "sms"
    assert (sent["recipient"], sent["delivery"]) == ("sms:+12025550177", {"to": "+12025550177", "from": "+15550100100"})
    assert sent["conversationId"] == conversation_id("sms:+15550100100", "sms:+12025550177")
    assert (sent["recipientLanguage"], sent["translateTo"]) == ("pt", ["pt", "en", "es"])
    assert sent["author"] == {"operatorId": "digest", "name": "Digest"}
    assert "Waiting for an answer: 1." in sent["text"]
    assert len(sent["text"]) < 320


def test_text_of_one_run_is_the_same_message() -> None:
    once, twice = (json.loads(told(kind="sms", address="sms:+12025550177")["message"])["messageId"] for _ in range(2))
    other = json.loads(told(kind="sms", address="sms:+12025550178")["message"])["messageId"]
    assert once == twice != other


def test_text_without_language_is_in_the_desks_first() -> None:
    assert json.loads(told(kind="sms", address="sms:+12025550177")["message"])["recipientLanguage"] == "en"


def test_nothing_is_sent_from_nowhere() -> None:
    silent = Settings("", "", "AC" + "0" * 32, ("en",))
    assert told(silent)["kind"] == told(silent, kind="sms", address="sms:+12025550177")["kind"] == "none"


def test_notice_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidNotice):
        notice({"item": {}, "subscription": {}, "run": "r", "now": NOW}, SETTINGS)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59.4, "59 seconds"),
        (60, "1 minute"),
        (3599, "1 hour"),
        (11100, "3 hours 5 minutes"),
    ],
)
def test_duration_is_readable(seconds: float, words: str) -> None:
    assert ENGLISH.duration(seconds) == words


def colours_of(picture: bytes) -> dict[Any, int]:
    """How many pixels of each colour a picture has."""
    found: Any = Image.open(BytesIO(picture)).convert("RGB").getcolors(100_000)
    return {colour: count for count, colour in found}


def test_chart_of_hours_shows_its_peak() -> None:
    assert {charts.PAPER, charts.BAR, charts.INK} <= colours_of(charts.hours([0] * 10 + [7] + [0] * 13)).keys()
    assert charts.BAR not in colours_of(charts.hours([0] * 24))


def test_chart_of_shares_is_divided_as_its_values() -> None:
    red, green = (200, 0, 0), (0, 200, 0)
    assert colours_of(charts.shares([3, 1], [red, green])) == {red: 420 * 24, green: 140 * 24}


# --- handlers


def test_handlers_hand_over_what_their_logic_made(monkeypatch: pytest.MonkeyPatch) -> None:
    context = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="a", aws_request_id="r")
    event: Any = {"request": {"day": DAY}, "now": NOW, "timeZone": "Etc/UTC", "sentimentTexts": "600"}
    made = plan_handler.handler(event, context)
    assert made == planned(DAY)
    tallies = tally_handler.handler({"items": [report(1)], "window": WINDOW, "texts": 1}, context)
    assert tallies == tallied(report(1), texts=1)
    kept = {"digests/x/0-0.json": json.dumps({"rows": tallies["rows"], "judged": []}).encode()}
    monkeypatch.setattr(compose_handler, "settings", lambda: compose_settings.Settings("bucket", 30, PRICES))
    monkeypatch.setattr(compose_handler, "reader", lambda _bucket: kept.__getitem__)
    rows = [{**row, "conversation": conversation(1)} for row in tallies["rows"]]
    kept["digests/x/0-0.json"] = json.dumps({"rows": rows, "judged": []}).encode()
    event = {"plan": made, "slices": [{"prefix": "digests/x/0", "pages": 1}], "now": NOW}
    composed = compose_handler.handler(event, context)
    assert (composed["event"]["messages"]["inbound"], composed["rows"]) == (1, 1)
    monkeypatch.setattr(notice_handler, "settings", lambda: SETTINGS)
    subscription = item({"subscriptionId": "s-1", "kind": "email", "address": "ana@example.org"})
    event = {"item": composed["item"], "subscription": subscription, "run": "run-1", "now": NOW}
    assert notice_handler.handler(event, context)["kind"] == "email"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", "desk@example.org")
    monkeypatch.setenv("TWILIO_NUMBER", "")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC1")
    assert Settings.from_environment() == Settings("desk@example.org", "", "AC1", ("en", "es", "pt"))
    monkeypatch.setattr(compose_settings, "PRICES", ROOT / "docs/cost/prices.json")
    assert compose_settings.Settings.from_environment() == compose_settings.Settings("dragoman-media", 30, PRICES)
