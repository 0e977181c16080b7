"""The biggest message there can be: 1,600 characters, ten pictures, fields to the brim, ten languages at the desk, and
the three biggest entries of the directory for an answer. And the biggest picture: as much as Rekognition sees in one,
in letters of three bytes.

Emoji take the most bytes as UTF-8, control characters as JSON: six, and seven where the JSON is text inside JSON.
"""

import functools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from arrange_image.logic import arrange
from compose_image import logic as compose_image
from compose_report.logic import compose_all
from dragoman.webhooks import Form
from infra.local.sfn import mocks
from infra.local.sfn.definitions import Machine, load
from normalise_webhook.logic import normalise
from tests.statemachines import cases, engines
from tests.statemachines.test_cases import event_problems, largest_payload, tasks_of

LANGUAGES = ["de", "fr", "es", "it", "pt", "ar", "hi", "ja", "zh", "ru"]
WORDS = "語" * 160 + "\n" + "語" * 400
"""Hours and text of an entry to the brim; a translation may be as long."""
TEXTS = {"emoji": "🙂" * 1600, "control": "\x01" * 1600}
FAR_UNDER_BYTES = 192 * 1024
"""Three quarters of the 262,144 bytes that Step Functions allows (quotas)."""
UNDER_BYTES = 230 * 1024
"""Nine tenths of it, for ten pictures and the three biggest entries beside 1,600 control characters, which no phone
sends."""

NOW = datetime(2026, 11, 21, tzinfo=UTC)
MESSAGE_ID = "MM" + "0" * 32
FULL = 0.123456789012345
"""A share of a side with as many digits as Rekognition gives."""

both_engines = pytest.mark.parametrize("engine", ["strict", "embedded"])
all_texts = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


@functools.cache
def biggest_message(text: str) -> dict[str, Any]:
    """Return the biggest message with a text, as normalise_webhook makes it."""
    account, sid = "AC" + "0" * 32, MESSAGE_ID
    media = f"https://api.twilio.com/2010-04-01/Accounts/{account}/Messages/{sid}/Media/ME"
    fields = {"MessageSid": sid, "AccountSid": account, "From": "+12025550100", "To": "+12025550199", "Body": text}
    fields |= {"NumMedia": "10", "NumSegments": "10", "ProfileName": "🙂" * 100}
    fields |= {f"MediaUrl{index}": f"{media}{index:032x}" for index in range(10)}
    fields |= {f"MediaContentType{index}": "image/jpeg" for index in range(10)}
    fields |= {f"Field{index}": "🙂" * 50 for index in range(200)}
    return dict(normalise(Form({name: [value] for name, value in fields.items()}), 1795258157000))


def machine(name: str) -> Machine:
    settings = {"DeskLanguages": ",".join(LANGUAGES)}
    found = load(cases.ROOT / "statemachines", cases.ROOT / "infra" / "template.yaml", settings)
    return next(machine for machine in found if machine.name == name)


def translation(text: str, targets: list[str], code: str = "en") -> dict[str, Any]:
    """Return what the machine translate answers, each translation as long as the text."""
    translations = [{"language": target, "status": "translated", "text": text} for target in targets]
    language = {"code": code, "confidence": 0.9, "method": "comprehend"}
    return {"language": language, "translations": translations, "detectedAt": "2026-11-21T00:00:00.000Z"}


def entry(number: int) -> dict[str, Any]:
    """Return the biggest entry of the directory, in letters of three bytes, as batchGetItem gives it."""
    fields = {"name": 80, "phone": 40, "address": 160, "hours": 160, "text": 400}
    attributes = {name: {"S": "語" * length} for name, length in fields.items()}
    attributes |= {"link": {"S": "https://" + "x" * 192}, "words": {"S": WORDS}, "language": {"S": "en"}}
    return {"entryId": {"S": entry_id(number)}, **attributes}


def entry_id(number: int) -> str:
    return f"e{number:016x}"


