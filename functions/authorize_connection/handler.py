"""Lambda `authorize_connection`: the authorizer of the socket's $connect."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from authorize_connection.logic import authorize
from authorize_connection.settings import Settings
from authorize_connection.store import Store
from dragoman.observability import count, logger, observed

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A REQUEST authorizer's event with the query parameter `ticket` to {"principalId", "policyDocument", "context"}.

    Raises TicketRefused with the text "Unauthorized", which API Gateway answers with 401, ConfigurationError, and
    botocore's errors, which it answers with 500.
    """
    policy = authorize(event, Store(settings().tickets_table), datetime.now(UTC))
    count("ConnectionsAuthorized")
    logger.info("Connection authorized", operator_id=policy["principalId"])
    return policy
