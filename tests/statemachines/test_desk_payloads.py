"""The biggest that the machines of the desk carry: a report filled to the brim, shown to 400 consoles in eleven
languages, and pages of such reports for one console."""

import base64
import functools
import json
from collections.abc import Callable
from typing import Any

import pytest

from arrange_broadcast.logic import arrange as arrange_broadcast
from arrange_messages.logic import arrange as arrange_messages
from infra.local.sfn.definitions import walk
from tests.statemachines import cases
from tests.statemachines.test_cases import largest_payload
from tests.statemachines.test_payloads import (
    LANGUAGES,
    TEXTS,
    UNDER_BYTES,
    all_texts,
    both_engines,
    composed,
    composed_picture,
    request_problems,
    run,
    sizes,
)

MOST_BYTES = 262_144
"""What Step Functions allows (quotas)."""
MOST_FRAME_BYTES = 128 * 1024
"""What API Gateway passes on to a console (quotas of WebSocket APIs)."""
MOST_SENT_BYTES = 32 * 1024
"""What API Gateway takes from a console in one frame (the same quotas)."""

PUSHED = {"ResponseBody": "", "Headers": {}, "StatusCode": 200, "StatusText": "OK"}
CONNECTION = {"operatorId": "3f1c2d4e-5a6b-4c7d-8e9f-0a1b2c3d4e5f", "name": "🙂" * 60, "language": "ko"}


@functools.cache
def report(text: str, pictures: int = 10) -> dict[str, Any]:
    """Return the biggest report, as far as the machines read it, answered in full and delivered in four parts."""
    summary = composed_picture(10)["summary"] if pictures else {}
    items = [{**summary, "index": index, "kind": "picture"} for index in range(pictures)]
    kept = dict(composed(text, items)["reportItem"])
    delivery: dict[str, Any] = {
        "status": {"S": "undelivered"},
        "rank": {"N": "4"},
        "at": {"S": "2026-11-21T00:00:00.000Z"},
    }
    delivery |= {"errorCode": {"S": "30003"}, "reason": {"S": "x" * 120}, "retry": {"BOOL": True}}
    kept["deliveries"] = {"M": {str(part): {"M": delivery} for part in range(4)}}
    kept["moreTranslations"] = {"M": {"uk": {"S": text}}}
    shown = {"reportId", "createdAt", "message", "language", "translations", "pictures", "directory", "question"}
    return {name: kept[name] for name in (*shown, "reply", "deliveries", "moreTranslations")}


def test_report_is_read_as_far_as_the_machines_ask_for_it() -> None:
    asked = [
        parameters
        for name in ("desk", "broadcast")
        for _, state in walk(json.loads(cases.machines()[name].definition))
        if (parameters := state.get("Parameters", {})).get("TableName") == "dragoman-reports"
        and "ProjectionExpression" in parameters
    ]
    assert len(asked) == 3
    for parameters in asked:
        names = parameters["ProjectionExpression"].split(", ")
        assert {parameters["ExpressionAttributeNames"].get(name, name) for name in names} == set(report("x", 0))


def connections() -> list[dict[str, Any]]:
    """Return a page of connections, in the desk's languages and one more."""
    languages = [*LANGUAGES, "ko"]
    return [
        {"connectionId": {"S": f"{number:015d}="}, "language": {"S": languages[number % len(languages)]}}
        for number in range(400)
    ]


def rounds(text: str, pushed: int) -> list[dict[str, Any]]:
    """Return what arrange_broadcast answers, asked again until no connection is left; of each group as many as given
    are pushed to."""
    answers: list[dict[str, Any]] = []
    left = connections()
    while left:
        event = {"type": "ReportCreated", "detail": {}, "report": report(text), "connections": left}
        answers.append(dict(arrange_broadcast(event)))
        left = list(answers[-1]["rest"])
    for group in [group for answer in answers for group in answer["groups"]]:
        group["connectionIds"] = group["connectionIds"][:pushed]
    return answers


