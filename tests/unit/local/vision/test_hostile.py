"""Pictures that are not pictures, or not what they seem: each ends in AWS's own error, or is read as it can be."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from tests.unit.local.vision.pictures import bomb, encoded, plain, written

OPERATIONS = ["detect_labels", "detect_text", "detect_moderation_labels"]


def error_of(call: Callable[..., Any], content: bytes) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(Image={"Bytes": content})
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


NOT_PICTURES = {
    "html": b"<!DOCTYPE html><html><body><img src=x></body></html>",
    "text": b"hello" * 100,
    "a JPEG's first bytes": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200),
    "a PNG's first bytes": b"\x89PNG\r\n\x1a\n",
    "gif": plain(200, 200, "GIF"),
    "animated gif": encoded(
        Image.new("P", (200, 200)), "GIF", save_all=True, append_images=[Image.new("P", (200, 200), 1)]
    ),
    "webp": plain(200, 200, "WEBP"),
    "bmp": plain(200, 200, "BMP"),
    "tiff": plain(200, 200, "TIFF"),
    "pdf": b"%PDF-1.7\n" + bytes(300),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='200' height='200'/>",
    "half a JPEG": truncated(encoded(Image.effect_noise((400, 400), 80).convert("RGB"), "JPEG")),
    "half a PNG": truncated(encoded(Image.effect_noise((400, 400), 80), "PNG")),
    "a PNG that ends early": bomb(300, 300),
}


@pytest.mark.parametrize("content", NOT_PICTURES.values(), ids=NOT_PICTURES.keys())
def test_what_is_no_jpeg_or_png_is_an_invalid_format(rekognition: Any, content: bytes) -> None:
    assert error_of(rekognition.detect_labels, content) == (
        "InvalidImageFormatException",
        "Request has invalid image format",
        400,
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_looks_at_the_format(rekognition: Any, operation: str) -> None:
    assert error_of(getattr(rekognition, operation), NOT_PICTURES["html"])[0] == "InvalidImageFormatException"


@pytest.mark.parametrize(("width", "height"), [(1, 1), (79, 500), (500, 79)])
def test_a_side_under_80_pixels_is_an_invalid_parameter(rekognition: Any, width: int, height: int) -> None:
    assert error_of(rekognition.detect_labels, plain(width, height)) == (
        "InvalidParameterException",
        "Request has invalid parameters",
        400,
    )


def test_80_pixels_are_enough(rekognition: Any) -> None:
    assert rekognition.detect_text(Image={"Bytes": plain(80, 80)})["TextDetections"] == []


@pytest.mark.parametrize(("width", "height"), [(12_000, 100), (100, 12_000), (50_000, 50_000)])
def test_a_side_over_10000_pixels_is_too_large(rekognition: Any, width: int, height: int) -> None:
    code, message, status = error_of(rekognition.detect_labels, bomb(width, height))
    assert (code, status) == ("ImageTooLargeException", 400)
    assert message == f"Input image dimensions {width} x {height} exceed maximum dimension size of 10000 pixels"


@pytest.mark.parametrize(("width", "height"), [(10_000, 100), (100, 10_000)])
def test_a_side_of_10000_pixels_is_looked_at(rekognition: Any, width: int, height: int) -> None:
    image = {"Bytes": plain(width, height, "JPEG")}
    assert rekognition.detect_labels(Image=image)["Labels"] == []
    assert rekognition.detect_text(Image=image)["TextDetections"] == []


def test_no_bytes_are_a_validation_error(rekognition: Any) -> None:
    code, message, _ = error_of(rekognition.detect_labels, b"")
    assert code == "ValidationException"
    assert "'image.bytes' failed to satisfy constraint: Member must have length greater than or equal to 1" in message


def test_more_than_5_mb_of_bytes_are_a_validation_error(rekognition: Any) -> None:
    code, message, _ = error_of(rekognition.detect_labels, plain(100, 100) + bytes(5 * 1024 * 1024))
    assert code == "ValidationException"
    assert message.endswith("Member must have length less than or equal to 5242880")


def looks_like_writing(photos: Path) -> Any:
    return Image.open(photos / "page.png").convert("L").resize((768, 382))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_a_png_of_any_depth_is_read(rekognition: Any, photos: Path, mode: str) -> None:
    page = looks_like_writing(photos)
    if mode == "I;16":
        content = encoded(Image.fromarray(np.asarray(page, dtype=np.uint16) * 257), "PNG")
    else:
        content = encoded(page.convert("RGB" if mode in ("LA", "RGBA") else mode).convert(mode), "PNG")
    lines = [found["DetectedText"] for found in rekognition.detect_text(Image={"Bytes": content})["TextDetections"]]
    assert "Region-based segmentation" in lines


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_a_jpeg_of_any_colours_is_read(rekognition: Any, photos: Path, mode: str) -> None:
    content = encoded(looks_like_writing(photos).convert("RGB").convert(mode), "JPEG", quality=95)
    lines = [found["DetectedText"] for found in rekognition.detect_text(Image={"Bytes": content})["TextDetections"]]
    assert "Region-based segmentation" in lines


def test_a_transparent_picture_lies_on_white(rekognition: Any, photos: Path) -> None:
    ink = Image.new("RGBA", (500, 150), (0, 0, 0, 0))
    black = Image.open(io.BytesIO(written("Black on nothing", photos / "DejaVuSans.ttf"))).convert("L")
    mask = black.point(lambda value: 255 - value).resize((500, 150))
    ink.paste((0, 0, 0, 255), (0, 0), mask)
    found = rekognition.detect_text(Image={"Bytes": encoded(ink, "PNG")})["TextDetections"]
    assert found[0]["DetectedText"] == "Black on nothing"


def test_a_picture_with_a_script_behind_it_is_a_picture(rekognition: Any, photos: Path) -> None:
    content = (photos / "rocket.jpg").read_bytes() + b"<script>alert(1)</script>PK\x03\x04"
    assert rekognition.detect_labels(Image={"Bytes": content})["Labels"][0]["Name"] == "Rocket"
