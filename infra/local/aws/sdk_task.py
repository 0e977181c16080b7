"""`arn:aws:states:::aws-sdk:…` integrations: authorised against the machine's role, sent, answered as the SDK does.

Services that speak JSON are called on ministack's loop, the local models where they listen, the rest through boto3.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.aws import ai, callbacks, clients, iam, inprocess, mail, redrive_task, sdk, spelling
from infra.local.aws.asl.engine import TaskCall
from infra.local.aws.asl.errors import StateError, runtime_error

Json = Any


class _Service(NamedTuple):
    """A service: its name in errors; for one that speaks JSON its key in ministack and its x-amz-target prefix."""

    errors: str
    key: str = ""
    target: str = ""


# Error prefixes are the names of the Java SDK's client classes, as docs.aws.amazon.com/step-functions/latest/dg/
# supported-services-awssdk.html lists them.
_SERVICES = {
    "translate": _Service("Translate", "translate", "AWSShineFrontendService_20170701"),
    "comprehend": _Service("Comprehend", "comprehend", "Comprehend_20171127"),
    "rekognition": _Service("Rekognition", "rekognition", "RekognitionService"),
    "dynamodb": _Service("DynamoDb", "dynamodb", "DynamoDB_20120810"),
    "eventbridge": _Service("EventBridge", "events", "AWSEvents"),
    "secretsmanager": _Service("SecretsManager", "secretsmanager", "secretsmanager"),
    "sqs": _Service("Sqs", "sqs", "AmazonSQS"),
    "ssm": _Service("Ssm", "ssm", "AmazonSSM"),
    "sfn": _Service("Sfn", "states", "AWSStepFunctions"),
    "cloudtrail": _Service("CloudTrail", "cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"),
    "ec2": _Service("Ec2"),
    "s3": _Service("S3"),
    "sesv2": _Service("SesV2"),
}


def serves(service: str) -> bool:
    """Whether the service is one that is here."""
    return service in _SERVICES


def invoke(call: TaskCall, service: str, action: str) -> Json:
    """The service's answer. Raises StateError, inprocess.CallTimedOut."""
    operation = action[0].upper() + action[1:]
    known = _SERVICES[service]
    parameters = _parameters(service, operation, call.parameters)
    sdk.validate(service, operation, parameters)
    _authorise(call, service, operation, parameters)
    if (service, action) == ("sqs", "startMessageMoveTask"):
        return redrive_task.start(parameters)
    if not known.key:
        return _through_boto3(replace(call, parameters=parameters), service, operation)
    target = f"{known.target}.{operation}"
    body = json.loads(json.dumps(parameters, default=lambda value: base64.b64encode(value).decode()))
    serving = ai.call(target, body, call.timeout) if ai.serves(service) else None
    reply = serving or inprocess.call(known.key, target, body, call.timeout)
    if reply.error:
        raise _error(service, reply.error, reply.message, reply.status)
    answer = sdk.to_sdk(service, operation, reply.body)
    return spelling.to_sdk(answer, _output(service, operation)) if service == "dynamodb" else answer


def _parameters(service: str, operation: str, given: Json) -> Json:
    if service == "dynamodb":
        model = sdk.model(service)
        known = operation in model.operation_names
        return spelling.to_api(given, model.operation_model(operation).input_shape) if known else given
    return sdk.to_api(service, operation, given)


def _output(service: str, operation: str) -> Any:
    return sdk.model(service).operation_model(operation).output_shape


def _error(service: str, code: str, message: str, status: int) -> StateError:
    prefix = _SERVICES[service].errors
    name = sdk.exception(service, code, f"{prefix}Exception")
    return StateError(f"{prefix}.{name}", f"{message} (Service: {prefix}, Status Code: {status}, Request ID: local)")


def _through_boto3(call: TaskCall, service: str, operation: str) -> Json:
    client = clients.client(sdk.boto_name(service))
    prefix = _SERVICES[service].errors
    try:
        answer = client._make_api_call(operation, call.parameters)
    except ClientError as error:
        told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise _error(service, told.get("Code", ""), told.get("Message", ""), status) from error
    except BotoCoreError as error:
        raise StateError(f"{prefix}.SdkClientException", type(error).__name__) from error
    inprocess.changed()
    answer.pop("ResponseMetadata", None)
    return sdk.to_sdk(service, operation, answer)


