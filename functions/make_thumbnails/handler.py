"""Lambda `make_thumbnails`, called by the machine `image`."""

from functools import cache
from typing import Any

from dragoman.documents import Thumbnail
from dragoman.identifiers import picture_of
from dragoman.imaging import MAX_FILE_BYTES
from dragoman.objects import MediaBucket
from dragoman.observability import count, logger, observed
from make_thumbnails.logic import CONTENT_TYPE, Small, thumbnails
from make_thumbnails.settings import Settings

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"imageId", "key"} to {"thumbnails": [documents.Thumbnail, …]}, which are in the media bucket by then.

    Raises ImageUnreadable and ConfigurationError.
    """
    picture, bucket = picture_of(event), MediaBucket(settings().media_bucket)
    made = thumbnails(bucket.read(picture.key, MAX_FILE_BYTES))
    for small in made:
        bucket.write(key_of(picture.image_id, small), small.content, CONTENT_TYPE)
    count("ThumbnailsMade")
    logger.info("Thumbnails made", image_id=picture.image_id, bytes=sum(len(small.content) for small in made))
    return {"thumbnails": [described(picture.image_id, small) for small in made]}


def key_of(image_id: str, small: Small) -> str:
    """Where a thumbnail is kept."""
    return f"images/{image_id}/{small.size}.webp"


def described(image_id: str, small: Small) -> Thumbnail:
    """What the machine is told of a thumbnail."""
    return {
        "size": small.size,
        "key": key_of(image_id, small),
        "contentType": CONTENT_TYPE,
        "width": small.width,
        "height": small.height,
        "bytes": len(small.content),
    }
