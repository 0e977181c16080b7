"""Charts as small PNG pictures. Needs the imaging layer.

The layer has no fonts, so that figures are drawn with the digits below; everything else is said in words beside the
charts.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

# PngImagePlugin registers itself with Pillow, which would otherwise look for all its plugins.
from PIL import Image, PngImagePlugin  # noqa: F401

Colour = tuple[int, int, int]

PAPER: Final[Colour] = (255, 255, 255)
INK: Final[Colour] = (87, 96, 106)
BAR: Final[Colour] = (9, 105, 218)
GRID: Final[Colour] = (208, 215, 222)

# Each digit is 3 wide and 5 high: a row is three bits.
DIGITS: Final = {
    "0": (7, 5, 5, 5, 7),
    "1": (2, 6, 2, 2, 7),
    "2": (7, 1, 7, 4, 7),
    "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7),
    "6": (7, 4, 7, 5, 7),
    "7": (7, 1, 1, 1, 1),
    "8": (7, 5, 7, 5, 7),
    "9": (7, 5, 7, 1, 7),
}
DOT: Final = 2
DIGIT_WIDTH: Final = 4 * DOT

WIDTH: Final = 560
HEIGHT: Final = 150
MARGIN: Final = 24
HOUR_MARKS: Final = (0, 6, 12, 18, 23)


def hours(values: Sequence[int]) -> bytes:
    """Bars of the 24 hours, the largest as high as there is room, marked with its value; hours below."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    most, step = max(1, *values), (WIDTH - 2 * MARGIN) // len(values)
    floor, room = HEIGHT - MARGIN, HEIGHT - 2 * MARGIN
    _box(image, GRID, (MARGIN, floor, MARGIN + step * len(values), floor + 1))
    for hour, value in enumerate(values):
        left, top = MARGIN + hour * step, floor - round(room * value / most)
        _box(image, BAR, (left + 2, top, left + step - 2, floor))
        if hour in HOUR_MARKS:
            _number(image, hour, left + step // 2, floor + 8)
    if any(values):
        peak = values.index(most)
        _number(image, most, MARGIN + peak * step + step // 2, 8)
    return _png(image)


def shares(values: Sequence[int], colours: Sequence[Colour]) -> bytes:
    """One bar, divided as the values are; grey where all are nothing."""
    image, total = Image.new("RGB", (WIDTH, MARGIN), GRID), sum(values)
    before = 0
    for value, colour in zip(values, colours, strict=True):
        if value:
            _box(image, colour, (WIDTH * before // total, 0, WIDTH * (before + value) // total, MARGIN))
        before += value
    return _png(image)


def _number(image: Image.Image, number: int, centre: int, top: int) -> None:
    text = str(number)
    left = centre - len(text) * DIGIT_WIDTH // 2
    for place, digit in enumerate(text):
        for row, bits in enumerate(DIGITS[digit]):
            for column in range(3):
                if bits & (4 >> column):
                    x, y = left + place * DIGIT_WIDTH + column * DOT, top + row * DOT
                    _box(image, INK, (x, y, x + DOT, y + DOT))


def _box(image: Image.Image, colour: Colour, box: tuple[int, int, int, int]) -> None:
    """Fills left, top, right and bottom, of which the last two are outside."""
    if box[2] > box[0] and box[3] > box[1]:
        image.paste(colour, box)


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.quantize(16).save(file, "PNG", optimize=True)
    return file.getvalue()
