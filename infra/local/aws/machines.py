"""Executions: our interpreter behind ministack's Step Functions API.

`run_execution` and `start_sync_execution` stand in for ministack's own (see patches.py). Express executions are
forgotten when they end; of Standard ones the last few hundred are kept.

A Standard execution keeps its places and what its tokens were told in its record, which every snapshot holds: after a
restart it goes on from there. It may wait for a year, in a thread that sleeps; it takes one of the turns that all
executions share only while a task of it is under way.
"""

import contextlib
import json
import logging
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from infra.local.aws import callbacks, definitions, inprocess, tasks
from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import ExecutionStopped, ExecutionTimedOut, StateError, runtime_error
from infra.local.aws.asl.mocks import Mocks
from infra.local.aws.asl.places import Places
from infra.local.aws.kept import KeptDict, KeptList
from infra.local.aws.waiting import LONGEST, ended, signals

Json = Any
Response = tuple[int, dict[str, str], bytes]
_log = logging.getLogger(__name__)
# "Maximum execution time" of Express and Standard workflows (service-quotas.html), in seconds.
_EXPRESS_SECONDS = 300.0
_STANDARD_SECONDS = 365 * 24 * 3600.0
# Finished executions that are remembered, and those whose history is: a digest's has up to a megabyte.
_KEPT = 500
_HISTORIES = 50
_MAX_HISTORY = 25_000
_NAME = re.compile(r"[^\s\x00-\x1f\x7f-\x9f<>{}\[\]?*\"#%\\^|~`$&,;:/]{1,80}")
# How long a stop lets tasks that are under way end.
_GRACE_SECONDS = 3.0
# What a Standard execution in a snapshot is called until it goes on; ministack would fail a running one.
SUSPENDED = "SUSPENDED"
_finished: deque[str] = deque()
_retention = threading.Lock()
_stopping = threading.Event()
_running: set[str] = set()
_taking = threading.Lock()


class _Turns:
    """Executions at work at once; one that starts another takes no second turn, so that nesting cannot deadlock."""

    def __init__(self, most: int) -> None:
        self._places = threading.BoundedSemaphore(most)
        self._inside: ContextVar[bool] = ContextVar("_inside", default=False)
        self._idle = threading.Condition()
        self._taken = 0

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        if self._inside.get():
            yield
            return
        with self._places:
            self._count(1)
            token = self._inside.set(True)
            try:
                yield
            finally:
                self._inside.reset(token)
                self._count(-1)

    def _count(self, change: int) -> None:
        with self._idle:
            self._taken += change
            self._idle.notify_all()

    def ended(self, seconds: float) -> bool:
        """Wait until nobody is at work any more."""
        with self._idle:
            return self._idle.wait_for(lambda: self._taken == 0, seconds)


_turns = _Turns(64)


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
    """End every execution at its next state, and what waits at once.

    What started an Express execution will start it again; a Standard one goes on with the next `resume`.
    """
    _stopping.set()
    signals.tell_all()
    _turns.ended(_GRACE_SECONDS)


def start_execution(upstream: Callable[[Mapping[str, Json]], Response]) -> Callable[[Mapping[str, Json]], Response]:
    """Stands in for ministack's `_start_execution`, which takes any input and refuses every name it knows.

    StartExecution is idempotent for Standard executions: "If StartExecution is called with the same name and input as a
    running execution, the call succeeds and return the same response as the original request" (its API reference).
    """

    def start(data: Mapping[str, Json]) -> Response:
        from ministack.core.responses import error_response_json, json_response  # noqa: PLC0415
        from ministack.services import stepfunctions  # noqa: PLC0415

        if reason := _refusal(data):
            return _typed(error_response_json(*reason, 400))
        arn = stepfunctions._resolve_state_machine_arn(str(data.get("stateMachineArn")).partition("#")[0])
        machine = stepfunctions._state_machines.get(arn)
        if machine is None or not data.get("name"):
            return upstream(data)
        known = execution_arn(arn, data["name"])
        record = stepfunctions._executions.get(known)
        if record is not None and record["status"] == "RUNNING" and record["input"] == data.get("input", "{}"):
            return _typed(json_response({"executionArn": known, "startDate": record["startDate"]}))
        return upstream(data)

    return start


