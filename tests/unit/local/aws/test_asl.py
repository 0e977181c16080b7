"""The interpreter by itself: paths, intrinsic functions, choice rules, data flow, retries, limits."""

import threading
import time
from collections import deque
from typing import Any

import pytest

from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import ExecutionStopped, ExecutionTimedOut, StateError, matches
from infra.local.aws.asl.mocks import Mocks
from infra.local.aws.asl.paths import InvalidPath, compile_path

DOCUMENT: dict[str, Any] = {
    "a": {"b": [1, 2, 3], "c d": 5, "n": None},
    "list": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "x", "v": 3}],
    "s": "text",
    "num": 1.5,
    "t": True,
    "empty": [],
    "when": "2026-01-01T00:00:00Z",
}


def run(
    definition: dict[str, Any], given: Any = DOCUMENT, invoke: Any = None, seconds: float = 5, **fields: Any
) -> Any:
    if "StartAt" not in definition:
        definition = {"StartAt": "Only", "States": {"Only": {"End": True, **definition}}}
    execution = engine.Execution(
        arn="arn:execution",
        name="one",
        input=given,
        machine_arn="arn:machine",
        machine_name="machine",
        role_arn="arn:role",
        invoke=invoke or (lambda call: call.parameters),
        deadline=time.monotonic() + seconds,
        wait_scale=0.0,
        **fields,
    )
    return engine.run(definition, execution)


def value(expression: str) -> Any:
    return run({"Type": "Pass", "Parameters": {"value.$": expression}})["value"]


def failure(definition: dict[str, Any], given: Any = DOCUMENT, **fields: Any) -> StateError:
    with pytest.raises(StateError) as raised:
        run(definition, given, **fields)
    return raised.value


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.a.b", [1, 2, 3]),
        ("$.a.b[0]", 1),
        ("$.a.b[-1]", 3),
        ("$.a.b[0:2]", [1, 2]),
        ("$.a.b[1:]", [2, 3]),
        ("$.a.b[*]", [1, 2, 3]),
        ("$.a['c d']", 5),
        ("$['s']", "text"),
        ("$.a.n", None),
        ("$.list[*].k", ["x", "y", "x"]),
        ("$.list[0,2].v", [1, 3]),
        ("$..k", ["x", "y", "x"]),
        ("$.list[?(@.k=='x')].v", [1, 3]),
        ("$.list[?(@.k == 'x' && @.v > 1)].v", [3]),
        ("$.list[?(@.k == 'y' || !(@.v < 3))].v", [2, 3]),
        ("$.list[?(@.v >= $.num)].v", [2, 3]),
        ("$.list[?(@.missing)]", []),
        ("$.list[?(@.k=='none')]", []),
        ("$.empty[*]", []),
        ("$$.StateMachine.Name", "machine"),
        ("$$.State.Name", "Only"),
    ],
)
def test_path_selects(path: str, expected: Any) -> None:
    assert value(path) == expected


@pytest.mark.parametrize("path", ["$.missing", "$.a.missing.more", "$.a.b[9]", "$$.Map.Item"])
def test_missing_path_is_a_runtime_error(path: str) -> None:
    error = failure({"Type": "Pass", "Parameters": {"field.$": path}})
    assert error.error == "States.Runtime"
    assert "specified for the field 'field.$' could not be found" in str(error.cause)


