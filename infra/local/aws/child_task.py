"""Machines that start others: `states:startExecution`, with `.sync:2` too, and `aws-sdk:sfn:startSyncExecution`."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import AbstractContextManager
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime
from typing import Any

from infra.local.aws import clients, iam, inprocess, sdk
from infra.local.aws.asl.engine import TaskCall
from infra.local.aws.asl.errors import TIMEOUT, ExecutionStopped, ExecutionTimedOut, StateError
from infra.local.aws.waiting import LONGEST, ended, signals

Json = Any
Turn = Callable[[], AbstractContextManager[None]]
# Step Functions hears of a child's end by this rule of its own, and asks when it does not.
_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
_PREFIX = "StepFunctions"


def start(call: TaskCall) -> Json:
    """`states:startExecution`: the child's ARN and start."""
    _allow(call, "states:StartExecution", call.parameters["StateMachineArn"])
    return _started(call, call.parameters.get("Name"))


def start_and_wait(call: TaskCall, turn: Turn) -> Json:
    """`states:startExecution.sync:2`: DescribeExecution of the child when it has succeeded, Input and Output parsed.

    Raises States.TaskFailed when the child ended otherwise, its Cause what DescribeExecution says. A child that this
    task started before a restart is not started again. Permissions: docs.aws.amazon.com/step-functions/latest/dg/
    connect-stepfunctions.html.
    """
    machine = call.parameters["StateMachineArn"]
    name = call.parameters.get("Name") or str(uuid.uuid5(uuid.NAMESPACE_OID, call.key))
    child = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    _allow(call, "states:StartExecution", machine)
    _allow(call, "states:DescribeExecution", child)
    for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
        _allow(call, action, f"arn:aws:events:{clients.REGION}:{clients.ACCOUNT_ID}:rule/{_RULE}")
    if not call.noted.get("sent"):
        with turn():
            _started(call, name)
        call.note(sent=True)
    return _result(_ended(call, child))


def _started(call: TaskCall, name: str | None) -> Json:
    given = call.parameters.get("Input", {})
    request = {
        "stateMachineArn": call.parameters["StateMachineArn"],
        "input": given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, separators=(",", ":")),
        **({"name": name} if name else {}),
    }
    reply = inprocess.call("states", "AWSStepFunctions.StartExecution", request, call.timeout)
    if reply.error == "ExecutionAlreadyExists" and _is_ours(call, request):
        return {}
    if reply.error:
        raise StateError(f"{_PREFIX}.{sdk.exception('sfn', reply.error, 'AWSStepFunctionsException')}", reply.message)
    return {"ExecutionArn": reply.body["executionArn"], "StartDate": _milliseconds(reply.body["startDate"])}


def _is_ours(call: TaskCall, request: Mapping[str, Json]) -> bool:
    """Whether this very attempt started the execution, before a restart, and it has ended since."""
    machine = request["stateMachineArn"]
    record = _record(f"{machine.replace(':stateMachine:', ':execution:')}:{request.get('name')}")
    if record is None or record["input"] != request["input"]:
        return False
    return _milliseconds(record["startDate"]) >= int(call.noted["since"] * 1000)


def _ended(call: TaskCall, child: str) -> Mapping[str, Json]:
    """The child's record when it has ended. A task that gives up stops its child, as AWS tries to."""
    deadline = time.time() + call.timeout
    with signals.listening(call.execution.arn, ended(child)) as told:
        while (record := _record(child)) is not None and record["status"] == "RUNNING":
            try:
                left = min(call.execution.remaining(), deadline - time.time())
            except ExecutionTimedOut:
                _stop(child)
                raise
            except ExecutionStopped:
                if _was_stopped(call.execution.arn):
                    _stop(child)
                raise
            if left <= 0:
                _stop(child)
                raise StateError(TIMEOUT)
            told.wait(min(left, LONGEST))
            told.clear()
    if record is None:
        raise StateError(f"{_PREFIX}.ExecutionDoesNotExistException", f"Execution Does Not Exist: '{child}'")
    return record


def _was_stopped(execution_arn: str) -> bool:
    """Whether StopExecution ended it; what only this process ends goes on later, its child too."""
    record = _record(execution_arn)
    return record is not None and record["status"] == "ABORTED"


def _stop(child: str) -> None:
    inprocess.call("states", "AWSStepFunctions.StopExecution", {"executionArn": child})


def _record(execution_arn: str) -> Mapping[str, Json] | None:
    from ministack.services import stepfunctions  # noqa: PLC0415 - after its environment is set

    record: Mapping[str, Json] | None = stepfunctions._executions.get(execution_arn)
    return record


def _result(record: Mapping[str, Json]) -> Json:
    described = _described(record)
    if record["status"] != "SUCCEEDED":
        raise StateError("States.TaskFailed", json.dumps(described, ensure_ascii=False))
    parsed = {key: json.loads(described[key]) for key in ("Input", "Output")}
    return {**described, **parsed}


_SHOWN = ("executionArn", "stateMachineArn", "name", "status", "input", "output", "error", "cause")


def _described(record: Mapping[str, Json]) -> dict[str, Json]:
    shown = {key[0].upper() + key[1:]: record[key] for key in _SHOWN if record.get(key) is not None}
    dates = {"StartDate": _milliseconds(record["startDate"]), "StopDate": _milliseconds(record["stopDate"])}
    details = {f"{key}Details": {"Included": True} for key in ("Input", "Output") if key in shown}
    return {**shown, **dates, **details, "RedriveCount": 0}


def _milliseconds(moment: Json) -> int:
    if isinstance(moment, int | float):
        return int(moment * 1000)
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def _allow(call: TaskCall, action: str, resource: str) -> None:
    try:
        iam.require(call.execution.role_arn, action, resource)
    except iam.AccessDenied as denied:
        raise StateError(f"{_PREFIX}.AWSStepFunctionsException", str(denied)) from denied


def start_sync(call: TaskCall) -> Json:
    """`aws-sdk:sfn:startSyncExecution`: an Express machine's answer, whatever its Status, its members in PascalCase."""
    from infra.local.aws import machines  # noqa: PLC0415 - it imports this module

    given = dict(call.parameters)
    if not isinstance(given.get("Input", ""), str):
        given["Input"] = json.dumps(given["Input"], ensure_ascii=False)
    request = sdk.to_api("sfn", "StartSyncExecution", given)
    sdk.validate("sfn", "StartSyncExecution", request)
    try:
        iam.require(call.execution.role_arn, "states:StartSyncExecution", request["stateMachineArn"])
    except iam.AccessDenied as denied:
        raise StateError("Sfn.SfnException", str(denied)) from denied
    status, _headers, body = _alone(replace(call, parameters=request), machines.start_sync_execution)
    answer = json.loads(body)
    if status >= 400:
        name = str(answer.get("__type")).rpartition("#")[2]
        raise StateError(f"Sfn.{name.removesuffix('Exception')}Exception", answer.get("message"))
    return sdk.to_sdk("sfn", "StartSyncExecution", answer)


def _alone(call: TaskCall, function: Callable[[Json], Any]) -> Any:
    """In a thread of its own: the child waits there for its tasks, and in a shared pool the two could wait for each
    other."""
    own = ThreadPoolExecutor(max_workers=1)
    try:
        return own.submit(copy_context().run, function, call.parameters).result(call.timeout)
    except FutureTimeout as error:
        raise StateError(TIMEOUT) from error
    finally:
        own.shutdown(wait=False)
