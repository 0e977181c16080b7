"""Entries of the directory: written, chosen, told to a sender, and kept in a report."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrange_entry.errors import InvalidEntry, KeyReused, NotFound, PreconditionFailed, PreconditionRequired
from arrange_entry.handler import handler as arrange_entry
from arrange_entry.handler import settings as entry_settings
from arrange_entry.logic import arrange
from arrange_entry.settings import Settings
from arrange_keywords.handler import handler as arrange_keywords
from choose_entries.handler import handler as choose_entries
from choose_entries.logic import choose
from compose_report.directory import directory
from compose_report.errors import InvalidReport
from dragoman.directory import MAX_ANSWER, MAX_SECTION, answer_text, entry_text, words_of
from dragoman.documents import Directory
from dragoman.errors import ConfigurationError
from dragoman.frames import message_frame
from dragoman.items import item, json_text, plain
from dragoman.validation import validator
from tests.unit.functions.samples import context
from tests.unit.functions.test_compose import composed, event_of, report_of

ENTRY_ID = "e0123456789abcdef"
OTHER_ID = "efedcba9876543210"
NOW = "2026-11-21T10:49:17.042Z"
SETTINGS = Settings("directory", "keywords", "en")
REQUEST = {
    "name": "Main Street Clinic",
    "keywords": ["clinic", "Health Centres"],
    "phone": "+1 202 555 0142",
    "address": "5 Main Street",
    "hours": "Monday to Friday, 8 am to 5 pm",
    "text": "Walk in before noon.",
    "link": "https://www.example.org/clinic",
}
HOURS, TEXT = REQUEST["hours"], REQUEST["text"]
TOLD = (
    "Main Street Clinic\n5 Main Street\nMonday to Friday, 8 am to 5 pm\n+1 202 555 0142\nWalk in before noon.\n"
    "https://www.example.org/clinic"
)


@pytest.fixture(autouse=True)
def _new_environment() -> Iterator[None]:
    entry_settings.cache_clear()
    yield
    entry_settings.cache_clear()


def event(operation: str = "create", body: object = REQUEST, **changes: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else base64.b64encode(json.dumps(body).encode()).decode()
    usual = {"operation": operation, "entryId": "", "ifMatch": "", "idempotencyKey": "", "body": text, "now": NOW}
    return usual | changes


def arranged(operation: str = "create", body: object = REQUEST, **changes: Any) -> dict[str, Any]:
    return {**arrange(event(operation, body, **changes), SETTINGS, lambda: ENTRY_ID)}


def stored(body: object = REQUEST) -> dict[str, Any]:
    found: dict[str, Any] = arranged(body=body)["transactItems"][0]["Put"]["Item"]
    return found


def update(action: str, key: str) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": "keywords",
            "Key": {"keyword": {"S": key}},
            "UpdateExpression": f"{action} entryIds :entry",
            "ExpressionAttributeValues": {":entry": {"Ss": [ENTRY_ID]}},
        }
    }


def test_arrange_entry_create_writes_entry_and_keywords() -> None:
    result = arranged()
    put, *links = result["transactItems"]
    assert put["Put"]["TableName"] == "directory"
    assert put["Put"]["ConditionExpression"] == "attribute_not_exists(entryId)"
    assert links == [update("ADD", "clinic"), update("ADD", "health center")]
    entry = {"entryId": ENTRY_ID, **REQUEST, "language": "en", "version": 1, "createdAt": NOW, "updatedAt": NOW}
    assert result["entry"] == json.loads(result["output"]["entry"]) == entry
    assert (result["etag"], result["status"]) == ('"1"', 201)
    assert {**result["output"], "entry": ""} == {"entry": "", "entryId": ENTRY_ID, "version": 1, "status": 201}
    validator("directory_entry")(entry)


def test_arrange_entry_item_has_what_lists_and_translations_need() -> None:
    kept = plain(stored())
    assert kept["list"] == "directory"
    assert kept["nameKey"] == f"main street clinic#{ENTRY_ID}"
    assert kept["words"] == "Monday to Friday, 8 am to 5 pm\nWalk in before noon."
    assert kept["keys"] == ["clinic", "health center"]
    assert "words" not in plain(stored({"name": "Library", "keywords": ["library"]}))


def test_arrange_entry_replace_changes_what_is_different() -> None:
    body = {"name": "Clinic", "keywords": ["CLINICS", "doctor"], "language": "es"}
    result = arranged("replace", body, entryId=ENTRY_ID, ifMatch="1", current=stored(), now="2026-11-22T08:00:00Z")
    put, *links = result["transactItems"]
    assert put["Put"]["ConditionExpression"] == "#version = :version"
    assert put["Put"]["ExpressionAttributeValues"] == {":version": {"N": "1"}}
    assert links == [update("ADD", "doctor"), update("DELETE", "health center")]
    assert result["entry"] == {
        **body,
        "entryId": ENTRY_ID,
        "version": 2,
        "createdAt": NOW,
        "updatedAt": "2026-11-22T08:00:00.000Z",
    }
    assert result["output"]["version"] == 2
    assert result["status"] == 200


def test_arrange_entry_replace_takes_away_keys_as_they_were_folded_then() -> None:
    current = {**stored(), "keys": {"L": [{"S": "clinic"}, {"S": "of another folding"}]}}
    result = arranged("replace", entryId=ENTRY_ID, ifMatch="1", current=current)
    assert result["transactItems"][1:] == [update("ADD", "health center"), update("DELETE", "of another folding")]


def test_arrange_entry_delete() -> None:
    result = arranged("delete", "", entryId=ENTRY_ID, ifMatch='"1"', current=stored())
    gone, *links = result["transactItems"]
    assert gone["Delete"]["Key"] == {"entryId": {"S": ENTRY_ID}}
    assert gone["Delete"]["ConditionExpression"] == "#version = :version"
    assert links == [update("DELETE", "clinic"), update("DELETE", "health center")]
    assert result["output"] == {"entry": "", "entryId": ENTRY_ID, "version": "", "status": 204}
    assert (result["entry"], result["etag"]) == (None, "")


KEY = "5b1f0c9e-8a44-4c4e-9d63-0f2a6f2f7d11"
KEYED_ID = "e422e284473c71019"


def test_arrange_entry_under_a_key_has_an_id_that_stays_the_same() -> None:
    first, second = arranged(idempotencyKey=KEY), arranged(idempotencyKey=KEY, now="2026-11-22T08:00:00Z")
    assert first["output"]["entryId"] == second["output"]["entryId"] == KEYED_ID
    assert arranged(idempotencyKey=KEY + "x")["output"]["entryId"] not in (KEYED_ID, ENTRY_ID)
    assert first["transactItems"][0]["Put"]["ConditionExpression"] == "attribute_not_exists(entryId)"
    assert "requestHash" not in stored()


@pytest.mark.parametrize(
    "again", [REQUEST, dict(reversed(REQUEST.items())), {**REQUEST, "name": f" {REQUEST['name']} "}]
)
def test_arrange_entry_sent_again_under_its_key_answers_what_is_there(again: dict[str, Any]) -> None:
    item = arranged(idempotencyKey=KEY)["transactItems"][0]["Put"]["Item"]
    changed = arranged("replace", {**REQUEST, "phone": "112"}, ifMatch="1", current=item)["transactItems"][0]["Put"]
    for current, version, phone in ((item, 1, REQUEST["phone"]), (changed["Item"], 2, "112")):
        result = arranged(body=again, idempotencyKey=KEY, current=current)
        assert result["transactItems"] == []
        assert result["output"] | {"entry": ""} == {"entry": "", "entryId": KEYED_ID, "version": version, "status": 200}
        entry = json.loads(result["output"]["entry"])
        assert (entry["phone"], entry["keywords"], entry["createdAt"]) == (phone, REQUEST["keywords"], NOW)
        validator("directory_entry")(entry)


def test_arrange_entry_refuses_another_entry_under_the_same_key() -> None:
    current = arranged(idempotencyKey=KEY)["transactItems"][0]["Put"]["Item"]
    with pytest.raises(KeyReused):
        arranged(body={**REQUEST, "name": "Library"}, idempotencyKey=KEY, current=current)
    with pytest.raises(KeyReused):
        arranged(idempotencyKey=KEY, current=stored())


@pytest.mark.parametrize("key", ["?", "a b", "x" * 81, "é", "a\n"])
def test_arrange_entry_refuses_a_key_that_is_none(key: str) -> None:
    with pytest.raises(InvalidEntry, match="Idempotency-Key has"):
        arranged(idempotencyKey=key)


@pytest.mark.parametrize("operation", ["replace", "delete"])
@pytest.mark.parametrize(
    ("if_match", "current", "error"),
    [
        ("", True, PreconditionRequired),
        ("", False, PreconditionRequired),
        ("1", False, NotFound),
        ("2", True, PreconditionFailed),
        ("0", True, PreconditionFailed),
        ('"2"', True, PreconditionFailed),
    ],
)
def test_arrange_entry_refuses_what_was_not_seen(
    operation: str, if_match: str, current: bool, error: type[Exception]
) -> None:
    with pytest.raises(error):
        arranged(operation, entryId=ENTRY_ID, ifMatch=if_match, current=stored() if current else {})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "not JSON"),
        ("%%%", "not JSON"),
        (base64.b64encode(b"[" * 100_000).decode(), "not JSON"),
        ([], "The body must be object"),
        ({**REQUEST, "name": " "}, "name"),
        ({**REQUEST, "name": "\u202e\u0007 "}, "name"),
        ({**REQUEST, "version": 1}, "version"),
        ({**REQUEST, "link": "javascript:alert(1)"}, "link"),
        ({**REQUEST, "text": "x" * 401}, "text"),
        ({**REQUEST, "keywords": []}, "keywords"),
        ({**REQUEST, "keywords": ["clinic", "where is the"]}, "Keyword 2 has only words"),
        ({**REQUEST, "keywords": ["the four words of clinic doctors"]}, "Keyword 1 has more than 3"),
    ],
)
def test_arrange_entry_invalid(body: object, told: str) -> None:
    with pytest.raises(InvalidEntry, match=told) as caught:
        arranged(body=body)
    assert "alert" not in str(caught.value)


def test_arrange_entry_cleans_what_was_pasted() -> None:
    body = {"name": " Main\n Street\u202e ", "keywords": ["clinic ", "Clinics", "doctor"], "text": " a\r\nb "}
    entry = arranged(body=body)["entry"]
    assert entry["name"] == "Main Street"
    assert entry["keywords"] == ["clinic", "doctor"]
    assert entry["text"] == "a\nb"


def test_arrange_entry_transaction_is_within_the_limit() -> None:
    before = {**REQUEST, "keywords": [f"before{number}x" for number in range(20)]}
    after = {**REQUEST, "keywords": [f"after{number}x" for number in range(20)]}
    assert len(arranged("replace", after, ifMatch="1", current=stored(before))["transactItems"]) == 41


@pytest.mark.parametrize(
    "wrong",
    [{}, event("rename", ifMatch="1", current=stored()), event(now="yesterday"), event(current={"version": "1"})],
)
def test_arrange_entry_machine_hands_over_something_else(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        arrange(wrong, SETTINGS, lambda: ENTRY_ID)


def found(**keywords: list[str]) -> list[dict[str, Any]]:
    return [{**item({"keyword": key.replace("_", " ")}), "entryIds": {"SS": ids}} for key, ids in keywords.items()]


@pytest.mark.parametrize(
    ("keywords", "best"),
    [
        ({}, []),
        ({"clinic": ["b", "a"]}, ["a", "b"]),
        ({"clinic": ["a"], "doctor": ["b"], "hour": ["b"]}, ["b", "a"]),
        ({"one_two_three": ["a"], "one": ["b"], "two": ["b"], "three": ["b"]}, ["a", "b"]),
        ({"clinic": ["d", "c", "b", "a"]}, ["a", "b", "c"]),
    ],
)
def test_choose_entries(keywords: dict[str, list[str]], best: list[str]) -> None:
    keys = [{"entryId": {"S": entry_id}} for entry_id in best]
    assert choose({"found": found(**keywords), "keys": []}) == {"entryIds": best, "keys": keys, "any": bool(best)}


def test_choose_entries_reads_sets_as_the_sdk_integrations_spell_them() -> None:
    items = [{"keyword": {"S": "clinic"}, "entryIds": {"Ss": ["a"]}}, {"keyword": {"S": "left by all"}}]
    assert choose({"found": items})["entryIds"] == ["a"]


@pytest.mark.parametrize("event", [{}, {"found": None}, {"found": [{}]}, {"found": [{"keyword": "clinic"}]}])
def test_choose_entries_of_something_else(event: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        choose(event)


def entry(**changes: Any) -> dict[str, Any]:
    return {"entryId": ENTRY_ID, **REQUEST, "language": "en", **changes}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in entry().items() if name not in names}


@pytest.mark.parametrize(
    ("of", "words", "told"),
    [
        (entry(), "", TOLD),
        (entry(), "De lunes\nSin cita.", TOLD.replace(str(HOURS), "De lunes").replace(str(TEXT), "Sin cita.")),
        (entry(), "De lunes. Sin cita.", TOLD.replace(str(HOURS), "De lunes. Sin cita.").replace(f"{TEXT}\n", "")),
        (without("hours", "phone", "link"), "Sin\ncita.", "Main Street Clinic\n5 Main Street\nSin\ncita."),
        (without("text", "link"), " De lunes ", "Main Street Clinic\n5 Main Street\nDe lunes\n+1 202 555 0142"),
        (without("text", "hours", "link", "phone", "address"), "ignored", "Main Street Clinic"),
    ],
)
def test_entry_text(of: dict[str, Any], words: str, told: str) -> None:
    assert entry_text(of, words) == told


def test_words_of_is_what_entry_text_puts_in_place() -> None:
    assert entry_text(entry(), words_of(entry())) == entry_text(entry())


LINES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=170)


@given(st.lists(LINES, min_size=1, max_size=3), LINES, st.text(max_size=1200), st.booleans())
def test_answer_text_is_bounded_and_begins_with_the_best(names: list[str], text: str, words: str, same: bool) -> None:
    entries = [entry(entryId=str(at), name=f"n{name}", text=text * 3) for at, name in enumerate(names)]
    answer = answer_text(entries, {} if same else {"0": words})
    assert 0 < len(answer) <= MAX_ANSWER
    assert answer.startswith(entries[0]["name"])


def test_answer_text_cuts_text_before_anything_else() -> None:
    answer = answer_text([entry(text="word " * 300)], {})
    assert len(answer) <= MAX_ANSWER
    assert answer.endswith("…\nhttps://www.example.org/clinic")


def test_answer_text_leaves_out_what_has_no_room() -> None:
    answer = answer_text([entry(text="x" * 800), entry(name="Second")], {})
    assert "Second" not in answer
    assert answer_text([entry(), entry(name="Second")], {}).count("\n\n") == 1


def asked(**changes: Any) -> dict[str, Any]:
    answer = [{"entryId": ENTRY_ID, "text": "De lunes a viernes\nSin cita.", "language": "es", "error": "None"}]
    return {"looked": True, "entryIds": [ENTRY_ID], "entries": [stored()], "answer": answer, **changes}


def test_report_keeps_what_the_directory_knew() -> None:
    result = composed(directory=asked())
    section = report_of(result)["directory"]
    assert section["state"] == "found"
    assert section["entries"] == [{name: value for name, value in entry().items() if name != "keywords"}]
    assert "De lunes a viernes" in section["answer"]
    assert event_of(result)["directoryText"] == section["answer"]
    validator("report")(report_of(result))


@pytest.mark.parametrize(
    ("of", "state"),
    [
        ({}, "not-asked"),
        ({"looked": False}, "not-asked"),
        ({"looked": True, "failed": True, "error": "DynamoDb.Oops", "entries": [], "answer": []}, "failed"),
        (asked(failed=True), "failed"),
        ({"looked": True, "entries": [], "answer": []}, "none"),
    ],
)
def test_report_of_a_message_without_entries(of: dict[str, Any], state: str) -> None:
    result = composed(directory=of)
    assert report_of(result)["directory"] == {"state": state, "entries": [], "answer": ""}
    assert event_of(result)["directoryText"] == ""


def test_directory_entries_are_in_the_order_they_were_chosen_in() -> None:
    entries = [entry(), entry(entryId=OTHER_ID, name="Second")]
    section = directory(asked(entryIds=[OTHER_ID, ENTRY_ID], entries=entries, answer=[]))
    assert [found["entryId"] for found in section["entries"]] == [OTHER_ID, ENTRY_ID]
    assert section["answer"].startswith("Second")


@pytest.mark.parametrize("letter", ["x", "漢", "😀", '"', "\\"])
def test_directory_section_is_bounded(letter: str) -> None:
    huge = {"name": letter * 80, "address": letter * 160, "hours": letter * 160, "text": letter * 400}
    entries = [entry(entryId=f"e{at:016x}", phone=letter * 40, **huge) for at in range(3)]
    section: Directory = directory({"looked": True, "entries": entries})
    assert len(json_text(json_text(section)).encode()) <= MAX_SECTION
    assert [found["name"] for found in section["entries"]] == [letter * 80] * 3
    assert section["answer"]


@pytest.mark.parametrize("wrong", [{"looked": True}, asked(entries=[{}]), asked(answer=[{}]), asked(entries=[None])])
def test_report_of_something_else(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidReport):
        composed(directory=wrong)


@pytest.mark.parametrize(
    ("of", "shown"),
    [
        (asked(), {"state": "found", "entries": [{"entryId": ENTRY_ID, "name": "Main Street Clinic"}]}),
        ({"looked": True, "entries": []}, {"state": "none", "entries": []}),
        ({"looked": True, "failed": True}, {"state": "failed", "entries": []}),
        ({}, None),
    ],
)
def test_frame_names_what_was_found(of: dict[str, Any], shown: object) -> None:
    frame = message_frame(composed(directory=of)["reportItem"], "en")
    assert frame.get("directory") == shown
    validator("frames/message")(frame)


def test_frame_of_a_report_from_before_there_was_a_directory() -> None:
    kept = {name: value for name, value in composed()["reportItem"].items() if name != "directory"}
    assert "directory" not in message_frame(kept, "en")


def test_handlers_return_what_the_machines_take(capsys: pytest.CaptureFixture[str]) -> None:
    written = arrange_entry(event(), context())
    assert written["output"]["status"] == 201
    assert written["transactItems"][0]["Put"]["TableName"] == "dragoman-directory"
    assert arrange_keywords({"text": "Clinic"}, context())["any"]
    assert not choose_entries({"found": []}, context())["any"]
    text = capsys.readouterr().out
    assert not any(word in text for word in ("202 555", "Main Street", "linic"))


def test_arrange_entry_new_ids_differ() -> None:
    ids = {arrange_entry(event(), context())["output"]["entryId"] for _ in range(5)}
    assert len(ids) == 5


def test_arrange_entry_refusals_are_counted_and_nothing_sent_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidEntry, match="surprise"):
        arrange_entry(event(body={**REQUEST, "surprise": 1}), context())
    text = capsys.readouterr().out
    assert '"EntriesInvalid":[1.0]' in text.replace(" ", "")
    assert "surprise" not in text
