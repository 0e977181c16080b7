"""Answers POST /desk/tickets: sells a signed-in operator a ticket that opens the desk's socket once, within a
minute."""
