"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidUpload(DragomanError):
    """The request does not name a type of picture that we take. The text quotes none of it."""

    metric = "UploadsInvalid"
