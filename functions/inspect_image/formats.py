"""Which picture formats we take, told by the first bytes and not by a name or a content type."""

from typing import NamedTuple

from inspect_image.errors import NotAnImage


class Format(NamedTuple):
    """name for people; plugin: Pillow's name of its decoder; lossless: drawings and screenshots, as a rule."""

    name: str
    plugin: str
    lossless: bool = False


JPEG = Format("JPEG", "JPEG")
PNG = Format("PNG", "PNG", lossless=True)
GIF = Format("GIF", "GIF", lossless=True)
WEBP = Format("WebP", "WEBP")
HEIC = Format("HEIC", "HEIF")

SIGNATURES = {b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG, b"GIF87a": GIF, b"GIF89a": GIF}
# Brands of ISO/IEC 23008-12: those with HEVC inside, and those that leave open what is inside.
HEVC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
OPEN_BRANDS = {b"mif1", b"msf1"}


def format_of(content: bytes) -> Format:
    """The format of a file. Raises NotAnImage."""
    if not content:
        raise NotAnImage("The file is empty")
    for signature, found in SIGNATURES.items():
        if content.startswith(signature):
            return found
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content[4:8] == b"ftyp" and _is_hevc(content):
        return HEIC
    raise NotAnImage("The bytes are not those of a JPEG, PNG, WebP, GIF or HEIC picture")


def _is_hevc(content: bytes) -> bool:
    """By the brands of the first box: its own, four bytes of version, those it is compatible with."""
    size = min(int.from_bytes(content[:4]), 256)
    brands = [content[start : start + 4] for start in range(16, size - 3, 4)]
    return content[8:12] in HEVC_BRANDS or (content[8:12] in OPEN_BRANDS and bool(HEVC_BRANDS.intersection(brands)))
