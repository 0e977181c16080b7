"""What the machines `intake` and `receipt` hand over: one HTTP request to a webhook, unverified."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl

from dragoman.errors import ConfigurationError, SignatureRejected
from dragoman.times import from_epoch_ms

# Twilio sends a few dozen; the bound keeps a forged request from costing much before it is refused.
MAX_FIELDS = 1000


class Form(dict[str, list[str]]):
    """The fields of a form, each with all its values in the order received."""

    def getall(self, name: str) -> list[str]:
        """All values of a field: the method by which Twilio's validator knows a form with repeated fields."""
        return self[name]

    def first(self, name: str) -> str:
        """The first value of a field, empty when it is missing."""
        return self.get(name, [""])[0]

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Reads application/x-www-form-urlencoded, blank fields included. Raises ValueError when it has too many
        fields.

        Bytes that are no UTF-8 become U+FFFD; Twilio sends UTF-8, so such a form fails its signature.
        """
        form = cls()
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        for name, value in pairs:
            form.setdefault(name, []).append(value)
        return form


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request. query is rebuilt, not raw (see signatures.py); path is the route, stage_path what the client
    called."""

    form: Form
    signature: str
    query: str
    path: str
    domain: str
    stage_path: str
    received_at_ms: int

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Reads the machine's input; statemachines/intake.md has its shape.

        Raises SignatureRejected when body or signature cannot be decoded, so cannot be verified either, and
        ConfigurationError when the machine does not hand over what it should.
        """
        try:
            return cls(
                form=Form.parse(_decoded(event["body"])),
                signature=_decoded(event["signature"]).decode("latin-1").strip(),
                query=str(event["query"]),
                path=str(event["path"]),
                domain=str(event["domain"]),
                stage_path=str(event["stagePath"]),
                received_at_ms=_whole_number(event["receivedAtMs"]),
            )
        except binascii.Error:
            raise SignatureRejected("Body or signature cannot be decoded") from None
        except KeyError as error:
            raise ConfigurationError(f"The event lacks {error}") from None
        except TypeError:
            raise ConfigurationError("The event has a value of the wrong type") from None
        except ValueError:
            raise SignatureRejected("The form cannot be read") from None


def received_at(milliseconds: int) -> str:
    """The moment of a webhook as the documents write it. Raises ConfigurationError outside the calendar."""
    try:
        return from_epoch_ms(milliseconds)
    except (ValueError, OverflowError, OSError):
        raise ConfigurationError("receivedAtMs is no time in milliseconds") from None


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _whole_number(value: int | float | str) -> int:
    """API Gateway writes $context.requestTimeEpoch as a number; some templates quote it."""
    try:
        return int(value)
    except (ValueError, OverflowError):
        raise ConfigurationError("receivedAtMs is no whole number") from None
