"""The directory as it is used: entries written, and found by messages. The machines run on the engine of ``make run``
with our functions' own logic, DynamoDB is moto's, Translate knows a few words.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from arrange_entry.logic import arrange as arrange_entry
from arrange_entry.settings import Settings
from arrange_keywords.logic import arrange as arrange_keywords
from choose_entries.logic import choose as choose_entries
from compose_report.logic import compose_all
from dragoman.errors import DragomanError
from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import StateError
from tests.statemachines import cases
from tests.statemachines.worlds import Call, Json, ask, empty, run, tables

DIRECTORY, KEYWORDS = "dragoman-directory", "dragoman-directory-keywords"
KEYS = {DIRECTORY: "entryId", KEYWORDS: "keyword"}
SPANISH = {"Open from 9 to 5": "Abierta de 9 a 5", "Where is the clinic?": "¿Dónde está la clínica?"}
CLINIC = {
    "name": "Clinic",
    "keywords": ["clinic", "health centre"],
    "address": "5 Main Street",
    "hours": "Open from 9 to 5",
}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class World:
    """The tables of the directory, our functions, Translate, and what messages became."""

    def __init__(self, dynamodb: Any) -> None:
        """Begin with empty tables."""
        self.dynamodb = dynamodb
        self.throttled = False
        self.ids = (f"e{number:016x}" for number in itertools.count(1))
        empty(dynamodb, KEYS)

    def call(self, task: engine.TaskCall) -> Any:
        name = task.resource.removeprefix("arn:aws:states:::")
        if name == "lambda:invoke":
            return self._invoke(task.parameters["FunctionName"].rpartition(":dragoman-")[2], task.parameters["Payload"])
        if name == "aws-sdk:translate:translateText":
            return {"TranslatedText": SPANISH[task.parameters["Text"]]}
        if name == "aws-sdk:sfn:startSyncExecution":
            return {
                "Status": "SUCCEEDED",
                "Output": json.dumps(translated(json.loads(task.parameters["Input"])["text"])),
            }
        if not uses_directory(task.parameters):
            return {"Items": []} if name.endswith(":query") else {}  # nobody was asked anything
        if self.throttled:
            raise StateError("DynamoDb.ThrottlingException", "mocked")
        return ask(self.dynamodb, task)

    def _invoke(self, function: str, payload: Json) -> Json:
        settings = Settings(DIRECTORY, KEYWORDS, "en")
        functions: dict[str, Callable[[Json], Any]] = {
            "arrange-entry": lambda event: arrange_entry(event, settings, lambda: next(self.ids)),
            "arrange-keywords": arrange_keywords,
            "choose-entries": choose_entries,
            "compose-report": lambda event: compose_all(event, 90, NOW),
        }
        try:
            return {"StatusCode": 200, "Payload": json.loads(json.dumps(functions[function](payload)))}
        except DragomanError as error:
            cause = {"errorMessage": str(error), "errorType": type(error).__name__}
            raise StateError(type(error).__name__, json.dumps(cause)) from error

    def write(
        self,
        operation: str,
        entry: Json | None = None,
        entry_id: str = "",
        seen: str = "",
        *,
        call: Call | None = None,
        key: str = "",
    ) -> Any:
        """What the machine directory answers: its output, or the name of its error."""
        body = base64.b64encode(json.dumps(entry).encode()).decode() if entry else ""
        given = {"operation": operation, "entryId": entry_id, "ifMatch": seen, "idempotencyKey": key, "body": body}
        try:
            return run("directory", given, call or self.call)
        except StateError as error:
            return error.error

    def ask(self, text: str) -> tuple[Json, str]:
        """A message in Spanish: its report's section on the directory, and what the answer gets of it."""
        composed: list[Json] = []

        def call(task: engine.TaskCall) -> Any:
            answer = self.call(task)
            if task.resource.endswith("lambda:invoke") and "reportItem" in answer["Payload"]:
                composed.append(answer["Payload"]["reportItem"])
            return answer

        document = json.loads((cases.HERE / "message.cases.json").read_text("utf-8"))
        given = copy.deepcopy(document["inputs"]["spanish"])
        given[0]["message"] |= {"text": text, "textLength": len(text)}
        run("message", given, call)
        (item,) = composed
        return json.loads(item["directory"]["S"]), json.loads(item["event"]["S"])["directoryText"]


def uses_directory(parameters: Json) -> bool:
    return DIRECTORY in json.dumps(parameters)


def translated(text: str) -> Json:
    """What the machine translate answers to Spanish for a desk that reads English first."""
    english = {spanish: english for english, spanish in SPANISH.items()}
    translations = [{"language": "en", "status": "translated", "text": english.get(text, text)}]
    language = {"code": "es", "confidence": 0.98, "method": "comprehend"}
    return {"language": language, "translations": translations, "detectedAt": "2026-11-21T10:49:17.700Z"}


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    yield from tables(KEYS)


@pytest.fixture
def world(dynamodb: Any) -> World:
    return World(dynamodb)


def test_question_is_answered_with_the_entry_in_the_senders_language(world: World) -> None:
    written = world.write("create", CLINIC)
    assert (written["version"], written["status"]) == (1, 201)
    section, answer = world.ask("¿Dónde está la clínica?")
    assert (section["state"], [entry["entryId"] for entry in section["entries"]]) == ("found", [written["entryId"]])
    assert answer == "Clinic\n5 Main Street\nAbierta de 9 a 5"


