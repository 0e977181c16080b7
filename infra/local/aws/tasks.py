"""Service integrations of Step Functions: each task is authorised against the machine's role, then dispatched.

Optimised integrations answer as AWS's do; everything else goes through ministack's `aws-sdk` dispatch, which needs
only to be told the services it does not know.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextvars import copy_context
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from infra.local.aws import ai, clients, http_task, iam, inprocess, socket_task, spelling
from infra.local.aws.asl.engine import TaskCall
from infra.local.aws.asl.errors import TIMEOUT, StateError, runtime_error

Json = Any
_PREFIX = "arn:aws:states:::"
# Lambda invocations wait here, so that a task's timeout can pass without them.
_waiting = ThreadPoolExecutor(max_workers=128, thread_name_prefix="sfn-task")


class _Sdk(NamedTuple):
    """A JSON-protocol service: its key in ministack, its x-amz-target prefix, its name in error codes."""

    key: str
    target: str
    errors: str


# Error prefixes are the names of the Java SDK's client classes, as docs.aws.amazon.com/step-functions/latest/dg/
# supported-services-awssdk.html lists them.
_SDK = {
    "translate": _Sdk("translate", "AWSShineFrontendService_20170701", "Translate"),
    "comprehend": _Sdk("comprehend", "Comprehend_20171127", "Comprehend"),
    "rekognition": _Sdk("rekognition", "RekognitionService", "Rekognition"),
    "dynamodb": _Sdk("dynamodb", "DynamoDB_20120810", "DynamoDb"),
    "eventbridge": _Sdk("events", "AWSEvents", "EventBridge"),
    "secretsmanager": _Sdk("secretsmanager", "secretsmanager", "SecretsManager"),
    "sqs": _Sdk("sqs", "AmazonSQS", "Sqs"),
    "ssm": _Sdk("ssm", "AmazonSSM", "Ssm"),
}
_BOTO_NAMES = {"eventbridge": "events", "sfn": "stepfunctions", "cloudwatchlogs": "logs"}


def invoke(call: TaskCall) -> Json:
    """The result of one task attempt. Raises StateError with the name AWS gives the failure."""
    resource = call.resource.split(".waitForTaskToken")[0]
    try:
        if call.token is not None:
            return _callback(call, resource)
        return _dispatch(call, resource)
    except inprocess.CallTimedOut as error:
        raise StateError(TIMEOUT) from error


def _dispatch(call: TaskCall, resource: str) -> Json:
    if ":function:" in resource:
        return _lambda(call, resource, call.parameters)
    if not resource.startswith(_PREFIX):
        return _ministack(call, resource)
    service, _, action = resource.removeprefix(_PREFIX).partition(":")
    if service == "aws-sdk":
        return _aws_sdk(call, *action.split(":", 1))
    handler = _OPTIMISED.get(f"{service}:{action}")
    return handler(call, action) if handler else _ministack(call, resource)


def _allow(call: TaskCall, error: str, action: str, resource: str, context: Mapping[str, Json] | None = None) -> None:
    try:
        iam.require(call.execution.role_arn, action, resource, context)
    except iam.AccessDenied as denied:
        raise StateError(error, str(denied)) from denied


def _in_time(call: TaskCall, function: Callable[[], Json], pool: ThreadPoolExecutor = _waiting) -> Json:
    future = pool.submit(copy_context().run, function)
    try:
        return future.result(call.timeout)
    except FutureTimeout as error:
        raise StateError(TIMEOUT) from error


# Lambda


def _lambda_invoke(call: TaskCall, _action: str) -> Json:
    name = call.parameters["FunctionName"]
    result = _lambda(call, name, call.parameters.get("Payload", {}))
    return {"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": 200}


def _lambda(call: TaskCall, name: str, payload: Json) -> Json:
    from ministack.services import stepfunctions  # noqa: PLC0415 - after its environment is set

    arn = name if name.startswith("arn:") else f"arn:aws:lambda:{clients.REGION}:{clients.ACCOUNT_ID}:function:{name}"
    _allow(call, "Lambda.AWSLambdaException", "lambda:InvokeFunction", arn)
    return _in_time(call, lambda: _translated(lambda: stepfunctions._call_lambda(name, payload)))


def _translated(function: Callable[[], Json]) -> Json:
    from ministack.services.stepfunctions import _ExecutionError  # noqa: PLC0415

    try:
        return function()
    except _ExecutionError as error:
        raise StateError(error.error, error.cause) from error


# Optimised integrations of DynamoDB and EventBridge


def _dynamodb(call: TaskCall, action: str) -> Json:
    """`dynamodb:getItem|putItem|updateItem|deleteItem`; unmodelled errors are AmazonDynamoDBException."""
    operation = action[0].upper() + action[1:]
    _validate(call, "dynamodb", operation)
    _require_sdk(call, "dynamodb", operation, "DynamoDB.AmazonDynamoDBException")
    reply = inprocess.call("dynamodb", f"DynamoDB_20120810.{operation}", call.parameters, call.timeout)
    if reply.error:
        name = reply.error if reply.error in _modelled("dynamodb") else "AmazonDynamoDBException"
        raise StateError(f"DynamoDB.{name}", reply.message)
    return reply.body


def _put_events(call: TaskCall, _action: str) -> Json:
    """`events:putEvents`: objects become JSON text, and the execution's and machine's ARNs join Resources.

    docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html. A bus that does not exist fails too: AWS
    drops such events in silence, which nobody wants to find out in production.
    """
    entries = [_entry(call, entry) for entry in call.parameters["Entries"]]
    for entry in entries:
        context = {"events:source": entry.get("Source"), "events:detail-type": entry.get("DetailType")}
        _allow(call, "EventBridge.AccessDeniedException", "events:PutEvents", _bus_arn(entry), context)
        _require_bus(entry)
    reply = inprocess.call("events", "AWSEvents.PutEvents", {"Entries": entries}, call.timeout)
    if reply.error:
        raise StateError(f"EventBridge.{reply.error}", reply.message)
    if reply.body.get("FailedEntryCount"):
        raise StateError("EventBridge.FailedEntry", json.dumps(reply.body))
    return reply.body


def _entry(call: TaskCall, entry: Mapping[str, Json]) -> dict[str, Json]:
    detail = entry.get("Detail", {})
    return {
        **entry,
        "Detail": detail if isinstance(detail, str) else json.dumps(detail, ensure_ascii=False),
        "Resources": [*entry.get("Resources", ()), call.execution.arn, call.execution.machine_arn],
    }


def _bus_arn(entry: Mapping[str, Json]) -> str:
    name = entry.get("EventBusName", "default")
    return name if name.startswith("arn:") else f"arn:aws:events:{clients.REGION}:{clients.ACCOUNT_ID}:event-bus/{name}"


def _require_bus(entry: Mapping[str, Json]) -> None:
    from ministack.services import eventbridge  # noqa: PLC0415

    name = _bus_arn(entry).rpartition("event-bus/")[2]
    if name != "default" and name not in eventbridge._event_buses:
        raise StateError("EventBridge.FailedEntry", f"Event bus {name} does not exist.")


# aws-sdk integrations


def _aws_sdk(call: TaskCall, service: str, action: str) -> Json:
    service = service.lower()
    operation = action[0].upper() + action[1:]
    known = _SDK.get(service)
    if f"{service}:{action}" == "sfn:startSyncExecution":
        return _start_sync_execution(call)
    if known is None:
        return _ministack(call, call.resource)
    model = _model(service).operation_model(operation) if operation in _model(service).operation_names else None
    if service == "dynamodb" and model is not None:
        call = replace(call, parameters=spelling.to_api(call.parameters, model.input_shape))
    _validate(call, service, operation)
    _require_sdk(call, service, operation, f"{known.errors}.{known.errors}Exception")
    target = f"{known.target}.{operation}"
    if ai.serves(service):
        reply = ai.call(target, call.parameters, call.timeout)
    else:
        reply = inprocess.call(known.key, target, call.parameters, call.timeout)
    if reply.error:
        name = reply.error if reply.error in _modelled(service) else f"{known.errors}Exception"
        cause = f"{reply.message} (Service: {known.errors}, Status Code: {reply.status}, Request ID: local)"
        raise StateError(f"{known.errors}.{name}", cause)
    return spelling.to_sdk(reply.body, model.output_shape) if service == "dynamodb" and model else reply.body


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(_BOTO_NAMES.get(service, service))


@cache
def _modelled(service: str) -> frozenset[str]:
    """Error codes that have an exception class of their own in the SDKs."""
    shapes = _model(service).error_shapes
    codes = {shape.metadata.get("error", {}).get("code") for shape in shapes} | {shape.name for shape in shapes}
    return frozenset(code for code in codes if code)


def _validate(call: TaskCall, service: str, operation: str) -> None:
    """Refuse what the SDK could not send, as Step Functions does: unknown fields and wrong types are States.Runtime."""
    model = _model(service)
    if operation not in model.operation_names:
        raise runtime_error(f"{service} has no action {operation}")
    shape = model.operation_model(operation).input_shape
    report = ParamValidator().validate(call.parameters, shape) if shape else None
    if report and report.has_errors():
        raise runtime_error(f"The Parameters could not be used to start the Task: [{report.generate_report()}]")


def warm_up() -> None:
    """Read the service models that every machine needs, so that the first message does not wait for them."""
    for service in ("dynamodb", "eventbridge", "translate", "comprehend", "sfn"):
        _modelled(service)


def _require_sdk(call: TaskCall, service: str, operation: str, error: str) -> None:
    for action, resource in _needs(service, operation, call.parameters):
        _allow(call, error, action, resource)


def _needs(service: str, operation: str, parameters: Json) -> Iterator[tuple[str, str]]:
    """(action, resource ARN) pairs a JSON-protocol call is checked for, as ministack's front door would."""
    from ministack.core import iam_actions  # noqa: PLC0415

    sdk = _SDK[service]
    action = f"{sdk.key}:{operation}"
    headers, body = inprocess.headers(f"{sdk.target}.{operation}"), json.dumps(parameters).encode()
    where = (clients.REGION, clients.ACCOUNT_ID)
    checks = iam_actions.dynamodb_transaction_checks(action, body, *where) if service == "dynamodb" else []
    if checks:
        yield from checks
        return
    if service == "rekognition":
        # Rekognition knows no resources, and reads the picture with its caller's permissions.
        picture = parameters.get("Image", {}).get("S3Object", {})
        yield action, "*"
        yield "s3:GetObject", f"arn:aws:s3:::{picture.get('Bucket')}/{picture.get('Name')}"
        return
    several = {"dynamodb": iam_actions.dynamodb_resource_arns, "eventbridge": iam_actions.eventbridge_resource_arns}
    if service in several:
        yield from ((action, arn) for arn in several[service](body, *where) or ["*"])
    else:
        yield action, iam_actions.extract_resource_arn(sdk.key, "POST", "/", headers, body, {}, *where)


