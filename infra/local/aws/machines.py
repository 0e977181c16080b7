"""Executions: our interpreter behind ministack's Step Functions API.

`run_execution` and `start_sync_execution` stand in for ministack's own (see patches.py). Express executions are
forgotten when they end; of Standard ones the last few hundred are kept.
"""

import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from infra.local.aws import tasks
from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import ExecutionStopped, ExecutionTimedOut, StateError, runtime_error
from infra.local.aws.asl.mocks import Mocks

Json = Any
Response = tuple[int, dict[str, str], bytes]
_log = logging.getLogger(__name__)
# "Maximum execution time" of Express and Standard workflows (service-quotas.html), in seconds.
_EXPRESS_SECONDS = 300.0
_STANDARD_SECONDS = 365 * 24 * 3600.0
_KEPT = 500
_MAX_HISTORY = 25_000
# Executions at once; one that starts another does not take a second place, so that nesting cannot deadlock.
_places = threading.BoundedSemaphore(64)
_inside: ContextVar[bool] = ContextVar("_inside", default=False)
_finished: deque[str] = deque()
_retention = threading.Lock()
_stopping = threading.Event()


def start_sync_execution(data: Mapping[str, Json]) -> Response:
    """StartSyncExecution: 200 with status SUCCEEDED, FAILED or TIMED_OUT, or one of the API's own errors."""
    from ministack.core.responses import error_response_json, json_response  # noqa: PLC0415
    from ministack.services import stepfunctions  # noqa: PLC0415

    arn, _, case = data.get("stateMachineArn", "").partition("#")
    machine = stepfunctions._state_machines.get(arn)
    if machine is None:
        return _typed(error_response_json("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'", 400))
    if machine["type"] != "EXPRESS":
        reason = "This operation is not supported by this type of state machine"
        return _typed(error_response_json("StateMachineTypeNotSupported", reason, 400))
    if len(data.get("input", "{}").encode()) > engine.MAX_BYTES:
        reason = f"Value at 'input' failed to satisfy constraint: at most {engine.MAX_BYTES} bytes"
        return _typed(error_response_json("ValidationException", reason, 400))
    name = data.get("name") or str(uuid.uuid4())
    record: dict[str, Json] = {
        "executionArn": f"{arn.replace(':stateMachine:', ':express:')}:{name}:{uuid.uuid4()}",
        "stateMachineArn": arn,
        "name": name,
        "status": "RUNNING",
        "startDate": engine.now(),
        "input": data.get("input", "{}"),
        "testCase": case,
        "sync": True,
    }
    try:
        json.loads(record["input"])
    except json.JSONDecodeError:
        return _typed(error_response_json("InvalidExecutionInput", "Invalid State Machine Execution Input", 400))
    started = time.monotonic()
    _execute(record, machine, keep_history=False)
    milliseconds = int((time.monotonic() - started) * 1000)
    return _typed(json_response(_sync_answer(record, milliseconds)))


_ANSWERED = ("executionArn", "stateMachineArn", "name", "startDate", "stopDate", "status", "input")


def _typed(response: Any) -> Response:
    status, headers, body = response
    return status, headers, body


