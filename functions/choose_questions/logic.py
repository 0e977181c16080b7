"""From what is known of a sender's questions to those that a message may answer. Pure: no boto3, no clock."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from dragoman.codes import coded
from dragoman.errors import ConfigurationError
from dragoman.items import AttributeValue, item, plain

# More are not read whole: a payload holds them, and a clarification shows no more.
MAX_OPEN: Final = 5
OPEN: Final = "open"
FAILED: Final = "failed"

Row = Mapping[str, Any]


class Chosen(TypedDict):
    """keys: the questions to read, for BatchGetItem. any: whether there are some. code: the one in the text, or empty.
    strange: whether it is of none of the sender's questions, so that it has to be looked up."""

    keys: list[dict[str, AttributeValue]]
    any: bool
    code: str
    strange: bool


def choose(event: Mapping[str, Any]) -> Chosen:
    """{"text", "messageId", "questions": the sender's, of the index byAddress, newest first} to those to read. Raises
    ConfigurationError when the machine hands over something else."""
    try:
        rows = [plain(row) for row in event["questions"]]
        code = coded(event["text"], [row["code"] for row in rows]).code
        wanted = candidates(rows, code, event["messageId"])
        keys = [item({"questionId": row["questionId"]}) for row in wanted]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None
    return {
        "keys": keys,
        "any": bool(keys),
        "code": code,
        "strange": bool(code) and all(row["code"] != code for row in rows),
    }


def candidates(rows: Sequence[Row], code: str, message_id: str) -> Sequence[Row]:
    """What this very message answered before comes first and alone, so that a redelivery ends as the delivery did; then
    what the code names, an open one before a closed one; then what is open; and last the newest that is closed,
    but for those that could not be put."""
    answered = [row for row in rows if row.get("answeredBy") == message_id]
    named = sorted((row for row in rows if code and row["code"] == code), key=lambda row: row["status"] != OPEN)
    opened = [row for row in rows if row["status"] == OPEN]
    closed = [row for row in rows if row["status"] not in (OPEN, FAILED)]
    return answered[:1] or named[:1] or opened[:MAX_OPEN] or closed[:1]