@both_engines
@all_texts
def test_biggest_report_reaches_400_consoles_far_under_the_limit(engine: str, text: str) -> None:
    last = {"connectionId": {"S": "0" * 16}, "desk": {"S": "desk"}, "roomKey": {"S": f"{'r' * 32}#{'0' * 16}"}}
    page = {"Items": connections(), "Count": 400, "ScannedCount": 400, "LastEvaluatedKey": last}
    asked = rounds(text, 400 if engine == "embedded" else 2)  # the strict one takes 30 ms a push
    groups = [group for answer in asked for group in answer["groups"]]
    wanted = [group["translate"]["target"] for group in groups if group["translate"]]
    translated = {"TranslatedText": text, "SourceLanguageCode": "en", "TargetLanguageCode": "ko"}
    answers: dict[str, list[Any]] = {
        "FindConnections": [page, {"Items": [], "Count": 0, "ScannedCount": 0}],
        "FindReport": [{"Item": report(text)}] * len(asked),
        "ArrangeBroadcast": [{"StatusCode": 200, "Payload": answer} for answer in asked],
        "Translate": [translated] * len(wanted),
        "Push": [PUSHED] * sum(len(group["connectionIds"]) for group in groups),
        "KeepTranslation": [{}] * len(wanted),
    }
    created = json.loads(composed(text, [])["reportItem"]["event"]["S"])
    given = [{"type": "ReportCreated", "detail": created}]
    account = run(engine, "broadcast", given, {state: values for state, values in answers.items() if values})
    assert largest_payload(account) < UNDER_BYTES, sizes(account)
    assert request_problems("broadcast", account) == []
    assert wanted == ["ko"]
    pushed = [sent["RequestBody"] for sent in account.requests_of("Push")]
    assert max(bytes_of(frame) for frame in pushed) < MOST_FRAME_BYTES
    assert sorted({frame["translation"]["language"] for frame in pushed}) == sorted([*LANGUAGES, "ko"])
    assert {frame["translation"]["status"] for frame in pushed} <= {"translated", "original"}


def arranged(mode: str, items: list[dict[str, Any]], more: bool) -> dict[str, Any]:
    """Return what arrange_messages answers for reports without a word in the operator's language."""
    request = {"ref": "r" * 64, "conversationId": "c" + "9" * 32, "since": f"2026-11-21T00:00:00.000Z~MM{'0' * 32}"}
    request |= {"day": "2026-11-21", "today": "2026-11-21", "after": "2026-11-20T23:59:00.000Z"}
    event = {"mode": mode, "request": request, "items": items, "more": more, "language": "ko", "room": "desk"}
    return dict(arrange_messages(event))


def in_chinese(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "language": {"S": json.dumps({"code": "zh", "confidence": 0.9, "method": "comprehend"})}}


Page = tuple[str, Callable[[str], dict[str, Any]], int]
PAGES: dict[str, Page] = {
    "ten pictures": (TEXTS["emoji"], report, 1),
    "control characters": (TEXTS["control"], report, 1),
    "many texts": ("語" * 600, lambda text: report(text, 0), 5),
}


@both_engines
@pytest.mark.parametrize("mode", ["history", "since"])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_page_of_biggest_reports_comes_under_the_limit(engine: str, mode: str, page: Page) -> None:
    text, make, number = page
    items = [in_chinese(make(text))] * number
    key = {"reportId": {"S": "MM" + "0" * 32}, "createdAt": {"S": "2026-11-21T00:00:00.000Z"}}
    found = {"Items": items, "Count": number, "ScannedCount": number, "LastEvaluatedKey": key}
    answer = arranged(mode, items, True)
    made = {"TranslatedText": text, "SourceLanguageCode": "zh", "TargetLanguageCode": "ko"}
    connection = {name: {"S": value} for name, value in CONNECTION.items()}
    connection |= {"connectionId": {"S": "0" * 16}, "room": {"S": "r" * 32}, "desk": {"S": "desk"}}
    asked = {"mode": mode, "ref": "r" * 64, "conversationId": "c" + "9" * 32, "before": "9999", "limit": "50"}
    asked |= {"day": "2026-11-21", "after": "2026-11-20T23:59:00.000Z", "today": "2026-11-21", "room": "r" * 32}
    answers: dict[str, list[Any]] = {
        "FindConnection": [{"Item": connection}],
        "ReadFrame": [{"StatusCode": 200, "Payload": {"action": "getmessages", "request": asked}}],
        "QueryConversation" if mode == "history" else "QueryDay": [found],
        "ArrangeMessages": [{"StatusCode": 200, "Payload": answer}],
        "Translate": [made] * len(answer["missing"]),
        "KeepTranslation": [{}] * len(answer["missing"]),
    }
    frame = base64.b64encode(b" " * MOST_SENT_BYTES).decode()
    given = {"frame": frame, "connectionId": "0" * 16, "requestId": "0" * 16}
    account = run(engine, "desk", given, {state: values for state, values in answers.items() if values})
    assert largest_payload(account) < MOST_BYTES, sizes(account)
    assert request_problems("desk", account) == []
    assert bytes_of(account.output) < MOST_FRAME_BYTES
    assert len(account.output.get("translations", [])) == len(answer["missing"])


def bytes_of(frame: Any) -> int:
    """Return the bytes of a frame on the wire."""
    return len(json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode())
