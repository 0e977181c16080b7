"""Files as they were received, in the media bucket."""

from functools import cache
from typing import IO, TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLIENT_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})


@cache
def _client() -> "S3Client":
    return boto3.client("s3", config=CLIENT_CONFIG)


class Originals:
    """The bucket's files as strangers sent them: a browser that gets hold of one saves it and does not show it."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def put(self, key: str, file: IO[bytes], size: int, content_type: str) -> None:
        """Keeps a file of that many bytes. What S3 refuses is raised as botocore's ClientError."""
        _client().put_object(
            Bucket=self._bucket,
            Key=key,
            Body=file,
            ContentLength=size,
            ContentType=content_type,
            ContentDisposition="attachment",
        )
