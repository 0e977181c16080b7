"""The service on the wire: faults on demand, limits, validation, many callers at once."""

import asyncio
import base64
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.ai.errors import AwsError
from infra.local.ai.vision.service import Vision
from tests.unit.local.ai.conftest import client
from tests.unit.local.ai.serving import Serving
from tests.unit.local.vision.pictures import plain, written
from tests.unit.local.vision.test_source import Shelf

PICTURE = {"Bytes": plain(100, 100)}


def refused(call: Any, **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer: dict[str, Any] = dict(caught.value.response)
    return answer


@pytest.mark.parametrize("operation", ["DetectLabels", "DetectText", "DetectModerationLabels"])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("ThrottlingException", 500),
        ("ProvisionedThroughputExceededException", 400),
        ("InternalServerError", 500),
        ("AccessDeniedException", 400),
    ],
)
def test_a_fault_is_answered_as_often_as_asked(
    clean_server: Serving, rekognition: Any, operation: str, error: str, status: int
) -> None:
    clean_server.control("POST", "/_ai/faults", {"operation": operation, "error": error, "count": 2})
    method = {"DetectLabels": "detect_labels", "DetectText": "detect_text"}.get(operation, "detect_moderation_labels")
    for _ in range(2):
        answer = refused(getattr(rekognition, method), Image=PICTURE)
        assert answer["Error"]["Code"] == error
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert getattr(rekognition, method)(Image=PICTURE)


def test_the_sdk_rides_out_throttling_by_itself(clean_server: Serving) -> None:
    make: Any = boto3.client
    patient = make(
        "rekognition",
        endpoint_url=clean_server.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )
    clean_server.control("POST", "/_ai/faults", {"operation": "DetectText", "error": "ThrottlingException"})
    answer = patient.detect_text(Image=PICTURE)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


@pytest.mark.parametrize(
    ("method", "request_", "code", "message"),
    [
        ("detect_labels", {"MinConfidence": 101.0}, "ValidationException", "less than or equal to 100"),
        ("detect_labels", {"MinConfidence": -1}, "ValidationException", "greater than or equal to 0"),
        ("detect_labels", {"MaxLabels": -1}, "ValidationException", "greater than or equal to 0"),
        ("detect_labels", {"Features": ["FACES"]}, "ValidationException", "enum value set"),
        ("detect_labels", {"Features": ["IMAGE_PROPERTIES"]}, "InvalidParameterException", "IMAGE_PROPERTIES"),
        ("detect_labels", {"MaxLabels": "x"}, "SerializationException", "integer"),
        ("detect_labels", {"Settings": []}, "SerializationException", "structure"),
        (
            "detect_labels",
            {"Settings": {"GeneralLabels": {"LabelInclusionFilters": [1]}}},
            "SerializationException",
            "",
        ),
        ("detect_text", {"Filters": {"WordFilter": {"MinConfidence": 200}}}, "ValidationException", "equal to 100"),
        ("detect_text", {"Filters": {"RegionsOfInterest": [{}]}}, "InvalidParameterException", "invalid parameters"),
        ("detect_text", {"Filters": {"RegionsOfInterest": [{}] * 11}}, "ValidationException", "equal to 10"),
        ("detect_moderation_labels", {"MinConfidence": "x"}, "SerializationException", "number"),
    ],
)
def test_wrong_parameters_are_refused(
    server: Serving, method: str, request_: Mapping[str, Any], code: str, message: str
) -> None:
    name = "".join(part.capitalize() for part in method.split("_"))
    body = {"Image": {"Bytes": base64.b64encode(PICTURE["Bytes"]).decode()}, **request_}
    status, answer = server.send("POST", "/", json.dumps(body).encode(), {"x-amz-target": f"RekognitionService.{name}"})
    assert (status, answer["__type"]) == (400, code)
    assert message in (answer.get("Message") or answer["message"])


def test_an_operation_that_is_not_here_is_unknown(rekognition: Any) -> None:
    assert refused(rekognition.detect_faces, Image=PICTURE)["Error"]["Code"] == "UnknownOperationException"


def test_eight_callers_at_once_get_their_own_answers(rekognition: Any, photos: Path) -> None:
    words = [f"Caller number {number}" for number in ("one", "two", "three", "four")]
    signs = [written(text, photos / "DejaVuSans.ttf") for text in words]
    expected = {"chelsea.png": "Cat", "coffee.png": "Cup", "astronaut.png": "Person", "rocket.jpg": "Rocket"}

    def read(number: int) -> str:
        found = rekognition.detect_text(Image={"Bytes": signs[number % 4]})["TextDetections"]
        return str(found[0]["DetectedText"])

    def look(photo: str) -> set[str]:
        answer = rekognition.detect_labels(Image={"Bytes": (photos / photo).read_bytes()})
        return {label["Name"] for label in answer["Labels"]}

    with ThreadPoolExecutor(8) as pool:
        readings = pool.map(read, range(8))
        looks = pool.map(look, [*expected] * 2)
        assert list(readings) == words * 2
        assert all(name in found for name, found in zip([*expected.values()] * 2, looks, strict=True))


def test_pictures_do_not_hold_up_translation(server: Serving, rekognition: Any, photos: Path) -> None:
    """Language detection has threads of its own, and is answered while pictures are still read."""
    sign = {"Bytes": written("A long line of words to be read\n" * 20, photos / "DejaVuSans.ttf", 24)}
    comprehend = client("comprehend", server.url)
    with ThreadPoolExecutor(8) as pool:
        reading = [pool.submit(rekognition.detect_text, Image=sign) for _ in range(8)]
        comprehend.detect_dominant_language(Text="Where is the nearest hospital, please?")
        assert not all(future.done() for future in reading)
        assert all(future.result()["TextDetections"] for future in reading)


def test_a_full_queue_throttles(tmp_path: Path) -> None:
    vision = Vision(tmp_path, Shelf(b""), waiting=0)
    with pytest.raises(AwsError, match="ThrottlingException"):
        asyncio.run(vision.answer("RekognitionService.DetectText", {}))
    vision.close()


def test_missing_models_are_an_internal_error(tmp_path: Path) -> None:
    with Serving(tmp_path) as bare:
        answer = refused(client("rekognition", bare.url).detect_labels, Image=PICTURE)
        assert answer["Error"]["Code"] == "InternalServerError"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500
        assert bare.control("GET", "/_ai/health")["vision"] == dict.fromkeys(
            ("DetectLabels", "DetectText", "DetectModerationLabels"), False
        )


def test_health_names_the_operations(server: Serving) -> None:
    health = server.control("GET", "/_ai/health")
    assert health["vision"] == {"DetectLabels": True, "DetectText": True, "DetectModerationLabels": True}