def execution_arn(machine_arn: str, name: str) -> str:
    """The ARN of a Standard machine's execution."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


def _refusal(data: Mapping[str, Json]) -> tuple[str, str] | None:
    name, text = data.get("name"), data.get("input", "{}")
    if name is not None and not _NAME.fullmatch(name):
        return "InvalidName", f"Invalid Name: '{name}'"
    if len(text.encode()) > engine.MAX_BYTES:
        return "ValidationException", f"Value at 'input' failed to satisfy constraint: {engine.MAX_BYTES} bytes"
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return "InvalidExecutionInput", "Invalid State Machine Execution Input"
    return None


def stop_execution(upstream: Callable[[Mapping[str, Json]], Response]) -> Callable[[Mapping[str, Json]], Response]:
    """Stands in for ministack's `_stop_execution`, which tells nobody: what waits, waits on."""

    def stop_one(data: Mapping[str, Json]) -> Response:
        answer = upstream(data)
        signals.tell(str(data.get("executionArn")))
        return answer

    return stop_one


def suspend(executions: Mapping[str, dict[str, Json]], known: Mapping[str, Mapping[str, Json]]) -> None:
    """Mark the Standard executions that ran when a snapshot was taken: they are taken up again rather than failed."""
    standard = {machine["stateMachineArn"] for machine in known.values() if machine["type"] != "EXPRESS"}
    for record in executions.values():
        if record["status"] == "RUNNING" and record["stateMachineArn"] in standard:
            record["status"] = SUSPENDED


def restore() -> None:
    """Call what a snapshot held by its right name again; it does not run yet. To be called once, at the start."""
    from ministack.services import stepfunctions  # noqa: PLC0415

    records = list(stepfunctions._executions.values())
    for record in records:
        if record["status"] == SUSPENDED:
            record["status"] = "RUNNING"
        _keep(record)
    definitions.forget_all_but({record["definition"] for record in records if "definition" in record})
    closed = sorted((r for r in records if r["status"] != "RUNNING"), key=lambda record: str(record["stopDate"]))
    for record in closed:
        _forget(record["executionArn"], at_once=False)


def resume() -> int:
    """Let the executions of the last snapshot go on, and remember those that had ended. Returns how many go on."""
    from ministack.services import stepfunctions  # noqa: PLC0415

    records = sorted(stepfunctions._executions.values(), key=lambda record: record.get("stopDate") or "")
    for record in records:
        if record["status"] != "RUNNING" and record["executionArn"] not in _finished:
            _remember(record["executionArn"])
    waiting = [record["executionArn"] for record in records if record["status"] == "RUNNING"]
    waiting = [arn for arn in waiting if arn not in _running]
    for arn in waiting:
        threading.Thread(target=run_execution, args=(arn,), name="execution", daemon=True).start()
    return len(waiting)


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
    if machine["type"] == "EXPRESS":
        _execute(record, machine, keep_history=bool(record.get("testCase")))
        _forget(execution_arn, at_once=not record.get("testCase"))
    else:
        _run_standard(record, machine)


def _run_standard(record: dict[str, Json], machine: Mapping[str, Json]) -> None:
    from ministack.services import stepfunctions  # noqa: PLC0415

    arn = record["executionArn"]
    with _taking:
        if arn in _running:
            # It was started while `resume` looked for what is to go on: once is enough.
            return
        _running.add(arn)
    _keep(record)
    try:
        _run(record, {**machine, "definition": _started_with(record, machine)}, keep_history=True)
    finally:
        _running.discard(arn)
    if record["status"] == "RUNNING":
        return  # this process ends; the next one goes on
    if record["status"] != "ABORTED":  # StopExecution has said so itself
        stepfunctions._emit_execution_status_event(record)
    for done_with in ("places", "callbacks", "definition"):
        record.pop(done_with, None)
    _forget(arn, at_once=False)
    inprocess.changed()
    signals.tell(ended(arn))


