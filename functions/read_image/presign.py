"""Links to objects of the media bucket."""

from dragoman.presigning import signer


class Links:
    """Signs links with the function's own role: they end with its session, if that is sooner."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def link(self, key: str, content_type: str, seconds: int) -> str:
        """An address from which anyone can read the object for so many seconds, as that content type and no other."""
        return signer().generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": key, "ResponseContentType": content_type},
            ExpiresIn=seconds,
        )
