"""From a ticket to the policy that lets its operator in. Pure: no boto3, no clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from authorize_connection.errors import TicketRefused
from dragoman.errors import ConfigurationError
from dragoman.items import plain
from dragoman.tickets import ticket_hash
from dragoman.times import rfc3339

# Fifteen minutes more than API Gateway keeps a connection:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
CONNECTION: Final = timedelta(hours=2, minutes=15)
# What token_urlsafe(32) makes has 43; whatever is longer is not worth a request to the table.
MAX_TICKET: Final = 100


class Tickets(Protocol):
    """Who keeps the tickets: authorize_connection.store.Store."""

    def take(self, key: str, now: int) -> dict[str, Any] | None:
        """Takes away the ticket with that key and returns its item; None when there is none that is good at that
        moment, in seconds since 1970."""
        ...


def authorize(event: Mapping[str, Any], tickets: Tickets, now: datetime) -> dict[str, Any]:
    """The policy for a REQUEST authorizer's event. Its context holds texts alone, for the template that keeps the
    connection. Raises TicketRefused, and ConfigurationError when the event is no such event."""
    try:
        ticket = (event.get("queryStringParameters") or {}).get("ticket") or ""
        resource = event["methodArn"]
    except (KeyError, AttributeError):
        raise ConfigurationError("The event is not that of a REQUEST authorizer") from None
    kept = tickets.take(ticket_hash(ticket), int(now.timestamp())) if 0 < len(ticket) <= MAX_TICKET else None
    if kept is None:
        raise TicketRefused
    operator = plain(kept)
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}
    return {
        "principalId": operator["operatorId"],
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {
            **{name: operator[name] for name in ("operatorId", "name", "language", "room")},
            "connectedAt": rfc3339(now),
            "expiresAt": str(int((now + CONNECTION).timestamp())),
        },
    }
