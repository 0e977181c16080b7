"""Chooses the entries of the directory that fit a message best."""
