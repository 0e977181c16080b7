"""Pictures made here, and what Rekognition and the machine `image` say of them."""

import base64
import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

from tests.unit.functions.samples import MESSAGE_SID

IMAGE_ID = f"{MESSAGE_SID}-0"
UPLOAD_ID = "IM" + "0123456789abcdef" * 2
ORIGINAL = f"originals/{MESSAGE_SID}/0"
RED, BLUE = (200, 30, 30), (30, 30, 200)

Colour = tuple[int, ...]


def drawn(size: tuple[int, int] = (300, 200), mode: str = "RGB") -> Image.Image:
    """A picture whose left upper quarter is red on blue: one can tell how it is turned."""
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (0, 0, size[0] // 2, size[1] // 2))
    return image if mode == "RGB" else image.convert(mode)


def saved(image: Image.Image, plugin: str, **options: Any) -> bytes:
    """The picture's file."""
    file = BytesIO()
    image.save(file, plugin, **options)
    return file.getvalue()


def jpeg(size: tuple[int, int] = (300, 200), **options: Any) -> bytes:
    return saved(drawn(size), "JPEG", quality=90, **options)


def png(size: tuple[int, int] = (300, 200), **options: Any) -> bytes:
    return saved(drawn(size), "PNG", **options)


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of_zeros(width: int, height: int, header_only: bool = False, bits: int = 8) -> bytes:
    """A grey PNG without content, small as a file whatever its size: made row by row."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    if header_only:
        return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    packer, row, packed = zlib.compressobj(9), bytes(1 + (width * bits + 7) // 8), []
    for _ in range(height):
        packed.append(packer.compress(row))
    packed.append(packer.flush())
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"".join(packed)) + chunk(b"IEND", b"")


def with_chunk(file: bytes, kind: bytes, content: bytes) -> bytes:
    """A PNG with one chunk more, after its header."""
    return file[:33] + chunk(kind, content) + file[33:]


def bounding(left: float, top: float, width: float, height: float) -> dict[str, float]:
    return {"Left": left, "Top": top, "Width": width, "Height": height}


def detection(text: str, left: float, top: float, confidence: float = 99.5, width: float = 0.3) -> dict[str, Any]:
    """A line as DetectText tells it."""
    right, bottom = left + width, top + 0.05
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return {
        "DetectedText": text,
        "Type": "LINE",
        "Id": 0,
        "Confidence": confidence,
        "Geometry": {
            "BoundingBox": bounding(left, top, width, 0.05),
            "Polygon": [{"X": x, "Y": y} for x, y in corners],
        },
    }


def label(name: str, confidence: float, *boxes: dict[str, float]) -> dict[str, Any]:
    """A label as DetectLabels tells it."""
    instances = [{"BoundingBox": box, "Confidence": confidence} for box in boxes]
    return {"Name": name, "Confidence": confidence, "Instances": instances, "Parents": [], "Aliases": []}


def moderation_label(name: str, parent: str, confidence: float) -> dict[str, Any]:
    return {"Name": name, "ParentName": parent, "Confidence": confidence, "TaxonomyLevel": 2}


def thumbnails(image_id: str = IMAGE_ID) -> list[dict[str, Any]]:
    return [
        {
            "size": size,
            "key": f"images/{image_id}/{size}.webp",
            "contentType": "image/webp",
            "width": side,
            "height": side * 3 // 4,
            "bytes": side * 40,
        }
        for size, side in (("small", 160), ("large", 800))
    ]


def looks(**changes: Any) -> dict[str, Any]:
    """What the four branches of `image` end in."""
    return {
        "labels": {
            "status": "done",
            "labels": [
                label("Road", 91.25),
                label("Sign", 98.7654, bounding(0.1, 0.05, 0.5, 0.3)),
            ],
        },
        "text": {"status": "done", "lines": [detection("gesperrt", 0.2, 0.3), detection("Straße", 0.2, 0.2, 98.04)]},
        "moderation": {"status": "done", "labels": []},
        "thumbnails": {"status": "done", "thumbnails": thumbnails()},
        **changes,
    }


def failed(error: str) -> dict[str, Any]:
    return {"status": "failed", "error": error}


def inspected(image_id: str = IMAGE_ID, key: str = ORIGINAL) -> dict[str, Any]:
    """What inspect_image tells."""
    return {
        "key": f"images/{image_id}/image.jpg",
        "contentType": "image/jpeg",
        "width": 1536,
        "height": 2048,
        "bytes": 412_345,
        "changes": ["oriented"],
        "original": {
            "key": key,
            "format": "HEIC",
            "width": 2048,
            "height": 1536,
            "bytes": 801_234,
            "animated": False,
        },
    }


TRANSLATED = {
    "status": "done",
    "language": {"code": "de", "confidence": 0.97, "method": "comprehend"},
    "translations": [
        {"language": "en", "status": "translated", "text": "Road\nclosed"},
        {"language": "es", "status": "translated", "text": "Carretera\ncerrada"},
        {"language": "de", "status": "original", "text": "Straße\ngesperrt"},
    ],
}

# drawn((300, 200)) as HEIC, made once with an encoder that is not part of the project. Its EXIF block names the maker
# SecretMaker and a position, and says that the picture has to be turned by a quarter.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAaFtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAA"
    "AAAERAAAIAAQAAAAABxQABAAAAAAAAAJcAAgAAAAACXAABAAAAAAAAAH4AAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVp"
    "bmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA4GlwcnAAAADAaXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAPPAA/P34+AAADwNgAAEAGE"
    "ABDAH//wNwAAADAJAAAAMAAAMAPLoCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwA8oAmIDJ35bqSSmubgIaDAgAAADIAAAAMAhGIAAQAHRAHBcrBi"
    "QAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAAEsAAAAyAAAABBwaXhpAAAAAAMICAgAAAAJaXJvdAMAAAAYaXBtYQAAAAAAAAABAA"
    "EFgQIDBIUAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAR1tZGF0AAAAkygBrxkhtuy493yFN//3+Mf9fav+KQV4rP8sOiUjOuuBLwbVHoiw"
    "ngeFFZ1uh7NdxPqA9zkXfVDmFbOATcAWkKbwAVROsfvB42A3vcrabOmGVjId0BqOuO1/6k4AUCqiOfD7T/+1ntwN0zzpsibv7PE62mi9YAjLcJ"
    "YC2tiDyXq2IqNBKhchIZMAAugB5AAAAwBrQAAAAAZFeGlmAABNTQAqAAAACAADAQ8AAgAAAAwAAAAyARIAAwAAAAEABgAAiCUABAAAAAEAAAA+"
    "AAAAAFNlY3JldE1ha2VyAAACAAEAAgAAAAJOAAAAAAIABQAAAAMAAABcAAAAAAAAADMAAAABAAAAHgAAAAEAAAAAAAAAAQ=="
)
