"""`make redrive`: what is parked in the dead-letter queues, why, and how to put it back.

The same calls work on AWS and on the local stack: messages are received, sent to their queue and only then deleted, so
that a crash in between may deliver twice (which the pipeline bears) and never loses.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import config
from infra.local.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient

QUEUES = ("messages", "uploads", "replies", "consoles")
# Long enough to list a few thousand messages, short enough that a look does not keep them from a redrive for long.
LOOK_SECONDS = 30


@dataclass(frozen=True)
class Lane:
    """A queue and the dead-letter queue behind it."""

    name: str
    queue_url: str
    dead_letter_url: str


def lanes(cloudformation: CloudFormationClient, stack: str) -> list[Lane]:
    """The stack's queues, from its outputs."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    return [
        Lane(name, outputs[f"{name.capitalize()}QueueUrl"], outputs[f"{name.capitalize()}DeadLetterQueueUrl"])
        for name in QUEUES
    ]


def receive(sqs: SQSClient, url: str) -> Iterator[Any]:
    """Every message that can be seen in a queue now, once each."""
    seen: set[str] = set()
    while True:
        batch = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=LOOK_SECONDS, MessageSystemAttributeNames=["All"]
        ).get("Messages", [])
        fresh = [message for message in batch if message["MessageId"] not in seen]
        if not fresh:
            return
        seen.update(message["MessageId"] for message in fresh)
        yield from fresh


def describe(message: Any) -> str:
    """One line on a parked message: its ids and times, never its words or addresses."""
    attributes = message.get("Attributes", {})
    try:
        event = json.loads(message["Body"])
        kind, time = event.get("detail-type", "unknown"), event.get("time", "?")
        what = f"{kind} {event.get('detail', {}).get('messageId', '')} of {time}"
    except (ValueError, AttributeError):
        what = "a body that is not an event"
    return f"{what}, received {attributes.get('ApproximateReceiveCount', '?')} times"


def list_parked(sqs: SQSClient, every: list[Lane], say: Callable[[str], None]) -> int:
    """Says what is parked; returns how many messages are."""
    total = 0
    for lane in every:
        parked = list(receive(sqs, lane.dead_letter_url))
        total += len(parked)
        say(f"{lane.name}: {len(parked)} parked")
        for message in parked:
            say(f"  {describe(message)}")
            sqs.change_message_visibility(
                QueueUrl=lane.dead_letter_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
    return total


def put_back(sqs: SQSClient, lane: Lane) -> int:
    """Moves everything parked back to its queue; returns how many messages it moved."""
    moved = 0
    for message in receive(sqs, lane.dead_letter_url):
        sqs.send_message(QueueUrl=lane.queue_url, MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=lane.dead_letter_url, ReceiptHandle=message["ReceiptHandle"])
        moved += 1
    return moved


def open_clients(aws: bool) -> tuple[CloudFormationClient, SQSClient]:
    """Clients for the deployed stack with your credentials, or for the local one."""
    if aws:
        import boto3  # noqa: PLC0415 (the local stack has its own clients)

        return boto3.client("cloudformation"), boto3.client("sqs")
    clients.configure(f"http://127.0.0.1:{config.load().ports.aws}")
    return clients.client("cloudformation"), clients.client("sqs")


def main(arguments: list[str] | None = None) -> int:
    """Command line: lists what is parked, or puts one queue's messages back."""
    parser = argparse.ArgumentParser(prog="make redrive", description=__doc__.splitlines()[0])
    parser.add_argument("--queue", choices=QUEUES, help="put this queue's messages back")
    parser.add_argument("--aws", action="store_true", help="the stack on AWS, not the local one")
    parser.add_argument("--stack", default="dragoman")
    options = parser.parse_args(arguments)
    try:
        _run(options)
    except (BotoCoreError, ClientError) as error:
        print(clients.trouble(error, options.aws), file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    cloudformation, sqs = open_clients(options.aws)
    every = lanes(cloudformation, options.stack)
    if options.queue:
        moved = sum(put_back(sqs, lane) for lane in every if lane.name == options.queue)
        print(f"{options.queue}: {moved} put back")
    elif list_parked(sqs, every, print):
        print("Put a queue's messages back with: make redrive QUEUE=<name>")


if __name__ == "__main__":
    sys.exit(main())
