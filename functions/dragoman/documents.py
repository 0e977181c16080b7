"""The shapes of the documents that pass between the functions, as schemas/ defines them."""

from typing import Any, Literal, NotRequired, TypedDict

Channel = Literal["sms", "mms", "whatsapp", "rcs", "other", "console"]

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


class Author(TypedDict):
    """The operator who wrote at the desk."""

    operatorId: str
    name: str


class SentText(TypedDict):
    language: str
    text: str


class QuestionPut(TypedDict):
    """Which question a message puts; kind: question or reminder."""

    questionId: str
    kind: str
    code: str


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
    consent: NotRequired[str]
    author: NotRequired[Author]
    translateTo: NotRequired[list[str]]
    recipientLanguage: NotRequired[str]
    sendAs: NotRequired[SentText]
    question: NotRequired[QuestionPut]
    room: NotRequired[str]


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
    picturesAt: NotRequired[str]
    composedAt: str
    steps: list[Step]


class Reply(TypedDict):
    state: str


class Links(TypedDict):
    self: str
    conversation: str


class EntryRequest(TypedDict):
    """schemas/directory_entry_request.json"""

    name: str
    keywords: list[str]
    phone: NotRequired[str]
    address: NotRequired[str]
    hours: NotRequired[str]
    text: NotRequired[str]
    language: NotRequired[str]
    link: NotRequired[str]


class Entry(EntryRequest):
    """schemas/directory_entry.json"""

    entryId: str
    version: int
    createdAt: str
    updatedAt: str


class FoundEntry(TypedDict):
    """An entry as a report keeps it: what it said then."""

    entryId: str
    name: str
    phone: NotRequired[str]
    address: NotRequired[str]
    hours: NotRequired[str]
    text: NotRequired[str]
    link: NotRequired[str]
    language: str


class Directory(TypedDict):
    """What the directory knew. state: found, none, not-asked or failed; answer: what the sender is told of it."""

    state: str
    entries: list[FoundEntry]
    answer: str


class EntryName(TypedDict):
    entryId: str
    name: str


class DirectoryFrame(TypedDict):
    """The same for the desk, by name."""

    state: str
    entries: list[EntryName]


class Choice(TypedDict):
    """One way to answer a question: value is for the one who asks, text for the contact."""

    value: str
    text: str


class WordedChoice(Choice):
    """rendered: the text in the contact's language; words: what means it in an answer, folded."""

    rendered: str
    words: list[str]


class Question(TypedDict):
    """A question as the machine `question` goes on with it. remindAfterSeconds is 0 for no reminder."""

    questionId: str
    address: str
    text: str
    language: str
    choices: list[Choice]
    code: str
    askedBy: str
    askedAt: str
    deadlineAt: str
    remindAfterSeconds: int


class QuestionSection(TypedDict):
    """What a message has to do with a question that its sender was asked, as its report keeps it."""

    state: str
    questionId: NotRequired[str]
    code: NotRequired[str]
    value: NotRequired[str]
    text: NotRequired[str]


class Report(TypedDict):
    """schemas/report.json, new: its reply is still pending."""

    schemaVersion: str
    reportId: str
    conversationId: str
    createdAt: str
    message: Message
    language: Language
    translations: list[Translation]
    pictures: list[dict[str, Any]]
    directory: Directory
    question: QuestionSection
    timings: Timings
    reply: Reply
    deliveries: dict[str, Any]
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
    pictureText: str
    directoryText: str
    questionState: str
    questionText: str
    contact: str
    parts: list[str]
    consent: str
    room: str
    createdAt: str
    expiresAt: str


class QuestionAnswered(TypedDict):
    """schemas/events/question_answered.json"""

    schemaVersion: str
    questionId: str
    status: str
    conversationId: str
    code: str
    value: NotRequired[str]
    messageId: str
    at: str


class LastMessage(TypedDict):
    """Of schemas/conversation.json: previews have at most 120 characters."""

    messageId: str
    direction: str
    preview: str
    translations: dict[str, str]
    pictures: int
    consent: NotRequired[str]


class Conversation(TypedDict):
    """What a message makes of its conversation's item. delivery and lastMessage (a LastMessage) are JSON text."""

    list: str
    contact: str
    accountId: str
    delivery: str
    language: str
    lastMessage: str


