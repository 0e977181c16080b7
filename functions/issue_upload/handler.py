"""Lambda `issue_upload`: POST /images."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from dragoman.identifiers import new_image_id
from dragoman.observability import count, logger, observed
from dragoman.responses import answer, problem
from issue_upload.errors import InvalidUpload
from issue_upload.logic import upload
from issue_upload.presign import Uploads
from issue_upload.settings import Settings

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API Gateway's proxy event with {"contentType"} as its body to 201 and schemas/upload.json, or a problem 400.

    Raises ConfigurationError.
    """
    image_id = new_image_id()
    try:
        issued = upload(event, image_id, datetime.now(UTC), Uploads(settings().media_bucket))
    except InvalidUpload as refused:
        count(refused.metric)
        return {
            **problem(400, 'Send {"contentType": …} with image/jpeg, image/png, image/webp, image/gif or image/heic.')
        }
    count("UploadsIssued")
    logger.info("Upload issued", image_id=image_id)
    return {**answer(201, issued, Location=issued["links"]["self"])}