def looked_up() -> dict[str, list[Any]]:
    """Return the answers of the look-up: a hundred keywords, each leading to ten entries, and the biggest three."""
    keys = [{"keyword": {"S": f"{number:03}" + "語" * 57}} for number in range(100)]
    listed = [{**key, "entryIds": {"Ss": [entry_id(number) for number in range(10)]}} for key in keys]
    ids = [entry_id(number) for number in range(3)]
    chosen = {"entryIds": ids, "keys": [{"entryId": {"S": found}} for found in ids], "any": True}
    translated = {"TranslatedText": WORDS, "SourceLanguageCode": "en", "TargetLanguageCode": "es"}
    return {
        "ArrangeKeywords": [{"StatusCode": 200, "Payload": {"keys": keys, "any": True}}],
        "FindKeywords": [{"Responses": {"dragoman-directory-keywords": listed}, "UnprocessedKeys": {}}],
        "ChooseEntries": [{"StatusCode": 200, "Payload": chosen}],
        "FindEntries": [{"Responses": {"dragoman-directory": [entry(number) for number in range(3)]}}],
        "TranslateEntry": [translated] * 3,
    }


def directory() -> dict[str, Any]:
    """Return what the machine found in the directory, as compose_report gets it."""
    ids = [entry_id(number) for number in range(3)]
    answer = [{"entryId": found, "text": WORDS, "language": "es"} for found in ids]
    return {"looked": True, "entryIds": ids, "entries": [entry(number) for number in range(3)], "answer": answer}


