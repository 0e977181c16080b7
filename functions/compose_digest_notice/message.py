"""A digest as a text to a phone: a message of the desk like any other, so that opt-outs, receipts and reports hold for
it. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from compose_digest_notice.settings import Settings
from compose_digest_notice.words import ENGLISH, words_in
from dragoman.digests import DIGEST
from dragoman.documents import Message
from dragoman.identifiers import conversation_id
from dragoman.validation import validator

validate_message = validator("message")

NAME: Final = "Digest"


def message(
    digest: Mapping[str, Any], subscription: Mapping[str, Any], settings: Settings, run: str, at: str
) -> Message:
    """The message to a subscription of kind sms, in the subscriber's language or else the desk's first. One run of the
    digest writes to an address once. Raises ValidationError."""
    recipient, language = subscription["address"], subscription.get("language") or settings.desk_languages[0]
    text, sender, ours = words(digest), f"console:{DIGEST}", f"sms:{settings.number}"
    name = hashlib.md5(f"{digest['day']}#{run}#{recipient}".encode(), usedforsecurity=False).hexdigest()
    made: Message = {
        "schemaVersion": "1",
        "messageId": f"DM{name}",
        "provider": "console",
        "accountId": settings.account_id,
        "channel": "console",
        "direction": "outbound",
        "sender": sender,
        "recipient": recipient,
        "conversationId": conversation_id(ours, recipient),
        "delivery": {"to": recipient.removeprefix("sms:"), "from": settings.number},
        "text": text,
        "textLength": len(text),
        "media": [],
        "segments": 1,
        "receivedAt": at,
        "providerFields": {},
        "author": {"operatorId": DIGEST, "name": NAME},
        "translateTo": list(dict.fromkeys((language, *settings.desk_languages))),
        "recipientLanguage": language,
    }
    validate_message(made)
    return made


def words(digest: Mapping[str, Any]) -> str:
    """The digest in short. It is English, and translated as every message of the desk is."""
    english, cost = words_in(ENGLISH), digest["cost"]
    clauses = english.traffic(digest["messages"])
    return (
        f"Summary of {digest['day']}: {clauses['came']}, {clauses['went']}. {english.answered(digest['answers'])} "
        f"Waiting for an answer: {english.number(digest['answers']['unanswered'])}. "
        f"Not delivered: {english.number(sum(failure['count'] for failure in digest['failures']))}. "
        f"Cost: {english.number(cost['total'], 2)} {cost['currency']}."
    )
