"""The small versions of a picture."""

from io import BytesIO

import pytest
from PIL import Image

from make_thumbnails.errors import ImageUnreadable
from make_thumbnails.logic import thumbnails
from tests.unit.functions.pictures import jpeg, png, saved


@pytest.mark.parametrize(
    ("size", "small", "large"),
    [
        ((1600, 1200), (160, 120), (800, 600)),
        ((1200, 1600), (120, 160), (600, 800)),
        ((4096, 4096), (160, 160), (800, 800)),
        ((400, 300), (160, 120), (400, 300)),
        ((80, 80), (80, 80), (80, 80)),
        ((4096, 80), (160, 3), (800, 16)),
    ],
)
def test_thumbnails_sizes(size: tuple[int, int], small: tuple[int, int], large: tuple[int, int]) -> None:
    made = thumbnails(jpeg(size))
    assert [(one.size, (one.width, one.height)) for one in made] == [("small", small), ("large", large)]
    for one in made:
        image = Image.open(BytesIO(one.content))
        assert (image.format, image.size) == ("WEBP", (one.width, one.height))
        assert not image.info.keys() & {"exif", "xmp", "icc_profile"}


def test_thumbnails_of_a_png() -> None:
    assert [(one.width, one.height) for one in thumbnails(png((1000, 500)))] == [(160, 80), (800, 400)]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff", jpeg()[:300], png()[:60], saved(Image.new("L", (9, 9)), "GIF")]
)
def test_thumbnails_of_what_cannot_be_decoded(content: bytes) -> None:
    with pytest.raises(ImageUnreadable):
        thumbnails(content)
