"""What everything that decodes pictures shares: the bounds and the errors of decoders. Needs the imaging layer."""

import struct
import warnings
import zlib
from io import BytesIO
from typing import Final

from PIL import Image
from PIL.ImageFile import ImageFile

# What fetch_media keeps at the most; an upload or a normalised picture has less.
MAX_FILE_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 80_000_000

# Pillow refuses more than twice this figure, and warns above it.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# A broken EXIF block is ignored, as it should be, and need not be told.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# What Pillow's decoders, written by many hands, raise for bytes that are damaged.
DECODER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    EOFError,
    struct.error,
    zlib.error,
)
TOO_LARGE_ERRORS: Final = (Image.DecompressionBombError, MemoryError)


def opened(content: bytes, plugin: str) -> ImageFile:
    """A picture, its header read and nothing decoded, by one of Pillow's plugins alone. Raises DECODER_ERRORS and
    TOO_LARGE_ERRORS."""
    return Image.open(BytesIO(content), formats=[plugin])
