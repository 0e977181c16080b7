"""What this function refuses or cannot do. The machine `message` tells them apart by the name of the class."""

from dragoman.errors import DragomanError


class MediaForged(DragomanError):
    """The address is not that of a file of this account and message, or leads somewhere it must not. Final."""

    metric = "MediaForged"


class MediaTooLarge(DragomanError):
    """The file has more bytes than we keep. Final."""

    metric = "MediaTooLarge"


class MediaUnavailable(DragomanError):
    """Twilio refuses to hand the file out. Final, unless the credentials were exchanged meanwhile."""

    metric = "MediaUnavailable"

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class MediaNotReady(DragomanError):
    """Twilio does not have the file yet: a fresh address may answer 404 for a second or two. Worth another try."""

    metric = "MediaNotReady"


class MediaTemporarilyUnavailable(DragomanError):
    """Twilio fails, breaks off or is too slow. Worth another try."""

    metric = "MediaTemporarilyUnavailable"
