"""Ids of messages, conversations, pictures, questions and entries of the directory; where pictures' files are in the
media bucket."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from dragoman.errors import ConfigurationError

# The id of an upload, or a message's id and the number of the file that came with it.
IMAGE_ID = re.compile(r"IM[0-9a-f]{32}|(?:SM|MM)[0-9a-fA-F]{32}-[0-9]{1,2}")
# What is written at the desk, and a part of what is sent on account of a message.
DESK_MESSAGE_ID = re.compile(r"DM[0-9a-fA-F]{32}")
OUTBOUND_ID = re.compile(r"((?:SM|MM|DM)[0-9a-fA-F]{32})-([0-9]{1,2})")
# Letters and digits that nobody takes for one another, or reads as a word. A letter comes first, for "#234" is a flat.
CODE_INITIALS: Final = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LETTERS: Final = f"{CODE_INITIALS}23456789"
CODE_LENGTH: Final = 3
KEY = re.compile(r"(?:uploads|originals|images)/[A-Za-z0-9._/-]{1,200}")


class Picture(NamedTuple):
    """A picture and the file of it to work on."""

    image_id: str
    key: str


def picture_of(event: Mapping[str, Any]) -> Picture:
    """Reads {"imageId", "key"}. Raises ConfigurationError when they are not those of a picture of ours."""
    found = event.get("imageId"), event.get("key")
    image_id, key = (part if isinstance(part, str) else "" for part in found)
    if not IMAGE_ID.fullmatch(image_id) or not KEY.fullmatch(key):
        raise ConfigurationError("The machine did not hand over a picture's imageId and key")
    return Picture(image_id, key)


def new_image_id() -> str:
    """The id of an upload: nobody can guess another's."""
    return "IM" + secrets.token_hex(16)


def new_entry_id() -> str:
    """The id of an entry of the directory."""
    return "e" + secrets.token_hex(8)


def keyed_entry_id(idempotency_key: str) -> str:
    """The id of the entry that was sent with this key: the same however often it is sent."""
    return "e" + hashlib.sha256(f"Idempotency-Key\n{idempotency_key}".encode()).hexdigest()[:16]


def conversation_id(ours: str, theirs: str) -> str:
    """Stands for a pair of addresses wherever a phone number must not, as in a URL. It is the same for both
    directions of the conversation, and no secret: whoever guesses both addresses can compute it."""
    return "c" + hashlib.sha256(f"{ours}\n{theirs}".encode()).hexdigest()[:32]


def room_conversation_id(room: str) -> str:
    """The conversation of a room, which is with itself."""
    return conversation_id(ours=f"room:{room}", theirs=f"room:{room}")


def question_code(question_id: str) -> str:
    """What a contact tells one question from another by, such as 'K7F'. It is the same whenever it is asked for, and
    no secret."""
    digest = hashlib.sha256(question_id.encode()).digest()
    number, initial = divmod(int.from_bytes(digest[:8]), len(CODE_INITIALS))
    letters = len(CODE_LETTERS)
    others = (CODE_LETTERS[number // letters**place % letters] for place in range(CODE_LENGTH - 1))
    return CODE_INITIALS[initial] + "".join(others)


def question_message_id(question_id: str, number: int) -> str:
    """The id of a message that puts a question: number 0, or 1 for its reminder."""
    digest = hashlib.md5(f"{question_id}#{number}".encode(), usedforsecurity=False)
    return f"DM{digest.hexdigest()}"
