"""What is written in a box: PP-OCRv6's recogniser, a character (or none) for every few pixels (CTC)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from infra.local.ai.catalogue import read_verified
from infra.local.ai.vision import onnx
from infra.local.ai.vision.catalogue import OCR_READER
from infra.local.ai.vision.finder import Quad
from infra.local.ai.vision.picture import Pixels

_HEIGHT: Final = 48
_STEP: Final = 32
_WIDEST: Final = 2400
# From here on a box holds text that was turned by a quarter.
_STANDING: Final = 1.5
# Under this a line is read once more, turned by a half, and the better reading is taken.
_DOUBTFUL: Final = 0.7
_BLANK: Final = 0
_QUARTERS: Final = (1, 3)
_HALF: Final = (0, 2)


@dataclass(frozen=True)
class Letter:
    """A character, its score from 0 to 1, and where its middle lies along the line, 0 to 1."""

    character: str
    score: float
    at: float


@dataclass(frozen=True)
class Reading:
    """A line's letters, and by how many quarters its box had to be turned (counter-clockwise) to be read."""

    letters: tuple[Letter, ...]
    quarters: int

    @property
    def text(self) -> str:
        """The line as a string."""
        return "".join(letter.character for letter in self.letters)

    @property
    def score(self) -> float:
        """The mean of the letters' scores; 0 for an empty line."""
        return float(np.mean([letter.score for letter in self.letters])) if self.letters else 0.0


@dataclass(frozen=True)
class Page:
    """A picture, the boxes to read in it from the top, and after how many words to stop; None is never."""

    picture: Pixels
    quads: list[Quad]
    most_words: int | None = None


def load(models: Path) -> Callable[[Page], list[Reading]]:
    """The model as a function from a page to a reading of each of its first boxes.

    Raises EngineError when the file is damaged.
    """
    import cv2  # noqa: PLC0415 - 40 MB, only when first used

    content = read_verified(models, OCR_READER)
    alphabet = ["", *onnx.metadata(content)["character"].split("\n"), " "]
    net = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))

    def letters(strip: Pixels) -> tuple[Letter, ...]:
        net.setInput(_blob(strip))
        return decode(net.forward()[0], alphabet)

    return lambda page: read(page, letters)


def read(page: Page, letters: Callable[[Pixels], tuple[Letter, ...]]) -> list[Reading]:
    """The readings of the page's boxes, in their order, up to the one that completes `most_words`."""
    readings: list[Reading] = []
    words = 0
    for quad in page.quads:
        if page.most_words is not None and words >= page.most_words:
            break
        readings.append(_best(cut(page.picture, quad), letters))
        words += len(readings[-1].text.split())
    return readings


def _best(strip: Pixels, letters: Callable[[Pixels], tuple[Letter, ...]]) -> Reading:
    """The most certain of the turns that make sense for a strip of this shape."""
    turns = _QUARTERS if strip.shape[0] >= strip.shape[1] * _STANDING else _HALF
    best = Reading(letters(np.rot90(strip, turns[0])), turns[0])
    if turns == _HALF and best.score >= _DOUBTFUL:
        return best
    turned = Reading(letters(np.rot90(strip, turns[1])), turns[1])
    return max(best, turned, key=lambda reading: reading.score)


def cut(picture: Pixels, quad: Quad) -> Pixels:
    """The box out of the picture, made upright."""
    import cv2  # noqa: PLC0415 - loaded by now

    width = max(1, round(float(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[3] - quad[2])))))
    height = max(1, round(float(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2])))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    cut_out = cv2.warpPerspective(picture, matrix, (width, height), None, cv2.INTER_CUBIC, cv2.BORDER_REPLICATE)
    return np.asarray(cut_out, dtype=np.uint8)


def _blob(strip: Pixels) -> NDArray[np.float32]:
    """The model's input: 48 pixels high, its width a multiple of 32 so that few shapes have to be prepared."""
    import cv2  # noqa: PLC0415 - loaded by now

    height, width = strip.shape[:2]
    across = min(_WIDEST, max(_STEP, -(-width * _HEIGHT // (height * _STEP)) * _STEP))
    contiguous = np.ascontiguousarray(strip)
    blob = cv2.dnn.blobFromImage(contiguous, 1 / 127.5, (across, _HEIGHT), (127.5, 127.5, 127.5), swapRB=True)
    return np.asarray(blob, dtype=np.float32)


def decode(steps: NDArray[np.float32], alphabet: list[str]) -> tuple[Letter, ...]:
    """The letters of a line from the model's likelihoods, (steps, alphabet): repeats are one, blanks are none."""
    best = steps.argmax(axis=1)
    count = len(best)
    kept = [step for step in range(count) if best[step] != _BLANK and (step == 0 or best[step] != best[step - 1])]
    return tuple(Letter(alphabet[best[step]], float(steps[step, best[step]]), (step + 0.5) / count) for step in kept)
