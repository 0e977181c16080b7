"""From a picture to its thumbnails. Pure: bytes in, bytes out."""

from io import BytesIO
from typing import Final, NamedTuple

# WebPImagePlugin registers itself with Pillow, which would otherwise look for all its plugins.
from PIL import Image, WebPImagePlugin  # noqa: F401

from dragoman.imaging import DECODER_ERRORS, TOO_LARGE_ERRORS, opened
from make_thumbnails.errors import ImageUnreadable

# Pixels on the longer side, the larger one first: the smaller one is made from it.
SIZES: Final = {"large": 800, "small": 160}
CONTENT_TYPE: Final = "image/webp"
QUALITY: Final = 80


class Small(NamedTuple):
    """A thumbnail: its size's name, what it measures in pixels, its file."""

    size: str
    width: int
    height: int
    content: bytes


def thumbnails(content: bytes) -> list[Small]:
    """The small and the large thumbnail of a JPEG or PNG, never larger than itself. Raises ImageUnreadable."""
    try:
        with opened(content, "JPEG" if content.startswith(b"\xff\xd8") else "PNG") as source:
            source.draft("RGB", (SIZES["large"], SIZES["large"]))
            image = source.convert("RGB")
    except (*TOO_LARGE_ERRORS, *DECODER_ERRORS) as error:
        raise ImageUnreadable(f"The picture cannot be decoded ({type(error).__name__})") from None
    made = []
    for size, side in SIZES.items():
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        made.append(Small(size, *image.size, _encoded(image)))
    return made[::-1]


def _encoded(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()
