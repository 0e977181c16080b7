"""SQS StartMessageMoveTask, which ministack lacks: what is parked is received, sent to its queue, then deleted."""

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from infra.local.aws import clients, inprocess
from infra.local.aws.asl.errors import StateError

Json = Any
# Nobody else sees a message that is being moved; one that was not moved comes back after this long.
_VISIBILITY_SECONDS = 30


def needs(parameters: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """(action, resource) pairs: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
    sqs-configure-dead-letter-queue-redrive.html, "permissions"."""
    source = parameters["SourceArn"]
    for action in ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        yield f"sqs:{action}", source
    for destination in _destinations(parameters):
        yield "sqs:SendMessage", destination


def start(parameters: Mapping[str, Json]) -> Json:
    """Move everything, in a thread; the answer is the task's handle. Raises StateError."""
    from ministack.services import sqs  # noqa: PLC0415 - after its environment is set

    source = parameters["SourceArn"]
    if sqs._queue_by_arn(source) is None:
        raise StateError("Sqs.ResourceNotFoundException", "The resource that you specified for the SourceArn parameter "
                         "doesn't exist.")  # fmt: skip
    destinations = _destinations(parameters)
    if not destinations:
        raise StateError("Sqs.UnsupportedOperationException", "Source queue must be configured as a Dead Letter Queue.")
    url, target = _url(source), _url(destinations[0])
    threading.Thread(target=move, args=(url, target), name="move", daemon=True).start()
    return {"TaskHandle": json.dumps({"taskId": source.rpartition(":")[2], "sourceArn": source})}


def move(source_url: str, target_url: str) -> int:
    """Move what can be seen now; returns how many messages were moved."""
    moved = 0
    queue: Any = clients.client("sqs")
    wanted = {"MaxNumberOfMessages": 10, "VisibilityTimeout": _VISIBILITY_SECONDS, "MessageAttributeNames": ["All"]}
    while batch := queue.receive_message(QueueUrl=source_url, **wanted).get("Messages", []):
        for message in batch:
            attributes = message.get("MessageAttributes") or {}
            queue.send_message(QueueUrl=target_url, MessageBody=message["Body"], MessageAttributes=attributes)
            queue.delete_message(QueueUrl=source_url, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    inprocess.changed()
    return moved


def _destinations(parameters: Mapping[str, Json]) -> list[str]:
    """The queue asked for, or those that park their messages in the source."""
    from ministack.services import sqs  # noqa: PLC0415

    if "DestinationArn" in parameters:
        return [parameters["DestinationArn"]]
    found = []
    for queue in list(sqs._queues.values()):
        policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
        if policy.get("deadLetterTargetArn") == parameters["SourceArn"]:
            found.append(queue["attributes"]["QueueArn"])
    return found


def _url(arn: str) -> str:
    return f"{clients.endpoint()}/{clients.ACCOUNT_ID}/{arn.rpartition(':')[2]}"
