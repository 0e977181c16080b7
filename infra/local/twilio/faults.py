"""Failures on demand, for the next calls of ``POST Messages.json``."""

from dataclasses import dataclass
from typing import Any, Final

from infra.local.twilio.errors import TwilioError

KINDS: Final = ("429", "500", "400", "timeout", "reset")
MAX_SECONDS: Final = 120.0


@dataclass
class Fault:
    """``times`` calls fail with ``kind``: an HTTP status, ``timeout`` (no answer for ``seconds``) or ``reset`` (the
    connection breaks off). ``accept``: the message is taken all the same, so that its outcome is unknown to the caller.
    ``code`` is Twilio's error code of a 400.
    """

    kind: str
    times: int = 1
    code: int = 20001
    seconds: float = 60.0
    accept: bool = False

    @classmethod
    def from_json(cls, wish: dict[str, Any]) -> "Fault":
        """Raises error 400 for a kind that is not known."""
        kind = str(wish.get("kind", ""))
        if kind not in KINDS:
            raise TwilioError(400, f"kind must be one of {', '.join(KINDS)}")
        try:
            seconds = min(float(wish.get("seconds", 60)), MAX_SECONDS)
            return cls(kind, int(wish.get("times", 1)), int(wish.get("code", 20001)), seconds, bool(wish.get("accept")))
        except (TypeError, ValueError) as error:
            raise TwilioError(400, "times, code and seconds must be numbers") from error

    def error(self) -> TwilioError:
        """What is answered, for the kinds that are answered."""
        if self.kind == "429":
            return TwilioError(20429, "Too Many Requests", 429)
        if self.kind == "500":
            return TwilioError(20500, "Internal Server Error", 500)
        return TwilioError(self.code, "The simulated Twilio was told to refuse this")


class Faults:
    """The faults still to come, oldest first."""

    def __init__(self) -> None:
        self._coming: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._coming.append(fault)

    def clear(self) -> None:
        self._coming.clear()

    def take(self) -> Fault | None:
        """The fault of this call."""
        while self._coming:
            fault = self._coming[0]
            if fault.times > 0:
                fault.times -= 1
                return fault
            self._coming.pop(0)
        return None
