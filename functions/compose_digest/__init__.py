"""Composes a day's digest from the rows of all slices."""
