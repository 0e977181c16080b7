"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidNotice(DragomanError):
    """A subscriber cannot be told of the digest. The text names the place and the rule, never the value."""

    metric = "DigestNoticesInvalid"
