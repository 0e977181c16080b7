"""What the functions of the digest share: the rows that reports become, and the shapes of the digest. Standard library
alone."""

from typing import Final, NotRequired, TypedDict

# Who writes at the desk without being a person: their messages are no answers.
AUTOMATIC: Final = frozenset({"questions", "digest"})
DIGEST: Final = "digest"
DIGEST_LIST: Final = "digests"
# Names in each list of counts: the rest is a long tail.
MAX_NAMES: Final = 50


class Usage(TypedDict):
    """What a report has cost, in the units of docs/cost/prices.json; what is nothing is left out."""

    twilioSmsIn: NotRequired[int]
    twilioSmsOut: NotRequired[int]
    twilioMmsIn: NotRequired[int]
    twilioWhatsApp: NotRequired[int]
    translate: NotRequired[int]
    comprehend: NotRequired[int]
    parts: NotRequired[int]


class Row(TypedDict):
    """A report as the digest counts it. at: when its message was received. person: an outbound message that somebody
    wrote. by: who settled an inbound message so that no person has to (directory, question, consent). units: what
    Comprehend charges for judging it. entries: ids and names. question: asked by it, or answered by it."""

    id: str
    conversation: str
    at: str
    direction: str
    channel: str
    language: str
    person: NotRequired[bool]
    by: NotRequired[str]
    preview: NotRequired[str]
    units: NotRequired[int]
    labels: NotRequired[list[str]]
    pictures: NotRequired[int]
    entries: NotRequired[list[list[str]]]
    failures: NotRequired[list[str]]
    question: NotRequired[str]
    usage: Usage


class Batch(TypedDict):
    """Texts of one language to be judged at once; ids of their reports in the same order."""

    language: str
    ids: list[str]
    texts: list[str]


class Window(TypedDict):
    """start is in it, end is not: the day. until: up to when an answer to it is looked for."""

    start: str
    end: str
    until: str


class Count(TypedDict):
    """How often something was met."""

    name: str
    count: int
