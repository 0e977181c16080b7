"""Lets a socket to the desk be opened with a ticket, once: the authorizer of $connect."""
