"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidBroadcast(DragomanError):
    """What the machine handed over cannot be shown to anyone. The text quotes nothing."""

    metric = "BroadcastsInvalid"
