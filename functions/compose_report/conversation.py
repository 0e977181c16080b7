"""What a message makes of its conversation's entry in the list."""

from typing import Final

from dragoman.documents import Conversation, LastMessage, Report
from dragoman.items import json_text
from dragoman.texts import preview

MAX_PREVIEW: Final = 120
# Bytes of lastMessage as it stands in the machine's payload: ten languages of the desk in the widest script have less.
MAX_LAST_MESSAGE: Final = 6_500


def conversation(report: Report, contact: str, language: str) -> Conversation:
    """The entry: contact is the other's address, empty for a room; language theirs, as far as it is known."""
    message = report["message"]
    return {
        "list": "rooms" if message["direction"] == "internal" else "desk",
        "contact": contact,
        "accountId": message["accountId"],
        "delivery": json_text(message["delivery"]),
        "language": language,
        "lastMessage": json_text(last_message(report)),
    }


def last_message(report: Report) -> LastMessage:
    """The message in short. Where there are more languages than MAX_LAST_MESSAGE has room for, the last are left
    out."""
    message = report["message"]
    short: LastMessage = {
        "messageId": message["messageId"],
        "direction": message["direction"],
        "preview": preview(message["text"], MAX_PREVIEW),
        "translations": {},
        "pictures": len(report["pictures"]),
    }
    if "consent" in message:
        short["consent"] = message["consent"]
    for translation in report["translations"]:
        if translation["status"] == "translated":
            short["translations"][translation["language"]] = preview(translation["text"], MAX_PREVIEW)
            if len(json_text(json_text(short)).encode(errors="replace")) > MAX_LAST_MESSAGE:
                del short["translations"][translation["language"]]
    return short
