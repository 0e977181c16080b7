"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidImage(DragomanError):
    """What the machine handed over makes no valid record. The text names the place and the rule, never the value."""

    metric = "ImagesInvalid"
