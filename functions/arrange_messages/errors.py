"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidPage(DragomanError):
    """What the machine handed over is no page of reports. The text quotes nothing."""

    metric = "PagesInvalid"
