"""From a digest and a subscription to what the subscriber is sent. Pure: no boto3, no clock."""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

from compose_digest_notice.errors import InvalidNotice
from compose_digest_notice.mail import mime, subject, text
from compose_digest_notice.message import message
from compose_digest_notice.settings import Settings
from compose_digest_notice.words import reader_language, words_in
from dragoman.items import plain
from dragoman.times import parse, rfc3339
from dragoman.validation import ValidationError


class Notice(TypedDict):
    """kind: email, sms, or none where the deployment has nothing to send from. mime: an e-mail as it is sent, ASCII
    alone; subject and text: its plain words; message: a message (schemas/message.json) as JSON text. What is not sent
    is empty."""

    kind: str
    subscriptionId: str
    address: str
    mime: str
    subject: str
    text: str
    message: str


def notice(event: Mapping[str, Any], settings: Settings) -> Notice:
    """{"item", "subscription", "run", "now"}; run names the digest's execution: what is sent twice by one run is sent
    once. Raises InvalidNotice."""
    try:
        digest = json.loads(plain(event["item"])["document"])
        subscription, at = plain(event["subscription"]), rfc3339(parse(event["now"]))
        made: Notice = {
            "kind": "none",
            "subscriptionId": subscription["subscriptionId"],
            "address": subscription["address"],
            "mime": "",
            "subject": "",
            "text": "",
            "message": "",
        }
        if subscription["kind"] == "email" and settings.mail_from:
            words = words_in(reader_language(subscription.get("language"), settings.desk_languages))
            whole = mime(digest, words, subscription["address"], settings.mail_from, at)
            plain_words = {"subject": subject(digest, words), "text": text(digest, words)}
            return {**made, "kind": "email", "mime": whole, **plain_words}  # type: ignore[typeddict-item]
        if subscription["kind"] == "sms" and settings.number:
            sent = message(digest, subscription, settings, event["run"], at)
            return {**made, "kind": "sms", "message": json.dumps(sent, ensure_ascii=False)}
    except ValidationError as violation:
        raise InvalidNotice(str(violation)) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidNotice(f"The machine's input has another shape ({type(error).__name__})") from None
    return made