# Nested executions and notifications


def _start_sync_execution(call: TaskCall) -> Json:
    """`aws-sdk:sfn:startSyncExecution`: an Express machine's answer, whatever its Status, its members in PascalCase."""
    from infra.local.aws import machines  # noqa: PLC0415 - it imports this module

    request = {name[0].lower() + name[1:]: value for name, value in call.parameters.items()}
    if not isinstance(request.get("input", ""), str):
        request["input"] = json.dumps(request["input"], ensure_ascii=False)
    _validate(replace(call, parameters=request), "sfn", "StartSyncExecution")
    _allow(call, "Sfn.SfnException", "states:StartSyncExecution", request["stateMachineArn"])
    # The machine waits here for its tasks: in a pool shared with them the two could wait for each other.
    own = ThreadPoolExecutor(max_workers=1)
    try:
        status, _headers, body = _in_time(call, lambda: machines.start_sync_execution(request), own)
    finally:
        own.shutdown(wait=False)
    answer = json.loads(body)
    if status >= 400:
        name = str(answer.get("__type")).rpartition("#")[2]
        raise StateError(f"Sfn.{name.removesuffix('Exception')}Exception", answer.get("message"))
    return _pascal(answer)


def _pascal(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    return {name[0].upper() + name[1:]: _pascal(item) for name, item in value.items()}


def _publish(call: TaskCall, _action: str) -> Json:
    """`sns:publish`: a Message that is an object becomes JSON text; MessageAttributes go along for filter policies."""
    parameters = dict(call.parameters)
    if not isinstance(parameters.get("Message"), str):
        parameters["Message"] = json.dumps(parameters.get("Message"), ensure_ascii=False)
    _validate(replace(call, parameters=parameters), "sns", "Publish")
    _allow(call, "SNS.AuthorizationErrorException", "sns:Publish", parameters.get("TopicArn", "*"))
    status, body = _in_time(call, lambda: _published(_query_form(parameters)))
    found = re.search(r"<(MessageId|Code)>(.+?)</", body)
    told = found[2] if found else "InternalError"
    if status >= 400:
        raise StateError(f"SNS.{told.removesuffix('Exception')}Exception", body)
    return {"MessageId": told}


def _query_form(parameters: Mapping[str, Json]) -> dict[str, str]:
    """Publish's parameters as the query protocol writes them."""
    form = {name: value for name, value in parameters.items() if isinstance(value, str)}
    for number, (name, value) in enumerate(parameters.get("MessageAttributes", {}).items(), 1):
        entry = f"MessageAttributes.entry.{number}"
        form |= {f"{entry}.Name": name} | {f"{entry}.Value.{part}": text for part, text in value.items()}
    return form


def _published(form: Mapping[str, str]) -> tuple[int, str]:
    from ministack.services import sns  # noqa: PLC0415

    status, _headers, body = sns._publish(form)
    inprocess.changed()
    return status, body.decode()


# Everything ministack does by itself

_MINISTACK_ACTIONS = {
    "sqs:sendMessage": ("sqs:SendMessage", "QueueUrl"),
    "states:startExecution": ("states:StartExecution", "StateMachineArn"),
    "aws-sdk:sfn:startExecution": ("states:StartExecution", "StateMachineArn"),
}


def _ministack(call: TaskCall, resource: str) -> Json:
    from ministack.services import stepfunctions  # noqa: PLC0415

    name = resource.removeprefix(_PREFIX).partition(".sync")[0]
    action, key = _MINISTACK_ACTIONS.get(name, (None, ""))
    if action is None:
        raise runtime_error(f"{resource} is not available on one machine: add it to infra/local/aws/tasks.py")
    target = call.parameters.get(key, "*")
    if target.startswith("http"):
        target = f"arn:aws:sqs:{clients.REGION}:{clients.ACCOUNT_ID}:{target.rpartition('/')[2]}"
    service = name.removeprefix("aws-sdk:").partition(":")[0]
    _allow(call, f"{service.upper()}.AccessDeniedException", action, target)
    # A machine that starts another waits here for its tasks: in a shared pool the two could wait for each other.
    own = ThreadPoolExecutor(max_workers=1)
    parameters = dict(call.parameters)
    if not isinstance(parameters.get("Input", ""), str):
        parameters["Input"] = json.dumps(parameters["Input"])
    try:
        return _in_time(call, lambda: _translated(lambda: stepfunctions._invoke_resource(resource, parameters)), own)
    finally:
        own.shutdown(wait=False)


def _callback(call: TaskCall, resource: str) -> Json:
    """Dispatch, then wait for SendTaskSuccess or SendTaskFailure with the token."""
    from threading import Event  # noqa: PLC0415

    from ministack.services import stepfunctions  # noqa: PLC0415

    event = Event()
    slot: dict[str, Json] = {"event": event, "result": None, "error": None, "heartbeat": None}
    stepfunctions._task_tokens[call.token] = slot
    try:
        _dispatch(call, resource)
        if not event.wait(call.timeout):
            raise StateError(TIMEOUT)
    finally:
        stepfunctions._task_tokens.pop(call.token, None)
    if slot["error"]:
        raise StateError(slot["error"].get("Error"), slot["error"].get("Cause"))
    return json.loads(slot["result"])


_OPTIMISED: dict[str, Callable[[TaskCall, str], Json]] = {
    "lambda:invoke": _lambda_invoke,
    "dynamodb:getItem": _dynamodb,
    "dynamodb:putItem": _dynamodb,
    "dynamodb:updateItem": _dynamodb,
    "dynamodb:deleteItem": _dynamodb,
    "events:putEvents": _put_events,
    "sns:publish": _publish,
    "http:invoke": lambda call, _action: http_task.invoke(call),
    "apigateway:invoke": lambda call, _action: socket_task.invoke(call),
}
