"""The shapes of the documents that pass between the functions, as schemas/ defines them."""

from typing import Literal, NotRequired, TypedDict

Channel = Literal["sms", "mms", "whatsapp", "rcs", "other"]

# "from" is a keyword, so this one has to be written as a call.
Delivery = TypedDict("Delivery", {"to": str, "from": str})


class Media(TypedDict):
    index: int
    url: str
    contentType: str


class Location(TypedDict):
    latitude: float
    longitude: float
    label: NotRequired[str]
    address: NotRequired[str]


class Message(TypedDict):
    """schemas/message.json"""

    schemaVersion: str
    messageId: str
    provider: str
    accountId: str
    channel: Channel
    direction: str
    sender: str
    recipient: str
    conversationId: str
    delivery: Delivery
    text: str
    textLength: int
    media: list[Media]
    segments: int
    receivedAt: str
    providerFields: dict[str, list[str]]
    providerFieldsTruncated: NotRequired[bool]
    profileName: NotRequired[str]
    location: NotRequired[Location]
    inReplyTo: NotRequired[str]
    buttonPayload: NotRequired[str]
    optOutType: NotRequired[str]


class Language(TypedDict):
    code: str
    confidence: NotRequired[float]
    method: str


class Translation(TypedDict):
    language: str
    status: str
    text: NotRequired[str]
    error: NotRequired[str]


class Step(TypedDict):
    name: str
    ms: int


class Timings(TypedDict):
    receivedAt: str
    startedAt: NotRequired[str]
    detectedAt: NotRequired[str]
    translatedAt: NotRequired[str]
    composedAt: str
    steps: list[Step]


class Reply(TypedDict):
    state: str


class Links(TypedDict):
    self: str
    conversation: str


class Report(TypedDict):
    """schemas/report.json, new: its reply is still pending."""

    schemaVersion: str
    reportId: str
    conversationId: str
    createdAt: str
    message: Message
    language: Language
    translations: list[Translation]
    timings: Timings
    reply: Reply
    links: Links


class ReportCreated(TypedDict):
    """schemas/events/report_created.json"""

    schemaVersion: str
    reportId: str
    conversationId: str
    messageId: str
    channel: Channel
    direction: str
    sender: str
    recipient: str
    language: str
    delivery: Delivery
    createdAt: str
    expiresAt: str
