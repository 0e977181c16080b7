"""DetectText with the real models, on writing in several languages and on photographs."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.local.vision.pictures import written

SANS, MONO, CJK = "DejaVuSans.ttf", "DejaVuSansMono.ttf", "NotoSansCJKtc-Regular.otf"

Detections = list[dict[str, Any]]


def detections(rekognition: Any, content: bytes, **filters: Any) -> Detections:
    more = {"Filters": filters} if filters else {}
    found: Detections = rekognition.detect_text(Image={"Bytes": content}, **more)["TextDetections"]
    return found


def of_type(found: Detections, kind: str) -> list[str]:
    return [detection["DetectedText"] for detection in found if detection["Type"] == kind]


@pytest.mark.parametrize(
    "text",
    [
        "Achtung\nStraße gesperrt\nÜberqueren verboten",
        "Défense de fumer\nFermé à cause de travaux\nÇa coûte 12,50 €",
        "¿Dónde está la salida?\nMañana cerrado, señor",
        "Atenção: não entre\nSaída de emergência",
        "Zażółć gęślą jaźń\nUwaga! Wejście wzbronione",
        "Farmácia 24h\nTel. +351 912 345 678\ninfo@example.com",
    ],
)
def test_latin_writing_is_read_with_its_accents(rekognition: Any, photos: Path, text: str) -> None:
    assert of_type(detections(rekognition, written(text, photos / SANS)), "LINE") == text.split("\n")


@pytest.mark.parametrize("text", ["请勿靠近\n出口在左边", "立入禁止\nあぶない"])
def test_chinese_and_japanese_are_read(rekognition: Any, photos: Path, text: str) -> None:
    assert of_type(detections(rekognition, written(text, photos / CJK)), "LINE") == text.split("\n")


@pytest.mark.parametrize("text", ["Осторожно", "ممنوع الدخول", "Είσοδος"])
def test_other_alphabets_are_not_read(rekognition: Any, photos: Path, text: str) -> None:
    """The docs say so: nothing, or a few wrong letters with a low score, and never the words."""
    found = detections(rekognition, written(text, photos / SANS))
    assert text not in of_type(found, "LINE")
    assert all(detection["Confidence"] < 90 for detection in found)


def test_a_receipt_is_read_row_by_row(rekognition: Any, photos: Path) -> None:
    receipt = "PHARMACY\nMilk           2.40\nBread          3.10\nTOTAL EUR      5.50"
    found = detections(rekognition, written(receipt, photos / MONO, 24))
    assert of_type(found, "WORD") == receipt.split()
    # A wide gap ends a line, as it does on AWS.
    assert of_type(found, "LINE")[:5] == ["PHARMACY", "Milk", "2.40", "Bread", "3.10"]


@pytest.mark.parametrize("turned", [15, -30, 90, 180, 270])
def test_tilted_and_turned_writing_is_read(rekognition: Any, photos: Path, turned: float) -> None:
    found = detections(rekognition, written("Emergency exit this way", photos / SANS, turned=turned))
    assert of_type(found, "LINE") == ["Emergency exit this way"]


def test_the_polygon_begins_where_the_text_begins(rekognition: Any, photos: Path) -> None:
    upside_down = detections(rekognition, written("Emergency exit", photos / SANS, turned=180))[0]
    first = upside_down["Geometry"]["Polygon"][0]
    assert first["X"] > 0.5
    assert first["Y"] > 0.5


def test_white_on_red_is_read(rekognition: Any, photos: Path) -> None:
    sign = written("STOP", photos / SANS, 120, ground="red", ink="white")
    assert of_type(detections(rekognition, sign), "WORD") == ["STOP"]


def test_a_scanned_page_is_read(rekognition: Any, photos: Path) -> None:
    words = of_type(detections(rekognition, (photos / "page.png").read_bytes()), "WORD")
    text = " ".join(words)
    assert text.startswith("Region-based segmentation Let us first determine markers of the coins and the background.")
    assert "np.zeros_like(coins)" in text


def test_a_badge_in_a_photograph_is_read(rekognition: Any, photos: Path) -> None:
    assert "HOPPER" in of_type(detections(rekognition, (photos / "grace_hopper.jpg").read_bytes()), "WORD")


@pytest.mark.parametrize("photo", ["china.jpg", "flower.jpg", "rocket.jpg", "coffee.png", "brick.png"])
def test_nothing_is_read_where_nothing_is_written(rekognition: Any, photos: Path, photo: str) -> None:
    assert detections(rekognition, (photos / photo).read_bytes()) == []


def test_words_belong_to_lines_and_lie_in_them(rekognition: Any, photos: Path) -> None:
    found = detections(rekognition, written("Please look under\nyour vehicles", photos / SANS))
    assert [detection["Id"] for detection in found] == list(range(7))
    assert [detection.get("ParentId") for detection in found] == [None, None, 0, 0, 0, 1, 1]
    line, look = found[0]["Geometry"], found[3]["Geometry"]
    assert found[3]["DetectedText"] == "look"
    assert len(look["Polygon"]) == 4
    assert line["BoundingBox"]["Left"] < look["BoundingBox"]["Left"]
    middle = look["BoundingBox"]["Left"] + look["BoundingBox"]["Width"] / 2
    # "look" is letters 8 to 11 of 17.
    assert 0.45 < (middle - line["BoundingBox"]["Left"]) / line["BoundingBox"]["Width"] < 0.6


def test_at_most_a_hundred_words_are_given(rekognition: Any, photos: Path) -> None:
    lines = "\n".join(" ".join(["word"] * 10) for _ in range(12))
    found = detections(rekognition, written(lines, photos / SANS, 20))
    assert len(of_type(found, "WORD")) == 100
    assert len(of_type(found, "LINE")) == 10


def test_words_can_be_filtered_by_size_region_and_confidence(rekognition: Any, photos: Path) -> None:
    content = written("above\nbelow", photos / SANS)
    lower = [{"BoundingBox": {"Left": 0, "Top": 0.5, "Width": 1, "Height": 0.5}}]
    upper = [{"Polygon": [{"X": 0, "Y": 0}, {"X": 1, "Y": 0}, {"X": 1, "Y": 0.5}, {"X": 0, "Y": 0.5}]}]
    assert of_type(detections(rekognition, content, RegionsOfInterest=lower), "WORD") == ["below"]
    assert of_type(detections(rekognition, content, RegionsOfInterest=upper), "WORD") == ["above"]
    assert detections(rekognition, content, WordFilter={"MinBoundingBoxHeight": 0.9}) == []
    assert detections(rekognition, content, WordFilter={"MinConfidence": 100}) == []
    assert len(detections(rekognition, content, WordFilter={"MinConfidence": 80})) == 4
