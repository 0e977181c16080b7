"""Lambda `tally_reports`, called by the machine `digest_slice`."""

from typing import Any

from dragoman.observability import count, logger, observed
from tally_reports.logic import tally


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"items", "window", "texts"} to logic.Tallied. Raises ConfigurationError."""
    tallied = tally(event)
    count("ReportPagesTallied")
    logger.info("Reports tallied", reports=len(event["items"]), rows=len(tallied["rows"]))
    return {**tallied}
