"""What a message has to do with a question that its sender was asked, as its report keeps it."""

from collections.abc import Mapping
from typing import Any, Final

from dragoman.documents import QuestionSection

NONE: Final = "none"


def question(found: Mapping[str, Any]) -> QuestionSection:
    """{"section", "options"} of the machine `answer` as the report's section; of nothing: none."""
    section: QuestionSection = found["section"] if found else {"state": NONE}
    return section


def asked_back(found: Mapping[str, Any]) -> str:
    """The choices to ask back with; empty when there is nothing to ask."""
    return str(found["options"]) if found else ""


def event_state(section: QuestionSection) -> str:
    """The state as the event has it: empty for none."""
    return "" if section["state"] == NONE else section["state"]