@pytest.mark.parametrize("path", ["a.b", "$.", "$.a[", "$.a.b.length()", "$.list[?(@.v >)]"])
def test_text_that_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidPath):
        compile_path(path)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("States.Format('x {} y {}', $.s, 5)", "x text y 5"),
        (r"States.Format('it\'s \{\} {}', $.s)", "it's {} text"),
        ("States.Format('{} {} {}', $.t, null, $.num)", "true null 1.5"),
        ("States.Array(1, 'a, (b)', true, null, $.s)", [1, "a, (b)", True, None, "text"]),
        ("States.ArrayContains($.list[*].k, 'y')", True),
        ("States.ArrayContains($.a.b, true)", False),
        ("States.ArrayGetItem(States.StringSplit($.when, ':'), 0)", "2026-01-01T00"),
        ("States.ArrayLength($.a.b)", 3),
        ("States.ArrayPartition($.a.b, 2)", [[1, 2], [3]]),
        ("States.ArrayRange(1, 9, 4)", [1, 5, 9]),
        ("States.ArrayUnique($.list[*].k)", ["x", "y"]),
        ("States.Base64Encode('¿qué?')", "wr9xdcOpPw=="),
        ("States.Base64Decode('wr9xdcOpPw==')", "¿qué?"),
        ("States.Hash('text', 'SHA-1')", "372ea08cab33e71c02c651dbc83a474d32c676ea"),
        ("States.JsonMerge($.a, $.list[0], false)", {"b": [1, 2, 3], "c d": 5, "n": None, "k": "x", "v": 1}),
        ("States.JsonToString($.list[0])", '{"k":"x","v":1}'),
        ("States.StringToJson('{\"a\": 1}')", {"a": 1}),
        ("States.MathAdd(1, -3)", -2),
        ("States.StringSplit('a,b;;c', ',;')", ["a", "b", "c"]),
    ],
)
def test_intrinsic_function_gives(expression: str, expected: Any) -> None:
    assert value(expression) == expected


def test_random_and_unique_values_are_in_range() -> None:
    assert 1 <= value("States.MathRandom(1, 9)") < 9
    assert value("States.MathRandom(1, 1000, 7)") == value("States.MathRandom(1, 1000, 7)")
    assert value("States.UUID()") != value("States.UUID()")


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("States.Format('{} {}', $.s)", "States.IntrinsicFailure"),
        ("States.ArrayGetItem($.a.b, 7)", "States.IntrinsicFailure"),
        ("States.ArrayLength($.s)", "States.IntrinsicFailure"),
        ("States.ArrayRange(1, 5000, 1)", "States.IntrinsicFailure"),
        ("States.ArrayPartition($.a.b, 0)", "States.IntrinsicFailure"),
        ("States.Hash($.s, 'NONE')", "States.IntrinsicFailure"),
        ("States.JsonMerge($.a, $.a, true)", "States.IntrinsicFailure"),
        ("States.StringToJson('no')", "States.IntrinsicFailure"),
        ("States.MathAdd('1', 1)", "States.IntrinsicFailure"),
        ("States.Format('{}', $.missing)", "States.Runtime"),
        ("States.Nothing(1)", "States.Runtime"),
        ("States.Array(1", "States.Runtime"),
    ],
)
def test_intrinsic_function_fails(expression: str, error: str) -> None:
    assert failure({"Type": "Pass", "Parameters": {"value.$": expression}}).error == error


def choose(rule: dict[str, Any]) -> Any:
    states: dict[str, Any] = {
        "Which": {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": True, "End": True},
        "No": {"Type": "Pass", "Result": False, "End": True},
    }
    return run({"StartAt": "Which", "States": states})


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"Variable": "$.s", "StringEquals": "text"}, True),
        ({"Variable": "$.s", "StringMatches": "t*t"}, True),
        ({"Variable": "$.s", "StringMatches": r"t\*t"}, False),
        ({"Variable": "$.s", "StringLessThan": "z"}, True),
        ({"Variable": "$.s", "StringEqualsPath": "$.list[0].k"}, False),
        ({"Variable": "$.s", "NumericEquals": 1}, False),
        ({"Variable": "$.num", "NumericGreaterThanEquals": 1.5}, True),
        ({"Variable": "$.t", "BooleanEquals": True}, True),
        ({"Variable": "$.t", "NumericEquals": 1}, False),
        ({"Variable": "$.when", "TimestampLessThan": "2026-01-01T00:00:01Z"}, True),
        ({"Variable": "$.missing", "IsPresent": False}, True),
        ({"Variable": "$.a.n", "IsPresent": True}, True),
        ({"Variable": "$.a.n", "IsNull": True}, True),
        ({"Variable": "$.when", "IsTimestamp": True}, True),
        ({"Variable": "$.t", "IsNumeric": False}, True),
        ({"And": [{"Variable": "$.s", "IsString": True}, {"Not": {"Variable": "$.t", "IsNull": True}}]}, True),
        ({"Or": [{"Variable": "$.s", "StringEquals": "no"}, {"Variable": "$.t", "IsBoolean": True}]}, True),
    ],
)
def test_choice_rule_holds(rule: dict[str, Any], expected: bool) -> None:
    assert choose(rule) is expected


