"""Table Tickets, to take from."""

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Opening a socket is given up after 29 s.
CLIENT_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 2})


@cache
def _client() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=CLIENT_CONFIG)


class Store:
    """The table. What DynamoDB refuses, but for the condition, is raised as botocore's ClientError."""

    def __init__(self, table: str) -> None:
        self._table = table

    def take(self, key: str, now: int) -> dict[str, Any] | None:
        """Deletes the ticket with that key if it is there and good: of two who come with it at once, one gets it.

        An answer that got lost on its way makes the retry find nothing: the operator then needs another ticket.
        """
        client = _client()
        try:
            taken = client.delete_item(
                TableName=self._table,
                Key={"ticketHash": {"S": key}},
                ConditionExpression="attribute_exists(ticketHash) AND expiresAt > :now",
                ExpressionAttributeValues={":now": {"N": str(now)}},
                ReturnValues="ALL_OLD",
            )
        except client.exceptions.ConditionalCheckFailedException:
            return None
        return taken["Attributes"]
