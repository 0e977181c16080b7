"""The order in which people read lines that are scattered over a picture."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from unicodedata import bidirectional

from dragoman.documents import Box

RIGHT_TO_LEFT = {"R", "AL"}


class Placed(NamedTuple):
    """A line with its place and its words."""

    line: Mapping[str, Any]
    box: Box
    text: str

    @property
    def middle(self) -> float:
        """How far down its middle is."""
        return self.box["top"] + self.box["height"] / 2


def in_reading_order(placed: Iterable[Placed]) -> list[Mapping[str, Any]]:
    """Rows from the top down, each from the side its script begins on."""
    return [found.line for row in _rows(placed) for found in _along(row)]


def _rows(placed: Iterable[Placed]) -> list[list[Placed]]:
    """Lines whose middle is within the height of a row's first line stand in that row."""
    rows: list[list[Placed]] = []
    for found in sorted(placed, key=lambda one: (one.middle, one.box["left"])):
        first = rows[-1][0].box if rows else None
        if first and first["top"] <= found.middle <= first["top"] + first["height"]:
            rows[-1].append(found)
        else:
            rows.append([found])
    return rows


def _along(row: list[Placed]) -> list[Placed]:
    directions = [bidirectional(character) for found in row for character in found.text]
    backwards = sum(direction in RIGHT_TO_LEFT for direction in directions) > directions.count("L")
    return sorted(row, key=lambda found: found.box["left"], reverse=backwards)