def _sync_answer(record: Mapping[str, Json], milliseconds: int) -> dict[str, Json]:
    answer: dict[str, Json] = {key: record[key] for key in _ANSWERED}
    answer["inputDetails"] = {"included": True}
    # Billed in steps of 100 ms and 64 MB (aws.amazon.com/step-functions/pricing).
    billed = -(-milliseconds // 100) * 100
    answer["billingDetails"] = {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": billed}
    if record["status"] == "SUCCEEDED":
        return {**answer, "output": record["output"], "outputDetails": {"included": True}}
    return {**answer, **{key: record[key] for key in ("error", "cause") if record.get(key) is not None}}


def stop() -> None:
    """End every execution at its next state; what started it will start it again."""
    _stopping.set()


def run_execution(execution_arn: str) -> None:
    """Run an execution that StartExecution recorded, on the thread it was given."""
    from ministack.services import stepfunctions  # noqa: PLC0415

    record = stepfunctions._executions.get(execution_arn)
    if record is None:
        return
    machine = stepfunctions._state_machines.get(record["stateMachineArn"])
    if machine is None:
        stepfunctions._fail_execution(record, "StateMachineDeleted", "The state machine no longer exists")
        return
    express = machine["type"] == "EXPRESS"
    _execute(record, machine, keep_history=not express or bool(record.get("testCase")))
    if not express:
        stepfunctions._emit_execution_status_event(record)
    _forget(execution_arn, express and not record.get("testCase"))


def _forget(execution_arn: str, at_once: bool) -> None:
    from ministack.services import stepfunctions  # noqa: PLC0415

    if at_once:
        stepfunctions._executions.pop(execution_arn, None)
        return
    with _retention:
        _finished.append(execution_arn)
        old = _finished.popleft() if len(_finished) > _KEPT else None
    if old:
        stepfunctions._executions.pop(old, None)


def _execute(record: dict[str, Json], machine: Mapping[str, Json], keep_history: bool) -> None:
    """Run to the end and write status, output or error, and stopDate into `record`."""
    if _inside.get():
        _run(record, machine, keep_history)
        return
    with _places:
        token = _inside.set(True)
        try:
            _run(record, machine, keep_history)
        finally:
            _inside.reset(token)


def _run(record: dict[str, Json], machine: Mapping[str, Json], keep_history: bool) -> None:
    try:
        definition = _definition(machine["definition"])
        output = engine.run(definition, _execution(record, machine, definition, keep_history))
        _end(record, "SUCCEEDED", output=json.dumps(output, separators=(",", ":"), ensure_ascii=False))
    except StateError as error:
        _end(record, "FAILED", error=error.error, cause=error.cause)
    except ExecutionTimedOut:
        _end(record, "TIMED_OUT")
    except ExecutionStopped:
        record.setdefault("stopDate", engine.now())
    except Exception as error:  # noqa: BLE001
        # The outermost place of an execution: a defect of ours must end it, not leave it running for ever.
        _log.exception("the interpreter failed in machine %s", machine["name"])
        _end(record, "FAILED", error="States.Runtime", cause=f"{type(error).__name__}: {error}")


def _execution(
    record: dict[str, Json], machine: Mapping[str, Json], definition: Mapping[str, Json], keep_history: bool
) -> engine.Execution:
    from ministack.services import stepfunctions  # noqa: PLC0415

    express = machine["type"] == "EXPRESS"
    limit = _EXPRESS_SECONDS if express else _STANDARD_SECONDS
    case = record.get("testCase") or ""
    mocks = Mocks(stepfunctions._sfn_mock_config, machine["name"], case) if case else None
    return engine.Execution(
        arn=record["executionArn"],
        name=record["name"],
        input=json.loads(record["input"]),
        machine_arn=machine["stateMachineArn"],
        machine_name=machine["name"],
        role_arn=machine["roleArn"],
        invoke=tasks.invoke,
        deadline=time.monotonic() + min(limit, definition.get("TimeoutSeconds", limit)),
        start_time=record["startDate"],
        wait_scale=stepfunctions._SFN_WAIT_SCALE,
        mocks=mocks,
        record=_recorder(record) if keep_history else None,
        stopped=lambda: record["status"] != "RUNNING" or _stopping.is_set(),
    )


# Parts of the language that this interpreter must not pretend to know.
_NOT_HERE = ("JSONata", "Assign", "DISTRIBUTED", "Credentials")


@lru_cache(maxsize=256)
def _definition(text: str) -> Mapping[str, Json]:
    definition: Mapping[str, Json] = json.loads(text)
    for word in _NOT_HERE:
        if f'"{word}"' in text:
            raise runtime_error(f"{word} is not available on one machine: see infra/local/aws/asl")
    return definition


def _end(record: dict[str, Json], status: str, **outcome: Json) -> None:
    if record["status"] != "RUNNING":
        return
    record.update(outcome, status=status, stopDate=engine.now())
    if "events" in record:
        kind = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "TIMED_OUT": "TimedOut"}[status]
        _recorder(record)(f"Execution{kind}", outcome)


_DETAILS = {
    "StateEntered": "stateEnteredEventDetails",
    "StateExited": "stateExitedEventDetails",
    "TaskScheduled": "taskScheduledEventDetails",
    "TaskSucceeded": "taskSucceededEventDetails",
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "ExecutionSucceeded": "executionSucceededEventDetails",
    "ExecutionFailed": "executionFailedEventDetails",
    "ExecutionTimedOut": "executionTimedOutEventDetails",
}


def _recorder(record: dict[str, Json]) -> Any:
    """Appends history events in GetExecutionHistory's shape to the execution's record."""
    events: list[Json] = record.setdefault("events", [])

    def add(kind: str, details: Mapping[str, Json]) -> None:
        if len(events) >= _MAX_HISTORY:
            raise runtime_error(f"The execution reached the maximum number of history events ({_MAX_HISTORY})")
        key = next(name for suffix, name in _DETAILS.items() if kind.endswith(suffix))
        event = {"id": len(events) + 1, "previousEventId": len(events), "type": kind, "timestamp": engine.now()}
        events.append({**event, key: _details(kind, details)})

    return add


def _details(kind: str, details: Mapping[str, Json]) -> dict[str, Json]:
    shown = {name: value for name, value in details.items() if value is not None}
    if kind.startswith("Execution"):
        return shown
    for name in ("input", "output", "parameters"):
        if name in details:
            shown[name] = json.dumps(details[name], ensure_ascii=False)
    if kind.startswith("Task") and not kind.startswith("TaskState"):
        del shown["name"]
        service, _, action = str(shown["resource"]).removeprefix("arn:aws:states:::").rpartition(":")
        shown.update(resource=action, resourceType=service)
    return shown
