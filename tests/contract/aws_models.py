"""What AWS's own service models (as botocore carries them) say about the calls that the state machines make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.validate import ParamValidator

from tests.contract.shipped import Json, State

# Names in state machines that botocore writes otherwise.
BOTOCORE_NAMES = {"sfn": "stepfunctions", "states": "stepfunctions", "eventbridge": "events"}
# The first part of an error's name. Optimised integrations have names of their own; those of aws-sdk are the Java
# SDK's, as
# https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html lists them.
OPTIMISED_PREFIXES = {
    "dynamodb": "DynamoDB",
    "lambda": "Lambda",
    "events": "EventBridge",
    "sns": "SNS",
    "apigateway": "ApiGateway",
    "states": "StepFunctions",
}
SDK_PREFIXES = {
    "s3": "S3",
    "sesv2": "SesV2",
    "dynamodb": "DynamoDb",
    "translate": "Translate",
    "comprehend": "Comprehend",
    "eventbridge": "EventBridge",
    "rekognition": "Rekognition",
    "sfn": "Sfn",
    "ec2": "Ec2",
    "cloudtrail": "CloudTrail",
    "ssm": "Ssm",
    "sqs": "Sqs",
}

# What every service may answer: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
# and the
# services' pages on common errors. SdkClientException is the Java SDK's for a call that never got an answer.
COMMON_ERRORS = {"ThrottlingException", "ServiceUnavailableException", "AccessDeniedException", "SdkClientException"}
# Errors that no model holds, and why they are right nevertheless.
UNMODELLED = {
    "Lambda.AWSLambdaException": "the Java SDK's base class: any other error of Lambda",
    "Lambda.ClientExecutionTimeoutException": "the Java SDK's, when an invocation is not answered in time",
    "Lambda.Unknown": "an invocation whose function died without an answer",
    "EventBridge.FailedEntry": "the integration's own, for an entry that PutEvents did not take",
    "S3.S3Exception": "the Java SDK's base class: any error of S3 without one of its own, such as SlowDown",
    "Comprehend.TooManyRequestsException": "modelled for the service's other operations",
    "Ec2.Ec2Exception": "the Java SDK's only one for EC2, whose model has no errors: throttling too",
}
RESERVED = {
    *("States.ALL", "States.Timeout", "States.TaskFailed", "States.HeartbeatTimeout", "States.Permissions"),
    *("States.ResultPathMatchFailure", "States.ParameterPathFailure", "States.BranchFailed", "States.IntrinsicFailure"),
    *("States.NoChoiceMatched", "States.ExceedToleratedFailureThreshold", "States.ItemReaderFailed"),
    "States.DataLimitExceeded",  # States.ALL does not take it
}
# https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html, "Connection errors".
CONNECTION_ERRORS = {
    f"Events.ConnectionResource.{name}"
    for name in (
        *("InvalidConnectionState", "InvalidPrivateConnectionState", "AccessDenied", "ResourceNotFound"),
        *("AuthInProgress", "ConcurrentModification", "InternalError"),
    )
}
HTTP_STATUS = re.compile(r"States\.Http\.StatusCode\.[45]\d\d|States\.Http\.Socket")
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html: an error is named after its status.
API_STATUS = re.compile(r"ApiGateway\.[45]\d\d")
RESOURCE = re.compile(
    r"arn:aws:states:::(?P<sdk>aws-sdk:)?(?P<service>[a-z0-9]+):(?P<action>[A-Za-z]+)(?:\.(?:sync(?::2)?|waitForTaskToken))?"
)


@dataclass(frozen=True)
class Integration:
    """A task's resource: sdk tells the aws-sdk integrations from the optimised ones."""

    sdk: bool
    service: str
    action: str

    @property
    def operation(self) -> str:
        """The operation's name in the service's model."""
        return self.action[0].upper() + self.action[1:]

    @property
    def prefix(self) -> str | None:
        """What the names of its errors begin with; None where we do not know yet."""
        return (SDK_PREFIXES if self.sdk else OPTIMISED_PREFIXES).get(self.service)


def integration(task: State) -> Integration | None:
    """A task's integration; None when its resource is none."""
    match = RESOURCE.fullmatch(task.definition["Resource"])
    return Integration(bool(match["sdk"]), match["service"], match["action"]) if match else None


def ends_with_an_execution(used: Integration, task: State) -> bool:
    """Whether a task starts a machine and waits for its end: it answers as DescribeExecution does, with the output
    parsed. https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html"""
    return not used.sdk and used.service == "states" and str(task.definition["Resource"]).endswith(".sync:2")


