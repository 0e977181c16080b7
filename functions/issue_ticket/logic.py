"""From a request for a ticket to the ticket and what is kept of it. Pure: no boto3, no clock, no chance."""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from dragoman.errors import ConfigurationError
from dragoman.items import AttributeValue, item
from dragoman.people import DEFAULT_ROOM, clean_name
from dragoman.tickets import SECONDS, ticket_hash
from dragoman.validation import ValidationError, validator
from issue_ticket.errors import InvalidTicketRequest

validate_request = validator("ticket_request")

NAMELESS: Final = "Operator"


class Ticket(NamedTuple):
    """answer: schemas/ticket.json. item: what table Tickets keeps, which does not give the ticket away."""

    answer: dict[str, Any]
    item: dict[str, AttributeValue]


def ticket(event: Mapping[str, Any], default_language: str, secret: str, now: datetime) -> Ticket:
    """The ticket for an API Gateway proxy event behind a Cognito authorizer. secret: what nobody can guess.

    Raises InvalidTicketRequest, and ConfigurationError when no authorizer has been before us.
    """
    request, claims = requested(event), claims_of(event)
    kept: dict[str, str | int] = {
        "ticketHash": ticket_hash(secret),
        "operatorId": claims["sub"],
        "name": clean_name(request.get("name", "")) or own_name(claims),
        "language": request.get("language", default_language),
        "room": request.get("room", DEFAULT_ROOM),
        "expiresAt": int((now + timedelta(seconds=SECONDS)).timestamp()),
    }
    return Ticket({"ticket": secret, "expiresIn": SECONDS}, item(kept))


def requested(event: Mapping[str, Any]) -> dict[str, str]:
    """What the body asks for; a request without a body asks for nothing. Raises InvalidTicketRequest."""
    try:
        body = event.get("body") or "{}"
        text = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body
        request: dict[str, str] = json.loads(text)
        validate_request(request)
    except ValidationError as violation:
        raise InvalidTicketRequest(str(violation)) from None
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise InvalidTicketRequest("The body is not JSON") from None
    return request


def claims_of(event: Mapping[str, Any]) -> dict[str, str]:
    """The claims of the token that the authorizer let pass. Raises ConfigurationError."""
    try:
        claims: dict[str, str] = event["requestContext"]["authorizer"]["claims"]
        if not claims["sub"]:
            raise KeyError("sub")
    except (KeyError, TypeError):
        raise ConfigurationError("The route has no Cognito authorizer") from None
    return claims


def own_name(claims: Mapping[str, str]) -> str:
    """The name in the operator's account, or what stands before the @ of their e-mail address."""
    mailbox = str(claims.get("email") or "").partition("@")[0]
    return clean_name(str(claims.get("name") or "")) or clean_name(mailbox) or NAMELESS
