"""DetectLabels with the real models on real photographs."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.unit.local.vision.pictures import encoded, plain


def labels(rekognition: Any, content: bytes, **settings: Any) -> dict[str, dict[str, Any]]:
    answer = rekognition.detect_labels(Image={"Bytes": content}, **settings)
    return {label["Name"]: label for label in answer["Labels"]}


@pytest.mark.parametrize(
    ("photo", "expected"),
    [
        ("chelsea.png", {"Cat", "Pet", "Mammal", "Animal"}),
        ("astronaut.png", {"Person"}),
        ("coffee.png", {"Cup", "Coffee", "Espresso", "Beverage"}),
        ("motorcycle_left.png", {"Motorcycle", "Vehicle"}),
        ("grace_hopper.jpg", {"Person", "Tie"}),
        ("china.jpg", {"Building", "Architecture"}),
        ("rocket.jpg", {"Rocket"}),
    ],
)
def test_labels_of_a_photograph(rekognition: Any, photos: Path, photo: str, expected: set[str]) -> None:
    found = labels(rekognition, (photos / photo).read_bytes())
    assert expected <= found.keys()
    assert all(55 <= label["Confidence"] <= 100 for label in found.values())


@pytest.mark.parametrize("photo", ["coins.png", "page.png", "flower.jpg"])
def test_labels_that_one_model_guesses_wrongly_are_kept_back(rekognition: Any, photos: Path, photo: str) -> None:
    assert labels(rekognition, (photos / photo).read_bytes()).keys() & {"Clock", "Umbrella", "Lampshade"} == set()


def test_labels_have_the_shape_of_aws(rekognition: Any, photos: Path) -> None:
    answer = rekognition.detect_labels(Image={"Bytes": (photos / "chelsea.png").read_bytes()})
    cat = next(label for label in answer["Labels"] if label["Name"] == "Cat")
    assert cat["Parents"] == [{"Name": "Pet"}, {"Name": "Mammal"}, {"Name": "Animal"}]
    assert cat["Categories"] == [{"Name": "Animals and Pets"}]
    assert cat["Aliases"] == []
    assert "ssd-mobilenet-v3" in answer["LabelModelVersion"]
    assert "OrientationCorrection" not in answer


def test_a_box_lies_around_the_thing(rekognition: Any, photos: Path) -> None:
    found = labels(rekognition, (photos / "coffee.png").read_bytes())
    box = found["Cup"]["Instances"][0]["BoundingBox"]
    # The cup with its saucer fills the middle of the picture; the spoon lies to its right.
    assert box["Left"] < 0.35
    assert box["Left"] + box["Width"] > 0.6
    assert 0 <= box["Top"] < 0.3
    assert found["Coffee"]["Instances"] == []


def test_labels_are_sorted_and_cut_to_what_is_asked_for(rekognition: Any, photos: Path) -> None:
    content = (photos / "coffee.png").read_bytes()
    confidences = [label["Confidence"] for label in labels(rekognition, content).values()]
    assert confidences == sorted(confidences, reverse=True)
    assert len(labels(rekognition, content, MaxLabels=2)) == 2
    assert labels(rekognition, content, MinConfidence=99.5) == {}
    assert len(labels(rekognition, content, MinConfidence=0)) >= len(confidences)


def test_labels_can_be_filtered_by_name_and_category(rekognition: Any, photos: Path) -> None:
    content = (photos / "coffee.png").read_bytes()

    def filtered(**general: list[str]) -> set[str]:
        return set(labels(rekognition, content, Settings={"GeneralLabels": general}))

    assert filtered(LabelInclusionFilters=["Cup"]) == {"Cup"}
    assert "Cup" not in filtered(LabelExclusionFilters=["Cup"])
    assert filtered(LabelCategoryInclusionFilters=["Food and Beverage"]) == {"Coffee", "Espresso", "Beverage"}
    assert filtered(LabelCategoryExclusionFilters=["Food and Beverage"]) == {"Cup"}


def test_an_exif_orientation_is_applied_before_looking(rekognition: Any, photos: Path) -> None:
    with Image.open(photos / "chelsea.png") as cat:
        exif = Image.Exif()
        exif[0x0112] = 6
        turned = encoded(cat.rotate(90, expand=True), "JPEG", exif=exif)
    assert "Cat" in labels(rekognition, turned)


def test_a_picture_of_nothing_has_no_labels(rekognition: Any) -> None:
    assert labels(rekognition, plain(200, 200)) == {}