def test_question_that_the_directory_does_not_know_gets_nothing(world: World) -> None:
    world.write("create", {**CLINIC, "keywords": ["pharmacy"]})
    section, answer = world.ask("¿Dónde está la clínica?")
    assert (section["state"], section["entries"], answer) == ("none", [], "")


def test_look_up_that_fails_leaves_a_report_that_says_so(world: World) -> None:
    world.write("create", CLINIC)
    world.throttled = True
    section, answer = world.ask("¿Dónde está la clínica?")
    assert (section["state"], answer) == ("failed", "")


def test_changed_keywords_lead_to_the_entry_and_the_old_ones_no_longer(world: World) -> None:
    entry_id = world.write("create", {**CLINIC, "keywords": ["surgery"]})["entryId"]
    assert world.ask("¿Dónde está la clínica?")[0]["state"] == "none"
    assert world.write("replace", CLINIC, entry_id, "1")["version"] == 2
    assert world.ask("¿Dónde está la clínica?")[0]["state"] == "found"
    assert world.write("replace", {**CLINIC, "keywords": ["surgery"]}, entry_id, "2")["version"] == 3
    assert world.ask("¿Dónde está la clínica?")[0]["state"] == "none"


def test_deleted_entry_is_not_found_any_more(world: World) -> None:
    entry_id = world.write("create", CLINIC)["entryId"]
    assert world.write("delete", None, entry_id, "1") == {
        "entry": "",
        "entryId": entry_id,
        "version": "",
        "status": 204,
    }
    assert world.ask("¿Dónde está la clínica?")[0]["state"] == "none"
    assert world.write("delete", None, entry_id, "1") == "NotFound"


@pytest.mark.parametrize("operation", ["replace", "delete"])
def test_editor_who_saw_an_older_version_overwrites_nothing(world: World, operation: str) -> None:
    entry_id = world.write("create", CLINIC)["entryId"]
    world.write("replace", {**CLINIC, "name": "First"}, entry_id, "1")
    assert world.write(operation, {**CLINIC, "name": "Second"}, entry_id, "1") == "PreconditionFailed"
    assert world.write(operation, {**CLINIC, "name": "Second"}, entry_id, "") == "PreconditionRequired"
    item = world.dynamodb.get_item(TableName=DIRECTORY, Key={"entryId": {"S": entry_id}})["Item"]
    assert (item["name"]["S"], item["version"]["N"]) == ("First", "2")


def test_of_two_editors_at_once_one_is_told_that_the_other_was_quicker(world: World) -> None:
    entry_id = world.write("create", CLINIC)["entryId"]

    def overtaken(task: engine.TaskCall) -> Any:
        if task.resource.endswith(":transactWriteItems"):
            assert world.write("replace", {**CLINIC, "name": "Quicker"}, entry_id, "1")["version"] == 2
        return world.call(task)

    changed = {**CLINIC, "name": "Slower", "keywords": ["slow"]}
    assert world.write("replace", changed, entry_id, "1", call=overtaken) == "PreconditionFailed"
    item = world.dynamodb.get_item(TableName=DIRECTORY, Key={"entryId": {"S": entry_id}})["Item"]
    assert item["name"]["S"] == "Quicker"
    assert "Item" not in world.dynamodb.get_item(TableName=KEYWORDS, Key={"keyword": {"S": "slow"}})


def entries(world: World) -> list[Json]:
    return list(world.dynamodb.scan(TableName=DIRECTORY)["Items"])


def test_entry_whose_answer_was_lost_is_sent_again_and_is_one(world: World) -> None:
    first = world.write("create", CLINIC, key="once")
    assert first["status"] == 201
    again = world.write("create", CLINIC, key="once")
    assert again["status"] == 200
    assert json.loads(again["entry"]) == json.loads(first["entry"])
    assert len(entries(world)) == 1
    assert world.write("create", {**CLINIC, "name": "Library"}, key="once") == "Conflict"
    assert world.write("create", CLINIC, key="twice")["status"] == world.write("create", CLINIC)["status"] == 201
    assert len(entries(world)) == 3
    assert world.write("create", CLINIC, key="no key!") == "BadRequest"


def test_entry_sent_again_is_answered_as_it_is_now_and_written_anew_when_it_is_gone(world: World) -> None:
    entry_id = world.write("create", CLINIC, key="once")["entryId"]
    world.write("replace", {**CLINIC, "name": "Health centre"}, entry_id, "1")
    again = world.write("create", CLINIC, key="once")
    assert (again["entryId"], again["version"], again["status"]) == (entry_id, 2, 200)
    assert json.loads(again["entry"])["name"] == "Health centre"
    world.write("delete", None, entry_id, "2")
    assert world.write("create", CLINIC, key="once")["status"] == 201
    assert world.ask("¿Dónde está la clínica?")[0]["state"] == "found"


def test_of_two_saves_at_once_under_one_key_one_makes_the_entry(world: World) -> None:
    def overtaken(task: engine.TaskCall) -> Any:
        if task.resource.endswith(":transactWriteItems"):
            assert world.write("create", CLINIC, key="once")["status"] == 201
        return world.call(task)

    assert world.write("create", CLINIC, call=overtaken, key="once")["status"] == 200
    assert len(entries(world)) == 1


def test_request_that_is_no_entry_is_refused(world: World) -> None:
    assert world.write("create", {"name": "Clinic"}) == "BadRequest"
