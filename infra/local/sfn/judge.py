"""What Step Functions would refuse and the interpreters let pass: fields, requests, results and error names.

The services' own models come from botocore; the rules of the integrations from the Step Functions guide.
"""

from __future__ import annotations

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
}
"""Optimised integrations we may use: the service, its operation, and the prefix of its errors."""

SDK_PREFIXES = {"dynamodb": "DynamoDb", "sfn": "Sfn", "s3": "S3", "sqs": "Sqs", "sns": "Sns", "events": "EventBridge"}
"""Prefixes of the errors of SDK integrations where they are not the capitalised service name."""

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

STATUS = re.compile(r"[1345]\d\d")
"""The statuses that ``apigateway:invoke`` reports as errors: all but 2xx (guide, "Call API Gateway")."""

ENDPOINT = re.compile(r"[0-9a-z]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
"""An ApiEndpoint of ``apigateway:invoke``: a host name, without scheme, stage or path."""

FORM = "application/x-www-form-urlencoded"


class Task:
    """The integration a Task state calls, and what it may be given and give back."""

    def __init__(self, resource: str) -> None:
        """Read a Resource ARN. ``operation`` is None where no model describes the call (http:invoke)."""
        self.resource = resource.split(":::", 1)[-1]
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
        if self.resource == "http:invoke":
            own = {"States.Http.StatusCode": name.isdecimal(), "States.Http": name == "Socket"}
            return own.get(prefix, prefix == "Events.ConnectionResource" and name in CONNECTION_ERRORS)
        if self.resource == "apigateway:invoke":
            # A status where there is one, else the class of an exception, of which no list is published.
            return prefix == "ApiGateway" and (bool(STATUS.fullmatch(name)) or name.endswith("Exception"))
        if self.resource == "lambda:invoke":
            return name in LAMBDA_ERRORS if prefix == "Lambda" else not prefix
        return prefix == self.prefix and name in self._error_names()

    def _problems(self, value: Any, shape: Shape) -> list[str]:
        if not self.sdk:
            return _shape_problems(value, shape)
        spelling = _attribute_problems(value) if self.prefix == "DynamoDb" else []
        return _shape_problems(_as_in_the_model(value, shape), shape) + spelling

    def _error_names(self) -> set[str]:
        if self.operation is None:
            return set()
        modelled = {shape.name for shape in self.operation.service_model.error_shapes}
        own = {f"{self.prefix}Exception"} if self.sdk else {f"Amazon{self.prefix}Exception"}
        own |= {"FailedEntry"} if self.resource == "events:putEvents" else set()
        # The integrations report the class names of the SDK for Java, which all end in Exception; an error without a
        # class of its own is reported as the service's base exception.
        return modelled | {name + "Exception" for name in modelled} | own | COMMON_ERRORS


@functools.cache
def operation(service: str, name: str) -> OperationModel | None:
    """Return a service's operation from botocore's models, or None if the service has no such operation."""
    try:
        return _session().get_service_model({"sfn": "stepfunctions"}.get(service, service)).operation_model(name)
    except (UnknownServiceError, OperationNotFoundError):
        return None


def definition_problems(definition: Mapping[str, Any]) -> list[str]:
    """Say what CreateStateMachine would refuse, or what could never happen, in the Tasks of a definition."""
    tasks = [(name, state) for name, state in walk(definition) if state["Type"] == "Task"]
    return [f"{name}: {problem}" for name, state in tasks for problem in _task_problems(state)]


def _task_problems(state: Mapping[str, Any]) -> Iterator[str]:
    task = Task(state["Resource"])
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


def _fields(task: Task) -> set[str]:
    if task.resource in WITHOUT_MODEL:
        return set(WITHOUT_MODEL[task.resource])
    shape = task.operation.input_shape if task.operation else None
    members = set(getattr(shape, "members", {}))
    return {_pascal(name) for name in members} if task.sdk else members


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
    return wire


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
    return value


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
