"""What this function refuses. The machine `intake` catches both by the name of the class."""

from dragoman.errors import DragomanError


class SignatureRejected(DragomanError):  # noqa: N818 - a name that the state machine catches
    """The signature is missing, or was made with another token or over another request."""

    metric = "SignaturesRejected"


class InvalidWebhook(DragomanError):  # noqa: N818 - a name that the state machine catches
    """A verified webhook lacks what makes it a message. The text names the fields, never their values."""

    metric = "WebhooksInvalid"
