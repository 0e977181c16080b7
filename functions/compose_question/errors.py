"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidWording(DragomanError):
    """What the machine handed over makes no valid message. The text names the place and the rule, never the value."""

    metric = "WordingsInvalid"
