"""What Step Functions would refuse and the interpreters let pass: fields, requests, results and error names.

The services' own models come from botocore; the rules of the integrations from the Step Functions guide.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, OperationNotFoundError, Shape
from botocore.validate import ParamValidator

from infra.local.sfn import patches
from infra.local.sfn.definitions import walk
from infra.local.sfn.mocks import Answer, Throw

OPTIMISED = {
    "lambda:invoke": ("lambda", "Invoke", "Lambda"),
    "events:putEvents": ("events", "PutEvents", "EventBridge"),
    "dynamodb:getItem": ("dynamodb", "GetItem", "DynamoDB"),
    "dynamodb:putItem": ("dynamodb", "PutItem", "DynamoDB"),
    "dynamodb:updateItem": ("dynamodb", "UpdateItem", "DynamoDB"),
    "dynamodb:deleteItem": ("dynamodb", "DeleteItem", "DynamoDB"),
    "sqs:sendMessage": ("sqs", "SendMessage", "SQS"),
    "sns:publish": ("sns", "Publish", "SNS"),
    "states:startExecution": ("sfn", "StartExecution", "StepFunctions"),
}
"""Optimised integrations we may use: the service, its operation, and the prefix of its errors."""

SDK_PREFIXES = {
    "dynamodb": "DynamoDb",
    "events": "EventBridge",
    "eventbridge": "EventBridge",
    "cloudtrail": "CloudTrail",
    "sesv2": "SesV2",
}
"""Prefixes of the errors of SDK integrations where they are not the capitalised service name."""

PATTERNS = {"": (), "waitForTaskToken": ("STANDARD",), "sync:2": ("STANDARD",)}
"""Ways to call an integration that we may use, and the type a machine must have for them ("any" where empty)."""

TOKEN = "$$.Task.Token"

COMMON_ERRORS = frozenset({"SdkClientException", "ThrottlingException"})
"""Errors of a service's client or front end, which its model does not list."""

LAMBDA_ERRORS = frozenset(
    {
        "ServiceException",
        "AWSLambdaException",
        "SdkClientException",
        "TooManyRequestsException",
        "ClientExecutionTimeoutException",
        "ResourceNotReadyException",
        "Unknown",
    }
)
LANGUAGE_ERRORS = frozenset(
    f"States.{name}" for name in ("ALL", "TaskFailed", "Timeout", "Permissions", "DataLimitExceeded")
)
"""Errors of the language that any task can end with, and the wildcards that match them."""

CONNECTION_ERRORS = frozenset(
    {
        *("InvalidConnectionState", "InvalidPrivateConnectionState", "AccessDenied", "ResourceNotFound"),
        *("AuthInProgress", "ConcurrentModification", "InternalError"),
    }
)
"""Of https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html, "Connection errors"."""

SDK_SPELLING = {"BOOL": "Bool", "NULL": "Nul", "SS": "Ss", "NS": "Ns", "BS": "Bs"}
"""Members of AttributeValue that SDK integrations spell as the SDK for Java 2 does (aws-sdk-js issue 4294)."""

WITHOUT_MODEL = {"http:invoke": patches.HTTP_FIELDS, "apigateway:invoke": patches.GATEWAY_FIELDS}
"""Integrations that no service's model describes, and the parameters they take."""

_OWNERS = {"StepFunctions": "AWS"}
"""First word of an optimised integration's base exception where it is not Amazon (AWSStepFunctionsException)."""

STATUS = re.compile(r"[1345]\d\d")
"""The statuses that ``apigateway:invoke`` reports as errors: all but 2xx (guide, "Call API Gateway")."""

