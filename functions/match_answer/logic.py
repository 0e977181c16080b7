"""From a message and its sender's questions to what it answers. Pure: no boto3, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self, TypedDict

from dragoman.codes import coded, without_code
from dragoman.documents import QuestionAnswered, QuestionSection
from dragoman.errors import ConfigurationError
from dragoman.items import json_text, plain
from dragoman.recipients import UNDETERMINED
from dragoman.texts import shortened
from dragoman.times import parse
from dragoman.validation import ValidationError, validator
from match_answer.choices import Choice, chosen, thanked, translated
from match_answer.errors import InvalidQuestion
from match_answer.questions import ANSWERED, OPEN, Question, clarification

# What a report and its frames repeat of an answer in the sender's own words: the message has them all.
MAX_SECTION_TEXT: Final = 300

validate_event = validator("events/question_answered")


class Match(TypedDict):
    """What the machine does: close the question with `answer` and announce `event` (both JSON text), clarify once, or
    nothing. options: what is appended to a clarification. ordinary: whether the message is also handled like any
    other."""

    action: str
    questionId: str
    section: QuestionSection
    ordinary: bool
    options: str
    answer: str
    event: str


@dataclass(frozen=True, slots=True)
class Message:
    """The message, apart from the code in it. languages: those that its sender writes, as far as anybody knows."""

    message_id: str
    sender: str
    conversation_id: str
    whole: str
    text: str
    translation: str
    language: str
    languages: tuple[str, ...]
    received_at: str
    at: datetime
    code: str

    @classmethod
    def of(cls, message: Mapping[str, Any], code: str) -> Self:
        """From the machine's input. Raises KeyError or TypeError when it has another shape."""
        found = coded(message["text"], {code}) if code else coded("", ())
        named = bool(code) and found.code == code
        return cls(
            message_id=message["messageId"],
            sender=message["sender"],
            conversation_id=message["conversationId"],
            whole=message["text"],
            text=found.rest if named else message["text"].strip(),
            translation=without_code(message["translation"], code),
            language=message["language"],
            languages=(message["knownLanguage"], message["language"]),
            received_at=message["receivedAt"],
            at=parse(message["receivedAt"]),
            code=code,
        )

    def without_its_code(self) -> "Message":
        """The same message where nobody's question has such a code: what looks like one is a word of it."""
        return replace(self, text=self.whole.strip(), code="")


def match(event: Mapping[str, Any]) -> Match:
    """{"message", "code", "questions": items of table Questions, "strangers": of the index byCode} to what to do.

    Raises InvalidQuestion, and ConfigurationError when the machine hands over something else.
    """
    try:
        message = Message.of(event["message"], event["code"])
        strangers = [plain(row) for row in event["strangers"]]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None
    try:
        seen = [Question.of(item).seen_at(message.at) for item in event["questions"]]
        questions = sorted(seen, key=lambda question: question.code != message.code)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidQuestion(f"A question has another shape ({type(error).__name__})") from None
    return matched(message, questions, strangers)


def matched(message: Message, questions: list[Question], strangers: list[dict[str, Any]]) -> Match:
    """What a message answers: what it answered before, else the question whose code it has, the one that is open, or
    one that was closed lately."""
    before = next((question for question in questions if question.answered_by == message.message_id), None)
    if before and before.status == ANSWERED:
        return to_open(message, [before])
    if message.code and (not questions or questions[0].code != message.code):
        if strangers:
            return to_stranger(message, strangers)
        message = message.without_its_code()
    if message.code and questions[0].status != OPEN:
        return to_closed(message, questions[0])
    opened = [question for question in questions if question.status == OPEN and question.conversation_id]
    if opened:
        return to_open(message, opened)
    return next((to_closed(message, each) for each in questions if _meant(message, each)), nothing("none"))


def to_stranger(message: Message, strangers: list[dict[str, Any]]) -> Match:
    """The code is of an old question of the sender's own, or of somebody else's. One of their own that is open, older
    than all that were read, cannot be answered any more: a person has to read the message."""
    own = [row for row in strangers if row.get("address") == message.sender]
    row = (own or strangers)[0]
    states = {ANSWERED: "repeated", OPEN: "unclear"}
    state = states.get(row["status"], "late") if own else "foreign"
    section: QuestionSection = {"state": state, "questionId": row["questionId"], "code": message.code}
    return nothing(section=section, ordinary=state in ("foreign", "unclear"))


