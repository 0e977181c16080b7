"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidTicketRequest(DragomanError):
    """The body is not what schemas/ticket_request.json asks for. The text quotes none of it."""

    metric = "TicketRequestsInvalid"
