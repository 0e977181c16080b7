"""Arranges the words of a message as keys of the directory."""
