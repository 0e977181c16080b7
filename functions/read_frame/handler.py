"""Lambda `read_frame`, called by the machine `desk`."""

from typing import Any

from dragoman.observability import count, logger, observed
from read_frame.logic import read


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"frame": base64, "connection": an item of table Connections, "now"} to {"action", "request"}.

    Raises InvalidFrame, whose text is the answer, and ConfigurationError.
    """
    asked = read(event)
    count("FramesRead", action=asked["action"])
    logger.info("Frame read", action=asked["action"])
    return asked
