"""What the function tells the machine `image` about a picture that passed."""

from dragoman.documents import ImageFile, OriginalFile
from dragoman.identifiers import Picture
from inspect_image.logic import Inspected


class Result(ImageFile):
    """The picture as it is kept, and the file it was made from."""

    original: OriginalFile


def result_of(picture: Picture, inspected: Inspected, original_bytes: int) -> Result:
    """The result for a file of that many bytes."""
    return {
        "key": f"images/{picture.image_id}/image.{inspected.suffix}",
        "contentType": inspected.content_type,
        "width": inspected.width,
        "height": inspected.height,
        "bytes": len(inspected.content),
        "changes": inspected.changes,
        "original": {
            "key": picture.key,
            "format": inspected.format,
            "width": inspected.original_width,
            "height": inspected.original_height,
            "bytes": original_bytes,
            "animated": inspected.animated,
        },
    }
