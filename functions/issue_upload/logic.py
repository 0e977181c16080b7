"""From a request for an upload to the answer. Pure: no boto3, no clock."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from dragoman.times import rfc3339
from dragoman.validation import ValidationError, validator
from issue_upload.errors import InvalidUpload

validate_request = validator("upload_request")

SECONDS: Final = 600
MIN_BYTES: Final = 1
MAX_BYTES: Final = 15 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """What a browser or a program posts, and where: the fields, then the file as the field "file"."""

    url: str
    fields: dict[str, str]


class Presigner(Protocol):
    """Who signs an upload: issue_upload.presign.Uploads."""

    def form(self, key: str, content_type: str, sizes: tuple[int, int], seconds: int) -> Form:
        """An upload of one object of that content type and that many bytes at least and at most, for so many
        seconds."""
        ...


def upload(event: Mapping[str, Any], image_id: str, now: datetime, presigner: Presigner) -> dict[str, Any]:
    """The answer (schemas/upload.json) to an API Gateway proxy event. Raises InvalidUpload."""
    content_type = requested_type(event)
    form = presigner.form(f"uploads/{image_id}", content_type, (MIN_BYTES, MAX_BYTES), SECONDS)
    return {
        "imageId": image_id,
        "upload": {"url": form.url, "fields": form.fields},
        "expiresAt": rfc3339(now + timedelta(seconds=SECONDS)),
        "links": {"self": f"/images/{image_id}"},
    }


def requested_type(event: Mapping[str, Any]) -> str:
    """The content type that the body asks for. Raises InvalidUpload."""
    try:
        body = event.get("body") or ""
        text = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body
        request = json.loads(text)
        validate_request(request)
    except ValidationError as violation:
        raise InvalidUpload(str(violation)) from None
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise InvalidUpload("The body is not JSON") from None
    return str(request["contentType"])
