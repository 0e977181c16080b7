"""Things with boxes: SSD-MobileNetV3-large, which knows COCO's 80 classes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from infra.local.ai.catalogue import read_verified
from infra.local.ai.vision.catalogue import SSD_GRAPH, SSD_LAYOUT
from infra.local.ai.vision.picture import Pixels

_SIDE: Final = 320
_OVERLAP: Final = 0.5
# Below this the model sees an umbrella in a butterfly; nothing is lost on the photographs of docs/local-vision.md.
LEAST_SCORE: Final = 0.55


@dataclass(frozen=True)
class Thing:
    """A COCO class number, a score from 0 to 1, and a box as shares of the picture: left, top, width, height."""

    number: int
    score: float
    box: tuple[float, float, float, float]


def load(models: Path) -> Callable[[Pixels], list[Thing]]:
    """The model as a function from a picture to things, best first. Raises EngineError when a file is damaged."""
    import cv2  # noqa: PLC0415 - 40 MB, only when first used

    net = cv2.dnn.readNetFromTensorflow(
        np.frombuffer(read_verified(models, SSD_GRAPH), np.uint8),
        np.frombuffer(read_verified(models, SSD_LAYOUT), np.uint8),
    )

    def find(picture: Pixels) -> list[Thing]:
        blob = cv2.dnn.blobFromImage(picture, 1 / 127.5, (_SIDE, _SIDE), (127.5, 127.5, 127.5))
        net.setInput(blob)
        rows = net.forward()[0, 0]
        things = [_thing(row) for row in rows if row[2] >= LEAST_SCORE]
        return apart(sorted(things, key=lambda thing: -thing.score))

    return find


def _thing(row: np.ndarray) -> Thing:
    left, top, right, bottom = (float(side) for side in np.clip(row[3:7], 0.0, 1.0))
    return Thing(int(row[1]), float(row[2]), (left, top, right - left, bottom - top))


def apart(things: list[Thing]) -> list[Thing]:
    """Without a second box around the same thing; `things` come best first."""
    kept: list[Thing] = []
    for thing in things:
        if all(thing.number != other.number or overlap(thing.box, other.box) < _OVERLAP for other in kept):
            kept.append(thing)
    return kept


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """The area two boxes share over the area they cover together, 0 to 1."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    together = one[2] * one[3] + other[2] * other[3] - shared
    return shared / together if together else 0.0