# Permissions


def _authorise(call: TaskCall, service: str, operation: str, parameters: Json) -> None:
    prefix = _SERVICES[service].errors
    role = call.execution.role_arn
    try:
        if service == "sesv2":
            _may_send(role, parameters)
            return
        for action, resource in needs(service, operation, parameters):
            iam.require(role, action, resource)
    except iam.AccessDenied as denied:
        raise StateError(f"{prefix}.{prefix}Exception", str(denied)) from denied
    except callbacks.TokenError as error:
        raise _error(service, error.code, str(error), 400) from error


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{clients.REGION}:{clients.ACCOUNT_ID}:{resource}"


def needs(service: str, operation: str, parameters: Json) -> Iterator[tuple[str, str]]:
    """(action, resource ARN) pairs that a call is checked for."""
    action = f"{_SERVICES[service].key or service}:{operation}"
    if service == "rekognition":
        # Rekognition knows no resources, and reads the picture with its caller's permissions.
        picture = parameters.get("Image", {}).get("S3Object", {})
        yield action, "*"
        yield "s3:GetObject", f"arn:aws:s3:::{picture.get('Bucket')}/{picture.get('Name')}"
    elif service == "s3":
        yield action, f"arn:aws:s3:::{parameters['Bucket']}/{parameters.get('Key', '')}".rstrip("/")
    elif service == "ec2":
        yield from ((action, arn) for arn in _ec2_resources(operation, parameters))
    elif service == "ssm" and "Name" in parameters:
        yield action, _arn("ssm", f"parameter/{parameters['Name'].lstrip('/')}")
    elif service == "sfn":
        yield from _sfn_needs(action, operation, parameters)
    elif (service, operation) == ("sqs", "StartMessageMoveTask"):
        yield from redrive_task.needs(parameters)
    else:
        yield from _as_the_front_door(service, operation, action, parameters)


def _ec2_resources(operation: str, parameters: Json) -> Iterator[str]:
    """EC2's Describe actions know no resources; the others are checked for each."""
    kinds = {"i": "instance", "vol": "volume", "snap": "snapshot", "eni": "network-interface", "sg": "security-group"}
    if operation.startswith("Describe"):
        yield "*"
        return
    for identity in parameters.get("InstanceIds") or parameters.get("Resources") or ["*"]:
        yield _arn("ec2", f"{kinds.get(identity.partition('-')[0], '*')}/{identity}")


def _sfn_needs(action: str, operation: str, parameters: Json) -> Iterator[tuple[str, str]]:
    if operation.startswith("SendTask"):
        # The machine whose task it is; raises TokenError for what is no token.
        parts = callbacks.execution_of(parameters["taskToken"]).split(":")
        yield action, _arn("states", f"stateMachine:{parts[6]}")
    else:
        yield action, parameters.get("stateMachineArn") or parameters.get("executionArn") or "*"


def _as_the_front_door(service: str, operation: str, action: str, parameters: Json) -> Iterator[tuple[str, str]]:
    """What ministack's own endpoint checks a JSON call for."""
    from ministack.core import iam_actions  # noqa: PLC0415 - after its environment is set

    known = _SERVICES[service]
    headers, body = inprocess.headers(f"{known.target}.{operation}"), json.dumps(parameters).encode()
    where = (clients.REGION, clients.ACCOUNT_ID)
    checks = iam_actions.dynamodb_transaction_checks(action, body, *where) if service == "dynamodb" else []
    if checks:
        yield from checks
        return
    several = {"dynamodb": iam_actions.dynamodb_resource_arns, "eventbridge": iam_actions.eventbridge_resource_arns}
    if service in several:
        yield from ((action, arn) for arn in several[service](body, *where) or ["*"])
    else:
        yield action, iam_actions.extract_resource_arn(known.key, "POST", "/", headers, body, {}, *where)


def _may_send(role: str, parameters: Json) -> None:
    """An e-mail is sent with the permission for its sender's identity: the address, or its domain."""
    action, (*others, last), keys = mail.permission(parameters)
    for arn in others:
        with suppress(iam.AccessDenied):
            iam.require(role, action, arn, keys)
            return
    iam.require(role, action, last, keys)


def unknown(resource: str) -> StateError:
    """The failure of an integration that is not here."""
    return runtime_error(f"{resource} is not available on one machine: add it to infra/local/aws/sdk_task.py")
