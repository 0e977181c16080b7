"""Presigned uploads: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html.

Signing takes no request. The address is the bucket's in its own region, for S3's global one answers with a redirect
until a new bucket is known everywhere, and a form does not survive that.
"""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from issue_upload.logic import Form

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLIENT_CONFIG = Config(
    signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
)


@cache
def _client() -> "S3Client":
    return boto3.client("s3", config=CLIENT_CONFIG)


class Uploads:
    """Signs uploads into a bucket with the function's own role, which may put objects there and nothing else."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def form(self, key: str, content_type: str, sizes: tuple[int, int], seconds: int) -> Form:
        """An upload of exactly that key and content type, of sizes[0] to sizes[1] bytes."""
        signed = _client().generate_presigned_post(
            Bucket=self._bucket,
            Key=key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", *sizes]],
            ExpiresIn=seconds,
        )
        return Form(signed["url"], signed["fields"])
