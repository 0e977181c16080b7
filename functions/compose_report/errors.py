"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidReport(DragomanError):
    """What the machine handed over makes no valid report. The text names the place and the rule, never the value."""

    metric = "ReportsInvalid"
