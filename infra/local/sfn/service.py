"""The Step Functions API over the strict interpreter: JSON in, JSON out, errors as AWS names them.

Shapes follow https://docs.aws.amazon.com/step-functions/latest/apireference/. Executions are kept until the end.
"""

from __future__ import annotations

import datetime
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.sfn import strict
from infra.local.sfn.definitions import ROLE_ARN, Machine
from infra.local.sfn.mocks import CaseRun, MockBook, MockFileError

Json = dict[str, Any]

SYNC_BOUND = 300.0
"""Seconds that an Express execution may take (Step Functions quotas)."""

PAGE = 100
"""Results of a page when the caller does not say (API reference, maxResults)."""


class ApiError(Exception):
    """An error answer: its code is the exception's name in the API reference."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StepFunctions:
    """The API's operations; ``call`` dispatches by name. Safe to use from several threads."""

    def __init__(self, interpreter: strict.Interpreter, book: MockBook) -> None:
        self._interpreter = interpreter
        self._book = book
        self._lock = threading.Lock()
        self._machines: dict[str, tuple[Machine, datetime.datetime]] = {}
        self._executions: dict[str, strict.Execution] = {}
        self._operations: dict[str, Callable[[Json], Json]] = {
            "CreateStateMachine": self.create_state_machine,
            "DeleteStateMachine": self.delete_state_machine,
            "DescribeStateMachine": self.describe_state_machine,
            "ListStateMachines": self.list_state_machines,
            "StartExecution": self.start_execution,
            "StartSyncExecution": self.start_sync_execution,
            "DescribeExecution": self.describe_execution,
            "ListExecutions": self.list_executions,
            "GetExecutionHistory": self.get_execution_history,
            "StopExecution": self.stop_execution,
        }

    def call(self, operation: str, request: Json) -> Json:
        """Run one operation. Raises ApiError."""
        handler = self._operations.get(operation)
        if handler is None:
            raise ApiError("UnknownOperationException", f"{operation} is not served here")
        try:
            return handler(request)
        except KeyError as missing:
            raise ApiError("ValidationException", f"{missing.args[0]} is required") from missing

    def create_state_machine(self, request: Json) -> Json:
        """Parse and keep a machine; the same one twice is one."""
        machine = Machine(request["name"], request["definition"], request.get("type", "STANDARD"))
        try:
            self._interpreter.program(machine)
        except strict.InvalidDefinitionError as error:
            raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: {error}") from error
        with self._lock:
            known, created = self._machines.setdefault(machine.arn, (machine, _now()))
        if known != machine:
            raise ApiError("StateMachineAlreadyExists", f"State Machine Already Exists: '{machine.arn}'")
        return {"stateMachineArn": machine.arn, "creationDate": created.timestamp()}

    def delete_state_machine(self, request: Json) -> Json:
        """Forget a machine; its executions stay."""
        with self._lock:
            self._machines.pop(request["stateMachineArn"], None)
        return {}

    def describe_state_machine(self, request: Json) -> Json:
        """Return a machine with its definition as it was created."""
        machine, created = self._machine(request["stateMachineArn"])
        return {
            **_summary(machine, created),
            "status": "ACTIVE",
            "definition": machine.definition,
            "roleArn": ROLE_ARN,
        }

    def list_state_machines(self, request: Json) -> Json:
        """Return the machines by name."""
        with self._lock:
            machines = sorted(self._machines.values(), key=lambda entry: entry[0].name)
        return _page([_summary(*entry) for entry in machines], request, "stateMachines")

    def start_execution(self, request: Json) -> Json:
        """Start an execution of ``<arn>`` or ``<arn>#<case>``."""
        execution = self._start(request)
        return {"executionArn": execution.arn, "startDate": execution.started.timestamp()}

    def start_sync_execution(self, request: Json) -> Json:
        """Run an Express machine to its end and return the outcome."""
        machine, _ = self._machine(request["stateMachineArn"].partition("#")[0])
        if machine.type != "EXPRESS":
            raise ApiError("StateMachineTypeNotSupported", "Only Express state machines can be run synchronously")
        execution = self._start(request)
        if not execution.done.wait(SYNC_BOUND):
            strict.stop(execution)
            execution.status = "TIMED_OUT"
        return _described(execution)

    def describe_execution(self, request: Json) -> Json:
        """Return an execution's status, input and output."""
        return _described(self._execution(request["executionArn"]))

    def list_executions(self, request: Json) -> Json:
        """Return a machine's executions, the newest first."""
        machine, _ = self._machine(request["stateMachineArn"])
        wanted = request.get("statusFilter")
        with self._lock:
            executions = [execution for execution in self._executions.values() if execution.machine.arn == machine.arn]
        listed = [_listed(execution) for execution in reversed(executions) if wanted in (None, execution.status)]
        return _page(listed, request, "executions")

    def get_execution_history(self, request: Json) -> Json:
        """Return the events so far; unlike AWS, of Express executions too."""
        events = [_wire_event(event) for event in self._execution(request["executionArn"]).history()]
        return _page(events[::-1] if request.get("reverseOrder") else events, request, "events")

    def stop_execution(self, request: Json) -> Json:
        """Abort a running execution."""
        execution = self._execution(request["executionArn"])
        strict.stop(execution, request.get("error"), request.get("cause"))
        return {"stopDate": _now().timestamp()}

    def stop_all(self) -> None:
        """Abort what still runs, for a clean end of the process."""
        with self._lock:
            executions = list(self._executions.values())
        for execution in executions:
            strict.stop(execution)

    def _start(self, request: Json) -> strict.Execution:
        arn, _, case = request["stateMachineArn"].partition("#")
        machine, _ = self._machine(arn)
        name = request.get("name") or str(uuid.uuid4())
        run = self._case_run(machine, case)
        with self._lock:
            if any(known.machine.arn == arn and known.name == name for known in self._executions.values()):
                raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{name}'")
            try:
                execution = self._interpreter.start(machine, run, request.get("input", "{}"), name)
            except ValueError as error:
                raise ApiError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error
            self._executions[execution.arn] = execution
        return execution

    def _case_run(self, machine: Machine, case: str) -> CaseRun:
        if not case:
            return CaseRun(machine.name, "", None)
        try:
            return self._book.run(machine.name, case)
        except MockFileError as error:
            raise ApiError("InvalidArn", str(error)) from error

    def _machine(self, arn: str) -> tuple[Machine, datetime.datetime]:
        with self._lock:
            if arn not in self._machines:
                raise ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
            return self._machines[arn]

    def _execution(self, arn: str) -> strict.Execution:
        with self._lock:
            if arn not in self._executions:
                raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
            return self._executions[arn]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _summary(machine: Machine, created: datetime.datetime) -> Json:
    described = {"stateMachineArn": machine.arn, "name": machine.name, "type": machine.type}
    return {**described, "creationDate": created.timestamp()}


def _listed(execution: strict.Execution) -> Json:
    listed: Json = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine.arn,
        "name": execution.name,
        "status": execution.status if execution.done.is_set() else "RUNNING",
        "startDate": execution.started.timestamp(),
    }
    if execution.stopped:
        listed["stopDate"] = execution.stopped.timestamp()
    return listed


def _described(execution: strict.Execution) -> Json:
    described = {**_listed(execution), "input": execution.input, "inputDetails": {"included": True}}
    if execution.done.is_set():
        outcome = {"output": execution.output, "error": execution.error, "cause": execution.cause}
        described |= {key: value for key, value in outcome.items() if value is not None}
    return described


def _wire_event(event: Mapping[str, Any]) -> Json:
    moment = datetime.datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
    return {**event, "type": str(event["type"].value), "timestamp": moment.timestamp()}


def _page(items: list[Json], request: Json, key: str) -> Json:
    first = int(request.get("nextToken") or 0)
    last = first + (request.get("maxResults") or PAGE)
    page: Json = {key: items[first:last]}
    if last < len(items):
        page["nextToken"] = str(last)
    return page
