"""Why a picture is refused. The machine `image` records the class and the text, which never quotes the file."""

from dragoman.errors import DragomanError


class NotAnImage(DragomanError):
    """The bytes are not those of a JPEG, PNG, WebP, GIF or HEIC picture, whatever the name says."""

    metric = "NotAnImage"


class ImageTooLarge(DragomanError):
    """More bytes, a longer side or more pixels than we take."""

    metric = "ImageTooLarge"


class ImageDamaged(DragomanError):
    """It begins like a picture and cannot be decoded."""

    metric = "ImageDamaged"
