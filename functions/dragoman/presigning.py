"""An S3 client that signs: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html.

Signing takes no request. The address is the bucket's in its own region, for S3's global one answers with a redirect
until a new bucket is known everywhere, and a form does not survive that.
"""

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
def signer() -> "S3Client":
    """The client, made once; it signs with the function's own role."""
    return boto3.client("s3", config=CLIENT_CONFIG)
