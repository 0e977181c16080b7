"""Service integrations of Step Functions: each task is authorised against the machine's role, then dispatched.

Optimised integrations answer as AWS's do; the SDK's are in sdk_task.py, machines that start others in child_task.py.
"""

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from typing import Any

from infra.local.aws import (
    callbacks,
    child_task,
    clients,
    http_task,
    iam,
    inprocess,
    sdk,
    sdk_task,
    socket_task,
)
from infra.local.aws.asl.engine import TaskCall
from infra.local.aws.asl.errors import TIMEOUT, StateError, runtime_error

Json = Any
Turn = Callable[[], AbstractContextManager[None]]
_PREFIX = "arn:aws:states:::"
# Lambda invocations wait here, so that a task's timeout can pass without them.
_waiting = ThreadPoolExecutor(max_workers=128, thread_name_prefix="sfn-task")


def invoke(call: TaskCall, turn: Turn = nullcontext) -> Json:
    """The result of one task attempt. Raises StateError with the name AWS gives the failure.

    `turn` is held while something is done, not while a token or a child is waited for.
    """
    resource, _, pattern = call.resource.partition(".")
    try:
        if pattern == "sync:2" and resource == f"{_PREFIX}states:startExecution":
            return child_task.start_and_wait(call, turn)
        if pattern == "waitForTaskToken" and call.noted.get("token"):
            return _callback(call, resource, turn)
        if pattern:
            raise runtime_error(f"{call.resource} is not available on one machine: see infra/local/aws/tasks.py")
        with turn():
            return _dispatch(call, resource)
    except inprocess.CallTimedOut as error:
        raise StateError(TIMEOUT) from error


def _callback(call: TaskCall, resource: str, turn: Turn) -> Json:
    """Dispatch, unless that was done before a restart, then wait for what is told of the token."""
    if call.execution.express:
        raise runtime_error("Express executions cannot wait for a task token")
    callbacks.forget(call.execution.arn)
    if not call.noted.get("sent"):
        with turn():
            _dispatch(call, resource)
        call.note(sent=True)
    return callbacks.outcome(call)


def _dispatch(call: TaskCall, resource: str) -> Json:
    if ":function:" in resource:
        return _lambda(call, resource, call.parameters)
    service, _, action = resource.removeprefix(_PREFIX).partition(":")
    if service == "aws-sdk":
        return _aws_sdk(call, *action.split(":", 1))
    handler = _OPTIMISED.get(f"{service}:{action}")
    if handler is None:
        raise sdk_task.unknown(resource)
    return handler(call, action)


def _aws_sdk(call: TaskCall, service: str, action: str) -> Json:
    service = service.lower()
    if (service, action) == ("sfn", "startSyncExecution"):
        return child_task.start_sync(call)
    if not sdk_task.serves(service):
        raise sdk_task.unknown(call.resource)
    return (
        _in_time(call, lambda: sdk_task.invoke(call, service, action))
        if service in _SLOW
        else sdk_task.invoke(call, service, action)
    )


# Called through boto3, which knows no timeout of ours.
_SLOW = ("ec2", "s3", "sesv2")


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
    sdk.validate("dynamodb", operation, call.parameters)
    for allowed, resource in sdk_task.needs("dynamodb", operation, call.parameters):
        _allow(call, "DynamoDB.AmazonDynamoDBException", allowed, resource)
    reply = inprocess.call("dynamodb", f"DynamoDB_20120810.{operation}", call.parameters, call.timeout)
    if reply.error:
        name = reply.error if reply.error in sdk.modelled("dynamodb") else "AmazonDynamoDBException"
        raise StateError(f"DynamoDB.{name}", reply.message)
    return reply.body


def _put_events(call: TaskCall, _action: str) -> Json:
    """`events:putEvents`: objects become JSON text, and the execution's and machine's ARNs join Resources.

    docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html. A bus that does not exist fails too: AWS
    drops such events in silence, which nobody wants to find out in production.
    """
    entries = [_entry(call, entry) for entry in call.parameters["Entries"]]
    for entry in entries:
        if str(entry.get("Source", "")).startswith("aws."):
            raise StateError(
                "EventBridge.FailedEntry", "NotAuthorizedForSourceException: Not authorized for the source."
            )
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


def warm_up() -> None:
    """Read the service models that every machine needs, so that the first message does not wait for them."""
    for service in ("dynamodb", "eventbridge", "translate", "comprehend", "sfn"):
        sdk.modelled(service)


# Notifications and queues


def _publish(call: TaskCall, _action: str) -> Json:
    """`sns:publish`: a Message that is an object becomes JSON text; MessageAttributes go along for filter policies."""
    parameters = dict(call.parameters)
    if not isinstance(parameters.get("Message"), str):
        parameters["Message"] = json.dumps(parameters.get("Message"), ensure_ascii=False)
    sdk.validate("sns", "Publish", parameters)
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


def _send_message(call: TaskCall, _action: str) -> Json:
    """`sqs:sendMessage`: a MessageBody that is an object becomes JSON text."""
    parameters = dict(call.parameters)
    if not isinstance(parameters.get("MessageBody"), str):
        parameters["MessageBody"] = json.dumps(parameters.get("MessageBody"), ensure_ascii=False)
    sdk.validate("sqs", "SendMessage", parameters)
    name = parameters["QueueUrl"].rpartition("/")[2]
    queue = f"arn:aws:sqs:{clients.REGION}:{clients.ACCOUNT_ID}:{name}"
    _allow(call, "SQS.AccessDeniedException", "sqs:SendMessage", queue)
    reply = inprocess.call("sqs", "AmazonSQS.SendMessage", parameters, call.timeout)
    if reply.error:
        raise StateError(f"SQS.{sdk.exception('sqs', reply.error, 'AmazonSQSException')}", reply.message)
    return reply.body


_OPTIMISED: dict[str, Callable[[TaskCall, str], Json]] = {
    "lambda:invoke": _lambda_invoke,
    "dynamodb:getItem": _dynamodb,
    "dynamodb:putItem": _dynamodb,
    "dynamodb:updateItem": _dynamodb,
    "dynamodb:deleteItem": _dynamodb,
    "events:putEvents": _put_events,
    "sns:publish": _publish,
    "sqs:sendMessage": _send_message,
    "states:startExecution": lambda call, _action: child_task.start(call),
    "http:invoke": lambda call, _action: http_task.invoke(call),
    "apigateway:invoke": lambda call, _action: socket_task.invoke(call),
}
