"""AWS's own errors, as the AWS JSON 1.1 protocol writes them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

# Modelled faults, answered with 500; every other error is the caller's and answered with 400.
SERVER_FAULTS: Final = frozenset({"InternalServerException", "ServiceUnavailableException", "InternalFailureException"})

_FRONT_END: Final = frozenset({"ValidationException", "SerializationException", "UnknownOperationException"})


class AwsError(Exception):
    """An error answer: AWS's exception name, a message and the exception's further members."""

    def __init__(self, code: str, message: str, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.members = dict(members or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return 500 if self.code in SERVER_FAULTS else 400

    def body(self) -> dict[str, Any]:
        """The JSON body. Both services' models spell the message member `Message`; AWS's front end writes `message`."""
        spelling = "message" if self.code in _FRONT_END else "Message"
        return {"__type": self.code, spelling: self.message, **self.members}


def validation(value: str, field: str, constraint: str) -> AwsError:
    """A ValidationException in the words of AWS's request validator."""
    return AwsError(
        "ValidationException",
        f"1 validation error detected: Value {value} at '{field}' failed to satisfy constraint: {constraint}",
    )


def text_too_long(limit: int, size: int) -> AwsError:
    """TextSizeLimitExceededException with AWS's wording; sizes are bytes of UTF-8."""
    return AwsError(
        "TextSizeLimitExceededException",
        f"Input text size exceeds limit. Max length of request text allowed is {limit} bytes "
        f"while in this request the text size is {size} bytes",
    )


def unsupported_pair(source: str, target: str, unknown: str = "") -> AwsError:
    """UnsupportedLanguagePairException; `unknown` is AWS's extra sentence for a code that is no language at all."""
    message = f"Unsupported language pair: {source} to {target}.{unknown}"
    return AwsError(
        "UnsupportedLanguagePairException", message, {"SourceLanguageCode": source, "TargetLanguageCode": target}
    )


def unsupported_language(code: str, supported: Iterable[str]) -> AwsError:
    """UnsupportedLanguageException; `supported` are the codes that can be told here."""
    return AwsError(
        "UnsupportedLanguageException",
        f"Input language is not supported for this API: {code}. Supported languages: [{', '.join(supported)}]",
    )


def low_confidence(language: str) -> AwsError:
    """DetectedLanguageLowConfidenceException with the language that was guessed."""
    return AwsError(
        "DetectedLanguageLowConfidenceException",
        "The source language could not be detected with enough confidence.",
        {"DetectedLanguageCode": language},
    )


def throttled() -> AwsError:
    """TooManyRequestsException: the queue before the models is full."""
    return AwsError("TooManyRequestsException", "Too many requests are waiting for a model. Try again.")
