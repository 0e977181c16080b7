"""What this function cannot do."""

from dragoman.errors import DragomanError


class ImageUnreadable(DragomanError):
    """The picture that passed the gate cannot be decoded any more."""

    metric = "ImagesUnreadable"
