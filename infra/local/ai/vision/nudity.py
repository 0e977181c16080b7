"""One score for pornography: Yahoo's open_nsfw."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from infra.local.ai.catalogue import read_verified
from infra.local.ai.vision.catalogue import OPEN_NSFW
from infra.local.ai.vision.picture import Pixels

_SIDE: Final = 224
_RESIZED: Final = 256
_MEAN_BGR: Final = np.array([104, 117, 123], dtype=np.float32)


def load(models: Path) -> Callable[[Pixels], float]:
    """The model as a function from a picture to a score from 0 to 1. Raises EngineError when the file is damaged."""
    import cv2  # noqa: PLC0415 - 40 MB, only when first used

    net = cv2.dnn.readNetFromONNX(np.frombuffer(read_verified(models, OPEN_NSFW), np.uint8))

    def score(picture: Pixels) -> float:
        net.setInput(prepared(picture))
        return float(net.forward()[0, 1])

    return score


def prepared(picture: Pixels) -> np.ndarray:
    """The model's input, (1, 224, 224, 3): the middle of the picture after one more JPEG, as in its training."""
    edge = (_RESIZED - _SIDE) // 2
    image = Image.fromarray(picture).resize((_RESIZED, _RESIZED), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.crop((edge, edge, edge + _SIDE, edge + _SIDE)).save(buffer, "JPEG")
    with Image.open(buffer) as again:
        rgb = np.asarray(again, dtype=np.float32)
    return np.ascontiguousarray(rgb[np.newaxis, :, :, ::-1] - _MEAN_BGR)
