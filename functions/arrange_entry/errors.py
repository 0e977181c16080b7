"""What this function refuses. The texts are what the API answers: they quote no value that was sent."""

from dragoman.errors import DragomanError


class InvalidEntry(DragomanError):
    """The body is no entry. The text names the place and the rule, never the value."""

    metric = "EntriesInvalid"

    @property
    def reason(self) -> str:
        """Not the text: the client chose the names of fields that it may complain about."""
        return "The body is no entry"


class NotFound(DragomanError):
    """There is no such entry, or no longer."""

    metric = "EntriesNotFound"


class KeyReused(DragomanError):
    """Another entry was sent with this idempotency key."""

    metric = "EntryKeysReused"


class PreconditionRequired(DragomanError):
    """Whoever replaces or deletes an entry has to say which version they have seen."""

    metric = "EntriesWithoutPrecondition"


class PreconditionFailed(DragomanError):
    """The entry has another version by now."""

    metric = "EntriesChangedMeanwhile"
