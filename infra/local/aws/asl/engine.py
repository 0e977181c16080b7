"""The interpreter: walks the states of one JSONPath state machine.

It knows nothing of AWS services: tasks go to the `invoke` it is given. Sources for behaviour: the Amazon States
Language specification (states-language.net/spec.html) and the Step Functions developer guide.
"""

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.local.aws.asl import choice, intrinsics
from infra.local.aws.asl.errors import (
    DATA_LIMIT,
    HEARTBEAT_TIMEOUT,
    TIMEOUT,
    ExecutionStopped,
    ExecutionTimedOut,
    StateError,
    matches,
    runtime_error,
)
from infra.local.aws.asl.mocks import Mocks
from infra.local.aws.asl.paths import InvalidPath, PathNotFound, put, select
from infra.local.aws.asl.places import Place, Places

Json = Any
State = Mapping[str, Json]
# "Maximum input or output size for a task, state, or execution": 262,144 bytes as UTF-8
# (docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
MAX_BYTES = 262_144
# An inline Map runs at most 40 iterations at once (same page).
MAX_MAP_CONCURRENCY = 40
_DEFAULT_ATTEMPTS = 3
_WITH_BRANCHES = ("Map", "Parallel")


@dataclass(frozen=True)
class TaskCall:
    """One attempt of a Task state, as handed to `Execution.invoke`.

    `timeout` is in seconds, already cut to what the execution has left; `token` is set for `.waitForTaskToken`.
    `noted` is what `note` was given for this attempt, before a restart as well; `key` names the attempt, the same
    before and after.
    """

    resource: str
    parameters: Json
    timeout: float
    heartbeat: float | None
    token: str | None
    execution: "Execution"
    key: str = ""
    noted: Mapping[str, Json] = field(default_factory=dict)
    note: Callable[..., None] = lambda **_details: None


