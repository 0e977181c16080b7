"""The records of pictures in DynamoDB."""

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Whoever waits at the API gives up after 29 s.
CLIENT_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 2})


@cache
def _client() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=CLIENT_CONFIG)


def find(table: str, image_id: str) -> dict[str, Any] | None:
    """The record of a picture as typed attributes, None when there is none. What DynamoDB refuses is raised as
    botocore's ClientError."""
    return _client().get_item(TableName=table, Key={"imageId": {"S": image_id}}).get("Item")
