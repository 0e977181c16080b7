"""What the machine hands over, and what SES's refusals mean. Pure: no boto3."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from dragoman.errors import ConfigurationError
from send_mail.errors import MailPostponed, MailRefused

TOO_MANY_REQUESTS: Final = 429
SERVER_ERROR: Final = 500
# What passes by itself, though SES answers it with a status of the caller's fault. LimitExceeded is the day's quota.
PASSING: Final = {"LimitExceededException", "TooManyRequestsException", "RequestLimitExceeded", "RequestTimeout"}


@dataclass(frozen=True, slots=True)
class Mail:
    """address: whom it goes to. content: MIME as it is sent, lines ended by CR and LF."""

    address: str
    content: bytes

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """{"address", "mime": ASCII alone}. Raises ConfigurationError, which quotes neither."""
        address, mime = event.get("address"), event.get("mime")
        if not (isinstance(address, str) and address and isinstance(mime, str) and mime and mime.isascii()):
            raise ConfigurationError("The machine did not hand over an e-mail")
        return cls(address, mime.encode("ascii"))


def failure(code: str, status: int) -> MailPostponed | MailRefused:
    """What an error of SES, by its code and its HTTP status, means for the e-mail."""
    passes = status == TOO_MANY_REQUESTS or status >= SERVER_ERROR or code in PASSING or code.startswith("Throttl")
    return MailPostponed(f"SES answered {code}") if passes else MailRefused(f"SES answered {code}")
