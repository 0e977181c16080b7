"""The members of the three requests besides the picture, checked as AWS's front end checks them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from infra.local.ai.errors import AwsError
from infra.local.ai.vision.errors import RekognitionError, constraint, invalid_parameters

# Amazon Rekognition API reference, DetectLabels and DetectModerationLabels: what holds when nothing is asked for.
LABELS_MIN_CONFIDENCE: Final = 55.0
MODERATION_MIN_CONFIDENCE: Final = 50.0
MOST_LABELS: Final = 1000
_FEATURES: Final = ("GENERAL_LABELS", "IMAGE_PROPERTIES")
_MOST_FILTERS: Final = 100
_MOST_REGIONS: Final = 10
_CORNERS: Final = 3

Polygon = NDArray[np.float64]


@dataclass(frozen=True)
class LabelFilters:
    """Which labels are wanted: percent, count, names and categories; None is all."""

    least: float
    most: int
    names: frozenset[str] | None = None
    categories: frozenset[str] | None = None
    not_names: frozenset[str] = field(default_factory=frozenset)
    not_categories: frozenset[str] = field(default_factory=frozenset)

    def let_through(self, name: str, category: str, confidence: float) -> bool:
        """Whether a label is wanted."""
        included = self.names is None and self.categories is None
        included |= name in (self.names or ()) or category in (self.categories or ())
        return (
            included and confidence >= self.least and name not in self.not_names and category not in self.not_categories
        )


@dataclass(frozen=True)
class WordFilters:
    """Which words are wanted: percent, shares of the picture, and regions as polygons of shares."""

    least: float = 0.0
    least_width: float = 0.0
    least_height: float = 0.0
    regions: tuple[Polygon, ...] = ()


def label_filters(request: Mapping[str, Any]) -> LabelFilters:
    """MinConfidence, MaxLabels, Features and Settings of DetectLabels.

    Raises ValidationException; InvalidParameterException for IMAGE_PROPERTIES, which nothing here measures.
    """
    features = _list(request, "Features", len(_FEATURES))
    for feature in features:
        if feature not in _FEATURES:
            raise constraint(f"'[{feature}]'", "features", f"enum value set: [{', '.join(_FEATURES)}]")
    if "IMAGE_PROPERTIES" in features or "ImageProperties" in structure(request, "Settings"):
        raise RekognitionError(
            "InvalidParameterException", "IMAGE_PROPERTIES is not supported here: no model measures it."
        )
    general = structure(structure(request, "Settings"), "GeneralLabels")
    return LabelFilters(
        number(request, "MinConfidence", LABELS_MIN_CONFIDENCE, 100.0),
        _count(request, "MaxLabels", MOST_LABELS),
        _names(general, "LabelInclusionFilters"),
        _names(general, "LabelCategoryInclusionFilters"),
        _names(general, "LabelExclusionFilters") or frozenset(),
        _names(general, "LabelCategoryExclusionFilters") or frozenset(),
    )


def word_filters(request: Mapping[str, Any]) -> WordFilters:
    """Filters of DetectText. Raises ValidationException and InvalidParameterException."""
    filters = structure(request, "Filters")
    words = structure(filters, "WordFilter")
    return WordFilters(
        number(words, "MinConfidence", 0.0, 100.0),
        number(words, "MinBoundingBoxWidth", 0.0, 1.0),
        number(words, "MinBoundingBoxHeight", 0.0, 1.0),
        tuple(_region(region) for region in _list(filters, "RegionsOfInterest", _MOST_REGIONS)),
    )


def moderation_confidence(request: Mapping[str, Any]) -> float:
    """MinConfidence of DetectModerationLabels; ResourceNotFoundException for an adapter or a human review."""
    if request.get("ProjectVersion") or request.get("HumanLoopConfig"):
        raise RekognitionError("ResourceNotFoundException", "The resource specified in the request cannot be found.")
    return number(request, "MinConfidence", MODERATION_MIN_CONFIDENCE, 100.0)


def number(request: Mapping[str, Any], key: str, default: float, most: float) -> float:
    """A number from 0 to `most`. Raises SerializationException and ValidationException."""
    value = request.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AwsError("SerializationException", f"{key} must be a number.")
    if not 0 <= value <= most:
        rule = f"value less than or equal to {most:g}" if value > most else "value greater than or equal to 0"
        raise constraint(f"'{value}'", key[0].lower() + key[1:], rule)
    return float(value)


def structure(request: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A member that is a structure, empty when it is absent. Raises SerializationException."""
    value = request.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AwsError("SerializationException", f"{key} must be a structure.")
    return value


def _count(request: Mapping[str, Any], key: str, default: int) -> int:
    value = request.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise AwsError("SerializationException", f"{key} must be an integer.")
    if value < 0:
        raise constraint(f"'{value}'", key[0].lower() + key[1:], "value greater than or equal to 0")
    return value


def _list(request: Mapping[str, Any], key: str, most: int) -> list[Any]:
    value = request.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise AwsError("SerializationException", f"{key} must be a list.")
    if len(value) > most:
        raise constraint(f"'{len(value)} elements'", key[0].lower() + key[1:], f"length less than or equal to {most}")
    return value


def _names(general: Mapping[str, Any], key: str) -> frozenset[str] | None:
    values = _list(general, key, _MOST_FILTERS)
    if not all(isinstance(value, str) for value in values):
        raise AwsError("SerializationException", f"{key} must be a list of strings.")
    return frozenset(values) or None


def _region(region: Any) -> Polygon:
    if not isinstance(region, dict):
        raise AwsError("SerializationException", "RegionsOfInterest must be a list of structures.")
    box, points = region.get("BoundingBox"), region.get("Polygon")
    if (box is None) == (points is None):
        raise invalid_parameters()
    corners = [_point(point) for point in points] if isinstance(points, list) else _box_corners(box)
    if len(corners) < _CORNERS:
        raise invalid_parameters()
    return np.array(corners, dtype=np.float64)


def _point(point: Any) -> tuple[float, float]:
    if not isinstance(point, dict):
        raise invalid_parameters()
    return number(point, "X", 0.0, 1.0), number(point, "Y", 0.0, 1.0)


def _box_corners(box: Any) -> list[tuple[float, float]]:
    if not isinstance(box, dict):
        raise invalid_parameters()
    left, top, width, height = (number(box, key, 0.0, 1.0) for key in ("Left", "Top", "Width", "Height"))
    return [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
