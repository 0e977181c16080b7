"""Lines and words with their places, in the order in which one reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from infra.local.ai.vision.finder import Quad
from infra.local.ai.vision.reader import Letter, Reading

# Measured on the photographs of docs/local-vision.md: true lines score 0.97 and more, a worn "YAMAHA" 0.74, and most
# of what is read into bark, bricks and coins less than this. A single character is read into any curve.
LEAST_LINE_SCORE: Final = 0.7
LEAST_CHARACTER_SCORE: Final = 0.97
# Amazon Rekognition, "Detecting text": at most 100 words in a picture.
MOST_WORDS: Final = 100


@dataclass(frozen=True)
class Piece:
    """Text, its score from 0 to 1, and its corners as shares of the picture, top left first as the text is read."""

    text: str
    score: float
    corners: NDArray[np.float64]


@dataclass(frozen=True)
class Line(Piece):
    """A line and its words."""

    words: tuple[Piece, ...]


def lines(quads: list[Quad], readings: list[Reading], width: int, height: int) -> list[Line]:
    """The lines that were read with some certainty, from the top; `width` and `height` are the picture's in pixels.

    The last boxes may be without a reading.
    """
    size = np.array([width, height], dtype=np.float64)
    found = []
    for quad, reading in zip(quads, readings, strict=False):
        if not believable(reading):
            continue
        corners = np.roll(np.clip(quad / size, 0.0, 1.0), -_first_corner(reading.quarters), axis=0)
        words = tuple(Piece(_text(run), _score(run), _between(corners, *_span(run))) for run in _runs(reading.letters))
        found.append(Line(" ".join(word.text for word in words), reading.score, corners, words))
    return in_reading_order(found)


def believable(reading: Reading) -> bool:
    """Whether a reading is certain enough to be said; one without a letter or digit never is."""
    count = sum(letter.character.isalnum() for letter in reading.letters)
    return count > 0 and reading.score >= (LEAST_LINE_SCORE if count > 1 else LEAST_CHARACTER_SCORE)


def in_reading_order(found: list[Line]) -> list[Line]:
    """Row by row: lines whose middles lie within half a line's height of each other are one row, left to right."""
    rows: list[list[Line]] = []
    for line in sorted(found, key=_middle):
        last = rows[-1][0] if rows else None
        if last is not None and _middle(line) - _middle(last) < _height(last) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=_left)]


def _first_corner(quarters: int) -> int:
    """Which of the box's corners is the text's top left, when the box was turned so many quarters counter-clockwise."""
    return quarters % 4


def _left(line: Line) -> float:
    return float(np.min(line.corners[:, 0]))


def _middle(line: Line) -> float:
    return float(line.corners[:, 1].mean())


def _height(line: Line) -> float:
    return float(np.ptp(line.corners[:, 1]))


def _runs(letters: tuple[Letter, ...]) -> Iterator[list[Letter]]:
    run: list[Letter] = []
    for letter in letters:
        if letter.character.isspace():
            if run:
                yield run
            run = []
        else:
            run.append(letter)
    if run:
        yield run


def _text(run: list[Letter]) -> str:
    return "".join(letter.character for letter in run)


def _score(run: list[Letter]) -> float:
    return float(np.mean([letter.score for letter in run]))


def _span(run: list[Letter]) -> tuple[float, float]:
    """Where a word begins and ends along its line: half a letter beyond the middles of its first and last letter."""
    first, last = run[0].at, run[-1].at
    half = (last - first) / (len(run) - 1) / 2 if len(run) > 1 else 0.01
    return max(0.0, first - half), min(1.0, last + half)


def _between(corners: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """The part of a box from `start` to `end` along its upper and lower edge."""
    top_left, top_right, bottom_right, bottom_left = corners
    top, bottom = top_right - top_left, bottom_right - bottom_left
    upper = (top_left + top * start, top_left + top * end)
    lower = (bottom_left + bottom * end, bottom_left + bottom * start)
    return np.array([*upper, *lower])
