"""Lambda `read_image`: GET /images/{imageId}."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from dragoman.identifiers import IMAGE_ID
from dragoman.observability import count, observed
from dragoman.responses import answer, problem
from read_image.logic import document
from read_image.presign import Links
from read_image.records import find
from read_image.settings import Settings

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway's proxy event to 200 and schemas/image.json, or a problem 400 or 404.

    Raises ConfigurationError, and botocore's errors, which API Gateway answers with 502.
    """
    found = respond(str((event.get("pathParameters") or {}).get("imageId") or ""))
    count("ImagesRead", status=str(found["statusCode"]))
    return {**found}


def respond(image_id: str) -> Any:
    """The answer for an id, whatever it is."""
    if not IMAGE_ID.fullmatch(image_id):
        return problem(400, "An id is IM and 32 hexadecimal digits, or a message's id, a hyphen and a number.")
    item = find(settings().images_table, image_id)
    if item is None:
        return problem(404, "There is no picture with this id. A picture is there a few seconds after its upload.")
    return answer(200, document(item, datetime.now(UTC), Links(settings().media_bucket)))
