"""Lambda `inspect_image`, called by the machine `image`: the gate for every picture."""

from functools import cache
from typing import Any

from dragoman.identifiers import picture_of
from dragoman.imaging import MAX_FILE_BYTES
from dragoman.objects import MediaBucket
from dragoman.observability import count, logger, observed
from inspect_image.logic import inspect
from inspect_image.result import result_of
from inspect_image.settings import Settings

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"imageId", "key"} to result.Result, the picture being in the media bucket by then.

    Raises NotAnImage, ImageTooLarge and ImageDamaged, which `image` records, and ConfigurationError.
    """
    picture, bucket = picture_of(event), MediaBucket(settings().media_bucket)
    content = bucket.read(picture.key, MAX_FILE_BYTES)
    inspected = inspect(content)
    result = result_of(picture, inspected, len(content))
    bucket.write(result["key"], inspected.content, inspected.content_type)
    count("ImagesInspected", format=inspected.format)
    logger.info("Image inspected", image_id=picture.image_id, bytes=result["bytes"], changes=inspected.changes)
    return {**result}