def to_closed(message: Message, question: Question) -> Match:
    """Too late: it was answered before, or closed without an answer."""
    state = "repeated" if question.status == ANSWERED else "late"
    choice = choice_of(message, question)
    return nothing(section=section_of(state, question, choice), ordinary=False)


def to_open(message: Message, opened: list[Question]) -> Match:
    """The answer to the one that is meant; what is unclear is asked back once."""
    question = opened[0]
    if len(opened) > 1 and question.code != message.code:
        return unclear(message, opened)
    choice = choice_of(message, question)
    if question.choices and choice is None:
        return unclear(message, [question])
    if not question.choices and not message.text:
        return unclear(message, [question])
    return answered(message, question, choice)


def answered(message: Message, question: Question, choice: Choice | None) -> Match:
    """Closes the question: with the choice, or with the words."""
    text = choice.text if choice else message.translation or message.text
    value = choice.value if choice else text
    answer = {"value": value, "text": text, "original": message.whole, "language": message.language}
    section = section_of("answered", question, choice)
    if choice is None:
        section["text"] = shortened(text, MAX_SECTION_TEXT)
    return {
        "action": "close",
        "questionId": question.question_id,
        "section": section,
        "ordinary": False,
        "options": "",
        "answer": json_text(answer),
        "event": json_text(question_answered(message, question, choice)),
    }


def question_answered(message: Message, question: Question, choice: Choice | None) -> QuestionAnswered:
    """The event that announces an answer. Of the answer it holds the choice alone. Raises InvalidQuestion."""
    event: QuestionAnswered = {
        "schemaVersion": "1",
        "questionId": question.question_id,
        "status": ANSWERED,
        "conversationId": question.conversation_id or message.conversation_id,
        "code": question.code,
        "messageId": message.message_id,
        "at": message.received_at,
    }
    if choice:
        event["value"] = choice.value
    try:
        validate_event(event)
    except ValidationError as violation:
        raise InvalidQuestion(str(violation)) from None
    return event


def unclear(message: Message, opened: list[Question]) -> Match:
    """Nobody can say what is meant. The newest of the questions is asked back about, unless it was before. Whoever
    answers with a question of their own wants that answered too: the message is also handled like any other."""
    question, options = opened[0], clarification(opened, message.code)
    section = section_of("unclear", question, None)
    if not options or question.clarified_by not in ("", message.message_id):
        return nothing(section=section)
    return {
        "action": "clarify",
        "questionId": question.question_id,
        "section": section,
        "ordinary": True,
        "options": options,
        "answer": "",
        "event": "",
    }


def nothing(state: str = "none", section: QuestionSection | None = None, ordinary: bool = True) -> Match:
    """Nothing to do about any question."""
    found: QuestionSection = section or {"state": state}
    question_id = found.get("questionId", "")
    return {
        "action": "none",
        "questionId": question_id,
        "section": found,
        "ordinary": ordinary,
        "options": "",
        "answer": "",
        "event": "",
    }


def choice_of(message: Message, question: Question) -> Choice | None:
    """The choice that the message means."""
    spoken = {*message.languages, question.contact_language} - {UNDETERMINED, ""}
    asked_back = question.clarified_by not in ("", message.message_id)
    found = chosen(message.text, question.choices, sorted(spoken), ("en", question.language), asked_back)
    return found or translated(message.text, message.translation, question.choices)


def _meant(message: Message, question: Question) -> bool:
    """Whether a message without a code is meant for a closed question: it names a choice of it, not long after. Thanks
    for what was recorded are no answer."""
    if not question.closed_lately(message.at) or thanked(message.text):
        return False
    return choice_of(message, question) is not None


def section_of(state: str, question: Question, choice: Choice | None) -> QuestionSection:
    """The report's section about a question of the sender's, with the choice that was taken where there is one."""
    section: QuestionSection = {"state": state, "questionId": question.question_id, "code": question.code}
    if choice:
        section |= {"value": choice.value, "text": choice.text}
    return section
