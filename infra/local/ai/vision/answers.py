"""Lines and words as DetectText writes them."""

from typing import Any, Final

import numpy as np

from infra.local.ai.vision.labels import percent
from infra.local.ai.vision.requests import Polygon, WordFilters
from infra.local.ai.vision.writing import MOST_WORDS, Line, Piece

_DIGITS: Final = 6


def detections(found: list[Line], filters: WordFilters) -> list[dict[str, Any]]:
    """All lines, then all words: at most 100 words, and the lines that still have one.

    Ids are numbered through; a word's ParentId is its line's Id.
    """
    kept: list[tuple[Line, list[Piece]]] = []
    left = MOST_WORDS
    for line in found:
        words = [word for word in line.words if _wanted(word, filters)][:left]
        left -= len(words)
        if words:
            kept.append((line, words))
    lines = [_detection(line, "LINE", number) for number, (line, _) in enumerate(kept)]
    owned = [(word, parent) for parent, (_, words) in enumerate(kept) for word in words]
    return lines + [_detection(word, "WORD", len(lines) + at, parent) for at, (word, parent) in enumerate(owned)]


def _wanted(word: Piece, filters: WordFilters) -> bool:
    width, height = np.ptp(word.corners, axis=0)
    big = width >= filters.least_width and height >= filters.least_height
    x, y = (float(share) for share in word.corners.mean(axis=0))
    inside = not filters.regions or any(contains(region, x, y) for region in filters.regions)
    return bool(big) and inside and percent(word.score) >= filters.least


def contains(polygon: Polygon, x: float, y: float) -> bool:
    """Whether a point lies inside a polygon: a ray to the right meets its edges an odd number of times."""
    inside = False
    for one, other in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if (one[1] > y) != (other[1] > y) and x < one[0] + (y - one[1]) * (other[0] - one[0]) / (other[1] - one[1]):
            inside = not inside
    return inside


def _detection(piece: Piece, kind: str, number: int, parent: int | None = None) -> dict[str, Any]:
    left, top = (round(float(side), _DIGITS) for side in piece.corners.min(axis=0))
    width, height = (round(float(side), _DIGITS) for side in np.ptp(piece.corners, axis=0))
    return {
        "DetectedText": piece.text,
        "Type": kind,
        "Id": number,
        **({} if parent is None else {"ParentId": parent}),
        "Confidence": percent(piece.score),
        "Geometry": {
            "BoundingBox": {"Width": width, "Height": height, "Left": left, "Top": top},
            "Polygon": [{"X": round(float(x), _DIGITS), "Y": round(float(y), _DIGITS)} for x, y in piece.corners],
        },
    }
