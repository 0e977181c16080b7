"""Pictures made by the tests: writing on a plain ground, and files that are not what they seem."""

import io
import zlib
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont


def written(
    text: str, font: Path, size: int = 48, *, turned: float = 0, ground: str = "white", ink: str = "black"
) -> bytes:
    """A PNG of some lines, turned counter-clockwise by so many degrees."""
    face = ImageFont.truetype(str(font), size)
    lines = text.split("\n")
    width = max(int(face.getlength(line)) for line in lines) + 80
    image = Image.new("RGB", (max(width, 100), int(len(lines) * size * 1.5) + 80), ground)
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        draw.text((40, 40 + row * size * 1.5), line, font=face, fill=ink)
    return encoded(image.rotate(turned, expand=True, fillcolor=ground), "PNG")


def encoded(image: Any, form: str, **options: Any) -> bytes:
    """An image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def plain(width: int, height: int, form: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
    """A picture of nothing."""
    return encoded(Image.new(mode, (width, height)), form, **options)


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it has these sides and holds a few bytes."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(64))), (b"IEND", b""))
    body = b"".join(
        len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big") for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
