"""A question as its item in table Questions holds it. Pure, standard library alone."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from dragoman.choices import MAX_BEGINNING
from dragoman.items import plain
from dragoman.texts import preview, shortened
from dragoman.times import parse
from match_answer.choices import Choice

OPEN: Final = "open"
ANSWERED: Final = "answered"
EXPIRED: Final = "expired"
# The ends that somebody may not know of who answers. Not among them: failed, for such a question may never have reached
# anybody, and opted-out, for whoever says yes after that wants messages again. undelivered is: carriers err.
CLOSED: Final = frozenset({ANSWERED, EXPIRED, "cancelled", "undelivered"})
# How long after a question was closed a message without its code may still be meant for it.
LATE: Final = timedelta(days=3)
# How long after its deadline a question may still stand as open: its machine closes it at once, if it is still there.
OVERDUE: Final = timedelta(minutes=10)
# What a message holds beside the words before it (template.yaml).
MAX_OPTIONS: Final = 900
BETWEEN: Final = "\n\n"


@dataclass(frozen=True, slots=True)
class Question:
    """What there is to know of a question for whoever wants to answer it. text: how it begins, and options: the
    numbered choices, as they were sent, in the contact's language; none for a question that is answered freely.
    conversation_id: empty until it is worded, which takes a second or two; until then nobody can be answering it."""

    question_id: str
    status: str
    code: str
    text: str
    language: str
    contact_language: str
    conversation_id: str
    choices: tuple[Choice, ...]
    options: str
    answered_by: str
    clarified_by: str
    deadline_at: datetime
    closed_at: datetime

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """From an item. Raises KeyError, TypeError, AttributeError or ValueError when it has another shape."""
        kept = plain(item)
        language = str(kept["language"])
        return cls(
            question_id=kept["questionId"],
            status=kept["status"],
            code=kept["code"],
            text=kept.get("beginning") or kept["text"],
            language=language,
            contact_language=kept.get("contactLanguage", "und"),
            conversation_id=kept.get("conversationId", ""),
            choices=tuple(Choice.of(choice, language) for choice in json.loads(kept["choices"])),
            options=kept.get("options", ""),
            answered_by=kept.get("answeredBy", ""),
            clarified_by=kept.get("clarifiedBy", ""),
            deadline_at=parse(kept["deadlineAt"]),
            closed_at=parse(kept.get("answeredAt") or kept["deadlineAt"]),
        )

    def seen_at(self, at: datetime) -> "Question":
        """The question as it is at that moment. One that is open long after its deadline has lost the execution that
        waits, which was stopped: to take an answer to it would tell the sender of a record that nobody reads."""
        overdue = self.status == OPEN and at - self.deadline_at > OVERDUE
        return replace(self, status=EXPIRED) if overdue else self

    def closed_lately(self, at: datetime) -> bool:
        """Whether it was closed so short before that a message without its code may be meant for it."""
        return self.status in CLOSED and at - self.closed_at <= LATE


def clarification(questions: Iterable[Question], code: str) -> str:
    """The choices to answer with: those of the one open question, or, of several, as many as there is room for, each
    choice behind the code that has to be sent with it, below the beginning of its question. code: the one that the
    sender wrote; then others may be open too, which were not read."""
    several = list(questions)
    if len(several) == 1 and not (code and several[0].options):
        return shortened(several[0].options, MAX_OPTIONS)
    told = ""
    for question in several:
        more = (told + BETWEEN if told else "") + _with_code(question)
        if len(more) > MAX_OPTIONS:
            break
        told = more
    return told or shortened(_with_code(several[0]), MAX_OPTIONS)


def _with_code(question: Question) -> str:
    lines = [f"#{question.code} {line}" for line in question.options.splitlines() if line.strip()]
    return "\n".join([preview(question.text, MAX_BEGINNING), *(lines or [f"#{question.code} …"])])
