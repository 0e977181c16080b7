"""inspect_image and make_thumbnails as the machine calls them, with a bucket in memory."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dragoman import objects
from dragoman.errors import ConfigurationError
from dragoman.identifiers import picture_of
from dragoman.objects import MediaBucket
from fetch_media import storage
from fetch_media.storage import Originals
from inspect_image.errors import ImageDamaged, ImageTooLarge, NotAnImage
from inspect_image.handler import handler as inspect
from inspect_image.handler import settings as inspect_settings
from make_thumbnails.errors import ImageUnreadable
from make_thumbnails.handler import handler as shrink
from make_thumbnails.handler import settings as shrink_settings
from tests.unit.functions.pictures import HEIC, IMAGE_ID, ORIGINAL, UPLOAD_ID, jpeg, png
from tests.unit.functions.samples import context


class S3:
    """As much of boto3's client as the functions use."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.put: list[dict[str, Any]] = []

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Bucket == "dragoman-media"
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no"}}, "GetObject")
        return {"Body": BytesIO(self.objects[Key])}

    def put_object(self, **request: Any) -> None:
        assert request["Bucket"] == "dragoman-media"
        body = request["Body"]
        self.objects[request["Key"]] = body if isinstance(body, bytes) else body.read()
        self.types[request["Key"]] = request["ContentType"]
        self.put.append(request)


@pytest.fixture(autouse=True)
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    fake = S3()
    monkeypatch.setattr(objects, "_client", lambda: fake)
    monkeypatch.setattr(storage, "_client", lambda: fake)
    for cached in (inspect_settings, shrink_settings):
        cached.cache_clear()
    yield fake
    for cached in (inspect_settings, shrink_settings):
        cached.cache_clear()


def asked(key: str = ORIGINAL, image_id: str = IMAGE_ID) -> dict[str, Any]:
    return {"imageId": image_id, "key": key}


def test_inspect_image_writes_the_picture(s3: S3) -> None:
    s3.objects[ORIGINAL] = HEIC
    result = inspect(asked(), context())
    key = f"images/{IMAGE_ID}/image.jpg"
    assert result == {
        "key": key,
        "contentType": "image/jpeg",
        "width": 200,
        "height": 300,
        "bytes": len(s3.objects[key]),
        "changes": [],
        "original": {
            "key": ORIGINAL,
            "format": "HEIC",
            "width": 200,
            "height": 300,
            "bytes": len(HEIC),
            "animated": False,
        },
    }
    assert s3.types[key] == "image/jpeg"
    assert json.dumps(result)


def test_inspect_image_wrong_ending_and_type_do_not_count(s3: S3) -> None:
    s3.objects[f"uploads/{UPLOAD_ID}"] = png()
    result = inspect(asked(f"uploads/{UPLOAD_ID}", UPLOAD_ID), context())
    assert (result["original"]["format"], result["key"]) == ("PNG", f"images/{UPLOAD_ID}/image.png")


@pytest.mark.parametrize(
    ("content", "error", "metric"),
    [
        (b"", NotAnImage, "NotAnImage"),
        (b"<html>named .jpg</html>", NotAnImage, "NotAnImage"),
        (jpeg()[:500], ImageDamaged, "ImageDamaged"),
        (jpeg() + bytes(21 * 1024 * 1024), ImageTooLarge, "ImageTooLarge"),
    ],
)
def test_inspect_image_refusals_are_counted_and_write_nothing(
    s3: S3, content: bytes, error: type[Exception], metric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.objects[ORIGINAL] = content
    with pytest.raises(error):
        inspect(asked(), context())
    assert s3.put == []
    assert "named" not in capsys.readouterr().out


def test_inspect_image_missing_object_is_the_clients_error() -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        inspect(asked(), context())


def test_make_thumbnails_of_an_inspected_picture(s3: S3) -> None:
    s3.objects[ORIGINAL] = jpeg((1600, 1200))
    key = inspect(asked(), context())["key"]
    made = shrink(asked(key), context())["thumbnails"]
    assert [(one["size"], one["width"], one["height"]) for one in made] == [("small", 160, 120), ("large", 800, 600)]
    for one in made:
        assert one["key"] == f"images/{IMAGE_ID}/{one['size']}.webp"
        assert (len(s3.objects[one["key"]]), s3.types[one["key"]]) == (one["bytes"], "image/webp")


def test_make_thumbnails_of_what_cannot_be_decoded(s3: S3) -> None:
    s3.objects["images/x/image.jpg"] = b"\xff\xd8"
    with pytest.raises(ImageUnreadable):
        shrink(asked("images/x/image.jpg"), context())


@pytest.mark.parametrize(
    "event",
    [
        {},
        asked(image_id="x"),
        asked(image_id=f"{IMAGE_ID}/../x"),
        asked(image_id=IMAGE_ID + "\n"),
        asked("elsewhere/x"),
        asked("images/"),
        asked("uploads/ä"),
        {"imageId": 7, "key": ORIGINAL},
        {"imageId": IMAGE_ID, "key": None},
    ],
)
def test_picture_of_other_shapes(event: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        picture_of(event)


def test_media_bucket_reads_one_byte_too_many_at_the_most(s3: S3) -> None:
    s3.objects["uploads/x"] = bytes(100)
    assert len(MediaBucket("dragoman-media").read("uploads/x", 10)) == 11


def test_originals_are_saved_and_not_shown(s3: S3) -> None:
    Originals("dragoman-media").put(ORIGINAL, BytesIO(b"<html>"), 6, "text/html")
    (request,) = s3.put
    assert (request["ContentDisposition"], request["ContentLength"]) == ("attachment", 6)
