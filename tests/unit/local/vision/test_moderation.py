"""DetectModerationLabels: one score, for what AWS calls Explicit."""

from pathlib import Path
from typing import Any

import pytest

HARMLESS = ["astronaut.png", "chelsea.png", "coffee.png", "grace_hopper.jpg", "china.jpg", "flower.jpg", "coins.png"]


@pytest.mark.parametrize("photo", HARMLESS)
def test_harmless_photographs_are_not_flagged(rekognition: Any, photos: Path, photo: str) -> None:
    answer = rekognition.detect_moderation_labels(Image={"Bytes": (photos / photo).read_bytes()})
    assert answer["ModerationLabels"] == []
    assert answer["ModerationModelVersion"] == "local-open-nsfw"


def test_the_threshold_is_honoured(rekognition: Any, photos: Path) -> None:
    image = {"Bytes": (photos / "astronaut.png").read_bytes()}
    label = rekognition.detect_moderation_labels(Image=image, MinConfidence=0)["ModerationLabels"][0]
    assert (label["Name"], label["ParentName"], label["TaxonomyLevel"]) == ("Explicit", "", 1)
    just_above = label["Confidence"] + 0.01
    assert rekognition.detect_moderation_labels(Image=image, MinConfidence=just_above)["ModerationLabels"] == []


def test_adapters_are_not_found(rekognition: Any, photos: Path) -> None:
    image = {"Bytes": (photos / "coffee.png").read_bytes()}
    arn = "arn:aws:rekognition:us-east-1:123456789012:project/p/version/v/1"
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException):
        rekognition.detect_moderation_labels(Image=image, ProjectVersion=arn)