@dataclass
class Execution:
    """What every state of one execution shares.

    `deadline` is on time.monotonic()'s clock; `wait_scale` shortens Wait states and retry intervals in tests;
    `record` gets history events as (type, details); `in_order` runs the branches of a Parallel one after another.
    `places` says where it goes on; `new_token` makes task tokens; `pause` sleeps for so many seconds, or less.
    """

    arn: str
    name: str
    input: Json
    machine_arn: str
    machine_name: str
    role_arn: str
    invoke: Callable[[TaskCall], Json]
    deadline: float
    start_time: str = ""
    express: bool = False
    wait_scale: float = 1.0
    mocks: Mocks | None = None
    record: Callable[[str, Mapping[str, Json]], None] | None = None
    stopped: Callable[[], bool] = lambda: False
    in_order: bool = False
    places: Places = field(default_factory=Places)
    new_token: Callable[[], str] = lambda: str(uuid.uuid4())
    pause: Callable[[float], None] = lambda seconds: time.sleep(min(seconds, 1.0))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def context(self) -> dict[str, Json]:
        """The Context Object `$$` at the start."""
        return {
            "Execution": {
                "Id": self.arn,
                "Input": self.input,
                "Name": self.name,
                "RoleArn": self.role_arn,
                "StartTime": self.start_time or now(),
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": self.machine_arn, "Name": self.machine_name},
        }

    def remaining(self) -> float:
        """Seconds until the execution times out. Raises ExecutionTimedOut, ExecutionStopped."""
        if self.stopped():
            raise ExecutionStopped
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise ExecutionTimedOut
        return left

    def event(self, kind: str, **details: Json) -> None:
        """Record a history event when a history is kept."""
        if self.record is not None:
            with self._lock:
                self.record(kind, details)


def now() -> str:
    """The time as the Context Object shows it: UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def run(definition: Mapping[str, Json], execution: Execution) -> Json:
    """The output of `definition` for the execution's input.

    Raises StateError when it fails, ExecutionTimedOut, ExecutionStopped.
    """
    return _Branch(execution, execution.context(), "").run(definition, execution.input)


class _Branch:
    """A sequence of states with its own Context Object: a whole machine, a Map iteration, a Parallel branch."""

    def __init__(self, execution: Execution, context: dict[str, Json], path: str) -> None:
        self.execution = execution
        self.context = context
        self.path = path

    @property
    def _place(self) -> Place:
        return self.execution.places.at(self.path)

    def _note(self, **details: Json) -> None:
        self.execution.places.note(self.path, **details)

    def run(self, machine: Mapping[str, Json], data: Json) -> Json:
        """The branch's output. One that was under way goes on where it stood."""
        places = self.execution.places
        if not self._place:
            places.move(self.path, state=machine["StartAt"], input=data)
        while "output" not in (place := self._place):
            name = place["state"]
            state = machine["States"].get(name)
            if state is None:
                raise runtime_error(f"The state '{name}' does not exist")
            self.execution.remaining()
            output, following = self._enter(name, state, place["input"])
            if following is None:
                places.move(self.path, output=output)
            else:
                places.move(self.path, state=following, input=output)
            if state["Type"] in _WITH_BRANCHES:
                places.forget(f"{self.path}/{name}")
        return place["output"]

    def _enter(self, name: str, state: State, data: Json) -> tuple[Json, str | None]:
        self.context.pop("Task", None)
        entered = self._place.get("entered")
        if entered is None:
            self._note(entered=(entered := now()))
            self.execution.event(f"{state['Type']}StateEntered", name=name, input=data)
        self.context["State"] = {"Name": name, "EnteredTime": entered, "RetryCount": 0}
        try:
            output, following = self._attempts(name, state, data)
        except StateError as error:
            if error.cause is None and error.error is None and state["Type"] != "Fail":
                raise runtime_error(f"An error occurred while executing the state '{name}'") from error
            raise
        _check_size(name, output, "state")
        self.execution.event(f"{state['Type']}StateExited", name=name, output=output)
        return output, following

    def _attempts(self, name: str, state: State, data: Json) -> tuple[Json, str | None]:
        """Run a state under its Retry and Catch."""
        used = {int(number): count for number, count in self._place.get("retries", {}).items()}
        while True:
            self._sleep_until(self._place.get("again", 0.0))
            self.context["State"] = {**self.context["State"], "Name": name, "RetryCount": sum(used.values())}
            try:
                return _KINDS[state["Type"]](self, name, state, data)
            except StateError as error:
                delay = _retry_delay(state.get("Retry", ()), error, used)
                if delay is None:
                    return self._caught(state, data, error)
            if state["Type"] in _WITH_BRANCHES:
                self.execution.places.forget(f"{self.path}/{name}")
            counts = {str(number): count for number, count in used.items()}
            self._note(retries=counts, again=self._moment(delay), task={})

    def _caught(self, state: State, data: Json, error: StateError) -> tuple[Json, str | None]:
        for catcher in state.get("Catch", ()):
            if matches(catcher["ErrorEquals"], error.error):
                return self._placed(catcher, data, error.output()), catcher["Next"]
        raise error

    def _moment(self, seconds: float) -> float:
        """When so many seconds will have passed, in seconds since 1970."""
        return time.time() + max(0.0, seconds) * self.execution.wait_scale

    def _sleep_until(self, moment: float) -> None:
        while (left := moment - time.time()) > 0:
            self.execution.pause(min(left, self.execution.remaining()))

    # Data flow

    def _read(self, path: str, data: Json) -> Json:
        return select(path[1:], self.context) if path.startswith("$$") else select(path, data)

    def _value(self, expression: str, data: Json, name: str) -> Json:
        """The value of `$.path`, `$$.path` or `States.…()` for the payload field `name`."""
        try:
            if expression.startswith("States."):
                return intrinsics.evaluate(expression, lambda path: self._read(path, data))
            return self._read(expression, data)
        except PathNotFound as error:
            where = f"could not be found in the input '{_dump(data)}'"
            raise runtime_error(f"The JSONPath '{error}' specified for the field '{name}' {where}") from error
        except InvalidPath as error:
            raise runtime_error(f"Invalid path '{expression}' in the field '{name}'") from error

    def _template(self, template: Json, data: Json) -> Json:
        if isinstance(template, list):
            return [self._template(item, data) for item in template]
        if not isinstance(template, dict):
            return template
        return {
            key.removesuffix(".$"): self._value(value, data, key) if key.endswith(".$") else self._template(value, data)
            for key, value in template.items()
        }

    def _through(self, state: State, key: str, data: Json) -> Json:
        """InputPath or OutputPath: a path, null for an empty object, absent for everything."""
        path = state.get(key, "$")
        return {} if path is None else data if path == "$" else self._value(path, data, key)

    def _input(self, state: State, data: Json) -> Json:
        data = self._through(state, "InputPath", data)
        return self._template(state["Parameters"], data) if "Parameters" in state else data

    def _output(self, state: State, data: Json, result: Json) -> Json:
        if "ResultSelector" in state:
            result = self._template(state["ResultSelector"], result)
        return self._through(state, "OutputPath", self._placed(state, data, result))

    def _placed(self, state: State, data: Json, result: Json) -> Json:
        path = state.get("ResultPath", "$")
        if path is None or path == "$":
            return data if path is None else result
        try:
            return put(path, data, result)
        except InvalidPath as error:
            cause = f"Unable to apply ResultPath '{path}' to the input '{_dump(data)}'"
            raise StateError("States.ResultPathMatchFailure", cause) from error

    def _seconds(self, state: State, key: str, data: Json) -> float | None:
        if key in state:
            return float(state[key])
        path = state.get(f"{key}Path")
        if path is None:
            return None
        value = self._value(path, data, f"{key}Path")
        # What bounds a task must be a positive integer (guide, "Task state fields"); others may be nothing.
        wanted, least = (int, 1) if key in ("TimeoutSeconds", "HeartbeatSeconds") else (int | float, 0)
        if isinstance(value, bool) or not isinstance(value, wanted) or value < least:
            raise runtime_error(f"The {key}Path parameter does not reference a valid number: {_dump(value)}")
        return float(value)

    # States

    def pass_(self, _name: str, state: State, data: Json) -> tuple[Json, str | None]:
        """Pass: Result, or the (rewritten) input."""
        result = self._input(state, data)
        return self._output(state, data, state.get("Result", result)), _next(state)

    def succeed(self, _name: str, state: State, data: Json) -> tuple[Json, str | None]:
        """Succeed: the end of this branch."""
        return self._through(state, "OutputPath", self._through(state, "InputPath", data)), None

    def fail(self, _name: str, state: State, data: Json) -> tuple[Json, str | None]:
        """Fail: always raises."""
        pair = [
            self._value(state[f"{key}Path"], data, f"{key}Path") if f"{key}Path" in state else state.get(key)
            for key in ("Error", "Cause")
        ]
        raise StateError(pair[0], pair[1])

    def wait(self, _name: str, state: State, data: Json) -> tuple[Json, str | None]:
        """Wait for seconds or until a moment."""
        data = self._through(state, "InputPath", data)
        if "until" not in self._place:
            self._note(until=self._moment(self._waiting_time(state, data)))
        self._sleep_until(self._place["until"])
        return self._through(state, "OutputPath", data), _next(state)

    def _waiting_time(self, state: State, data: Json) -> float:
        seconds = self._seconds(state, "Seconds", data)
        if seconds is not None:
            return seconds
        stamp = state.get("Timestamp") or self._value(state["TimestampPath"], data, "TimestampPath")
        try:
            return (datetime.fromisoformat(stamp.replace("Z", "+00:00")) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, AttributeError) as error:
            raise runtime_error(f"The TimestampPath parameter does not reference a valid time: {stamp}") from error

    def choice(self, _name: str, state: State, data: Json) -> tuple[Json, str | None]:
        """Choice: the first rule that holds."""
        data = self._through(state, "InputPath", data)
        output = self._through(state, "OutputPath", data)
        for rule in state["Choices"]:
            if choice.holds(rule, lambda path: self._read(path, data)):
                return output, rule["Next"]
        if "Default" not in state:
            raise StateError("States.NoChoiceMatched", "No choice rule matched and there is no Default")
        return output, state["Default"]

    def task(self, name: str, state: State, data: Json) -> tuple[Json, str | None]:
        """Task: one attempt."""
        again = bool(self._place.get("task"))
        if not again:
            token = self.execution.new_token() if state["Resource"].endswith(".waitForTaskToken") else None
            self._note(task={"key": str(uuid.uuid4()), "since": time.time(), "token": token})
        noted = self._place["task"]
        if noted["token"] is not None:
            self.context["Task"] = {"Token": noted["token"]}
        parameters = self._input(state, data)
        _check_size(name, parameters, "task")
        call = self._call(state, data, parameters, noted)
        if not again:
            self.execution.event("TaskScheduled", name=name, resource=call.resource, parameters=parameters)
        result = self._invoke(name, call)
        self.execution.event("TaskSucceeded", name=name, resource=call.resource, output=result)
        _check_size(name, result, "state/task")
        return self._output(state, data, result), _next(state)

    def _call(self, state: State, data: Json, parameters: Json, noted: Mapping[str, Json]) -> TaskCall:
        own = self._seconds(state, "TimeoutSeconds", data)
        if own is not None and noted.get("sent"):
            # What waits has waited all along; what was cut off in the middle gets its time again.
            own = max(0.0, own - (time.time() - noted["since"]))
        left = self.execution.remaining()
        return TaskCall(
            state["Resource"],
            parameters,
            left if own is None else min(own, left),
            self._seconds(state, "HeartbeatSeconds", data),
            noted["token"],
            self.execution,
            noted["key"],
            noted,
            lambda **details: self._note(task={**self._place["task"], **details}),
        )

    def _invoke(self, name: str, call: TaskCall) -> Json:
        mocks = self.execution.mocks
        try:
            if mocks is not None and mocks.covers(name):
                return mocks.answer(name)
            return self.execution.invoke(call)
        except StateError as error:
            if error.error == TIMEOUT:
                self.execution.remaining()
            kind = "TaskTimedOut" if error.error in (TIMEOUT, HEARTBEAT_TIMEOUT) else "TaskFailed"
            self.execution.event(kind, name=name, resource=call.resource, error=error.error, cause=error.cause)
            raise

    def parallel(self, name: str, state: State, data: Json) -> tuple[Json, str | None]:
        """Parallel: every branch gets the same input; the first failure stops the others."""
        effective = self._input(state, data)
        branches = state["Branches"]

        def one(index: int) -> Json:
            path = f"{self.path}/{name}[{index}]"
            return _Branch(self.execution, dict(self.context), path).run(branches[index], effective)

        workers = 1 if self.execution.in_order else len(branches)
        return self._output(state, data, _fan_out(len(branches), workers, one)), _next(state)

    def map(self, name: str, state: State, data: Json) -> tuple[Json, str | None]:
        """Map, inline: one iteration an item, in order of the array."""
        effective = self._through(state, "InputPath", data)
        path = state.get("ItemsPath", "$")
        items = self._value(path, effective, "ItemsPath")
        if not isinstance(items, list):
            raise runtime_error(f"Reference path \"{path}\" must point to array in the state '{name}'")
        processor = state.get("ItemProcessor") or state["Iterator"]
        selector = state.get("ItemSelector", state.get("Parameters"))

        def one(index: int) -> Json:
            context = {**self.context, "Map": {"Item": {"Index": index, "Value": items[index]}}}
            branch = _Branch(self.execution, context, f"{self.path}/{name}[{index}]")
            item = items[index] if selector is None else branch._template(selector, effective)
            return branch.run(processor, item)

        most = int(self._seconds(state, "MaxConcurrency", effective) or 0) or MAX_MAP_CONCURRENCY
        results = _fan_out(len(items), min(most, MAX_MAP_CONCURRENCY), one)
        return self._output(state, data, results), _next(state)


_KINDS: dict[str, Callable[[_Branch, str, State, Json], tuple[Json, str | None]]] = {
    "Pass": _Branch.pass_,
    "Succeed": _Branch.succeed,
    "Fail": _Branch.fail,
    "Wait": _Branch.wait,
    "Choice": _Branch.choice,
    "Task": _Branch.task,
    "Parallel": _Branch.parallel,
    "Map": _Branch.map,
}


def _next(state: State) -> str | None:
    return None if state.get("End") else state["Next"]


def _dump(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _check_size(name: str, value: Json, what: str) -> None:
    if len(_dump(value).encode("utf-8", "surrogatepass")) > MAX_BYTES:
        cause = f"The {what} '{name}' returned a result with a size exceeding the maximum number of bytes service limit"
        raise StateError(DATA_LIMIT, cause)


def _retry_delay(retriers: Sequence[State], error: StateError, used: dict[int, int]) -> float | None:
    """Seconds until the next attempt, or None; counts it in `used` (attempts per retrier)."""
    for index, retrier in enumerate(retriers):
        if not matches(retrier["ErrorEquals"], error.error):
            continue
        count = used.get(index, 0)
        if count >= retrier.get("MaxAttempts", _DEFAULT_ATTEMPTS):
            return None
        used[index] = count + 1
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** count
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else float(delay)  # noqa: S311
    return None


def _fan_out(count: int, workers: int, one: Callable[[int], Json]) -> list[Json]:
    """`one(index)` for every index, at most `workers` at a time. Raises the first error; later indexes do not start."""
    if count <= 1 or workers == 1:
        return [one(index) for index in range(count)]
    results: list[Json] = [None] * count
    indexes = iter(range(count))
    lock = threading.Lock()
    failed = threading.Event()

    def work() -> None:
        while not failed.is_set():
            with lock:
                index = next(indexes, None)
            if index is None:
                return
            try:
                results[index] = one(index)
            except BaseException:
                failed.set()
                raise

    with ThreadPoolExecutor(min(count, workers)) as pool:
        futures = [pool.submit(copy_context().run, work) for _ in range(min(count, workers))]
    for future in futures:
        future.result()
    return results
