"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidReport(DragomanError):  # noqa: N818 - a name that the state machine catches
    """What the machine handed over makes no valid report. The text names the place and the rule, never the value."""

    metric = "ReportsInvalid"
