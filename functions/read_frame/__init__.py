"""Reads what a console sent over the desk's socket, and says what the machine is to do."""
