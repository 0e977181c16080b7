"""From a request to put a question to a contact to the item that is kept of it. Pure: no boto3, no clock.

A request that breaks a rule is no error of the machine: it becomes a question that failed, with its reason, so that
whoever asked finds it by its id.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from arrange_question.settings import Settings
from dragoman.choices import silences, worded
from dragoman.documents import Choice, Question
from dragoman.errors import ConfigurationError
from dragoman.identifiers import question_code
from dragoman.items import AttributeValue, item, json_text
from dragoman.keywords import sorting
from dragoman.people import clean_name
from dragoman.recipients import UNDETERMINED
from dragoman.texts import UNSEEN, WHITE_SPACE, repaired
from dragoman.times import parse, rfc3339
from dragoman.validation import ValidationError, validator

validate_request = validator("question_request")

LIST: Final = "questions"
ASKED_BY: Final = "Dragoman"
# Of schemas/question_request.json.
DEFAULT_SECONDS: Final = 86_400
# What a nesting machine adds to the input, for AWS's console to link the two executions:
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html
STARTED_BY: Final = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
NO_NUMBER: Final = "The stack has no number to ask from: its parameter TwilioNumber is empty"
SILENCING: Final = "A choice is called like a word that silences whoever sends it, such as STOP or CANCEL"

Json = dict[str, Any]


class Arranged(TypedDict):
    """item: for table Questions, open or failed. refused: why no question can be put, empty when it can. texts: what
    is to be translated for the contact, the question first, then its choices in order."""

    item: dict[str, AttributeValue]
    question: Question
    texts: list[str]
    refused: str


class Refused(Exception):
    """The request breaks a rule. The text names the place and the rule, never the value."""


def arrange(event: Mapping[str, Any], settings: Settings) -> Arranged:
    """{"questionId", "request", "startedAt"} to what is kept and translated of it.

    Raises ConfigurationError when the machine hands over something else.
    """
    try:
        question_id, asked_at = str(event["questionId"]), parse(event["startedAt"])
        sent = without_link(event["request"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None
    try:
        if not settings.number:
            raise Refused(NO_NUMBER)
        request, reason = checked(sent, settings.silencing), ""
    except Refused as refusal:
        request, reason = usable(sent), str(refusal)
    question = question_of(question_id, request, settings, asked_at)
    texts = [question["text"], *(choice["text"] for choice in question["choices"])]
    return {"item": item_of(question, reason, settings), "question": question, "texts": texts, "refused": reason}


def without_link(sent: Any) -> Any:
    """The request without what only links it to the machine that nests it."""
    return {name: part for name, part in sent.items() if name != STARTED_BY} if isinstance(sent, dict) else sent


def checked(sent: Any, silencing: frozenset[str]) -> Json:
    """The request, cleaned. Raises Refused."""
    try:
        validate_request(sent)
        request = _cleaned(sent)
        validate_request(request)
    except ValidationError as violation:
        raise Refused(str(violation).replace("data.", "").replace("data", "The request", 1)) from None
    choices = request.get("choices", [])
    if len({choice["value"] for choice in choices}) < len(choices):
        raise Refused("Two choices have the same value")
    if len({sorting(choice["text"]) or choice["text"] for choice in choices}) < len(choices):
        raise Refused("Two choices have the same text")
    if any(silences(choice["text"], silencing) for choice in choices):
        raise Refused(SILENCING)
    if request.get("remindAfterSeconds", 0) >= request.get("answerWithinSeconds", DEFAULT_SECONDS):
        raise Refused("remindAfterSeconds must be less than answerWithinSeconds")
    return request


def _cleaned(sent: Json) -> Json:
    choices = [{**choice, "text": _one_line(choice["text"])} for choice in sent.get("choices", [])]
    return {**sent, "text": repaired(sent["text"]).strip(), **({"choices": choices} if choices else {})}


def _one_line(text: str) -> str:
    return WHITE_SPACE.sub(" ", UNSEEN.sub(" ", repaired(text))).strip()


def usable(sent: Any) -> Json:
    """What is right of a request that is not: each member for itself."""
    given = sent if isinstance(sent, dict) else {}
    return {name: value for name, value in given.items() if _is_right(name, value)}


def _is_right(name: str, value: Any) -> bool:
    """Whether a member would be accepted with others that are beyond doubt."""
    try:
        validate_request({"address": "sms:+12025550100", "text": "?", name: value})
    except ValidationError:
        return False
    return True


def question_of(question_id: str, request: Mapping[str, Any], settings: Settings, asked_at: datetime) -> Question:
    """The question as the machine goes on with it; address and text are empty where the request has none."""
    choices: list[Choice] = [
        {"value": choice["value"], "text": choice["text"]} for choice in request.get("choices", [])
    ]
    within = timedelta(seconds=request.get("answerWithinSeconds", DEFAULT_SECONDS))
    return {
        "questionId": question_id,
        "address": request.get("address", ""),
        "text": request.get("text", ""),
        "language": request.get("language", settings.language),
        "choices": choices,
        "code": question_code(question_id),
        "askedBy": clean_name(request.get("askedBy", "")) or ASKED_BY,
        "askedAt": rfc3339(asked_at),
        "deadlineAt": rfc3339(asked_at + within),
        "remindAfterSeconds": int(request.get("remindAfterSeconds", 0)),
    }


def item_of(question: Question, reason: str, settings: Settings) -> dict[str, AttributeValue]:
    """The question in table Questions, before it is worded for its contact. The attributes of its indexes' keys may not
    be empty there."""
    expires_at = parse(question["deadlineAt"]) + timedelta(days=settings.retention_days)
    choices = question["choices"]
    texts = {
        "questionId": question["questionId"],
        "status": "failed" if reason else "open",
        "list": LIST,
        "askedAt": question["askedAt"],
        "deadlineAt": question["deadlineAt"],
        "code": question["code"],
        "text": question["text"],
        "language": question["language"],
        "choices": json_text(worded(choices, (choice["text"] for choice in choices))),
        "contactLanguage": UNDETERMINED,
        "options": "",
        "askedBy": question["askedBy"],
    }
    address = {"address": question["address"]} if question["address"] else {}
    failed = {"reason": reason} if reason else {}
    return item({**texts, **address, **failed, "expiresAt": int(expires_at.timestamp())})
