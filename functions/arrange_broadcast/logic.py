"""From an event and the connections to frames. Pure: no boto3, no clock."""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from arrange_broadcast.errors import InvalidBroadcast
from dragoman.documents import ContactFrame, MessageFrame, QuestionFrame, StatusFrame, Wanted
from dragoman.frames import Item, message_frame, size, wanted

# What a task returns is limited to 256 KiB, and no machine can catch it.
MAX_BYTES: Final = 190_000
OPTED_OUT: Final = {"ContactOptedOut": True, "ContactOptedIn": False}
CONTACT_EVENTS: Final = tuple(OPTED_OUT)
QUESTION_EVENTS: Final = ("QuestionAnswered", "QuestionClosed")

Json = Mapping[str, Any]


class Group(TypedDict):
    """Connections that get one frame. translate: what its text still has to be translated of, None for nothing."""

    language: str
    connectionIds: list[str]
    frame: MessageFrame | StatusFrame | ContactFrame | QuestionFrame
    translate: Wanted | None


class Broadcast(TypedDict):
    """rest: the connections whose languages found no room, to ask again with."""

    groups: list[Group]
    rest: list[Json]


def arrange(event: Json) -> Broadcast:
    """{"type", "detail", "report"?, "connections"} to groups. Raises InvalidBroadcast."""
    try:
        connections: list[Json] = event["connections"]
        if not connections:
            return {"groups": [], "rest": []}
        if event["type"] == "ReportCreated":
            return message_groups(event.get("report") or {}, connections)
        return {"groups": [for_all(plain_frame(event["type"], event["detail"]), connections)], "rest": []}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # Only the error's class: its text could hold part of a message.
        raise InvalidBroadcast(f"The machine's input has another shape ({type(error).__name__})") from None


def message_groups(report: Item, connections: list[Json]) -> Broadcast:
    """One group for each language, in the order in which they come, as many as there is room for and one at least. A
    report that is gone is shown to nobody."""
    if not report:
        return {"groups": [], "rest": []}
    groups, rest, room = list[Group](), list[Json](), MAX_BYTES - size(connections)
    for language, readers in by_language(connections).items():
        frame = message_frame(report, language)
        group: Group = {
            "language": language,
            "connectionIds": [reader["connectionId"]["S"] for reader in readers],
            "frame": frame,
            "translate": wanted(frame),
        }
        if groups and size(group) > room:
            rest += readers
        else:
            groups.append(group)
            room -= size(group)
    return {"groups": groups, "rest": rest}


def by_language(connections: list[Json]) -> dict[str, list[Json]]:
    """The connections of each language."""
    found: dict[str, list[Json]] = {}
    for connection in connections:
        found.setdefault(connection["language"]["S"], []).append(connection)
    return found


def for_all(frame: StatusFrame | ContactFrame | QuestionFrame, connections: list[Json]) -> Group:
    """One group of all: the frame holds no words to translate."""
    ids = [connection["connectionId"]["S"] for connection in connections]
    return {"language": "", "connectionIds": ids, "frame": frame, "translate": None}


def plain_frame(kind: str, detail: Json) -> StatusFrame | ContactFrame | QuestionFrame:
    """The frame of an event that is the same in every language. Raises KeyError."""
    if kind in CONTACT_EVENTS:
        return {
            "type": "contact",
            "conversationId": detail["conversationId"],
            "optedOut": OPTED_OUT[kind],
            "at": detail["at"],
        }
    if kind in QUESTION_EVENTS:
        return question_frame(detail)
    status = {"MessageSent": "sent", "MessageDelivered": detail.get("status"), "MessageFailed": detail.get("state")}
    frame: StatusFrame = {
        "type": "status",
        "conversationId": detail["conversationId"],
        "messageId": detail["messageId"],
        "part": detail["part"],
        "status": str(status[kind] or ""),
        "at": detail["at"],
    }
    if kind == "MessageFailed":
        frame["retry"] = bool(detail["retry"])
        if detail["reason"]:
            frame["reason"] = detail["reason"]
    return frame


def question_frame(detail: Json) -> QuestionFrame:
    """The frame of a question that has its answer, or is closed without one. Raises KeyError."""
    return {
        "type": "question",
        "questionId": detail["questionId"],
        "conversationId": detail["conversationId"],
        "status": detail["status"],
        "code": detail["code"],
        "at": detail["at"],
    }
