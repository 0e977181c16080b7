"""What moto 5.2.5's Step Functions interpreter needs to be a strict judge, in one place.

Each patch names what it stands in for. All are applied once, by ``apply``, and leave executions alone that do not carry
a ``CaseRun``. ``tests/unit/local/sfn/test_patches.py`` fails when a pin of moto no longer has these seams.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser import quotas
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails, TaskTimedOutEventDetails
from moto.stepfunctions.parser.asl.component.common.catch.catcher_decl import CatcherDecl
from moto.stepfunctions.parser.asl.component.common.catch.catcher_outcome import CatcherOutcomeCaught
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import HeartbeatSecondsPath
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsPath
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.json_manipulation.json_to_string import (
    JsonToString,
)
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.json_manipulation.string_to_json import (
    StringToJson,
)
from moto.stepfunctions.parser.asl.component.state import state as state_module
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branch_worker import BranchWorker
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_api_gateway import (
    StateTaskServiceApiGateway,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb import (
    StateTaskServiceDynamoDB,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.states import StateData
from moto.stepfunctions.parser.asl.parse import preprocessor
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.mocking.mock_config import MockedResponseReturn

from infra.local.sfn.mocks import CaseRun, MissingMockError, Throw

UNCATCHABLE = frozenset({"States.Runtime", "States.DataLimitExceeded"})
"""States.ALL and States.TaskFailed never match these (Step Functions guide, "Handling errors", list of error names)."""

TIMEOUT, HEARTBEAT_TIMEOUT = "States.Timeout", "States.HeartbeatTimeout"
"""A heartbeat that fails to come is a States.Timeout too (same page)."""

HTTP_ERRORS = "States.Http."
"""``http:invoke`` fails with ``States.Http.StatusCode.NNN`` or ``States.Http.Socket`` (guide, "Call HTTPS APIs")."""

HTTP_FIELDS = frozenset(
    {"ApiEndpoint", "Method", "Authentication", "InvocationConfig"}
    | {"Headers", "QueryParameters", "RequestBody", "Transform"}
)
"""The guide's "HTTP Task fields"."""

GATEWAY_FIELDS = frozenset(
    {
        "ApiEndpoint",
        "Method",
        "Headers",
        "Stage",
        "Path",
        "QueryParameters",
        "RequestBody",
        "AllowNullValues",
        "AuthType",
    }
)
"""The guide's "Call API Gateway", request format."""

_RULE_MATCHED = "dragoman-rule-matched"

_wait_scale = 0.0
_applied = False


def apply() -> None:
    """Patch moto's interpreter, once for the process."""
    global _applied  # noqa: PLW0603 (patches are process-wide, so is the guard)
    if _applied:
        return
    _applied = True
    _answer_tasks_from_mocks()
    _keep_mocked_errors()
    _select_as_jsonpath_says()
    _add_http_invoke()
    _send_all_to_api_gateway()
    _match_errors_as_aws()
    _bound_tasks_by_positive_integers()
    _run_branches_in_order()
    _scale_waits()
    _write_times_as_aws()
    _write_json_as_aws()
    _fail_at_texts_that_are_no_json()
    _make_heap_keys_early()
    _report_what_is_taken()


def set_wait_scale(scale: float) -> None:
    """Multiply every Wait and retry interval by ``scale``; 0 skips them."""
    global _wait_scale  # noqa: PLW0603 (moto's components carry no configuration)
    _wait_scale = scale


def run_of(env: Environment) -> CaseRun | None:
    """Return the CaseRun of an execution, or None for one that is not ours."""
    return env.mock_test_case if isinstance(env.mock_test_case, CaseRun) else None


def _wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    original = getattr(owner, name)
    setattr(owner, name, lambda *args, **kwargs: wrapper(original, *args, **kwargs))


def _answer_tasks_from_mocks() -> None:
    """Stand in for Environment.is_mocked_mode and get_current_mocked_response.

    They are the interpreter's own seam for mocks, called by every task before it would ask boto_client_for for a
    client; moto ships it unused, and counts retries where Step Functions Local counts invocations.
    """
    _wrap(Environment, "is_mocked_mode", lambda original, env: run_of(env) is not None or original(env))
    _wrap(Environment, "get_current_mocked_response", _mocked_response)


def _mocked_response(original: Callable[..., Any], env: Environment) -> MockedResponseReturn:
    run = run_of(env)
    if run is None:
        return original(env)
    try:
        answer = run.answer(env.next_state_name)
    except MissingMockError as missing:
        raise FailureEventException(_failure(env, "States.Runtime", str(missing))) from missing
    if isinstance(answer, Throw):
        raise FailureEventException(_failure(env, answer.error, answer.cause))
    return MockedResponseReturn(range_start=0, range_end=0, payload=answer.value)