def test_choice_without_its_variable_is_a_runtime_error() -> None:
    with pytest.raises(StateError) as raised:
        choose({"Variable": "$.missing", "StringEquals": "a"})
    assert raised.value.error == "States.Runtime"


def test_choice_without_match_or_default_fails_by_name() -> None:
    states = {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.s", "StringEquals": "q", "Next": "B"}]},
        "B": {"Type": "Succeed"},
    }
    assert failure({"StartAt": "A", "States": states}).error == "States.NoChoiceMatched"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Result": 1, "ResultPath": "$.s"}, {**DOCUMENT, "s": 1}),
        ({"Result": 1, "ResultPath": "$.new.deep"}, {**DOCUMENT, "new": {"deep": 1}}),
        ({"Result": 1, "ResultPath": "$.list[1]"}, {**DOCUMENT, "list": [DOCUMENT["list"][0], 1, DOCUMENT["list"][2]]}),
        ({"Result": 1, "ResultPath": None}, DOCUMENT),
        ({"InputPath": "$.a", "OutputPath": "$.b"}, [1, 2, 3]),
        ({"InputPath": None}, {}),
        (
            {"Parameters": {"l": [{"x.$": "$.s"}, "$.s", [{"y.$": "$.t"}]]}},
            {"l": [{"x": "text"}, "$.s", [{"y": True}]]},
        ),
    ],
)
def test_pass_moves_data(state: dict[str, Any], expected: Any) -> None:
    before = repr(DOCUMENT)
    assert run({"Type": "Pass", **state}) == expected
    assert repr(DOCUMENT) == before


def test_result_path_into_text_fails_by_name() -> None:
    error = failure({"Type": "Pass", "Result": 1, "ResultPath": "$.s.x"})
    assert error.error == "States.ResultPathMatchFailure"


def test_task_selects_its_result_with_the_context() -> None:
    state = {
        "Type": "Task",
        "Resource": "r",
        "Parameters": {"q.$": "$.s"},
        "ResultSelector": {"answer.$": "$.q", "at.$": "$$.State.EnteredTime", "from.$": "$$.Execution.StartTime"},
        "ResultPath": "$.found",
    }
    found = run(state, start_time="2026-11-21T10:00:00.000Z")["found"]
    assert found["answer"] == "text"
    assert found["from"] == "2026-11-21T10:00:00.000Z"
    assert len(found["at"]) == len("2026-11-21T10:00:00.000Z")
    assert found["at"].endswith("Z")


