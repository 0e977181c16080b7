"""The one place for logs and metrics (Powertools), so that every function writes them alike.

Service and namespace come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_METRICS_NAMESPACE. No log line holds an event,
an address, a message's words or a token: only ids, counts and the names of errors. Metrics go out as EMF on stdout.
"""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from dragoman.errors import DragomanError

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

logger = Logger()
_metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "Dragoman")


def count(metric: str, **dimensions: str) -> None:
    """Counts one. Dimensions must have few values: each combination is a metric that is billed."""
    for name, value in dimensions.items():
        _metrics.add_dimension(name, value)
    _metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def observed(handler: Handler) -> Handler:
    """Gives a handler its log context, sends its metrics, and counts and logs the errors we expect before they go
    on."""

    @wraps(handler)
    def watched(event: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            return handler(event, context)
        except DragomanError as error:
            count(error.metric)
            logger.warning(type(error).__name__, reason=error.reason)
            raise

    return _metrics.log_metrics(logger.inject_lambda_context(watched, clear_state=True))