def _failure(env: Environment, error: str, cause: str) -> FailureEvent:
    if error in (TIMEOUT, HEARTBEAT_TIMEOUT):
        timed_out = EventDetails(taskTimedOutEventDetails=TaskTimedOutEventDetails(error=error, cause=cause))
        return FailureEvent(env, _error_name(error), HistoryEventType.TaskTimedOut, timed_out)
    failed = EventDetails(taskFailedEventDetails=TaskFailedEventDetails(error=error, cause=cause))
    return FailureEvent(env, _error_name(error), HistoryEventType.TaskFailed, failed)


class _ServiceErrorName(ErrorName):  # type: ignore[misc] # moto is untyped
    """An error of an integration that begins with ``States.`` and yet is not one of the language's own."""


def _error_name(error_name: str | None) -> ErrorName:
    if error_name is not None and error_name.startswith(HTTP_ERRORS):
        return _ServiceErrorName(error_name)
    if error_name is not None and error_name.startswith("States."):
        return StatesErrorName.from_name(error_name)
    return CustomErrorName(error_name)


def _keep_mocked_errors() -> None:
    """Stand in for _from_error of DynamoDB and of API Gateway, which take a mocked failure for an unknown exception."""

    def from_error(original: Callable[..., FailureEvent], state: Any, env: Environment, ex: Exception) -> FailureEvent:
        return ex.failure_event if isinstance(ex, FailureEventException) else original(state, env=env, ex=ex)

    _wrap(StateTaskServiceDynamoDB, "_from_error", from_error)
    _wrap(StateTaskServiceApiGateway, "_from_error", from_error)


def _select_as_jsonpath_says() -> None:
    """Stand in for json_path.extract_json, whose ``$.a[0].b`` is a list, and which parses a path on every use."""
    original = json_path.extract_json
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser.") and getattr(module, "extract_json", None) is original:
            module.extract_json = _extract  # type: ignore[attr-defined]


def _extract(path: str, data: Any) -> Any:
    found = [match.value for match in _parsed(path).find(data)]
    if _SEVERAL.search(path):
        # As the original: a path that ends in one index is taken out of its list.
        return found[0] if len(found) == 1 and _LAST_INDEX.search(path) else found
    if not found:
        raise json_path.NoSuchJsonPathError(json_path=path, data=data)
    return found[0]


_parsed = functools.cache(json_path.parse)
_SEVERAL = re.compile(r"\.\.|\*|\[\?|\[[^\]'\"]*[:,]")
"""A path that may select any number of values (wildcard, slice, union, filter, descent) always gives a list."""
_LAST_INDEX = re.compile(r"\[\d+\]$")


class _HttpInvoke(StateTaskService):  # type: ignore[misc] # moto is untyped
    """``arn:aws:states:::http:invoke``, which moto lacks."""

    def _get_supported_parameters(self) -> set[str] | None:
        if self.resource.api_action != "invoke":
            return None
        return set(HTTP_FIELDS)

    def _eval_service_task(self, **_: Any) -> None:
        raise RuntimeError("http:invoke answers from mocks only")


def _add_http_invoke() -> None:
    """Add to state_task_service_for, which knows no service ``http``, and let Retry and Catch name its errors."""

    def service_for(original: Callable[[str], StateTaskService], service_name: str) -> StateTaskService:
        return _HttpInvoke() if service_name == "http" else original(service_name)

    _wrap(state_task_service_factory, "state_task_service_for", service_for)
    state_task_factory.state_task_service_for = state_task_service_factory.state_task_service_for
    preprocessor.CustomErrorName = _error_name


def _send_all_to_api_gateway() -> None:
    """Stand in for the parameters that StateTaskServiceApiGateway supports: only the two that the guide requires."""
    StateTaskServiceApiGateway._SUPPORTED_API_PARAM_BINDINGS = {"invoke": set(GATEWAY_FIELDS)}


def _match_errors_as_aws() -> None:
    """Stand in for ErrorEqualsDecl._eval_body, whose States.ALL matches everything and States.Timeout no heartbeat."""

    def evaluate(original: Callable[..., None], decl: ErrorEqualsDecl, env: Environment) -> None:
        name = env.stack[-1].error_name if env.stack[-1] else None
        listed = {item.error_name for item in decl.error_names}
        if name not in UNCATCHABLE and not (name == HEARTBEAT_TIMEOUT and TIMEOUT in listed):
            original(decl, env)
            return
        env.stack.pop()
        env.stack.append(name in listed or name == HEARTBEAT_TIMEOUT)

    _wrap(ErrorEqualsDecl, "_eval_body", evaluate)


def _bound_tasks_by_positive_integers() -> None:
    """Stand in for _eval_seconds of TimeoutSecondsPath and HeartbeatSecondsPath, which take any number."""

    def seconds(original: Callable[[Any, Environment], Any], path: Any, env: Environment) -> Any:
        value = original(path, env)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            cause = f"The {type(path).__name__} parameter does not reference a positive integer: {value}"
            raise FailureEventException(_failure(env, "States.Runtime", cause))
        return value

    _wrap(TimeoutSecondsPath, "_eval_seconds", seconds)
    _wrap(HeartbeatSecondsPath, "_eval_seconds", seconds)


