"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidDigest(DragomanError):
    """The rows make no valid digest. The text names the place and the rule, never the value."""

    metric = "DigestsInvalid"


class RowsMissing(DragomanError):
    """What a slice has written is not there, or is not what a slice writes."""

    metric = "DigestRowsMissing"
