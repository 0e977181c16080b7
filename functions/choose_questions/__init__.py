"""Chooses the questions that a message may answer."""
