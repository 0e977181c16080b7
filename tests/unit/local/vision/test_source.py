"""Where the picture comes from: bytes or S3, and what is wrong with either."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.ai.errors import AwsError
from infra.local.ai.vision.source import MOST_BYTES_STORED, Place, S3Store, content
from tests.unit.local.ai.serving import Serving
from tests.unit.local.vision.conftest import FakeS3
from tests.unit.local.vision.pictures import plain


class Shelf:
    """A store of one object."""

    def __init__(self, held: bytes) -> None:
        self.held = held
        self.asked: list[Place] = []

    def read(self, place: Place, most: int) -> bytes:
        """What it holds."""
        self.asked.append(place)
        return self.held


def test_a_picture_in_s3_is_read(rekognition: Any, s3: FakeS3, photos: Path) -> None:
    s3.objects["pictures/in/a cat.png"] = (photos / "chelsea.png").read_bytes()
    answer = rekognition.detect_labels(Image={"S3Object": {"Bucket": "pictures", "Name": "in/a cat.png"}})
    assert answer["Labels"][0]["Name"] == "Cat"


def test_a_version_in_s3_is_asked_for(rekognition: Any, s3: FakeS3) -> None:
    s3.objects["pictures/v.png"] = plain(100, 100)
    rekognition.detect_text(Image={"S3Object": {"Bucket": "pictures", "Name": "v.png", "Version": "abc"}})
    assert s3.asked[-1].endswith("v.png?versionId=abc")


@pytest.mark.parametrize("operation", ["DetectLabels", "DetectText", "DetectModerationLabels"])
def test_an_object_that_is_not_there_is_an_invalid_s3_object(server: Serving, operation: str) -> None:
    body = json.dumps({"Image": {"S3Object": {"Bucket": "pictures", "Name": "none.jpg"}}}).encode()
    status, answer = server.send("POST", "/", body, {"x-amz-target": f"RekognitionService.{operation}"})
    assert status == 400
    assert len(answer.pop("Logref")) == 36
    assert answer == {
        "__type": "InvalidS3ObjectException",
        "Code": "InvalidS3ObjectException",
        "Message": "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
    }


def test_an_object_over_15_mb_is_too_large(rekognition: Any, s3: FakeS3) -> None:
    s3.objects["pictures/large.png"] = plain(100, 100) + bytes(MOST_BYTES_STORED)
    with pytest.raises(rekognition.exceptions.ImageTooLargeException):
        rekognition.detect_labels(Image={"S3Object": {"Bucket": "pictures", "Name": "large.png"}})


def test_an_object_of_5_to_15_mb_is_read(rekognition: Any, s3: FakeS3) -> None:
    s3.objects["pictures/medium.png"] = plain(100, 100) + bytes(9 * 1024 * 1024)
    answer = rekognition.detect_labels(Image={"S3Object": {"Bucket": "pictures", "Name": "medium.png"}})
    assert answer["Labels"] == []


def test_an_empty_object_is_an_invalid_format(rekognition: Any, s3: FakeS3) -> None:
    s3.objects["pictures/empty.jpg"] = b""
    with pytest.raises(rekognition.exceptions.InvalidImageFormatException):
        rekognition.detect_labels(Image={"S3Object": {"Bucket": "pictures", "Name": "empty.jpg"}})


@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:9"])
def test_without_s3_there_are_no_objects(monkeypatch: pytest.MonkeyPatch, endpoint: str | None) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(AwsError, match="InvalidS3ObjectException"):
        S3Store(endpoint).read(Place("bucket", "key"), 10)


@pytest.mark.parametrize("image", [{}, {"Bytes": "aGk=", "S3Object": {"Bucket": "abc", "Name": "k"}}, {"S3Object": {}}])
def test_an_image_has_one_source(image: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match="InvalidParameterException"):
        content(image, Shelf(b""))


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (None, "ValidationException"),
        ("x", "SerializationException"),
        ({"Bytes": "no base64!"}, "SerializationException"),
        ({"Bytes": 7}, "SerializationException"),
        ({"S3Object": "x"}, "SerializationException"),
        ({"S3Object": {"Bucket": 1, "Name": "k"}}, "SerializationException"),
        ({"S3Object": {"Bucket": "ab", "Name": "k"}}, "ValidationException"),
        ({"S3Object": {"Bucket": "abc", "Name": "k" * 1025}}, "ValidationException"),
    ],
)
def test_a_malformed_image_is_refused(image: Any, code: str) -> None:
    with pytest.raises(AwsError) as caught:
        content(image, Shelf(b""))
    assert caught.value.code == code


def test_a_place_is_passed_to_the_store() -> None:
    shelf = Shelf(b"held")
    assert content({"S3Object": {"Bucket": "abc", "Name": "k", "Version": "1"}}, shelf) == b"held"
    assert shelf.asked == [Place("abc", "k", "1")]


def test_the_key_is_not_logged_or_answered(server: Serving, rekognition: Any) -> None:
    with pytest.raises(ClientError) as caught:
        rekognition.detect_text(Image={"S3Object": {"Bucket": "pictures", "Name": "secret-name"}})
    assert "secret-name" not in str(caught.value)