def _run_branches_in_order() -> None:
    """Stand in for BranchWorker.start: a case's branches run one after another, so that its history is always the same.

    As on AWS, no branch goes on once another has failed.
    """

    def start(original: Callable[..., None], worker: BranchWorker) -> None:
        if run_of(worker.env) is None:
            original(worker)
        elif not worker._branch_worker_comm._termination_event.is_set():
            original(worker)
            worker._worker_thread.join()

    _wrap(BranchWorker, "start", start)


class _ScaledTime:
    """Stands in for the module ``time`` inside retrier_decl."""

    @staticmethod
    def sleep(seconds: float) -> None:
        time.sleep(seconds * _wait_scale)


def _scale_waits() -> None:
    """Stand in for ``time.sleep`` of RetrierDecl._eval_body and for WaitFunction._wait_interval."""

    def wait(_original: Callable[..., None], _function: WaitFunction, env: Environment, wait_seconds: float) -> None:
        if wait_seconds > 0 and _wait_scale > 0:
            env.program_state_event.wait(wait_seconds * _wait_scale)

    retrier_decl.time = _ScaledTime
    _wrap(WaitFunction, "_wait_interval", wait)


def _write_times_as_aws() -> None:
    """Stand in for the StateData that CommonStateField._eval_body makes: AWS writes milliseconds and ``Z``."""

    def state_data(EnteredTime: str, Name: str) -> StateData:  # noqa: N803 (the TypedDict's own keys)
        return StateData(EnteredTime=aws_time(datetime.datetime.fromisoformat(EnteredTime)), Name=Name)

    state_module.StateData = state_data


def aws_time(moment: datetime.datetime) -> str:
    """Format a time as the context object has it: ``2026-11-21T11:06:04.123Z``."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write_json_as_aws() -> None:
    """Stand in for JsonToString._eval_body and the quota's to_json_str: AWS writes UTF-8, moto escapes."""

    def json_to_string(_original: Callable[..., None], function: JsonToString, env: Environment) -> None:
        function.argument_list.eval(env=env)
        env.stack.append(_json(env.stack.pop().pop()))

    _wrap(JsonToString, "_eval_body", json_to_string)
    quotas.to_json_str = _json


def _fail_at_texts_that_are_no_json() -> None:
    """Stand in for StringToJson._eval_body, whose ValueError ends the execution: AWS's failure can be caught."""

    def string_to_json(original: Callable[..., None], function: StringToJson, env: Environment) -> None:
        try:
            original(function, env)
        except ValueError as error:
            cause = f"Invalid arguments in States.StringToJson: {error}"
            raise FailureEventException(_failure(env, "States.IntrinsicFailure", cause)) from error

    _wrap(StringToJson, "_eval_body", string_to_json)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _make_heap_keys_early() -> None:
    """Stand in for EvalComponent.heap_key, made on first use without a lock.

    Two iterations failing at once could each make one, and the second lost its retry count (too many attempts).
    """
    EvalComponent.heap_key = property(lambda component: str(id(component)))


def _report_what_is_taken() -> None:
    """Note in the CaseRun which Choice rule, Retrier and Catcher decided, by component, for the coverage."""
    _wrap(StateChoice, "_eval_state", _note_choice)
    _wrap(ChoiceRule, "_eval_body", _note_rule)
    _wrap(RetrierDecl, "_eval_body", _note_retrier)
    _wrap(CatcherDecl, "_eval_body", _note_catcher)


def _note(env: Environment, component: Any, what: str) -> None:
    run = run_of(env)
    if run is not None:
        run.visits.add((what, str(id(component))))


def _note_choice(original: Callable[..., None], state: StateChoice, env: Environment) -> None:
    env.heap.pop(_RULE_MATCHED, None)
    original(state, env)
    if not env.heap.pop(_RULE_MATCHED, False):
        _note(env, state, "default")


def _note_rule(original: Callable[..., None], rule: ChoiceRule, env: Environment) -> None:
    original(rule, env)
    if env.stack[-1] is True and rule.next_stmt:  # the rules inside And, Or and Not lead nowhere
        env.heap[_RULE_MATCHED] = True
        _note(env, rule, "choice")


def _note_retrier(original: Callable[..., None], retrier: RetrierDecl, env: Environment) -> None:
    original(retrier, env)
    if env.stack[-1] is RetrierOutcome.Executed:
        _note(env, retrier, "retry")


def _note_catcher(original: Callable[..., None], catcher: CatcherDecl, env: Environment) -> None:
    original(catcher, env)
    if isinstance(env.stack[-1], CatcherOutcomeCaught):
        _note(env, catcher, "catch")