class FrameTranslation(TypedDict):
    """A message in its reader's language: status original, translated, failed or undetermined."""

    language: str
    status: str
    text: NotRequired[str]


class MessageFrame(TypedDict):
    """schemas/frames/message.json"""

    type: Literal["message"]
    id: str
    messageId: str
    conversationId: str
    direction: str
    channel: str
    createdAt: str
    author: NotRequired[Author]
    contact: str
    room: NotRequired[str]
    text: str
    language: str
    consent: NotRequired[str]
    translation: FrameTranslation
    pictures: list[dict[str, Any]]
    directory: NotRequired[DirectoryFrame]
    question: NotRequired[dict[str, Any]]
    truncated: NotRequired[bool]
    reply: dict[str, Any]
    deliveries: dict[str, Any]
    sentText: NotRequired[SentText]


class Wanted(TypedDict):
    """A translation that a reader lacks."""

    text: str
    source: str
    target: str


class Missing(Wanted):
    """The same of one message among others."""

    messageId: str


class MessagesFrame(TypedDict):
    """schemas/frames/messages.json, before the machine adds translations."""

    type: Literal["messages"]
    messages: list[MessageFrame]
    ref: NotRequired[str]
    conversationId: NotRequired[str]
    since: NotRequired[str]
    next: NotRequired[str]


class StatusFrame(TypedDict):
    """schemas/frames/status.json"""

    type: Literal["status"]
    conversationId: str
    messageId: str
    part: str
    status: str
    at: str
    reason: NotRequired[str]
    retry: NotRequired[bool]


class ContactFrame(TypedDict):
    """schemas/frames/contact.json"""

    type: Literal["contact"]
    conversationId: str
    optedOut: bool
    at: str


class QuestionFrame(TypedDict):
    """schemas/frames/question.json"""

    type: Literal["question"]
    questionId: str
    conversationId: str
    status: str
    code: str
    at: str


class Receipt(TypedDict):
    """What the provider says about one part of an answer; rank is a number as text, for an attribute of type N."""

    outboundId: str
    messageId: str
    part: str
    providerId: str
    address: str
    status: str
    rank: str
    settled: bool
    announce: str
    errorCode: str
    reason: str
    retry: bool
    optedOut: bool
    at: str


class ImageFile(TypedDict):
    """A picture as it is kept: what was done to it is in inspect_image.logic.Inspected."""

    key: str
    contentType: str
    width: int
    height: int
    bytes: int
    changes: list[str]


class OriginalFile(TypedDict):
    """The file a picture was made from."""

    key: str
    format: str
    width: int
    height: int
    bytes: int
    animated: bool


class Thumbnail(TypedDict):
    size: str
    key: str
    contentType: str
    width: int
    height: int
    bytes: int


class Box(TypedDict):
    """In parts of the picture's width and height, 0 to 1."""

    left: float
    top: float
    width: float
    height: float


class Label(TypedDict):
    """confidence in percent; boxes of the instances that could be located."""

    name: str
    confidence: float
    boxes: list[Box]


class Line(TypedDict):
    """A line of words; polygon: its four corners as [x, y], in parts of the picture's width and height."""

    text: str
    confidence: float
    polygon: list[list[float]]


class ModerationLabel(TypedDict):
    name: str
    parent: str
    confidence: float


class Moderation(TypedDict):
    """flagged: not to be shown unasked; reason: why, when no label says it."""

    flagged: bool
    labels: list[ModerationLabel]
    reason: NotRequired[str]


class Failure(TypedDict):
    """A step that did not work for a picture, while the others stand."""

    step: str
    error: str


class SummaryLabel(TypedDict):
    name: str
    confidence: float
    box: NotRequired[Box]


class ImageSummary(TypedDict):
    """schemas/image_summary.json"""

    imageId: str
    status: str
    key: str
    thumbnails: list[Thumbnail]
    labels: list[SummaryLabel]
    text: str
    language: Language
    translations: list[Translation]
    lines: list[Line]
    moderation: Moderation
    reason: NotRequired[str]
    truncated: NotRequired[bool]


class ImageRecognised(TypedDict):
    """schemas/events/image_recognised.json"""

    schemaVersion: str
    imageId: str
    origin: str
    status: str
    language: str
    flagged: bool
    labels: list[str]
    createdAt: str
    messageId: NotRequired[str]
