"""Arranges reports as a page of messages for one operator."""
