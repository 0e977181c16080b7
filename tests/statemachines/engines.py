"""The engines that run the cases, each returning the same account of what an execution did."""

import functools
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

from infra.local.aws.asl import engine as embedded
from infra.local.aws.asl.errors import ExecutionStopped, ExecutionTimedOut, StateError
from infra.local.sfn import strict
from infra.local.sfn.definitions import REGION, ROLE_ARN, Machine, sequential
from infra.local.sfn.mocks import CaseRun, MissingMockError, MockBook, Throw

BOUND = 20.0
"""Seconds after which a case is taken to hang; one takes milliseconds."""


@dataclass
class Account:
    """What an execution did: its outcome, and (state, value) in order for inputs, requests, results, outputs."""

    status: str = "RUNNING"
    output: Any = None
    error: str | None = None
    cause: str | None = None
    entered: list[tuple[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    results: list[tuple[str, Any]] = field(default_factory=list)
    exited: list[tuple[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    execution: strict.Execution | None = None

    @property
    def path(self) -> list[str]:
        """The states in the order they were entered."""
        return [state for state, _ in self.entered]

    def requests_of(self, state: str) -> list[Any]:
        """What a state sent, one for every attempt and iteration."""
        return [parameters for name, parameters in self.requests if name == state]

    def read_history(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Add a history as GetExecutionHistory gives it; iterations must have run one after another."""
        state = ""
        for event in events:
            if details := event.get("stateEnteredEventDetails"):
                state = details["name"]
                self.entered.append((state, json.loads(details.get("input", "null"))))
            elif details := event.get("stateExitedEventDetails"):
                self.exited.append((details["name"], json.loads(details.get("output", "null"))))
            elif details := event.get("taskScheduledEventDetails"):
                self.requests.append((state, json.loads(details["parameters"])))
            elif details := event.get("taskSucceededEventDetails"):
                self.results.append((state, json.loads(details.get("output", "null"))))


Engine = Callable[[Machine, MockBook, str, Any], Account]


def run_strict(machine: Machine, book: MockBook, case: str, given: Any) -> Account:
    """Run a case on moto's interpreter, in process."""
    run = book.run(machine.name, case)
    execution = interpreter().run(machine, run, json.dumps(given, ensure_ascii=False), BOUND)
    account = Account(execution.status, error=execution.error, cause=execution.cause, execution=execution)
    account.output = json.loads(execution.output) if execution.output is not None else None
    account.problems = [*run.problems, *(f"never used: {answer}" for answer in run.unused())]
    account.read_history(execution.history())
    return account


@functools.cache
def interpreter() -> strict.Interpreter:
    """The one interpreter of the test run; it skips waits."""
    return strict.Interpreter(wait_scale=0.0)


def run_embedded(machine: Machine, book: MockBook, case: str, given: Any) -> Account:
    """Run a case on the engine that ``make run`` uses, its tasks answered from the same mocks."""
    run, account = book.run(machine.name, case), Account()
    execution = _embedded_execution(machine, run, given, account)
    thread = threading.Thread(target=_run_embedded, args=(machine, execution, account), daemon=True)
    thread.start()
    thread.join(BOUND)
    if thread.is_alive():
        raise strict.ExecutionHangsError(
            f"{machine.name}#{case} did not end within {BOUND} s; it entered {account.path}"
        )
    account.problems += [*run.problems, *(f"never used: {answer}" for answer in run.unused())]
    return account


def _embedded_execution(machine: Machine, run: CaseRun, given: Any, account: Account) -> embedded.Execution:
    def record(kind: str, details: Mapping[str, Any]) -> None:
        for suffix, where, key in (
            ("StateEntered", account.entered, "input"),
            ("TaskScheduled", account.requests, "parameters"),
            ("TaskSucceeded", account.results, "output"),
            ("StateExited", account.exited, "output"),
        ):
            if kind.endswith(suffix):
                where.append((details["name"], json.loads(json.dumps(details[key]))))

    def invoke(_call: embedded.TaskCall) -> Any:
        try:
            answer = run.answer(account.path[-1])
        except MissingMockError as missing:
            raise StateError("States.Runtime", str(missing)) from missing
        if isinstance(answer, Throw):
            raise StateError(answer.error, answer.cause)
        return answer.value

    name = str(uuid.uuid4())
    return embedded.Execution(
        arn=f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}",
        name=name,
        input=given,
        machine_arn=machine.arn,
        machine_name=machine.name,
        role_arn=ROLE_ARN,
        invoke=invoke,
        deadline=time.monotonic() + BOUND,
        wait_scale=0.0,
        record=record,
        in_order=True,
    )


def _run_embedded(machine: Machine, execution: embedded.Execution, account: Account) -> None:
    try:
        account.output = embedded.run(json.loads(sequential(machine.definition)), execution)
        account.status = "SUCCEEDED"
    except StateError as error:
        account.status, account.error, account.cause = "FAILED", error.error, error.cause
    except (ExecutionTimedOut, ExecutionStopped):
        account.status = "TIMED_OUT"


def run_endpoint(machine: Machine, book: MockBook, case: str, given: Any) -> Account:
    """Run a case on the endpoint of ``make local-sfn``: its own machine of that name, its own mocks."""
    client = _client()
    started = client.start_execution(
        stateMachineArn=f"{_arns()[machine.name]}#{case}", input=json.dumps(given, ensure_ascii=False)
    )
    described = _await_end(client, started["executionArn"])
    account = Account(described["status"], error=described.get("error"), cause=described.get("cause"))
    account.output = json.loads(described["output"]) if "output" in described else None
    account.read_history(_history(client, started["executionArn"]))
    return account


def _await_end(client: Any, arn: str) -> Any:
    until = time.monotonic() + BOUND
    while (described := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        if time.monotonic() > until:
            raise strict.ExecutionHangsError(strict.describe_hang(arn, BOUND, _history(client, arn)))
        time.sleep(0.005)
    return described


def _history(client: Any, arn: str) -> list[dict[str, Any]]:
    paginator = client.get_paginator("get_execution_history")
    pages = paginator.paginate(executionArn=arn, PaginationConfig={"PageSize": 1000})
    return [event for page in pages for event in page["events"]]


@functools.cache
def _client() -> Any:
    return boto3.client(
        "stepfunctions",
        endpoint_url=os.environ["DRAGOMAN_SFN_ENDPOINT"],
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@functools.cache
def _arns() -> dict[str, str]:
    return {machine["name"]: machine["stateMachineArn"] for machine in _client().list_state_machines()["stateMachines"]}


ENGINES: dict[str, Engine] = {"strict": run_strict, "embedded": run_embedded}
if os.environ.get("DRAGOMAN_SFN_ENDPOINT"):
    ENGINES["endpoint"] = run_endpoint