def calls_an_address(used: Integration) -> bool:
    """Whether an integration calls an address instead of an operation: http:invoke and apigateway:invoke."""
    return not used.sdk and used.service in ("http", "apigateway") and used.action == "invoke"


def model(used: Integration) -> OperationModel | None:
    """The operation's model; None when AWS has no such service or operation. lambda:invoke is Lambda's Invoke."""
    service = BOTOCORE_NAMES.get(used.service, used.service)
    if service not in _session().get_available_services():
        return None
    loaded = service_model(service)
    return loaded.operation_model(used.operation) if used.operation in loaded.operation_names else None


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service by its name in botocore."""
    return _session().get_service_model(service)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def java_name(error: str) -> str:
    """The Java SDK's class for an error: "InternalServerError" is InternalServerErrorException there."""
    return error if error.endswith("Exception") else error.removesuffix("Fault") + "Exception"


def error_names(used: Integration) -> set[str]:
    """The names that errors of a call may have. Optimised integrations are not documented for errors without the ending
    "Exception", so both forms count there."""
    operation = model(used)
    modelled = {shape.name for shape in operation.error_shapes} if operation else set[str]()
    names = {java_name(name) for name in modelled} | (set() if used.sdk else modelled) | COMMON_ERRORS
    return {f"{used.prefix}.{name}" for name in names}


# The smallest values that will do, by the type of a shape; numbers and strings have bounds of their own.
SIMPLE: dict[str, Any] = {"boolean": True, "blob": b"x", "timestamp": 0}


def plausible(shape: Shape) -> Any:
    """A value that a shape takes."""
    shape_: Any = shape
    if shape.type_name == "structure":
        return {name: plausible(shape_.members[name]) for name in shape_.required_members}
    if shape.type_name in ("list", "map"):
        return [plausible(shape_.member)] if shape.type_name == "list" else {"key": plausible(shape_.value)}
    least = max(1, int(shape.metadata.get("min", 1)))
    if shape.type_name == "string":
        return shape_.enum[0] if shape_.enum else "x" * least
    return SIMPLE.get(shape.type_name, least)


def filled(value: Json, shape: Shape) -> Any:
    """A task's parameters with a plausible value for each path and intrinsic function."""
    shape_: Any = shape
    if shape.type_name == "structure" and isinstance(value, dict):
        # Step Functions writes every member in PascalCase, also where the service's own model does not.
        spelled = {f"{name[0].upper()}{name[1:]}": name for name in shape_.members}
        return dict(_filled_members(value, shape_.members, spelled))
    if shape.type_name == "map" and isinstance(value, dict):
        return dict(_filled_members(value, dict.fromkeys((key.removesuffix(".$") for key in value), shape_.value)))
    if shape.type_name == "list" and isinstance(value, list):
        return [filled(item, shape_.member) for item in value]
    if shape.type_name in ("string", "blob") and isinstance(value, dict):
        return "{}"  # putEvents and invoke take a document and write it as JSON themselves
    return value


def _filled_members(value: Json, members: Any, spelled: Json | None = None) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        name = key.removesuffix(".$")
        name = (spelled or {}).get(name, name)
        if name not in members:
            yield name, item  # left for the validator to refuse
        else:
            yield name, plausible(members[name]) if key.endswith(".$") else filled(item, members[name])


def binary_members(value: Json, shape: Shape | None) -> Iterator[str]:
    """The binary members that a task's parameters hold, by their names."""
    shape_: Any = shape
    if shape is None or not isinstance(value, dict | list) or shape.type_name not in ("structure", "list", "map"):
        return
    if isinstance(value, list):
        for item in value:
            yield from binary_members(item, getattr(shape, "member", None))
        return
    known = {f"{name[0].upper()}{name[1:]}": member for name, member in getattr(shape, "members", {}).items()}
    for key, item in value.items():
        member = known.get(key.removesuffix(".$")) if known else getattr(shape_, "value", None)
        if member is not None and member.type_name == "blob":
            yield key.removesuffix(".$")
        yield from binary_members(item, member)


def objections(parameters: Json, operation: OperationModel) -> str:
    """What AWS's model has against a task's parameters; empty when nothing."""
    shape = operation.input_shape
    assert shape is not None
    report = ParamValidator().validate(filled(parameters, shape), shape)
    return str(report.generate_report()) if report.has_errors() else ""
