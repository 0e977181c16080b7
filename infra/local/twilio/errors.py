"""Twilio's errors as its REST API answers them."""

from dataclasses import dataclass
from typing import Any


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
