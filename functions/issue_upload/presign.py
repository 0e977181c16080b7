"""Presigned uploads."""

from dragoman.presigning import signer
from issue_upload.logic import Form


class Uploads:
    """Signs uploads into a bucket with the function's own role, which may put objects there and nothing else."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def form(self, key: str, content_type: str, sizes: tuple[int, int], seconds: int) -> Form:
        """An upload of exactly that key and content type, of sizes[0] to sizes[1] bytes."""
        signed = signer().generate_presigned_post(
            Bucket=self._bucket,
            Key=key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", *sizes]],
            ExpiresIn=seconds,
        )
        return Form(signed["url"], signed["fields"])
