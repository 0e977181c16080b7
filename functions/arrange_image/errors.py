"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidFindings(DragomanError):
    """What the machine handed over is not what the four looks at a picture end in. The text quotes none of it."""

    metric = "FindingsInvalid"
