"""Runs every case on every engine and judges the outcome, the path, the requests and the events."""

import functools
import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from infra.local.sfn.definitions import walk
from infra.local.sfn.judge import Task, definition_problems
from infra.local.sfn.mocks import Throw
from tests.statemachines import cases, engines, runs
from tests.statemachines.matching import blur_times, differences

ORDINARY_BYTES = 64 * 1024
"""What a state's input or output stays under for any message; Step Functions allows 256 KiB."""

CASES = cases.all_cases()
MACHINES = sorted(cases.machines())


def tasks_of(machine: str) -> dict[str, Task]:
    """Return the machine's Task states by name."""
    states = walk(json.loads(cases.machines()[machine].definition))
    return {name: Task(state["Resource"]) for name, state in states if state["Type"] == "Task"}


@pytest.mark.parametrize("engine", engines.ENGINES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_has_expected_outcome(case: cases.Case, engine: str) -> None:
    done, expected = runs.account(case, engine), case.expected
    assert (done.status, done.error) == (expected["status"], expected.get("error")), done.cause
    assert done.problems == []
    assert differences(expected.get("output"), done.output) == []
    if "cause" in expected:
        assert done.cause == expected["cause"]


@pytest.mark.parametrize("engine", engines.ENGINES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_takes_expected_path(case: cases.Case, engine: str) -> None:
    assert runs.account(case, engine).path == case.expected["path"]


@pytest.mark.parametrize("engine", engines.ENGINES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_sends_expected_requests(case: cases.Case, engine: str) -> None:
    done = runs.account(case, engine)
    wanted = case.expected.get("requests", {})
    assert [line for state in wanted for line in differences(wanted[state], done.requests_of(state), state)] == []


@pytest.mark.parametrize("engine", [engine for engine in engines.ENGINES if engine != "strict"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_engine_agrees_with_strict_state_by_state(case: cases.Case, engine: str) -> None:
    judge, other = runs.account(case, "strict"), runs.account(case, engine)
    for what in ("entered", "requests", "results", "exited"):
        assert blur_times(getattr(other, what)) == blur_times(getattr(judge, what)), what


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_sends_what_the_services_take(case: cases.Case) -> None:
    tasks = tasks_of(case.machine)
    requests = runs.account(case, "strict").requests
    assert [f"{state}: {line}" for state, sent in requests for line in tasks[state].request_problems(sent)] == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_puts_events_that_match_their_schemas(case: cases.Case) -> None:
    tasks = tasks_of(case.machine)
    for state, sent in runs.account(case, "strict").requests:
        if tasks[state].resource == "events:putEvents":
            assert [line for entry in sent["Entries"] for line in event_problems(entry)] == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_keeps_payloads_small(case: cases.Case) -> None:
    assert largest_payload(runs.account(case, "strict")) < ORDINARY_BYTES


@pytest.mark.parametrize("machine", MACHINES)
def test_definition_asks_for_what_exists(machine: str) -> None:
    shipped = cases.machines()[machine]
    assert definition_problems(json.loads(shipped.definition), shipped.type) == []


@pytest.mark.parametrize("machine", MACHINES)
def test_mocks_are_possible_answers(machine: str) -> None:
    tasks = tasks_of(machine)
    book = cases.book()
    for case, states in book.cases[machine].items():
        assert set(states) <= set(tasks), f"{case} mocks what is no task"
        for state, response in states.items():
            answers = [answer for answer in book.responses[response] if not _from_function(tasks[state], answer)]
            problems = [line for answer in answers for line in tasks[state].answer_problems(answer)]
            assert problems == [], f"{case}: {state}: {response}"


@pytest.mark.parametrize("machine", MACHINES)
def test_every_case_has_mocks_and_expectations(machine: str) -> None:
    expected = {case.name for case in CASES if case.machine == machine}
    assert expected == set(cases.book().cases.get(machine, {}))


@pytest.mark.parametrize("machine", MACHINES)
def test_cases_take_every_state_and_transition(machine: str) -> None:
    assert runs.covered(machine).missing() == []


def event_problems(entry: dict[str, Any]) -> list[str]:
    """Return what is wrong with a PutEvents entry: its detail type has no schema, or the detail does not match it."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", entry["DetailType"]).lower()
    file = cases.ROOT / "schemas" / "events" / f"{name}.json"
    if entry["Source"] != "dragoman" or not file.exists():
        return [f"{entry['Source']}/{entry['DetailType']} has no schema"]
    detail = json.loads(entry["Detail"]) if isinstance(entry["Detail"], str) else entry["Detail"]
    validator = Draft202012Validator(json.loads(file.read_text("utf-8")), registry=schemas())
    return [f"{name}{error.json_path[1:]}: {error.message}" for error in validator.iter_errors(detail)]


@functools.cache
def schemas() -> Registry[Any]:
    """Return all schemas by their $id, so that they can refer to one another."""
    documents = [json.loads(file.read_text("utf-8")) for file in (cases.ROOT / "schemas").glob("**/*.json")]
    named = [(document["$id"], Resource.from_contents(document)) for document in documents if "$id" in document]
    return Registry().with_resources(named)


def largest_payload(done: engines.Account) -> int:
    """Return the bytes of the largest input, request, result or output of an execution."""
    values = [value for _, value in [*done.entered, *done.requests, *done.results, *done.exited]]
    return max(len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()) for value in values)


def _from_function(task: Task, answer: Any) -> bool:
    return task.resource == "lambda:invoke" and isinstance(answer, Throw) and "." not in answer.error
