"""What the slices have written, in the media bucket."""

from collections.abc import Callable
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


def reader(bucket: str) -> Callable[[str], bytes]:
    """Reads objects of the bucket by their keys, from any thread. What S3 refuses is botocore's ClientError."""
    # Made before any thread asks for it.
    client = _client()
    return lambda key: client.get_object(Bucket=bucket, Key=key)["Body"].read()
