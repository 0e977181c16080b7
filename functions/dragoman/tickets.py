"""Tickets to the desk's socket: what is kept of them. A ticket itself is known to its operator alone."""

import hashlib
from typing import Final

# Long enough to open a socket with, too short to be of use in a log of addresses.
SECONDS: Final = 60


def ticket_hash(ticket: str) -> str:
    """The key of a ticket in table Tickets: whoever reads the table cannot use it."""
    return hashlib.sha256(ticket.encode(errors="replace")).hexdigest()
