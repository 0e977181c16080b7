"""Lambda `issue_ticket`: POST /desk/tickets."""

import secrets
from datetime import UTC, datetime
from functools import cache
from typing import Any

from dragoman.observability import count, logger, observed
from dragoman.responses import answer, problem
from issue_ticket.errors import InvalidTicketRequest
from issue_ticket.logic import ticket
from issue_ticket.settings import Settings
from issue_ticket.store import keep

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway's proxy event with schemas/ticket_request.json as its body to 201 and schemas/ticket.json, or a
    problem 400.

    Raises ConfigurationError, and botocore's errors, which API Gateway answers with 502.
    """
    wanted = settings()
    try:
        issued = ticket(event, wanted.desk_languages[0], secrets.token_urlsafe(32), datetime.now(UTC))
    except InvalidTicketRequest as refused:
        count(refused.metric)
        return {**problem(400, 'Send {} or some of {"name": …, "language": "pt", "room": "desk"}.')}
    keep(wanted.tickets_table, issued.item)
    count("TicketsIssued")
    logger.info("Ticket issued", operator_id=issued.item["operatorId"]["S"])
    return {**answer(201, issued.answer)}
