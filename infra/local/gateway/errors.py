"""The errors that API Gateway itself answers, by gateway response type."""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class ErrorKind:
    """Default status, message and ``x-amzn-ErrorType`` of a gateway response type."""

    status: int
    message: str
    error_type: str


_INTERNAL: Final = "InternalServerErrorException"

KINDS: Final[dict[str, ErrorKind]] = {
    "ACCESS_DENIED": ErrorKind(403, "User is not authorized to access this resource", "AccessDeniedException"),
    "API_CONFIGURATION_ERROR": ErrorKind(500, "Internal server error", _INTERNAL),
    "AUTHORIZER_CONFIGURATION_ERROR": ErrorKind(500, "Internal server error", _INTERNAL),
    "AUTHORIZER_FAILURE": ErrorKind(500, "Internal server error", _INTERNAL),
    "BAD_REQUEST_PARAMETERS": ErrorKind(400, "Missing required request parameters", "BadRequestException"),
    "BAD_REQUEST_BODY": ErrorKind(400, "Invalid request body", "BadRequestException"),
    "EXPIRED_TOKEN": ErrorKind(403, "The security token included in the request is expired", "ExpiredTokenException"),
    "INTEGRATION_FAILURE": ErrorKind(504, "Network error communicating with endpoint", _INTERNAL),
    "INTEGRATION_TIMEOUT": ErrorKind(504, "Endpoint request timed out", _INTERNAL),
    "INVALID_API_KEY": ErrorKind(403, "Forbidden", "ForbiddenException"),
    "INVALID_SIGNATURE": ErrorKind(403, "The request signature does not match", "InvalidSignatureException"),
    "MISSING_AUTHENTICATION_TOKEN": ErrorKind(
        403, "Missing Authentication Token", "MissingAuthenticationTokenException"
    ),
    "QUOTA_EXCEEDED": ErrorKind(429, "Limit Exceeded", "LimitExceededException"),
    "REQUEST_TOO_LARGE": ErrorKind(413, "Request Too Long", "RequestTooLongException"),
    "RESOURCE_NOT_FOUND": ErrorKind(404, "Not Found", "NotFoundException"),
    "THROTTLED": ErrorKind(429, "Too Many Requests", "TooManyRequestsException"),
    "UNAUTHORIZED": ErrorKind(401, "Unauthorized", "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": ErrorKind(415, "Unsupported Media Type", "BadRequestException"),
    "WAF_FILTERED": ErrorKind(403, "Forbidden", "ForbiddenException"),
    "DEFAULT_4XX": ErrorKind(400, "Bad Request", "BadRequestException"),
    "DEFAULT_5XX": ErrorKind(500, "Internal server error", _INTERNAL),
}
"""Types and default status codes: "Gateway response types for API Gateway" in the developer guide."""


class ApiDefinitionError(Exception):
    """The OpenAPI body holds something that API Gateway would refuse on import, or that is not served here."""


@dataclass
class GatewayError(Exception):
    """An answer that API Gateway makes itself: ``kind`` is its gateway response type.

    ``reason`` is for the log only; ``message`` reaches the caller, ``validation`` is
    ``$context.error.validationErrorString``; ``status`` overrides the type's own (502 for a malformed proxy answer).
    """

    kind: str
    message: str = ""
    validation: str = ""
    reason: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind = KINDS[self.kind]
        self.message = self.message or kind.message
        self.status = self.status or kind.status
        super().__init__(self.kind, self.message)

    @property
    def error_type(self) -> str:
        """The value of ``x-amzn-ErrorType``."""
        return KINDS[self.kind].error_type
