"""Executions on the strict interpreter."""

import json
import threading
import time
from typing import Any

import pytest

from infra.local.sfn import mocks, strict
from tests.unit.local.sfn import toy

INTERPRETER = strict.Interpreter()
NO_CASE = mocks.CaseRun("other", "", None)


def run(case: str) -> strict.Execution:
    return INTERPRETER.run(toy.MACHINE, toy.book().run("toy", case), '{"text": "uno dos"}')


def run_states(states: dict[str, Any], **answers: mocks.Answer) -> strict.Execution:
    case = mocks.CaseRun("other", "case", {state: (answer,) for state, answer in answers.items()})
    return INTERPRETER.run(toy.machine(states), case)


def task(resource: str = "arn:aws:states:::dynamodb:getItem", **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Parameters": {"TableName": "t", "Key": {}}, "End": True, **fields}


def test_run_retries_then_goes_on_and_catches_inside_a_map() -> None:
    execution = run("Happy")
    assert execution.status == "SUCCEEDED"
    translated = [{"text": "one"}, {"error": "Translate.InternalServerException"}]
    assert json.loads(execution.output or "") == {"translated": translated}
    assert execution.run.problems == []
    assert execution.run.unused() == []


def test_run_skips_waits_and_retry_intervals() -> None:
    began = time.monotonic()
    run("Happy")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("NeverCalled", "Lambda.ServiceException"),
        ("Throttled", "States.Http.StatusCode.429"),
        ("Refused", "Refused"),
        ("Moved", "Refused"),
    ],
)
def test_run_fails_with_the_machines_error(case: str, error: str) -> None:
    execution = run(case)
    assert (execution.status, execution.error) == ("FAILED", error)


def test_run_without_a_mock_fails_even_where_the_machine_catches_everything() -> None:
    execution = run("NoMock")
    assert (execution.status, execution.error) == ("FAILED", strict.MOCK_ERROR)
    assert execution.cause == "case 'NoMock' of 'toy' has no mock for state 'Translate'"


def test_run_with_too_few_mocks_fails() -> None:
    assert run("TooFewMocks").cause == "case 'TooFewMocks' of 'toy' answers state 'Translate' 1 time(s), not [1]"


def test_run_without_a_case_says_how_to_choose_one() -> None:
    execution = INTERPRETER.run(toy.machine({"A": task()}), mocks.CaseRun("other", "", None))
    assert "no case was chosen" in str(execution.cause)


def test_run_keeps_an_error_of_the_optimised_dynamodb_integration() -> None:
    states = {
        "A": task(Catch=[{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "B"}]),
        "B": {"Type": "Succeed"},
    }
    execution = run_states(states, A=mocks.Throw("DynamoDB.ConditionalCheckFailedException", "refused"))
    assert json.loads(execution.output or "") == {
        "Error": "DynamoDB.ConditionalCheckFailedException",
        "Cause": "refused",
    }


@pytest.mark.parametrize("error", ["States.Runtime", "States.DataLimitExceeded"])
@pytest.mark.parametrize("wildcard", ["States.ALL", "States.TaskFailed"])
def test_run_does_not_catch_terminal_errors_by_wildcard(error: str, wildcard: str) -> None:
    states = {"A": task(Catch=[{"ErrorEquals": [wildcard], "Next": "B"}]), "B": {"Type": "Succeed"}}
    assert run_states(states, A=mocks.Throw(error, "")).error == error


def test_run_matches_a_timeout_by_all_but_not_by_task_failed() -> None:
    catches = [{"ErrorEquals": ["States.TaskFailed"], "Next": "B"}, {"ErrorEquals": ["States.ALL"], "Next": "C"}]
    states = {"A": task(Catch=catches), "B": {"Type": "Fail", "Error": "wrong"}, "C": {"Type": "Succeed"}}
    assert run_states(states, A=mocks.Throw("States.Timeout", "")).status == "SUCCEEDED"


def test_run_fails_on_a_path_that_is_not_there() -> None:
    execution = run_states({"A": {"Type": "Pass", "Parameters": {"x.$": "$.nowhere"}, "End": True}})
    assert execution.error == "States.Runtime"
    assert "$.nowhere" in str(execution.cause)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.list[0].n", 1),
        ("$.list[1]", {"n": 2}),
        ("$.list[*].n", [1, 2]),
        ("$.one[*].n", [1]),
        ("$.list[0:1]", [{"n": 1}]),
        ("$.list[?(@.n > 1)].n", [2]),
        ("$..n", [1, 2, 1]),
    ],
)
def test_run_selects_one_value_or_a_list_as_the_path_says(path: str, expected: Any) -> None:
    states = {
        "A": {"Type": "Pass", "Result": {"list": [{"n": 1}, {"n": 2}], "one": [{"n": 1}]}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"x.$": path}, "End": True},
    }
    assert json.loads(run_states(states).output or "") == {"x": expected}


def test_run_writes_json_text_in_utf8() -> None:
    states = {
        "A": {"Type": "Pass", "Result": {"text": "مرحبا 🙂"}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"x.$": "States.JsonToString($)"}, "End": True},
    }
    assert json.loads(run_states(states).output or "") == {"x": '{"text":"مرحبا 🙂"}'}


def test_run_counts_the_payload_limit_in_utf8_bytes() -> None:
    answer = mocks.Return({"Item": {"text": {"S": "🙂" * 60_000}}})
    assert run_states({"A": task()}, A=answer).status == "SUCCEEDED"
    answer = mocks.Return({"Item": {"text": {"S": "🙂" * 70_000}}})
    assert run_states({"A": task()}, A=answer).error == "States.DataLimitExceeded"


def test_run_writes_context_times_as_aws_does() -> None:
    paths = {"entered.$": "$$.State.EnteredTime", "started.$": "$$.Execution.StartTime"}
    output = json.loads(run_states({"A": {"Type": "Pass", "Parameters": paths, "End": True}}).output or "")
    assert {len(moment) for moment in output.values()} == {len("2026-11-21T11:06:04.123Z")}
    assert all(moment.endswith("Z") for moment in output.values())


def test_run_that_hangs_is_stopped_and_tells_its_history() -> None:
    loop = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}
    with pytest.raises(strict.ExecutionHangsError, match=r"did not end within 0\.2 s(.|\n)*PassStateEntered"):
        INTERPRETER.run(toy.machine(loop), mocks.CaseRun("other", "", None), bound=0.2)


def test_program_refuses_a_definition_that_the_grammar_refuses() -> None:
    with pytest.raises(strict.InvalidDefinitionError):
        INTERPRETER.program(toy.machine({"A": {"Type": "Pass", "Nxt": "B"}}))


def test_program_refuses_an_integration_that_does_not_exist() -> None:
    with pytest.raises(strict.InvalidDefinitionError):
        INTERPRETER.program(toy.machine({"A": task("arn:aws:states:::http:call")}))


@pytest.mark.parametrize("text", ["{", '"' + "x" * strict.MAX_INPUT_BYTES + '"'])
def test_start_refuses_input_that_is_no_json_or_too_big(text: str) -> None:
    with pytest.raises(ValueError, match=r"bytes|Expecting"):
        INTERPRETER.start(toy.MACHINE, NO_CASE, text)


def test_executions_in_parallel_do_not_disturb_one_another() -> None:
    before = threading.active_count()
    executions = [INTERPRETER.start(toy.MACHINE, toy.book().run("toy", "Happy")) for _ in range(20)]
    assert all(execution.done.wait(20) for execution in executions)
    assert {execution.output for execution in executions} == {run("Happy").output}
    assert threading.active_count() < before + 20
