"""Pages of messages: what is on them, what comes next, and that nothing is missed on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arrange_messages.errors import InvalidPage
from arrange_messages.handler import handler as arrange
from arrange_messages.logic import MAX_BYTES
from dragoman.frames import size
from dragoman.times import parse
from dragoman.validation import validator
from read_frame.history import history, since
from tests.unit.functions.desk import CONVERSATION, NOW, inbound, internal, numbered, outbound, report
from tests.unit.functions.samples import MESSAGE_SID, context
from tests.unit.functions.test_frames import heavy

HISTORY = {"ref": "9", "mode": "history", "conversationId": CONVERSATION, "before": "9999", "limit": "20"}
SINCE = {
    "ref": "9",
    "mode": "since",
    "since": f"2024-11-21T10:00:00.000Z~{MESSAGE_SID}",
    "day": "2024-11-21",
    "after": "2024-11-21T09:59:00.000Z",
    "today": "2024-11-21",
    "room": "desk",
    "limit": "50",
}


def event(items: list[dict[str, Any]], more: bool = False, **changes: Any) -> dict[str, Any]:
    given = {"mode": "history", "request": HISTORY, "items": items, "more": more, "language": "pt", "room": "desk"}
    return {**given, "now": NOW, **changes}


def arranged(items: list[dict[str, Any]], more: bool = False, **changes: Any) -> dict[str, Any]:
    result = arrange(event(items, more, **changes), context())
    validator("frames/messages")(result["frame"])
    return result


def since_page(items: list[dict[str, Any]], more: bool = False, **changes: Any) -> dict[str, Any]:
    return arranged(items, more, mode="since", request={**SINCE, **changes})


def texts(frame: dict[str, Any]) -> list[str]:
    return [message["text"] for message in frame["messages"]]


def test_history_page_is_shown_oldest_first() -> None:
    result = arranged(numbered(3)[::-1])
    assert texts(result["frame"]) == ["Hola 0", "Hola 1", "Hola 2"]
    assert {name: value for name, value in result["frame"].items() if name != "messages"} == {
        "type": "messages",
        "ref": "9",
        "conversationId": CONVERSATION,
    }
    assert result["missing"] == []


def test_page_without_ref() -> None:
    assert "ref" not in arranged([], request={**HISTORY, "ref": ""})["frame"]


@pytest.mark.parametrize(("more", "following"), [(False, None), (True, "2024-11-21T10:50:00.001Z~SM" + "0" * 32)])
def test_history_next_is_before_the_oldest_and_its_millisecond(more: bool, following: str | None) -> None:
    assert arranged(numbered(3)[::-1], more)["frame"].get("next") == following


def test_history_next_of_one_millisecond_goes_on() -> None:
    page = arranged(numbered(1), True)["frame"]
    assert page["next"] == "2024-11-21T10:50:00.000Z~SM" + "0" * 32


def test_empty_pages() -> None:
    assert arranged([], True)["frame"]["messages"] == []
    assert "next" not in arranged([], True)["frame"]
    assert "next" not in since_page([])["frame"]


@pytest.mark.parametrize(
    ("changes", "items", "more", "following"),
    [
        ({}, 2, False, None),
        ({}, 2, True, "2024-11-21T10:50:00.999Z~2024-11-21"),
        ({}, 1, True, "2024-11-21T10:50:00.000Z~2024-11-21"),
        ({"day": "2024-11-20"}, 2, False, "2024-11-21T09:59:00.000Z~2024-11-21"),
        ({"day": "2024-11-20"}, 0, False, "2024-11-21T09:59:00.000Z~2024-11-21"),
        ({"day": "2024-11-20"}, 2, True, "2024-11-21T10:50:00.999Z~2024-11-20"),
    ],
)
def test_since_next(changes: dict[str, str], items: int, more: bool, following: str | None) -> None:
    frame = since_page(numbered(items), more, **changes)["frame"]
    assert frame.get("next") == following
    assert frame["since"] == SINCE["since"]
    assert "conversationId" not in frame


@pytest.mark.parametrize("mode", ["history", "since"])
def test_lines_of_other_rooms_are_passed_over(mode: str) -> None:
    items = [report(internal("desk", "ours")), report(internal("night", "theirs")), report(inbound("Hola"))]
    request = HISTORY if mode == "history" else SINCE
    frame = arranged(items, mode=mode, request=request)["frame"]
    assert sorted(texts(frame)) == ["Hola", "ours"]


def test_page_says_what_is_missing() -> None:
    result = arranged([*numbered(2), report(outbound(), "en")], language="fr")
    assert result["missing"] == [
        {"messageId": f"SM{0:032x}", "text": "Hola 0", "source": "es", "target": "fr"},
        {"messageId": f"SM{1:032x}", "text": "Hola 1", "source": "es", "target": "fr"},
        {
            "messageId": result["missing"][2]["messageId"],
            "text": "The clinic is at 5 Main Street.",
            "source": "en",
            "target": "fr",
        },
    ]


def test_page_ends_where_too_much_is_missing() -> None:
    result = arranged(numbered(30)[::-1], language="fr")
    assert len(result["missing"]) == len(result["frame"]["messages"]) == 20
    assert texts(result["frame"])[0] == "Hola 10"
    assert result["frame"]["next"].startswith("2024-11-21T10:50:10.001Z~")


def test_page_ends_where_missing_words_are_too_many() -> None:
    result = arranged(numbered(9, "語" * 1000), language="fr", mode="since", request=SINCE)
    assert len(result["missing"]) == 4
    assert "next" in result["frame"]


def test_page_with_one_message_that_lacks_much() -> None:
    result = arranged(numbered(2, "語" * 3300), language="fr", mode="since", request=SINCE)
    assert len(result["missing"]) == 1


def test_page_never_asks_for_more_than_translate_takes() -> None:
    result = arranged(numbered(1, "語" * 3400), language="fr")
    assert result["missing"] == []
    assert result["frame"]["messages"][0]["translation"]["status"] == "failed"


@pytest.mark.parametrize("character", ["x", "語", "😀", "\x00"])
def test_page_of_the_fullest_messages_keeps_to_its_bound(character: str) -> None:
    items = [heavy(character, character * 1600) for _ in range(3)]
    for mode, request in (("history", HISTORY), ("since", SINCE)):
        frame = arranged(items, mode=mode, request=request)["frame"]
        assert frame["messages"]
        assert size(frame) <= MAX_BYTES
        assert "next" in frame or len(frame["messages"]) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"items": None},
        {"items": [{}]},
        {"items": [{**numbered(1)[0], "message": {"S": "secret"}}]},
        {"request": {}},
        {"language": None, "items": [{"x": {"S": "secret"}}]},
        {"mode": "since"},
    ],
)
def test_page_of_something_else(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidPage) as caught:
        arrange({**event(numbered(1)), **changes}, context())
    assert "secret" not in str(caught.value)


def test_page_logs_nothing_personal(capsys: pytest.CaptureFixture[str]) -> None:
    arranged(numbered(2))
    text = capsys.readouterr().out
    assert '"messages":2' in text
    assert not any(word in text for word in ("2025550", "Hola", "ref"))


# --- whole walks, with the queries that the machine makes


def moment(item: dict[str, Any]) -> str:
    return str(item["createdAt"]["S"])


def back(table: list[dict[str, Any]], limit: int) -> Iterator[dict[str, Any]]:
    """The pages of a history as the machine and a console make them."""
    frame: dict[str, Any] = {"conversationId": CONVERSATION, "limit": limit}
    for _ in range(1000):
        request = {"ref": "", **history(frame)}
        found = sorted((item for item in table if moment(item) < request["before"]), key=moment, reverse=True)
        page = arranged(found[: int(request["limit"])], len(found) > int(request["limit"]), request=request)["frame"]
        yield page
        if "next" not in page:
            return
        frame = {**frame, "before": page["next"]}
    raise AssertionError("the history has no end")


def forth(table: list[dict[str, Any]], cursor: str, now: str, limit: int) -> Iterator[dict[str, Any]]:
    """The pages of since as the machine and a console make them."""
    for _ in range(1000):
        request = {"ref": "", **since(cursor, "desk", parse(now))}
        day = [item for item in table if item["day"]["S"] == request["day"] and moment(item) > request["after"]]
        found = sorted(day, key=moment)
        page = arranged(found[:limit], len(found) > limit, mode="since", request=request)["frame"]
        yield page
        if "next" not in page:
            return
        cursor = page["next"]
    raise AssertionError("there is always more")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 30), st.integers(1, 7), st.sampled_from([0, 1, 400]))
def test_history_misses_nothing(count: int, limit: int, step: int) -> None:
    """Two messages in each moment at the most, and never more than a page holds."""
    table = numbered(count, step=step or 1)
    if step == 0 and limit > 2:
        for one, other in zip(table[::2], table[1::2], strict=False):
            other["createdAt"] = one["createdAt"]
    seen = {message["messageId"] for page in back(table, limit) for message in page["messages"]}
    assert len(seen) == count


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 3 * 86_400_000), max_size=30, unique=True),
    st.integers(1, 7),
    st.integers(0, 3 * 86_400_000),
)
def test_since_misses_nothing(offsets: list[int], limit: int, start: int) -> None:
    """Messages of three days, some of which were long under way."""
    base = parse("2024-11-18T12:00:00.000Z").timestamp()
    table = []
    for number, offset in enumerate(sorted(offsets)):
        item = numbered(1)[0]
        received, composed = base + offset / 1000, base + offset / 1000 + (number % 4) * 3600
        item["day"], item["createdAt"] = {"S": _iso(received)[:10]}, {"S": _iso(composed)}
        table.append(item | {"reportId": {"S": f"SM{number:032x}"}})
    cursor = f"{_iso(base + start / 1000)}~{MESSAGE_SID}"
    pages = list(forth(table, cursor, "2024-11-22T12:00:00.000Z", limit))
    seen = {message["createdAt"] for page in pages for message in page["messages"]}
    assert {moment(item) for item in table if moment(item) > cursor} <= seen


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(round(seconds, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