class Service:
    """Answers a task's attempts in turn: an error name raises, anything else returns."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = deque(outcomes)
        self.calls: list[engine.TaskCall] = []

    def __call__(self, call: engine.TaskCall) -> Any:
        self.calls.append(call)
        outcome = self.outcomes.popleft()
        if isinstance(outcome, str):
            raise StateError(outcome, "because")
        return outcome


RETRY = [
    {"ErrorEquals": ["Permanent"], "MaxAttempts": 0},
    {"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 2, "JitterStrategy": "FULL", "MaxDelaySeconds": 3},
    {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1},
]
CATCH = [
    {"ErrorEquals": ["Permanent"], "ResultPath": "$.error", "Next": "After"},
    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.any", "Next": "After"},
]


def task(service: Service) -> Any:
    state = {"Type": "Task", "Resource": "r", "Retry": RETRY, "Catch": CATCH, "ResultPath": "$.ok", "Next": "After"}
    return run({"StartAt": "Do", "States": {"Do": state, "After": {"Type": "Succeed"}}}, {}, service)


@pytest.mark.parametrize(
    ("outcomes", "calls", "output"),
    [
        ([{"fine": 1}], 1, {"ok": {"fine": 1}}),
        (["Busy", "Busy", {}], 3, {"ok": {}}),
        (["Busy", "Other", "Busy", {}], 4, {"ok": {}}),
        (["Busy", "Busy", "Busy"], 3, {"any": {"Error": "Busy", "Cause": "because"}}),
        (["Permanent"], 1, {"error": {"Error": "Permanent", "Cause": "because"}}),
        (["States.Timeout", "States.Timeout"], 2, {"any": {"Error": "States.Timeout", "Cause": "because"}}),
    ],
)
def test_task_retries_and_catches(outcomes: list[Any], calls: int, output: Any) -> None:
    service = Service(*outcomes)
    assert task(service) == output
    assert len(service.calls) == calls


@pytest.mark.parametrize("error", ["States.Runtime", "States.DataLimitExceeded"])
def test_fatal_errors_pass_states_all(error: str) -> None:
    service = Service(error)
    with pytest.raises(StateError) as raised:
        task(service)
    assert (raised.value.error, len(service.calls)) == (error, 1)


@pytest.mark.parametrize(
    ("names", "error", "expected"),
    [
        (["States.TaskFailed"], "Anything", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["A", "B"], "C", False),
    ],
)
def test_error_names_match(names: list[str], error: str, expected: bool) -> None:
    assert matches(names, error) is expected


def test_retry_delays_grow_and_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    delays: list[float] = []

    def note(_self: Any, seconds: float) -> float:
        delays.append(seconds)
        return 0.0

    monkeypatch.setattr(engine._Branch, "_moment", note)
    retry = {"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 4, "MaxDelaySeconds": 20}
    run({"Type": "Task", "Resource": "r", "Retry": [retry]}, {}, Service(*["Busy"] * 4, {}))
    assert delays == [2, 6, 18, 20]
    delays.clear()
    jitter = {**retry, "JitterStrategy": "FULL"}
    run({"Type": "Task", "Resource": "r", "Retry": [jitter]}, {}, Service(*["Busy"] * 4, {}))
    assert all(0 <= delay <= most for delay, most in zip(delays, [2, 6, 18, 20], strict=True))


def test_retry_count_is_in_the_context() -> None:
    service = Service("Busy", {})
    retry = [{"ErrorEquals": ["Busy"]}]
    run({"Type": "Task", "Resource": "r", "Parameters": {"n.$": "$$.State.RetryCount"}, "Retry": retry}, {}, service)
    assert [call.parameters["n"] for call in service.calls] == [0, 1]


def test_output_over_the_limit_fails_by_name() -> None:
    text = "é" * 70_000
    assert run({"Type": "Pass"}, {"x": text}) == {"x": text}
    error = failure({"Type": "Pass", "Parameters": {"x.$": "States.Array($.x, $.x)"}}, {"x": text})
    assert error.error == "States.DataLimitExceeded"


def map_state(**fields: Any) -> dict[str, Any]:
    processor = {"StartAt": "One", "States": {"One": {"Type": "Task", "Resource": "r", "End": True}}}
    return {"Type": "Map", "ItemsPath": "$.list", "ItemProcessor": processor, **fields}


def test_map_keeps_the_order_and_its_concurrency() -> None:
    running, most, lock = [0], [0], threading.Lock()

    def work(call: engine.TaskCall) -> Any:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return call.parameters["index"]

    selector = {"index.$": "$$.Map.Item.Index", "value.$": "$$.Map.Item.Value.k", "outer.$": "$.s"}
    given = {**DOCUMENT, "list": [{"k": str(n)} for n in range(12)]}
    assert run(map_state(MaxConcurrency=3, ItemSelector=selector), given, work) == list(range(12))
    assert most[0] == 3


def test_map_stops_at_the_first_failure() -> None:
    service = Service({}, "Boom", {}, {})
    error = failure(map_state(MaxConcurrency=1), invoke=service)
    assert (error.error, len(service.calls)) == ("Boom", 2)


def test_map_of_nothing_is_empty() -> None:
    assert run(map_state(ItemsPath="$.empty", ResultPath="$.out"))["out"] == []


def test_map_over_something_else_is_a_runtime_error() -> None:
    assert failure(map_state(ItemsPath="$.s")).error == "States.Runtime"


def test_parallel_gathers_its_branches_and_catches_their_errors() -> None:
    branches = [
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
        {"StartAt": "B", "States": {"B": {"Type": "Pass", "Result": 1, "End": True}}},
    ]
    assert run({"Type": "Parallel", "Branches": branches}, {"q": 1}) == [{"q": 1}, 1]
    branches[1]["States"] = {"B": {"Type": "Fail", "Error": "Boom"}}
    parallel = {"Type": "Parallel", "Branches": branches, "Catch": CATCH, "Next": "After"}
    answer = run({"StartAt": "P", "States": {"P": parallel, "After": {"Type": "Succeed"}}}, {})
    assert answer == {"any": {"Error": "Boom", "Cause": ""}}


def test_fail_takes_its_error_from_the_input() -> None:
    fail = {"Type": "Fail", "ErrorPath": "$.s", "CausePath": "States.Format('{}!', $.s)"}
    error = failure({"StartAt": "F", "States": {"F": fail}})
    assert (error.error, error.cause) == ("text", "text!")


def test_execution_ends_at_its_deadline() -> None:
    with pytest.raises(ExecutionTimedOut):
        run({"Type": "Pass"}, seconds=0)


def test_execution_that_was_stopped_goes_no_further() -> None:
    with pytest.raises(ExecutionStopped):
        run({"Type": "Pass"}, stopped=lambda: True)


def test_task_gets_what_time_is_left() -> None:
    service = Service({}, {})
    run({"Type": "Task", "Resource": "r", "TimeoutSeconds": 60}, {}, service, seconds=5)
    run({"Type": "Task", "Resource": "r", "TimeoutSecondsPath": "$.seconds"}, {"seconds": 2}, service, seconds=5)
    assert 4 < service.calls[0].timeout <= 5
    assert service.calls[1].timeout == 2


CONFIG = {
    "StateMachines": {"machine": {"TestCases": {"busy": {"One": "BusyOnce"}}}},
    "MockedResponses": {
        "BusyOnce": {
            "0": {"Throw": {"Error": "Busy", "Cause": "c"}},
            "1-2": {"Return": {"n": 1}},
            "3": {"Return": {"n": 2}},
        }
    },
}


def test_mocks_advance_over_retries_and_iterations() -> None:
    mocks = Mocks(CONFIG, "machine", "busy")
    state = map_state(MaxConcurrency=1)
    state["ItemProcessor"]["States"]["One"]["Retry"] = [{"ErrorEquals": ["Busy"]}]
    assert run(state, mocks=mocks) == [{"n": 1}, {"n": 1}, {"n": 2}]
    with pytest.raises(StateError, match=r"States\.Runtime"):
        mocks.answer("One")


def test_mocks_refuse_a_case_that_does_not_exist() -> None:
    with pytest.raises(StateError) as raised:
        Mocks(CONFIG, "machine", "none")
    assert "No test case none" in str(raised.value.cause)


def test_history_tells_what_happened() -> None:
    events: list[tuple[str, Any]] = []
    run({"Type": "Task", "Resource": "r"}, {}, Service({}), record=lambda kind, details: events.append((kind, details)))
    assert [kind for kind, _ in events] == ["TaskStateEntered", "TaskScheduled", "TaskSucceeded", "TaskStateExited"]
    assert events[1][1]["parameters"] == {}