ENDPOINT = re.compile(r"[0-9a-z]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
"""An ApiEndpoint of ``apigateway:invoke``: a host name, without scheme, stage or path."""

FORM = "application/x-www-form-urlencoded"


class Task:
    """The integration a Task state calls, and what it may be given and give back."""

    def __init__(self, resource: str) -> None:
        """Read a Resource ARN. ``operation`` is None where no model describes the call (http:invoke).

        ``pattern`` is what follows the action: "" (request response), "waitForTaskToken" or "sync:2".
        """
        self.resource, _, self.pattern = resource.split(":::", 1)[-1].partition(".")
        self.sdk = self.resource.startswith("aws-sdk:")
        self.operation: OperationModel | None = None
        self.prefix = ""
        if self.sdk:
            _, service, action = self.resource.split(":")
            self.prefix = SDK_PREFIXES.get(service, service.capitalize())
            self.operation = operation(service, action[0].upper() + action[1:])
        elif self.resource in OPTIMISED:
            service, name, self.prefix = OPTIMISED[self.resource]
            self.operation = operation(service, name)

    def request_problems(self, parameters: Mapping[str, Any]) -> list[str]:
        """Say why the service would refuse these parameters, as resolved from the state's input."""
        if self.resource == "http:invoke":
            return _http_problems(parameters)
        if self.resource == "apigateway:invoke":
            return _gateway_problems(parameters)
        if self.operation is None or self.operation.input_shape is None:
            return []
        return self._problems(_for_the_wire(self.resource, parameters), self.operation.input_shape)

    def answer_problems(self, answer: Answer) -> list[str]:
        """Say why the integration would never give this answer."""
        if isinstance(answer, Throw):
            return [] if self.can_fail_with(answer.error) else [f"{self.resource} does not fail with {answer.error!r}"]
        if self.pattern == "waitForTaskToken":
            return []  # whatever SendTaskSuccess hands over
        if self.pattern == "sync:2":
            return _ended_problems(answer.value)
        if self.resource == "events:putEvents" and answer.value.get("FailedEntryCount"):
            return ["a failed entry fails the task: mock it as Throw EventBridge.FailedEntry"]
        if self.resource == "lambda:invoke" or self.operation is None or self.operation.output_shape is None:
            return []
        return self._problems(answer.value, self.operation.output_shape)

    def can_fail_with(self, error: str) -> bool:
        """Tell whether the integration can report an error of this name."""
        if error in LANGUAGE_ERRORS:
            return True
        prefix, _, name = error.rpartition(".")
        if self.pattern == "waitForTaskToken" and (error == patches.HEARTBEAT_TIMEOUT or not prefix):
            return True  # a name without a prefix is what SendTaskFailure says
        if self.resource == "http:invoke":
            own = {"States.Http.StatusCode": name.isdecimal(), "States.Http": name == "Socket"}
            return own.get(prefix, prefix == "Events.ConnectionResource" and name in CONNECTION_ERRORS)
        if self.resource == "apigateway:invoke":
            # A status where there is one, else the class of an exception, of which no list is published.
            return prefix == "ApiGateway" and (bool(STATUS.fullmatch(name)) or name.endswith("Exception"))
        if self.resource == "lambda:invoke":
            return name in LAMBDA_ERRORS if prefix == "Lambda" else not prefix
        return prefix == self.prefix and name in self._error_names()

    @property
    def pascal(self) -> bool:
        """Whether the integration writes the model's members in PascalCase."""
        return self.sdk or self.resource == "states:startExecution"

    def _problems(self, value: Any, shape: Shape) -> list[str]:
        if not self.pascal:
            return _shape_problems(value, shape)
        spelling = _attribute_problems(value) if self.prefix == "DynamoDb" else []
        return _shape_problems(_as_in_the_model(value, shape), shape) + spelling

    def _error_names(self) -> set[str]:
        if self.operation is None:
            return set()
        modelled = {shape.name for shape in self.operation.service_model.error_shapes}
        own = (
            {f"{self.prefix}Exception"} if self.sdk else {f"{_OWNERS.get(self.prefix, 'Amazon')}{self.prefix}Exception"}
        )
        own |= {"FailedEntry"} if self.resource == "events:putEvents" else set()
        # The integrations report the class names of the SDK for Java, which all end in Exception; an error without a
        # class of its own is reported as the service's base exception.
        return modelled | {name + "Exception" for name in modelled} | own | COMMON_ERRORS


_BOTO_NAMES = {"sfn": "stepfunctions", "eventbridge": "events"}


@functools.cache
def operation(service: str, name: str) -> OperationModel | None:
    """Return a service's operation from botocore's models, or None if the service has no such operation."""
    try:
        return _session().get_service_model(_BOTO_NAMES.get(service, service)).operation_model(name)
    except (UnknownServiceError, OperationNotFoundError):
        return None


def definition_problems(definition: Mapping[str, Any], type_: str = "STANDARD") -> list[str]:
    """Say what CreateStateMachine would refuse, or what could never happen, in the Tasks of a definition."""
    tasks = [(name, state) for name, state in walk(definition) if state["Type"] == "Task"]
    return [f"{name}: {problem}" for name, state in tasks for problem in _task_problems(state, type_)]


def _task_problems(state: Mapping[str, Any], type_: str) -> Iterator[str]:
    task = Task(state["Resource"])
    yield from _pattern_problems(task, state, type_)
    if task.operation is None and task.resource not in WITHOUT_MODEL:
        yield f"{state['Resource']} is no integration that is known here"
        return
    fields = {key.removesuffix(".$") for key in state.get("Parameters", {})}
    known = _fields(task)
    if fields - known:
        yield f"{task.resource} does not support {sorted(fields - known)}"
    clauses = [*state.get("Retry", []), *state.get("Catch", [])]
    errors = [error for clause in clauses for error in clause["ErrorEquals"]]
    yield from (f"{task.resource} never fails with {error!r}" for error in errors if not task.can_fail_with(error))


def _pattern_problems(task: Task, state: Mapping[str, Any], type_: str) -> Iterator[str]:
    if task.pattern not in PATTERNS or (task.pattern == "sync:2" and task.resource != "states:startExecution"):
        yield f"{task.resource} does not support the pattern {task.pattern!r}"
    elif PATTERNS[task.pattern] and type_ not in PATTERNS[task.pattern]:
        yield f"{type_.capitalize()} workflows do not support the pattern {task.pattern!r}"
    hands_over = TOKEN in json.dumps(state.get("Parameters", {}))
    if hands_over != (task.pattern == "waitForTaskToken"):
        yield f"{TOKEN} must be handed over by tasks that wait for it, and is there for no others"


def _fields(task: Task) -> set[str]:
    if task.resource in WITHOUT_MODEL:
        return set(WITHOUT_MODEL[task.resource])
    shape = task.operation.input_shape if task.operation else None
    members = set(getattr(shape, "members", {}))
    return {_pascal(name) for name in members} if task.pascal else members


def _http_problems(parameters: Mapping[str, Any]) -> list[str]:
    needed = ("ApiEndpoint", "Method", "Authentication")
    problems = [f"http:invoke needs {key}" for key in needed if key not in parameters]
    if not str(parameters.get("ApiEndpoint", "")).startswith("https://"):
        problems.append("ApiEndpoint must be an https URL")
    encoded = parameters.get("Transform", {}).get("RequestBodyEncoding") == "URL_ENCODED"
    form = any(key.lower() == "content-type" and value == FORM for key, value in parameters.get("Headers", {}).items())
    if encoded and not form:
        problems.append(f"URL_ENCODED needs the header Content-Type: {FORM}")
    return problems


def _gateway_problems(parameters: Mapping[str, Any]) -> list[str]:
    problems = [f"apigateway:invoke needs {key}" for key in ("ApiEndpoint", "Method") if key not in parameters]
    if not ENDPOINT.fullmatch(str(parameters.get("ApiEndpoint", ""))):
        problems.append("ApiEndpoint must be the host name of an API: <id>.execute-api.<region>.amazonaws.com")
    if parameters.get("AuthType", "NO_AUTH") not in ("NO_AUTH", "IAM_ROLE", "RESOURCE_POLICY"):
        problems.append(f"AuthType {parameters['AuthType']!r} is none that API Gateway knows")
    if "RequestBody" in parameters and parameters.get("Method") not in ("POST", "PUT", "PATCH"):
        problems.append(f"{parameters.get('Method')} takes no RequestBody")
    return problems


def _for_the_wire(resource: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = json.loads(json.dumps(parameters))
    if resource == "lambda:invoke":
        wire["Payload"] = json.dumps(wire.get("Payload", {}))
    if resource == "events:putEvents":
        for entry in wire.get("Entries", []):
            if isinstance(entry.get("Detail"), dict):
                entry["Detail"] = json.dumps(entry["Detail"])
    if resource == "states:startExecution" and "Input" in wire:
        wire["Input"] = json.dumps(wire["Input"])
    return wire


def _ended_problems(value: Any) -> list[str]:
    """What ``sync:2`` returns: DescribeExecution of an execution that succeeded, its Input and Output parsed."""
    described = operation("sfn", "DescribeExecution")
    if not isinstance(value, dict) or value.get("Status") != "SUCCEEDED":
        return ["sync:2 returns executions that SUCCEEDED; mock others as Throw States.TaskFailed"]
    shape = described.output_shape if described else None
    if shape is None:
        return []
    texts = {key: json.dumps(value[key]) for key in ("Input", "Output") if key in value}
    # Dates are milliseconds since 1970 here, which no model knows.
    dates = {key: datetime.datetime.fromtimestamp(value[key] / 1000, datetime.UTC) for key in _DATES if key in value}
    return _shape_problems(_as_in_the_model({**value, **texts, **dates}, shape), shape)


_DATES = ("StartDate", "StopDate")


def _as_in_the_model(value: Any, shape: Shape) -> Any:
    """Give members the model's names: SDK integrations write all of them in PascalCase (StateMachineArn), some models
    do not (stateMachineArn)."""
    shape_: Any = shape
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {_spelled(name): name for name in shape_.members}
        unknown = shape_.members.keys() - SDK_SPELLING  # of those _attribute_problems tells
        spelled = {names.get(key, f"{key}?" if key in unknown else key): key for key in value}
        return {name: _as_in_the_model(value[key], shape_.members.get(name, shape)) for name, key in spelled.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_as_in_the_model(item, shape_.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _as_in_the_model(item, shape_.value) for key, item in value.items()}
    return json.dumps(value) if shape.type_name == "blob" else value


def _spelled(member: str) -> str:
    return SDK_SPELLING.get(member, _pascal(member))


def _pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def _shape_problems(value: Any, shape: Shape) -> list[str]:
    report = ParamValidator().validate(value, shape)
    return report.generate_report().split("\n") if report.has_errors() else []


def _attribute_problems(value: Any, path: str = "") -> list[str]:
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return []
    spelled = next(iter(value)) if len(value) == 1 else None
    wrong = [f"{path}: an SDK integration spells {spelled} {SDK_SPELLING[spelled]}"] if spelled in SDK_SPELLING else []
    return wrong + [problem for key, item in value.items() for problem in _attribute_problems(item, f"{path}.{key}")]


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()
