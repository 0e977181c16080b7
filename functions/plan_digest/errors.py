"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidDay(DragomanError):
    """What was asked for is no day, or one that has not begun."""

    metric = "DigestDaysInvalid"