def composed(text: str, pictures: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what compose_report answers for the biggest message."""
    found = translation(text, LANGUAGES)
    event = {"message": biggest_message(text), "pictures": pictures, "directory": directory(), "times": {}}
    event |= {"language": found["language"], "translations": found["translations"], "question": answer()}
    return dict(compose_all(event, 365, NOW))


def answer() -> dict[str, Any]:
    """Return the most that the machine answer says of a message that the directory is asked about too: what takes an
    answer has a section with more words, but then none of the directory's, which are far more."""
    section = {"state": "unclear", "questionId": "q" * 80, "code": "X2Q"}
    return {"section": section, "ordinary": True, "options": "語" * 900}


def asked(text: str) -> dict[str, list[Any]]:
    """Return the answers of the states that find out which question a message answers."""
    message = {"messageId": MESSAGE_ID, "sender": "sms:+12025550100", "conversationId": "c" + "0" * 32}
    message |= {"receivedAt": "2026-11-21T00:00:00.000Z", "language": "es", "knownLanguage": "und"}
    given = {"operation": "answer", "message": {**message, "text": text, "translation": text}}
    return {
        "FindQuestions": [{"Items": [{"questionId": {"S": "q" * 80}}], "Count": 1, "ScannedCount": 1}],
        "AnswerQuestion": [executed(json.dumps(given, ensure_ascii=False, separators=(",", ":")), answer())],
    }


def executed(given: str, output: Any) -> dict[str, Any]:
    """Return what StartSyncExecution answers for a nested machine: input and output are in it, as text."""
    name, arn = "0" * 36, "arn:aws:states:us-east-1:123456789012:express:dragoman-nested:" + "0" * 73
    answer = {"ExecutionArn": arn, "StateMachineArn": arn, "Name": name, "Status": "SUCCEEDED", "Input": given}
    answer |= {"StartDate": "2026-11-21T00:00:00.000Z", "StopDate": "2026-11-21T00:00:00.000Z"}
    return {**answer, "Output": json.dumps(output, ensure_ascii=False, separators=(",", ":"))}


@functools.cache
def looks() -> dict[str, Any]:
    """Return the most that Rekognition sees in a picture: 100 words, each a line of its own, and 25 labels, each seen
    ten times."""
    box = dict.fromkeys(("Width", "Height", "Left", "Top"), FULL)
    geometry = {"BoundingBox": box, "Polygon": [{"X": FULL, "Y": FULL}] * 4, "RotationAngle": FULL}
    word = {"DetectedText": "語" * 20, "Confidence": 99 + FULL, "Geometry": geometry}
    lines = [{**word, "Type": "LINE", "Id": number} for number in range(100)]
    words = [{**word, "Type": "WORD", "Id": 100 + number, "ParentId": number} for number in range(100)]
    seen = {"Instances": [{"BoundingBox": box, "Confidence": 99 + FULL}] * 10, "Parents": [{"Name": "x" * 30}] * 4}
    label = {"Name": "x" * 30, "Confidence": 99 + FULL, **seen, "Aliases": [], "Categories": [{"Name": "x" * 30}]}
    unsafe = {"Name": "x" * 40, "ParentName": "x" * 40, "Confidence": 99 + FULL, "TaxonomyLevel": 3}
    return {"labels": [label] * 25, "text": [*lines, *words], "moderation": [unsafe] * 25}


@functools.cache
def picture(siblings: int) -> dict[str, Any]:
    """Return what a nested image machine is given of the biggest message's picture."""
    key = f"originals/{MESSAGE_ID}/0"
    given = {"imageId": f"{MESSAGE_ID}-0", "key": key, "origin": "mms", "messageId": MESSAGE_ID}
    return {**given, "language": "ko", "siblings": siblings}


def inspected() -> dict[str, Any]:
    key = f"images/{MESSAGE_ID}-0/image.jpg"
    original = {"key": f"originals/{MESSAGE_ID}/0", "format": "HEIC", "animated": True, "bytes": 9_999_999}
    sides = {"width": 4096, "height": 4096}
    changes = ["firstFrame", "scaled", "oriented", "flattened", "recoloured", "padded"]
    image = {"key": key, "contentType": "image/jpeg", "bytes": 9_999_999, **sides, "changes": changes}
    return {**image, "original": {**original, **sides}}


def thumbnails() -> list[dict[str, Any]]:
    key, sides = f"images/{MESSAGE_ID}-0", {"width": 800, "height": 800}
    return [
        {"size": size, "key": f"{key}/{size}.webp", "contentType": "image/webp", "bytes": 99_999, **sides}
        for size in ("small", "large")
    ]


@functools.cache
def arranged() -> dict[str, Any]:
    """Return what arrange_image answers for the biggest picture."""
    lines = [found for found in looks()["text"] if found["Type"] == "LINE"]
    found = {
        "labels": {"labels": looks()["labels"]},
        "text": {"lines": lines},
        "moderation": {"labels": looks()["moderation"]},
        "thumbnails": {"thumbnails": thumbnails()},
    }
    return dict(arrange({name: {"status": "done", **look} for name, look in found.items()}))


@functools.cache
def composed_picture(siblings: int) -> dict[str, Any]:
    """Return what compose_image answers for the biggest picture, for the desk and a sender of another language."""
    found = translation(arranged()["text"], [*LANGUAGES, "ko"])
    words = {"status": "done", "language": found["language"], "translations": found["translations"]}
    seen = {"status": "recognised", "image": inspected(), "arranged": arranged(), "words": words}
    return dict(compose_image.compose_all({"picture": picture(siblings), "seen": seen}, 365, NOW))


def run(engine: str, name: str, given: Any, answers: dict[str, list[Any]]) -> engines.Account:
    responses = {
        state: {str(number): {"Return": value} for number, value in enumerate(values)}
        for state, values in answers.items()
    }
    document = {
        "StateMachines": {name: {"TestCases": {"Biggest": {state: state for state in answers}}}},
        "MockedResponses": responses,
    }
    account = engines.ENGINES[engine](machine(name), mocks.parse(document, "biggest"), "Biggest", given)
    assert (account.status, account.problems) == ("SUCCEEDED", []), account.cause
    return account


def put() -> list[Any]:
    return [{"Entries": [{"EventId": "1"}], "FailedEntryCount": 0}]


@both_engines
@all_texts
def test_biggest_message_passes_intake_far_under_the_limit(engine: str, text: str) -> None:
    answers: dict[str, list[Any]] = {
        "NormaliseWebhook": [{"StatusCode": 200, "Payload": {"message": biggest_message(text)}}],
        "PutMessageReceived": put(),
    }
    account = run(engine, "intake", {"body": "x" * 60_000}, answers)
    assert largest_payload(account) < FAR_UNDER_BYTES
    _, sent = account.requests[-1]
    assert event_problems(sent["Entries"][0]) == []


@both_engines
@all_texts
def test_biggest_message_becomes_a_report_far_under_the_limit(engine: str, text: str) -> None:
    message = {**biggest_message(text), "media": []}
    answers: dict[str, list[Any]] = {
        "FindReport": [{}],
        "FindContact": [{}],
        "TranslateText": [executed(request(text), translation(text, LANGUAGES, "es"))],
        **asked(text),
        **looked_up(),
        "ComposeReport": [{"StatusCode": 200, "Payload": composed(text, [])}],
        "TouchConversation": [{}],
        "SaveReport": [{}],
        "AnnounceReport": put(),
    }
    account = run(engine, "message", [{"message": message, "receiveCount": "1"}], answers)
    assert largest_payload(account) < FAR_UNDER_BYTES, sizes(account)
    assert request_problems("message", account) == []


@both_engines
@pytest.mark.parametrize(("text", "most"), [("emoji", FAR_UNDER_BYTES), ("control", UNDER_BYTES)])
def test_ten_pictures_fit_beside_the_biggest_message(engine: str, text: str, most: int) -> None:
    words, summary = TEXTS[text], composed_picture(10)["summary"]
    items = [{**summary, "index": index, "kind": "picture"} for index in range(10)]
    keys = [f"originals/{MESSAGE_ID}/{index}" for index in range(10)]
    fetched = [{"key": key, "contentType": "image/jpeg", "bytes": 9_999_999} for key in keys]
    answers: dict[str, list[Any]] = {
        "FindReport": [{}],
        "FindContact": [{}],
        "TranslateText": [executed(request(words), translation(words, LANGUAGES, "es"))],
        **asked(words),
        **looked_up(),
        "FetchMedia": [{"StatusCode": 200, "Payload": medium} for medium in fetched],
        "RecognisePicture": [executed(json.dumps(picture(10)), summary)] * 10,
        "ComposeReport": [{"StatusCode": 200, "Payload": composed(words, items)}],
        "TouchConversation": [{}],
        "SaveReport": [{}],
        "AnnounceReport": put(),
    }
    account = run(engine, "message", [{"message": biggest_message(words), "receiveCount": "1"}], answers)
    assert largest_payload(account) < most, sizes(account)
    assert request_problems("message", account) == []
    assert dict(account.requests)["ComposeReport"]["Payload"]["pictures"] == items


@both_engines
@pytest.mark.parametrize(("text", "number"), [("emoji", 7), ("control", 4)])
def test_biggest_answer_of_the_desk_is_sent_far_under_the_limit(engine: str, text: str, number: int) -> None:
    """The desk writes 5,000 characters at most, four parts; a translation is seldom twice as long."""
    parts = [TEXTS[text]] * number
    desk = "DM" + "0" * 32
    report: dict[str, Any] = {
        "reportId": desk,
        "messageId": desk,
        "conversationId": "c" + "0" * 32,
        "channel": "console",
    }
    report |= {"direction": "outbound", "contact": "sms:+12025550100", "sender": "console:1", "recipient": "sms:+1"}
    report |= {"language": "hi", "delivery": {"to": "+12025550100", "from": "+12025550199"}, "parts": parts}
    report |= {"consent": "", "pictureText": "", "expiresAt": "1826794158"}
    sent = {"StatusCode": 201, "StatusText": "Created", "Headers": {}, "ResponseBody": {"sid": "SM" + "0" * 32}}
    answers: dict[str, list[Any]] = {
        "Claim": [{}] * number,
        "FindOptOut": [{}] * number,
        "Send": [sent] * number,
        "RecordSent": [{}] * number,
        "AnnounceSent": put() * number,
        "RecordReply": [{}],
    }
    account = run(engine, "reply", [{"report": report, "receiveCount": "1"}], answers)
    assert largest_payload(account) < FAR_UNDER_BYTES, sizes(account)
    assert request_problems("reply", account) == []


@both_engines
def test_biggest_answer_of_the_directory_is_sent_in_parts_that_a_message_takes(engine: str) -> None:
    """A translation may be twice as long as the acknowledgement, of 280 characters (template.yaml)."""
    account = reply_in_parts(engine, 2, {"directoryText": "語" * 900})
    assert [len(request["RequestBody"]["Body"]) for request in account.requests_of("Send")] == [1462, 1000]
    assert largest_payload(account) < FAR_UNDER_BYTES, sizes(account)


@both_engines
def test_biggest_question_is_asked_back_about_in_parts_that_a_message_takes(engine: str) -> None:
    words = {"questionState": "unclear", "questionText": "語" * 900, "directoryText": "語" * 900}
    account = reply_in_parts(engine, 3, words)
    assert [len(request["RequestBody"]["Body"]) for request in account.requests_of("Send")] == [1462, 900, 1000]
    assert largest_payload(account) < FAR_UNDER_BYTES, sizes(account)


def reply_in_parts(engine: str, parts: int, words: dict[str, str]) -> engines.Account:
    """An execution of reply that sends the longest acknowledgement, these words, and the longest ones of pictures."""
    report: dict[str, Any] = {
        "reportId": MESSAGE_ID,
        "messageId": MESSAGE_ID,
        "conversationId": "c" + "0" * 32,
        "channel": "mms",
    }
    report |= {"direction": "inbound", "contact": "sms:+12025550100", "sender": "sms:+1", "recipient": "sms:+1"}
    report |= {"language": "ja", "delivery": {"to": "+12025550100", "from": "+12025550199"}, "consent": ""}
    report |= {**words, "pictureText": "語" * 1000, "parts": [], "expiresAt": "1826794158"}
    sent = {"StatusCode": 201, "StatusText": "Created", "Headers": {}, "ResponseBody": {"sid": "SM" + "0" * 32}}
    answers: dict[str, list[Any]] = {
        "FindText": [{"Item": {"text": {"S": "語" * 560}}}],
        "Claim": [{}] * parts,
        "FindOptOut": [{}] * parts,
        "OpenRateWindow": [{}] * parts,
        "Send": [sent] * parts,
        "RecordSent": [{}] * parts,
        "AnnounceSent": put() * parts,
        "RecordReply": [{}],
    }
    return run(engine, "reply", [{"report": report, "receiveCount": "1"}], answers)


def question_item(number: int) -> dict[str, Any]:
    """Return the biggest question there can be, in letters of three bytes, as it is read and as an update returns it:
    a translation may be twice as long as a choice of 60 characters."""
    worded = {"rendered": "語" * 120, "words": ["語" * 60, "語" * 120, "v" * 40]}
    choices = [{"value": "v" * 40, "text": "語" * 60, **worded}] * 9
    texts = {"questionId": f"{number}" * 80, "status": "open", "code": "X2Q", "text": "語" * 640, "language": "ja"}
    texts |= {"contactLanguage": "ko", "choices": json.dumps(choices, ensure_ascii=False), "token": "t" * 1024}
    texts |= {"options": "\n".join(["1. " + "語" * 120] * 9), "deadlineAt": "2026-11-22T00:00:00.000Z"}
    texts |= {"beginning": "語" * 160}
    return {name: {"S": value} for name, value in texts.items()}


@both_engines
def test_biggest_questions_are_matched_far_under_the_limit(engine: str) -> None:
    """A hundred questions, five of them read, and an answer in words."""
    row = {"address": "whatsapp:+" + "1" * 15, "askedAt": "2026-11-21T00:00:00.000Z", "answeredBy": MESSAGE_ID}
    row |= {"code": "X2Q", "status": "opted-out"}
    rows = [
        {name: {"S": value} for name, value in {**row, "questionId": f"{number:02}" * 40}.items()}
        for number in range(100)
    ]
    keys = [{"questionId": {"S": f"{number}" * 80}} for number in range(5)]
    text = "語" * 1600
    message = {"messageId": MESSAGE_ID, "sender": "sms:+12025550100", "conversationId": "c" + "0" * 32}
    message |= {"receivedAt": "2026-11-21T00:00:00.000Z", "language": "ja", "knownLanguage": "ja"}
    said = {"value": text * 2, "text": text * 2, "original": text, "language": "ja"}
    matched = {"action": "close", "questionId": "0" * 80, **answer(), "answer": json.dumps(said, ensure_ascii=False)}
    answers: dict[str, list[Any]] = {
        "FindQuestions": [{"Items": rows, "Count": 100, "ScannedCount": 100}],
        "ChooseQuestions": [
            {"StatusCode": 200, "Payload": {"keys": keys, "any": True, "code": "K7F", "strange": True}}
        ],
        "FindByCode": [{"Items": rows[:20], "Count": 20, "ScannedCount": 20}],
        "ReadQuestions": [
            {"Responses": {"dragoman-questions": [question_item(n) for n in range(5)]}, "UnprocessedKeys": {}}
        ],
        "MatchAnswer": [{"StatusCode": 200, "Payload": {**matched, "event": "{}"}}],
        "CloseQuestion": [{"Attributes": question_item(0)}],
        "WakeQuestion": [{}],
        "AnnounceAnswer": put(),
    }
    given = {"operation": "answer", "message": {**message, "text": text, "translation": text * 2}}
    account = run(engine, "answer", given, answers)
    assert largest_payload(account) < FAR_UNDER_BYTES, sizes(account)
    assert request_problems("answer", account) == []


@both_engines
@pytest.mark.parametrize("text", ["🙂" * 1600, "語" * 2000], ids=["message", "picture"])
def test_biggest_text_is_translated_far_under_the_limit(engine: str, text: str) -> None:
    targets = [*LANGUAGES, "ko"]
    answers: dict[str, list[Any]] = {
        "DetectLanguage": [{"Languages": [{"LanguageCode": "en", "Score": 0.9}]}],
        "Translate": [
            {"TranslatedText": text, "SourceLanguageCode": "en", "TargetLanguageCode": code} for code in targets
        ],
    }
    given = {"text": text, "textLength": len(text), "knownLanguage": "und", "targets": targets}
    account = run(engine, "translate", given, answers)
    assert largest_payload(account) < FAR_UNDER_BYTES, sizes(account)


@both_engines
def test_biggest_picture_is_recognised_far_under_the_limit(engine: str) -> None:
    found, words = looks(), arranged()["text"]
    answers: dict[str, list[Any]] = {
        "FindImage": [{}],
        "InspectImage": [{"StatusCode": 200, "Payload": inspected()}],
        "DetectLabels": [{"Labels": found["labels"], "LabelModelVersion": "3.0"}],
        "DetectText": [{"TextDetections": found["text"], "TextModelVersion": "3.0"}],
        "DetectModerationLabels": [{"ModerationLabels": found["moderation"], "ModerationModelVersion": "7.0"}],
        "MakeThumbnails": [{"StatusCode": 200, "Payload": {"thumbnails": thumbnails()}}],
        "ArrangeImage": [{"StatusCode": 200, "Payload": arranged()}],
        "TranslateWords": [executed(request(words), translation(words, [*LANGUAGES, "ko"]))],
        "ComposeImage": [{"StatusCode": 200, "Payload": composed_picture(1)}],
        "SaveImage": [{}],
        "AnnounceImage": put(),
        "PublishImage": [{"MessageId": "0" * 36}],
        "MarkAnnounced": [{}],
    }
    account = run(engine, "image", picture(1), answers)
    assert largest_payload(account) < FAR_UNDER_BYTES, sizes(account)
    assert request_problems("image", account) == []
    assert account.output == composed_picture(1)["summary"]


def request(text: str) -> str:
    """Return the input that a nested machine translate repeats in its answer."""
    given = {"text": text, "textLength": len(text), "knownLanguage": "und", "targets": [*LANGUAGES, "ko"]}
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))


def request_problems(name: str, account: engines.Account) -> list[str]:
    tasks = tasks_of(name)
    return [line for state, sent in account.requests for line in tasks[state].request_problems(sent)]


def sizes(account: engines.Account) -> dict[str, int]:
    """Return the bytes of each task's result and each state's output."""
    values = [*account.results, *((f"{state} (output)", value) for state, value in account.exited)]
    return {state: len(json.dumps(value, ensure_ascii=False).encode()) for state, value in values}
