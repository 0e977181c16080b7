"""What this function refuses. The machine `intake` catches both by the name of the class."""

from dragoman.errors import DragomanError


class SignatureRejected(DragomanError):
    """The signature is missing, or was made with another token or over another request."""

    metric = "SignaturesRejected"


class InvalidWebhook(DragomanError):
    """A verified webhook lacks what makes it a message. The text names the fields, never their values."""

    metric = "WebhooksInvalid"
