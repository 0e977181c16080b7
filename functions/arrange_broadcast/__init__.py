"""Arranges an event as frames for the consoles that are connected, one for each language."""
