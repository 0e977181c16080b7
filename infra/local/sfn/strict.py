"""Executions on moto's Step Functions interpreter, answered from mocks: no network, no Docker, no moto backend."""

from __future__ import annotations

import datetime
import json
import logging
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.stepfunctions.parser.api import StateMachineType
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.eval.evaluation_details import EvaluationDetails
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException
from moto.stepfunctions.parser.backend.execution import SyncExecution
from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker
from moto.stepfunctions.parser.backend.state_machine import StateMachineInstance
from moto.stepfunctions.parser.utils import TMP_THREADS

from infra.local.sfn import patches
from infra.local.sfn.definitions import ACCOUNT, REGION, ROLE_ARN, Machine, sequential
from infra.local.sfn.mocks import CaseRun

MOCK_ERROR = "Mock.Missing"
"""The error of an execution whose case had no answer for a task, whatever the machine itself caught."""

MAX_INPUT_BYTES = 262_144
"""Input of an execution: 256 KiB of UTF-8 (Step Functions quotas)."""

for _noisy in ("moto.stepfunctions.parser.asl", "moto.stepfunctions.parser.backend"):
    # The interpreter logs every mocked failure, with its data, as an error of its own.
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)


class InvalidDefinitionError(ValueError):
    """A definition that the interpreter's grammar refuses."""


class ExecutionHangsError(TimeoutError):
    """An execution that did not end within its bound; the message holds the history it got to."""


@dataclass
class Execution:
    """One execution: its ARN, input and output as JSON text, status as the API spells it, and its history so far."""

    arn: str
    name: str
    machine: Machine
    input: str
    started: datetime.datetime
    run: CaseRun
    status: str = "RUNNING"
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    stopped: datetime.datetime | None = None
    done: threading.Event = field(default_factory=threading.Event)
    worker: Any = None

    def history(self) -> list[dict[str, Any]]:
        """Return the events so far, in GetExecutionHistory's shape; timestamps are ISO 8601 text."""
        environment = self.worker.exec_worker.env if self.worker and self.worker.exec_worker else None
        events: list[dict[str, Any]] = environment.event_manager.get_event_history() if environment else []
        return events


class Interpreter:
    """Parses machines once and runs executions on them. Safe to use from several threads."""

    def __init__(self, wait_scale: float = 0.0) -> None:
        """Make an interpreter whose waits and retry intervals are multiplied by ``wait_scale`` (for the process)."""
        patches.apply()
        patches.set_wait_scale(wait_scale)
        self._programs: dict[str, Program] = {}
        self._lock = threading.Lock()

    def program(self, machine: Machine) -> Program:
        """Return the machine's parsed program. Raises InvalidDefinitionError with the parser's reason."""
        with self._lock:
            if machine.definition not in self._programs:
                self._programs[machine.definition] = _parse(machine.definition)
            return self._programs[machine.definition]

    def start(self, machine: Machine, run: CaseRun, text: str = "{}", name: str | None = None) -> Execution:
        """Start an execution in a thread of its own and return at once; ``done`` is set when it has ended.

        ``text`` is the input as JSON text. Raises InvalidDefinitionError; ValueError if it is no JSON or too big.
        """
        if len(text.encode()) > MAX_INPUT_BYTES:
            raise ValueError(f"the input has more than {MAX_INPUT_BYTES} bytes")
        json.loads(text)
        program = self.program(machine)
        name = name or str(uuid.uuid4())
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine.name}:{name}"
        execution = Execution(arn, name, machine, text, datetime.datetime.now(datetime.UTC), run)
        execution.worker = _MockedExecution(execution, program)
        threading.Thread(target=_run, args=(execution,), name=f"sfn-{name}", daemon=True).start()
        return execution

    def run(self, machine: Machine, run: CaseRun, text: str = "{}", bound: float = 20.0) -> Execution:
        """Run an execution to its end. Raises ExecutionHangsError if that takes more than ``bound`` seconds."""
        execution = self.start(machine, run, text)
        if not execution.done.wait(bound):
            stop(execution, "Hang", "stopped by its bound")
            raise ExecutionHangsError(describe_hang(execution.arn, bound, execution.history()))
        return execution


