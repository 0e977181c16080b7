"""Errors that a state machine catches by the name of their class."""

from dragoman.items import json_text


class DragomanError(Exception):
    """An expected failure. Its text is for people and logs: it names fields and settings, never what they hold."""

    metric = "Errors"

    @property
    def reason(self) -> str:
        """What may stand in a log line."""
        return str(self)


class ConfigurationError(DragomanError):
    """The deployment lacks a setting or a secret, or one that is there cannot be used or read."""

    metric = "ConfigurationErrors"


class SignatureRejected(DragomanError):
    """The signature is missing, or was made with another token or over another request."""

    metric = "SignaturesRejected"


class InvalidWebhook(DragomanError):
    """A verified webhook lacks what makes it a message or a receipt. The text names the fields, never their values."""

    metric = "WebhooksInvalid"


class InvalidFrame(DragomanError):
    """What an operator's console sent breaks a rule. The text is what it is answered, as JSON: {"code", "detail",
    "ref"?, "messageId"?} of schemas/frames/error.json. The detail quotes nothing."""

    metric = "FramesInvalid"

    def __init__(self, code: str, detail: str, ref: str = "", message_id: str = "") -> None:
        named = {"ref": ref, "messageId": message_id}
        super().__init__(
            json_text({"code": code, "detail": detail} | {name: text for name, text in named.items() if text})
        )
        self.code = code
        self.detail = detail

    @property
    def reason(self) -> str:
        """The code alone: the client chose ref, and the names of fields that the detail may complain about."""
        return self.code
