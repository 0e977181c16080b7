"""Objects in the media bucket. Imported only by functions that read and write them: boto3 comes with the module."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLIENT_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})


@cache
def _client() -> "S3Client":
    return boto3.client("s3", config=CLIENT_CONFIG)


class MediaBucket:
    """The bucket that keeps pictures. What S3 refuses is raised as botocore's ClientError."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read(self, key: str, most: int) -> bytes:
        """An object's bytes, at most one more than `most`: enough to tell that it has too many."""
        body = _client().get_object(Bucket=self._name, Key=key)["Body"]
        try:
            return body.read(most + 1)
        finally:
            # Not drained: an object that is too large is not worth its transfer.
            body.close()

    def write(self, key: str, content: bytes, content_type: str) -> None:
        """Puts an object, private and encrypted as the bucket has it."""
        _client().put_object(Bucket=self._name, Key=key, Body=content, ContentType=content_type)
