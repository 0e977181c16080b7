"""Task tokens: SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat, and the tasks that wait for them.

What was said of a token stands in its execution's record before the caller is answered, so that it survives with the
rest. A token names its execution: nothing else needs remembering.
"""

import base64
import binascii
import json
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

from infra.local.aws import inprocess
from infra.local.aws.asl.engine import MAX_BYTES, TaskCall
from infra.local.aws.asl.errors import HEARTBEAT_TIMEOUT, TIMEOUT, StateError
from infra.local.aws.waiting import LONGEST, signals

Json = Any
Response = tuple[int, dict[str, str], bytes]
# An acknowledged answer must not meet a task that gives up at the same moment.
_lock = threading.Lock()


class TokenError(Exception):
    """A token that cannot be used, with the API's name for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def new_token(execution_arn: str) -> str:
    """A task token, opaque to whoever gets it."""
    return base64.urlsafe_b64encode(json.dumps([execution_arn, secrets.token_hex(16)]).encode()).decode()


def execution_of(token: str) -> str:
    """The ARN of a token's execution. Raises TokenError for what is no token."""
    try:
        arn, _secret = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise TokenError("InvalidToken", "Invalid Token: 'Invalid token'") from error
    return str(arn)


def send_task_success(data: Mapping[str, Json]) -> Response:
    """SendTaskSuccess."""
    output = data.get("output", "")
    try:
        json.loads(output)
    except (ValueError, TypeError):
        return _error("InvalidOutput", "Invalid Output: 'Invalid JSON'")
    if len(output.encode()) > MAX_BYTES:
        return _error("ValidationException", f"Value at 'output' failed to satisfy constraint: {MAX_BYTES} bytes")
    return _tell(data, {"output": output})


def send_task_failure(data: Mapping[str, Json]) -> Response:
    """SendTaskFailure."""
    return _tell(data, {"error": data.get("error"), "cause": data.get("cause")})


def send_task_heartbeat(data: Mapping[str, Json]) -> Response:
    """SendTaskHeartbeat: the task's HeartbeatSeconds begin anew."""
    return _tell(data, {"beat": time.time()})


def _tell(data: Mapping[str, Json], what: Mapping[str, Json]) -> Response:
    from ministack.core.responses import json_response  # noqa: PLC0415 - after its environment is set

    token = data.get("taskToken") or ""
    try:
        with _lock:
            record = _open_record(token)
            record["callbacks"][token] = what
    except TokenError as error:
        return _error(error.code, str(error))
    inprocess.changed()
    signals.tell(token)
    status, headers, body = json_response({})
    return status, headers, body


def _error(code: str, message: str) -> Response:
    from ministack.core.responses import error_response_json  # noqa: PLC0415

    status, headers, body = error_response_json(code, message, 400)
    return status, headers, body


def _open_record(token: str) -> dict[str, Json]:
    """The record of the execution whose task still waits for the token. Raises TokenError."""
    from ministack.services import stepfunctions  # noqa: PLC0415

    record: dict[str, Json] | None = stepfunctions._executions.get(execution_of(token))
    if record is None:
        raise TokenError("TaskDoesNotExist", "Task does not exist")
    said = record.get("callbacks", {}).get(token, {})
    if record["status"] != "RUNNING" or not _waited_for(record, token) or _final(said):
        raise TokenError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    return record


def _waited_for(record: Mapping[str, Json], token: str) -> bool:
    places = list(record.get("places", {}).values())
    return any((place.get("task") or {}).get("token") == token for place in places)


def _final(said: Mapping[str, Json]) -> bool:
    return "output" in said or "error" in said or "closed" in said


def outcome(call: TaskCall) -> Json:
    """What SendTaskSuccess hands over. Raises StateError (its failure, States.Timeout, States.HeartbeatTimeout)."""
    assert call.token is not None  # noqa: S101 - it is for tasks that wait for one
    deadline = time.time() + call.timeout
    with signals.listening(call.execution.arn, call.token) as told:
        while True:
            left = min(call.execution.remaining(), deadline - time.time())
            beats = _until_heartbeat(call)
            said = _said(call.execution.arn, call.token, close=min(left, beats) <= 0)
            if "output" in said:
                return json.loads(said["output"])
            if "error" in said:
                raise StateError(said["error"], said["cause"])
            if min(left, beats) <= 0:
                raise StateError(TIMEOUT if left <= 0 else HEARTBEAT_TIMEOUT)
            told.wait(min(left, beats, LONGEST))
            told.clear()


def _until_heartbeat(call: TaskCall) -> float:
    if call.heartbeat is None or call.token is None:
        return float("inf")
    last = _said(call.execution.arn, call.token).get("beat", call.noted["since"])
    return float(last + call.heartbeat - time.time())


def _said(execution_arn: str, token: str, close: bool = False) -> Mapping[str, Json]:
    """What was said of a token; `close` lets nothing more be said of it, unless that was final already."""
    from ministack.services import stepfunctions  # noqa: PLC0415

    with _lock:
        callbacks = stepfunctions._executions[execution_arn]["callbacks"]
        said: Mapping[str, Json] = callbacks.get(token, {})
        if close and not _final(said):
            callbacks[token] = {"closed": True}
        return said


def forget(execution_arn: str) -> None:
    """Drop what was said of tokens that no task waits for any more."""
    from ministack.services import stepfunctions  # noqa: PLC0415

    with _lock:
        record = stepfunctions._executions[execution_arn]
        for token in list(record.get("callbacks", {})):
            if not _waited_for(record, token):
                del record["callbacks"][token]
