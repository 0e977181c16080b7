"""From a frame (schemas/frames/) and its connection to the machine's request. Pure: no boto3, no clock."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from dragoman.errors import ConfigurationError, InvalidFrame
from dragoman.frames import MAX_TRANSLATED_BYTES
from dragoman.identifiers import DESK_MESSAGE_ID, room_conversation_id
from dragoman.items import plain
from dragoman.people import clean_name
from dragoman.texts import repaired
from dragoman.times import parse
from dragoman.validation import ValidationError, validator
from read_frame.history import history, since

MAX_REF: Final = 64
NOT_BLANK: Final = r"must match pattern \S"
ACTIONS: Final = ("sendmessage", "updatedetails", "getmessages", "ping")
UNKNOWN: Final = f"There is no such action. The actions are {', '.join(ACTIONS[:-1])} and {ACTIONS[-1]}."

validate_send = validator("frames/send_message")
validate_update = validator("frames/update_details")
validate_get = validator("frames/get_messages")

Json = dict[str, Any]


class Asked(NamedTuple):
    """A frame, who sent it and when."""

    frame: Json
    operator: Json
    now: datetime


def read(event: Mapping[str, Any]) -> Json:
    """{"frame", "connection", "now"} to {"action", "request"}; see statemachines/desk.md for the requests.

    Raises InvalidFrame, with the frame's ref and messageId as far as they can be told, and ConfigurationError.
    """
    frame = decoded(event)
    try:
        asked = Asked(frame, plain(event.get("connection") or {}), parse(event["now"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None
    try:
        return {"action": frame.get("action"), "request": {"ref": ref_of(frame), **_request(asked)}}
    except InvalidFrame as refused:
        raise InvalidFrame(refused.code, refused.detail, ref_of(frame), message_id_of(frame)) from None


def decoded(event: Mapping[str, Any]) -> Json:
    """The frame as it was sent. Raises InvalidFrame."""
    try:
        frame = json.loads(base64.b64decode(event["frame"], validate=True))
    except (KeyError, TypeError, binascii.Error, ValueError, RecursionError):
        raise InvalidFrame("invalid-frame", "The frame is not JSON.") from None
    if not isinstance(frame, dict):
        raise InvalidFrame("invalid-frame", "The frame is not a JSON object.")
    return frame


def ref_of(frame: Json) -> str:
    """The client's word for the frame; empty when there is none to give back."""
    ref = frame.get("ref")
    return repaired(ref) if isinstance(ref, str) and len(ref) <= MAX_REF else ""


def message_id_of(frame: Json) -> str:
    """The message that the frame brings; empty when it brings none."""
    found = frame.get("messageId")
    return found if isinstance(found, str) and DESK_MESSAGE_ID.fullmatch(found) else ""


def _request(asked: Asked) -> Json:
    action = asked.frame.get("action")
    read_action = READERS.get(action) if isinstance(action, str) else None
    if read_action is None:
        raise InvalidFrame("unknown-action", UNKNOWN)
    if not asked.operator:
        raise InvalidFrame("not-connected", "This connection is not known any more. Connect again.")
    return read_action(asked)


def _send(asked: Asked) -> Json:
    frame, room = asked.frame, asked.operator["room"]
    if ("conversationId" in frame) == ("room" in frame):
        raise InvalidFrame("invalid-frame", "Give either conversationId or room.")
    _validate(validate_send, frame)
    if frame.get("room", room) != room:
        raise InvalidFrame("wrong-room", "Write to the room you are in, or go to the other one with updatedetails.")
    request = {"messageId": frame["messageId"], "text": _words(frame["text"])}
    own = room_conversation_id(room)
    if frame.get("conversationId", own) == own:
        return {**request, "target": "room", "conversationId": own, "room": room}
    return {**request, "target": "conversation", "conversationId": frame["conversationId"]}


def _words(text: str) -> str:
    words = repaired(text)
    if not words.strip():
        raise InvalidFrame("invalid-frame", "text must not be blank")
    if len(words.encode()) > MAX_TRANSLATED_BYTES:
        raise InvalidFrame("invalid-frame", f"text must be at most {MAX_TRANSLATED_BYTES} bytes of UTF-8")
    return words


def _update(asked: Asked) -> Json:
    frame, operator = asked.frame, {**asked.operator, **asked.frame}
    if not {"name", "language", "room"} & frame.keys():
        raise InvalidFrame("invalid-frame", "Give name, language or room: at least one of them.")
    _validate(validate_update, frame)
    name, room = clean_name(operator["name"]), operator["room"]
    if not name:
        raise InvalidFrame("invalid-frame", "name must not be blank")
    return {
        "operatorId": operator["operatorId"],
        "name": name,
        "language": operator["language"],
        "room": room,
        "roomKey": f"{room}#{operator['connectionId']}",
        "roomConversationId": room_conversation_id(room),
    }


def _get(asked: Asked) -> Json:
    frame = asked.frame
    if ("conversationId" in frame) == ("since" in frame):
        raise InvalidFrame("invalid-frame", "Give either conversationId or since.")
    if "since" in frame and {"before", "limit"} & frame.keys():
        raise InvalidFrame("invalid-frame", "before and limit belong to a conversation's history, not to since.")
    _validate(validate_get, frame)
    return since(frame["since"], asked.operator["room"], asked.now) if "since" in frame else history(frame)


def _validate(validate: Callable[[object], None], frame: Json) -> None:
    try:
        validate(frame)
    except ValidationError as violation:
        # "data.text must be …": the place within the frame and the rule.
        detail = str(violation).replace("data.", "", 1).replace("data ", "The frame ", 1)
        detail = detail.replace(NOT_BLANK, "must not be blank")
        raise InvalidFrame("invalid-frame", detail) from None


READERS: Final[dict[str, Callable[[Asked], Json]]] = {
    "sendmessage": _send,
    "updatedetails": _update,
    "getmessages": _get,
}
