"""From the bytes of a request to pixels, or to the error that Rekognition would answer."""

import io
import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from infra.local.ai.vision.errors import invalid_format, invalid_parameters, too_many_pixels

Pixels = NDArray[np.uint8]

# Amazon Rekognition, "Guidelines and quotas": each side in pixels; formats.
LEAST_SIDE: Final = 80
MOST_SIDE: Final = 10_000
_FORMATS: Final = ("JPEG", "PNG")
_DAMAGED: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
_DEEP: Final = ("I", "F", "I;16", "I;16B", "I;16L")
# What Pillow can make smaller as it is; the others are deep, have two colours or a palette.
_SMOOTH: Final = ("L", "RGB", "RGBA", "CMYK", "YCbCr")
# Sides are checked before anything is decoded, so Pillow's own limit, which is under 10,000 by 10,000, is in the way.
Image.MAX_IMAGE_PIXELS = None


def decode(content: bytes, longest: int) -> Pixels:
    """RGB pixels, (height, width, 3), turned upright by EXIF, the longer side at most `longest` pixels.

    Raises InvalidImageFormatException, ImageTooLargeException, and InvalidParameterException for a side under 80.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            _check_sides(*image.size)
            return _pixels(image, longest)
    except _DAMAGED as damaged:
        raise invalid_format() from damaged


def _check_sides(width: int, height: int) -> None:
    if max(width, height) > MOST_SIDE:
        raise too_many_pixels(width, height, MOST_SIDE)
    if min(width, height) < LEAST_SIDE:
        raise invalid_parameters()


def _pixels(image: Any, longest: int) -> Pixels:
    # Lets a JPEG be decoded at a half, a quarter or an eighth of its size: 100 million pixels then never exist.
    image.draft("RGB", (longest, longest))
    image.load()
    if image.mode not in _SMOOTH:
        image = _flat(image)
    # Smaller first: what follows makes copies, and a PNG of 100 million pixels takes 400 MB each time.
    image.thumbnail((longest, longest), Image.Resampling.BOX)
    return np.asarray(_flat(ImageOps.exif_transpose(image)))


def _flat(image: Any) -> Any:
    """Eight bits, three channels; transparency lies on white."""
    if image.mode in _DEEP:
        values = np.asarray(image, dtype=np.float64)
        return Image.fromarray((values / 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")
