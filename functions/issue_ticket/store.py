"""Table Tickets, to put into."""

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


def keep(table: str, item: dict[str, Any]) -> None:
    """Puts a ticket. What DynamoDB refuses is raised as botocore's ClientError."""
    _client().put_item(TableName=table, Item=item)
