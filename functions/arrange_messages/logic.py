"""From a page of reports to the frame that shows it (schemas/frames/messages.json). Pure: no boto3, no clock.

Pages may overlap by a millisecond's messages: indexes keep no order among those, and a console drops what it has.
"""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from arrange_messages.errors import InvalidPage
from dragoman.cursors import MILLISECOND, day_after, moved
from dragoman.documents import MessageFrame, MessagesFrame, Missing
from dragoman.frames import Item, message_frame, size, wanted

# API Gateway passes on 128 KB, and the machine adds the translations.
MAX_BYTES: Final = 88 * 1024
MAX_ENVELOPE: Final = 1024
MAX_MISSING: Final = 20
MAX_MISSING_BYTES: Final = 12 * 1024


class Arranged(TypedDict):
    """frame: the page. missing: what to have translated for it and to add as its translations."""

    frame: MessagesFrame
    missing: list[Missing]


def arrange(event: Mapping[str, Any]) -> Arranged:
    """{"mode", "request", "items", "more", "language", "room"} to a page, its oldest message first. Raises
    InvalidPage."""
    try:
        return _arranged(event)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        # Only the error's class: its text could hold part of a message.
        raise InvalidPage(f"The machine's input has another shape ({type(error).__name__})") from None


def _arranged(event: Mapping[str, Any]) -> Arranged:
    page = Page(event["language"], event["room"])
    items: list[Item] = event["items"]
    taken = 0
    while taken < len(items) and page.takes(items[taken]):
        taken += 1
    more = bool(event["more"]) or taken < len(items)
    moments = sorted(item["createdAt"]["S"] for item in items[:taken])
    request = event["request"]
    history = event["mode"] == "history"
    follow = next_history(items, moments, more) if history else next_since(request, moments, more)
    frame: MessagesFrame = {"type": "messages", "messages": sorted(page.frames, key=lambda shown: shown["id"])}
    if request.get("ref"):
        frame["ref"] = request["ref"]
    if history:
        frame["conversationId"] = request["conversationId"]
    else:
        frame["since"] = request["since"]
    if follow:
        frame["next"] = follow
    return {"frame": frame, "missing": page.missing}


class Page:
    """What is on a page, and how much room is left."""

    def __init__(self, language: str, room: str) -> None:
        self._language = language
        self._room = room
        self._bytes = MAX_ENVELOPE
        self._missing_bytes = 0
        self.frames: list[MessageFrame] = []
        self.missing: list[Missing] = []

    def takes(self, item: Item) -> bool:
        """Puts a report on the page, if there is room; a line of another room is passed over. The first one always has
        room."""
        frame = message_frame(item, self._language, MAX_BYTES - MAX_ENVELOPE)
        if frame.get("room", self._room) != self._room:
            return True
        lacks = wanted(frame)
        grown = self._bytes + size(frame) + len(",")
        lacking = self._missing_bytes + (len(lacks["text"].encode()) if lacks else 0)
        if self.frames and (
            grown > MAX_BYTES or (lacks and (len(self.missing) >= MAX_MISSING or lacking > MAX_MISSING_BYTES))
        ):
            return False
        self.frames.append(frame)
        self._bytes, self._missing_bytes = grown, lacking
        if lacks:
            self.missing.append({"messageId": frame["messageId"], **lacks})
        return True


def next_history(items: list[Item], moments: list[str], more: bool) -> str | None:
    """The place to go on at, back in time: after the oldest millisecond, of which the page may hold a part."""
    if not more or not moments:
        return None
    oldest = next(item for item in items if item["createdAt"]["S"] == moments[0])
    at = moments[0] if moments[0] == moments[-1] else moved(moments[0], MILLISECOND)
    return f"{at}~{oldest['reportId']['S']}"


def next_since(request: Mapping[str, Any], moments: list[str], more: bool) -> str | None:
    """The place to go on at: before the newest millisecond, of which the page may hold a part, or the next day."""
    if more and moments:
        at = moments[-1] if moments[0] == moments[-1] else moved(moments[-1], -MILLISECOND)
        return f"{max(at, request['after'])}~{request['day']}"
    if request["day"] < request["today"]:
        return f"{request['after']}~{day_after(request['day'])}"
    return None
