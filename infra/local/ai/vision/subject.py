"""What a picture is of: EfficientNet-Lite0, which knows ImageNet's 1,000 classes and gives no boxes."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from infra.local.ai.catalogue import read_verified
from infra.local.ai.vision.catalogue import EFFICIENTNET
from infra.local.ai.vision.picture import Pixels

Shares = NDArray[np.float32]

_SIDE: Final = 224
# As in the model's training: the middle is taken out of a picture whose shorter side is this.
_SHORTER: Final = 256
_NAMES: Final = "labels_without_background.txt"


def load(models: Path) -> Callable[[Pixels], Shares]:
    """The model as a function from a picture to a share, 0 to 1, for each class. Raises EngineError if damaged."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - 25 MB, only when first used

    interpreter = Interpreter(model_content=read_verified(models, EFFICIENTNET), num_threads=1)
    interpreter.allocate_tensors()
    given, found = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = found["quantization"]

    def shares(picture: Pixels) -> Shares:
        interpreter.set_tensor(given["index"], middle(picture)[np.newaxis])
        interpreter.invoke()
        values: Shares = (interpreter.get_tensor(found["index"])[0].astype(np.float32) - zero) * scale
        return values

    return shares


def middle(picture: Pixels) -> Pixels:
    """The square in the middle, 224 pixels a side."""
    image = Image.fromarray(picture)
    factor = _SHORTER / min(image.size)
    width, height = (max(_SHORTER, round(side * factor)) for side in image.size)
    left, top = (width - _SIDE) // 2, (height - _SIDE) // 2
    resized = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized.crop((left, top, left + _SIDE, top + _SIDE)))


def names(models: Path) -> list[str]:
    """The 1,000 classes' names, which the model file carries behind it. Raises EngineError if it is damaged."""
    with zipfile.ZipFile(io.BytesIO(read_verified(models, EFFICIENTNET))) as archive:
        return archive.read(_NAMES).decode().splitlines()
