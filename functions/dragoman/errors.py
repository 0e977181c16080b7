"""Errors that a state machine catches by the name of their class."""


class DragomanError(Exception):
    """An expected failure. Its text is for people and logs: it names fields and settings, never what they hold."""

    metric = "Errors"


class ConfigurationError(DragomanError):
    """The deployment lacks a setting or a secret, or one that is there cannot be used or read."""

    metric = "ConfigurationErrors"
