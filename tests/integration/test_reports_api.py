"""The report API as an integrator meets it."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.stack import Running, lasting, message_sid

ENGLISH = "Good morning, I would like to see a doctor today."


def problem(answer: httpx.Response) -> dict[str, object]:
    """The problem document in an answer."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    document: dict[str, object] = answer.json()
    assert {"type", "title", "status", "detail"} <= set(document)
    return document


@pytest.mark.parametrize("path", ["/reports/SM0", "/reports?day=2026-01-01"])
@pytest.mark.parametrize("key", ["", "wrong"])
def test_reports_without_a_valid_key_are_forbidden(stack: Running, path: str, key: str) -> None:
    headers = {"x-api-key": key} if key else {}
    answer = httpx.get(stack.settings.gateway_url + path, headers=headers, timeout=10)
    assert answer.status_code == 403
    assert "x-api-key" in str(problem(answer)["detail"])


@pytest.mark.parametrize("report_id", [message_sid(), "nothing", "a'b\"c", "%7B%7D", "x" * 3000])
def test_report_that_is_not_there_is_a_problem(stack: Running, report_id: str) -> None:
    answer = stack.get(f"/reports/{report_id}")
    assert answer.status_code in (400, 404)
    assert answer.status_code == (400 if len(report_id) > 2048 else 404)
    problem(answer)


def test_reports_unknown_route_is_a_problem(stack: Running) -> None:
    answer = stack.get("/nothing/here")
    assert answer.status_code == 404
    problem(answer)


def test_reports_by_conversation_come_newest_first_in_pages(stack: Running) -> None:
    made = [stack.text(From="+12025550130", Body=f"{ENGLISH} {number}") for number in range(5)]
    conversation = made[0]["conversationId"]
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = stack.get("/reports", conversation=conversation, limit=2, **cursor)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        pages.append([each["reportId"] for each in page["reports"]])
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert [len(page) for page in pages[:3]] == [2, 2, 1]
    assert [each for page in pages for each in page] == [each["reportId"] for each in reversed(made)]
    first = stack.get("/reports", conversation=conversation, limit=1).json()["reports"][0]
    assert lasting(first) == lasting(stack.get(f"/reports/{made[-1]['reportId']}").json())


def test_reports_by_day_hold_the_days_messages(stack: Running) -> None:
    report = stack.text(From="+12025550131", Body=ENGLISH)
    day = report["message"]["receivedAt"][:10]
    answer = stack.get("/reports", day=day, limit=100).json()
    assert report["reportId"] in [each["reportId"] for each in answer["reports"]]
    assert stack.get("/reports", day="1999-12-31").json() == {"reports": []}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"day": "2026-11-21", "conversation": "c1"},
        {"day": "yesterday"},
        {"day": "2026-11-21", "limit": "0"},
        {"day": "2026-11-21", "limit": "101"},
        {"day": "2026-11-21", "limit": "ten"},
        {"day": "2026-11-21", "cursor": "nonsense"},
        {"day": "2026-11-21", "cursor": '"},"TableName":"other'},
        {"conversation": '"},"TableName":{"x":"'},
        {"conversation": '"},"TableName":{"x":"', "cursor": "2026-11-21T00:00:00.000Z~SM0"},
    ],
)
def test_reports_with_a_wrong_question_say_what_is_allowed(stack: Running, parameters: dict[str, str]) -> None:
    answer = stack.get("/reports", **parameters)
    assert answer.status_code == 400, answer.text[:500]
    assert "conversation" in str(problem(answer)["detail"])
