"""Lambda `compose_report`, called by the machine `message`."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from compose_report.logic import compose_all
from compose_report.settings import Settings
from dragoman.observability import count, logger, observed

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"message", "language", "knownLanguage"?, "translations", "pictures", "directory"?, "times"} to logic.Composed.

    Raises InvalidReport or ConfigurationError.
    """
    composed = compose_all(event, settings().retention_days, datetime.now(UTC))
    count("ReportsComposed", method=event["language"]["method"])
    logger.info(
        "Report composed",
        report_id=composed["reportItem"]["reportId"]["S"],
        translations=len(event["translations"]),
        pictures=len(event["pictures"]),
    )
    return {**composed}
