"""What this function refuses."""

from dragoman.errors import DragomanError


class TicketRefused(DragomanError):
    """There is no such ticket any more. API Gateway answers 401 to this very text and to no other:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html"""

    metric = "TicketsRefused"

    def __init__(self) -> None:
        super().__init__("Unauthorized")

    @property
    def reason(self) -> str:
        """What can be said about it: who asks is unknown."""
        return "The ticket is missing, unknown, used or expired"
