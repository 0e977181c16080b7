"""Rekognition's errors: the names, words and statuses that the service itself uses.

Names and statuses: Amazon Rekognition API reference, "DetectLabels", "Errors". The form of the body: Developer Guide,
"Error handling". Wording: messages that users of the service have quoted.
"""

import uuid
from types import MappingProxyType
from typing import Any, Final

from infra.local.ai.errors import AwsError, validation

# Its own fault on 500, and unlike other services throttling too.
_SERVER_FAULTS: Final = frozenset({"InternalServerError", "ThrottlingException"})
# Written by the front end, whose body is plainer.
_FRONT_END: Final = frozenset({"ValidationException", "SerializationException", "UnknownOperationException"})
_OWN_NAMES: Final = MappingProxyType(
    {"InternalServerException": "InternalServerError", "TooManyRequestsException": "ThrottlingException"}
)


class RekognitionError(AwsError):
    """An error as Rekognition answers it; names that are Translate's or Comprehend's become Rekognition's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(_OWN_NAMES.get(code, code), message)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return 500 if self.code in _SERVER_FAULTS else 400

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        if self.code in _FRONT_END:
            return {"__type": self.code, "message": self.message}
        return {"__type": self.code, "Code": self.code, "Logref": str(uuid.uuid4()), "Message": self.message}


def spoken(error: AwsError) -> RekognitionError:
    """Any error of this process in Rekognition's words and statuses."""
    return error if isinstance(error, RekognitionError) else RekognitionError(error.code, error.message)


def invalid_parameters() -> RekognitionError:
    """InvalidParameterException. AWS answers it, with no more detail, also for pictures with a side under 80 pixels."""
    return RekognitionError("InvalidParameterException", "Request has invalid parameters")


def invalid_format() -> RekognitionError:
    """InvalidImageFormatException: neither JPEG nor PNG, or damaged."""
    return RekognitionError("InvalidImageFormatException", "Request has invalid image format")


def too_many_pixels(width: int, height: int, most: int) -> RekognitionError:
    """ImageTooLargeException for a side over `most` pixels."""
    message = f"Input image dimensions {width} x {height} exceed maximum dimension size of {most} pixels"
    return RekognitionError("ImageTooLargeException", message)


def too_many_bytes() -> RekognitionError:
    """ImageTooLargeException for an object in S3 that is over the limit."""
    return RekognitionError("ImageTooLargeException", "The input image size exceeds the allowed limit.")


def no_object() -> RekognitionError:
    """InvalidS3ObjectException: the object is not there or may not be read."""
    return RekognitionError(
        "InvalidS3ObjectException",
        "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
    )


def constraint(value: str, field: str, rule: str) -> RekognitionError:
    """ValidationException of AWS's front end: `rule` is such as `value less than or equal to 100`."""
    return RekognitionError("ValidationException", validation(value, field, f"Member must have {rule}").message)


def throttled() -> RekognitionError:
    """ThrottlingException: the queue before the models is full."""
    return RekognitionError("ThrottlingException", "Rate exceeded")
