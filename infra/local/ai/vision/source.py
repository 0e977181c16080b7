"""Where a picture comes from: the request itself, or S3."""

import base64
import binascii
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.ai.errors import AwsError
from infra.local.ai.vision.errors import constraint, invalid_parameters, no_object, too_many_bytes

# Amazon Rekognition, "Guidelines and quotas". More than 5 MB in a request is a ValidationException of the front end.
MOST_BYTES_SENT: Final = 5 * 1024 * 1024
MOST_BYTES_STORED: Final = 15 * 1024 * 1024
_SECONDS: Final = 10
_LENGTHS: Final = {"Bucket": (3, 255), "Name": (1, 1024), "Version": (1, 1024)}


class Place(NamedTuple):
    """An object in S3."""

    bucket: str
    key: str
    version: str | None = None


class Store(Protocol):
    """Gives the size of an object and then its content."""

    def read(self, place: Place, most: int) -> bytes:
        """The content. Raises InvalidS3ObjectException, and ImageTooLargeException over `most` bytes."""
        ...


class S3Store:
    """S3 at an endpoint, with the credentials of the environment; without an endpoint nothing can be read."""

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._made: Any = None

    def read(self, place: Place, most: int) -> bytes:
        """As `Store.read`."""
        if self._endpoint is None:
            raise no_object()
        wanted = {"Bucket": place.bucket, "Key": place.key, **({"VersionId": place.version} if place.version else {})}
        try:
            answer = self._client().get_object(**wanted)
            with answer["Body"] as stream:
                if answer["ContentLength"] > most:
                    raise too_many_bytes()
                content: bytes = stream.read(most + 1)
        except (ClientError, BotoCoreError) as refused:
            raise no_object() from refused
        return content

    def _client(self) -> Any:
        # boto3 takes a third of a second to make a client, and may make it on one thread at a time only.
        with self._lock:
            if self._made is None:
                make: Callable[..., Any] = boto3.client
                config = Config(
                    connect_timeout=_SECONDS,
                    read_timeout=_SECONDS,
                    retries={"total_max_attempts": 2},
                    s3={"addressing_style": "path"},
                )
                self._made = make("s3", endpoint_url=self._endpoint, config=config)
            return self._made


def content(image: Any, store: Store) -> bytes:
    """The bytes of a request's `Image`. Raises ValidationException, InvalidParameterException and as the store."""
    if image is None:
        raise constraint_null("image")
    if not isinstance(image, dict):
        raise AwsError("SerializationException", "Image must be a structure.")
    sent, stored = image.get("Bytes"), image.get("S3Object")
    if (sent is None) == (stored is None):
        raise invalid_parameters()
    return _sent(sent) if sent is not None else store.read(_place(stored), MOST_BYTES_STORED)


def constraint_null(field: str) -> AwsError:
    """ValidationException for a member that must be there."""
    return AwsError(
        "ValidationException",
        f"1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null",
    )


def _sent(encoded: Any) -> bytes:
    if not isinstance(encoded, str):
        raise AwsError("SerializationException", "Bytes must be base64.")
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise AwsError("SerializationException", "Bytes must be base64.") from wrong
    size = len(decoded)
    value = f"'java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]'"
    if size == 0:
        raise constraint(value, "image.bytes", "length greater than or equal to 1")
    if size > MOST_BYTES_SENT:
        raise constraint(value, "image.bytes", f"length less than or equal to {MOST_BYTES_SENT}")
    return decoded


def _place(stored: Any) -> Place:
    if not isinstance(stored, Mapping):
        raise AwsError("SerializationException", "S3Object must be a structure.")
    for member, (least, most) in _LENGTHS.items():
        value = stored.get(member)
        if value is None:
            continue
        if not isinstance(value, str):
            raise AwsError("SerializationException", f"{member} must be a string.")
        if not least <= len(value) <= most:
            bound = f"greater than or equal to {least}" if len(value) < least else f"less than or equal to {most}"
            raise constraint(f"'{value}'", f"image.s3Object.{member.lower()}", f"length {bound}")
    if not (stored.get("Bucket") and stored.get("Name")):
        raise invalid_parameters()
    return Place(stored["Bucket"], stored["Name"], stored.get("Version"))