def _started_with(record: dict[str, Json], machine: Mapping[str, Json]) -> str:
    """The definition that an execution began with, kept when it begins."""
    try:
        if "definition" not in record:
            record["definition"] = definitions.keep(machine["definition"])
        return definitions.find(record["definition"]) or str(machine["definition"])
    except OSError as error:
        # It can still run; only a restart with another definition would find it gone.
        _log.warning("the definition of %s could not be kept: %s", machine["name"], error.strerror)
        return str(machine["definition"])


def _forget(execution_arn: str, at_once: bool) -> None:
    from ministack.services import stepfunctions  # noqa: PLC0415

    if at_once:
        stepfunctions._executions.pop(execution_arn, None)
    else:
        _remember(execution_arn)


def _remember(execution_arn: str) -> None:
    """Keep the last finished executions, and of the last few of them the history."""
    from ministack.services import stepfunctions  # noqa: PLC0415

    with _retention:
        _finished.append(execution_arn)
        old = _finished.popleft() if len(_finished) > _KEPT else None
        fading = _finished[-1 - _HISTORIES] if len(_finished) > _HISTORIES else None
    if old:
        stepfunctions._executions.pop(old, None)
    if fading and (record := stepfunctions._executions.get(fading)):
        record["events"] = []


def _execute(record: dict[str, Json], machine: Mapping[str, Json], keep_history: bool) -> None:
    """Run to the end and write status, output or error, and stopDate into `record`."""
    with _turns.one():
        _run(record, machine, keep_history)


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
        if record.get("sync"):
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
    seconds = min(limit, definition.get("TimeoutSeconds", limit))
    return engine.Execution(
        arn=record["executionArn"],
        name=record["name"],
        input=json.loads(record["input"]),
        machine_arn=machine["stateMachineArn"],
        machine_name=machine["name"],
        role_arn=machine["roleArn"],
        invoke=tasks.invoke if express else partial(tasks.invoke, turn=_turns.one),
        deadline=time.monotonic() + seconds - (0.0 if express else _age(record)),
        start_time=record["startDate"],
        wait_scale=stepfunctions._SFN_WAIT_SCALE,
        express=express,
        mocks=mocks,
        record=_recorder(record) if keep_history else None,
        stopped=lambda: record["status"] != "RUNNING" or _stopping.is_set(),
        **({} if express else _lasting(record)),
    )


def _keep(record: dict[str, Json]) -> None:
    """Let a record's collections grow while a snapshot is taken."""
    if not isinstance(record.get("events"), KeptList):
        record["events"] = KeptList(record.get("events") or [])
    if record["status"] == "RUNNING" and not isinstance(record.get("places"), KeptDict):
        record["places"] = KeptDict(record.get("places") or {})
        record["callbacks"] = KeptDict(record.get("callbacks") or {})


def _age(record: Mapping[str, Json]) -> float:
    """Seconds since an execution was started."""
    return time.time() - datetime.fromisoformat(record["startDate"]).timestamp()


def _lasting(record: dict[str, Json]) -> dict[str, Json]:
    """What lets a Standard execution survive, and wait without polling."""
    arn = record["executionArn"]

    def pause(seconds: float) -> None:
        with signals.listening(arn) as told:
            if record["status"] == "RUNNING" and not _stopping.is_set():
                told.wait(min(seconds, LONGEST))

    return {
        "places": Places(record["places"], inprocess.changed),
        "new_token": partial(callbacks.new_token, arn),
        "pause": pause,
    }


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