def stop(execution: Execution, error: str | None = None, cause: str | None = None) -> None:
    """Ask a running execution to stop, as StopExecution does; it ends as ABORTED."""
    environment = execution.worker.exec_worker.env if execution.worker.exec_worker else None
    if environment is not None and not execution.done.is_set():
        execution.error, execution.cause = error, cause
        environment.set_stop(stop_date=datetime.datetime.now(datetime.UTC), cause=cause, error=error)


def describe_hang(arn: str, bound: float, history: list[dict[str, Any]]) -> str:
    """Say how far an execution got: its last events, one a line."""
    lines = [f"  {event['id']} {event['type']} {_state_of(event)}".rstrip() for event in history[-20:]]
    return "\n".join([f"{arn} did not end within {bound} s; its history so far ({len(history)} events):", *lines])


def _state_of(event: dict[str, Any]) -> str:
    for key, value in event.items():
        if key.endswith("EventDetails") and isinstance(value, dict):
            return str(value.get("name") or value.get("error") or "")
    return ""


def _parse(definition: str) -> Program:
    try:
        return AmazonStateLanguageParser.parse(sequential(definition))[0]
    except (ASLParserException, ValueError, KeyError, RuntimeError, NotImplementedError) as error:
        raise InvalidDefinitionError(str(error)) from error


def _run(execution: Execution) -> None:
    worker = execution.worker
    try:
        worker.start()
        execution.status, execution.error, execution.cause = worker.exec_status.value, worker.error, worker.cause
        if execution.status == "SUCCEEDED":
            execution.output = json.dumps(worker.output, ensure_ascii=False, separators=(",", ":"))
    except Exception as error:  # the thread's outermost frame: a crash is the execution's outcome
        logging.getLogger(__name__).exception("The interpreter failed.")
        execution.status, execution.error = "FAILED", "States.Runtime"
        execution.cause = f"{type(error).__name__}: {error}"
    if execution.run.problems:
        execution.status, execution.output = "FAILED", None
        execution.error, execution.cause = MOCK_ERROR, "; ".join(execution.run.problems)
    execution.stopped = datetime.datetime.now(datetime.UTC)
    TMP_THREADS[:] = [thread for thread in TMP_THREADS if thread.is_alive()]
    execution.done.set()


class _MockedWorker(SyncExecutionWorker):  # type: ignore[misc] # moto is untyped
    """Runs a program that is parsed already."""

    program: Program

    def _get_evaluation_entrypoint(self) -> Program:
        return self.program


class _MockedExecution(SyncExecution):  # type: ignore[misc] # moto is untyped
    """moto's synchronous execution, made without its provider and with our case in the environment."""

    def __init__(self, execution: Execution, program: Program) -> None:
        machine = execution.machine
        instance = StateMachineInstance(
            name=machine.name,
            arn=machine.arn,
            definition=machine.definition,
            role_arn=ROLE_ARN,
            logging_config={},
            sm_type=StateMachineType(machine.type),
        )
        super().__init__(
            name=execution.name,
            sm_type=instance.sm_type,
            role_arn=ROLE_ARN,
            exec_arn=execution.arn,
            account_id=ACCOUNT,
            region_name=REGION,
            state_machine=instance,
            start_date=patches.aws_time(execution.started),
            cloud_watch_logging_session=None,
            activity_store={},
            input_data=execution.input,
        )
        self._run = execution.run
        self._program = program

    def _get_start_execution_worker(self) -> _MockedWorker:
        worker = _MockedWorker(
            evaluation_details=EvaluationDetails(
                aws_execution_details=self._get_start_aws_execution_details(),
                execution_details=self.get_start_execution_details(),
                state_machine_details=self.get_start_state_machine_details(),
            ),
            exec_comm=self._get_start_execution_worker_comm(),
            cloud_watch_logging_session=None,
            activity_store={},
            mock_test_case=self._run,
        )
        worker.program = self._program
        return worker
