"""Twilio's errors as its REST API answers them."""

from dataclasses import dataclass
from typing import Any, Final

MEANINGS: Final = {
    11200: "HTTP retrieval failure",
    12100: "Document parse failure",
    12300: "Invalid Content-Type",
    21610: "Attempt to send to unsubscribed recipient",
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
}
"""A message's ``error_message`` by its ``error_code`` (Twilio's error dictionary)."""


@dataclass
class TwilioError(Exception):
    """``code`` is Twilio's (see its error dictionary), ``status`` the HTTP status."""

    code: int
    message: str
    status: int = 400

    def shown(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        more_info = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more_info, "status": self.status}
