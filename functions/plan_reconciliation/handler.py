"""Lambda `plan_reconciliation`, called by the machine `reconcile`."""

from typing import Any

from dragoman.observability import count, logger, observed
from plan_reconciliation.logic import before


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"now", "afterSeconds"} to {"before": RFC 3339 with milliseconds}. Raises ConfigurationError."""
    moment = before(event)
    count("ReconciliationsPlanned")
    logger.info("Reconciliation planned", before=moment)
    return {"before": moment}
