"""Where there is writing: PP-OCRv6's detector, a map of text pixels made into tilted boxes (DBNet)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from infra.local.ai.catalogue import read_verified
from infra.local.ai.vision.catalogue import OCR_FINDER
from infra.local.ai.vision.picture import Pixels

# Four corners (x, y) in pixels: top left, top right, bottom right, bottom left as the text is read.
Quad = NDArray[np.float32]

_STEP: Final = 32
# 1,280 takes three times as long and reads nothing more, neither signs nor pages of 60 lines (docs/local-vision.md).
_LONGEST: Final = 960
_SHORTEST: Final = 480
# The values PP-OCR is published with, but for the score of a box: signs in photographs are fainter than documents.
_TEXT_PIXEL: Final = 0.3
_LEAST_BOX_SCORE: Final = 0.5
_GROWTH: Final = 1.6
_LEAST_SIDE: Final = 3
_MOST_BOXES: Final = 300


def load(models: Path) -> Callable[[Pixels], list[Quad]]:
    """The model as a function from a picture to the boxes of its lines. Raises EngineError when the file is damaged."""
    import cv2  # noqa: PLC0415 - 40 MB, only when first used

    net = cv2.dnn.readNetFromONNX(np.frombuffer(read_verified(models, OCR_FINDER), np.uint8))

    def find(picture: Pixels) -> list[Quad]:
        height, width = picture.shape[:2]
        across, down = input_size(width, height)
        net.setInput(cv2.dnn.blobFromImage(picture, 1 / 127.5, (across, down), (127.5, 127.5, 127.5), swapRB=True))
        likely = net.forward()[0, 0]
        scale = np.array([width / across, height / down], dtype=np.float32)
        return from_the_top([quad * scale for quad in _quads(likely)])

    return find


def from_the_top(quads: list[Quad]) -> list[Quad]:
    """The boxes by the height of their middles."""
    return sorted(quads, key=lambda quad: float(quad[:, 1].mean()))


def input_size(width: int, height: int) -> tuple[int, int]:
    """The model's input for a picture: multiples of 32, small pictures enlarged, large ones reduced."""
    factor = max(1.0, _SHORTEST / min(width, height))
    factor = min(factor, _LONGEST / max(width, height))
    across, down = (max(_STEP, round(side * factor / _STEP) * _STEP) for side in (width, height))
    return across, down


def _quads(likely: NDArray[np.float32]) -> list[Quad]:
    import cv2  # noqa: PLC0415 - loaded by now

    mask = cv2.dilate((likely > _TEXT_PIXEL).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours[:_MOST_BOXES]:
        (x, y), (across, down), angle = cv2.minAreaRect(contour)
        if min(across, down) < _LEAST_SIDE or _score(likely, contour) < _LEAST_BOX_SCORE:
            continue
        # The model marks the core of a line; its outline lies this much farther out.
        grown = 2 * across * down * _GROWTH / (2 * (across + down))
        corners = cv2.boxPoints(((x, y), (across + grown, down + grown), angle))
        found.append(ordered(np.asarray(corners, dtype=np.float32)))
    return found


def _score(likely: NDArray[np.float32], contour: Any) -> float:
    """The mean likelihood inside a contour."""
    import cv2  # noqa: PLC0415 - loaded by now

    left, top, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [contour - (left, top)], 1)
    return float(cv2.mean(likely[top : top + height, left : left + width], mask)[0])


def ordered(corners: Quad) -> Quad:
    """The corners in reading order, for text that is tilted by less than 45 degrees or stands upright on its side."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    top_left, bottom_left = left[np.argsort(left[:, 1], kind="stable")]
    top_right, bottom_right = right[np.argsort(right[:, 1], kind="stable")]
    return np.array([top_left, top_right, bottom_right, bottom_left], dtype=np.float32)
