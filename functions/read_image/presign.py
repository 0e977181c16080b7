"""Links to objects of the media bucket. Signing takes no request."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLIENT_CONFIG = Config(
    signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
)


@cache
def _client() -> "S3Client":
    return boto3.client("s3", config=CLIENT_CONFIG)


class Links:
    """Signs links with the function's own role: they end with its session, if that is sooner."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def link(self, key: str, content_type: str, seconds: int) -> str:
        """An address from which anyone can read the object for so many seconds, as that content type and no other."""
        return _client().generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": key, "ResponseContentType": content_type},
            ExpiresIn=seconds,
        )
