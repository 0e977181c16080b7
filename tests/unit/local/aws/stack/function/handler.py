"""The probe stack's function: does what its event asks for."""

import os
import time

import boto3
from greeting import GREETING  # type: ignore[import-not-found]  # from the layer


class SignatureRejected(Exception):
    """Raised on request."""


def handler(event: dict[str, object], _context: object) -> object:
    """Answer, fail, wait or call DynamoDB."""
    if event.get("do") == "raise":
        raise SignatureRejected("not signed by us")
    if event.get("do") == "sleep":
        time.sleep(float(str(event["seconds"])))
    if event.get("do") == "read":
        table = boto3.client("dynamodb")
        return table.get_item(TableName=str(event["table"]), Key={"id": {"S": "none"}}).get("Item", "nothing")
    if event.get("do") == "process":
        return os.getpid()
    return {"greeting": GREETING, "event": event}
