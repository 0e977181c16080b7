"""From Rekognition's answers to what a record holds. Pure: no boto3, no clock.

Shapes: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabels.html, API_DetectText.html and
API_DetectModerationLabels.html; the machine passes on Labels, the TextDetections of type LINE, and ModerationLabels.
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, Final, TypedDict

from arrange_image.errors import InvalidFindings
from arrange_image.reading import Placed, in_reading_order
from dragoman.documents import Box, Failure, Label, Line, Moderation, ModerationLabel, Thumbnail

# Below this, what was read is as often a pattern as a word (measured in docs/local-vision.md).
MIN_LINE_CONFIDENCE: Final = 80
MAX_LABELS: Final = 25
MAX_BOXES: Final = 10
MAX_LINES: Final = 100
MAX_TEXT: Final = 2_000
MAX_LINE: Final = 500
# Of all lines together: more than the text holds is of no use, and a record is one item of a table.
MAX_LINES_TEXT: Final = 4_000
MAX_NAME: Final = 100
STEPS: Final = ("labels", "text", "moderation", "thumbnails")
NOT_CHECKED: Final = "The picture could not be checked"

Json = Mapping[str, Any]


class Arranged(TypedDict):
    """text: the lines in reading order, at most MAX_TEXT characters, textCut when there were more. Confidences are in
    percent, places in parts of the picture's width and height."""

    text: str
    textLength: int
    textCut: bool
    labels: list[Label]
    lines: list[Line]
    moderation: Moderation
    thumbnails: list[Thumbnail]
    failures: list[Failure]


def arrange(looks: Json) -> Arranged:
    """What four looks at a picture found. Raises InvalidFindings."""
    try:
        return _arranged({step: looks[step] for step in STEPS})
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        # Only the error's class: its text could hold words of the picture.
        raise InvalidFindings(f"The machine's input has another shape ({type(error).__name__})") from None


def _arranged(looks: Mapping[str, Json]) -> Arranged:
    done = {step: look for step, look in looks.items() if look["status"] == "done"}
    lines = arranged_lines(done["text"]["lines"]) if "text" in done else []
    text, cut = joined([line["text"] for line in lines])
    return {
        "text": text,
        "textLength": len(text),
        "textCut": cut,
        "labels": arranged_labels(done["labels"]["labels"]) if "labels" in done else [],
        "lines": lines,
        "moderation": arranged_moderation(done["moderation"]["labels"] if "moderation" in done else None),
        "thumbnails": list(done["thumbnails"]["thumbnails"]) if "thumbnails" in done else [],
        "failures": [
            {"step": step, "error": str(look["error"])[:MAX_NAME]} for step, look in looks.items() if step not in done
        ],
    }


def arranged_labels(found: Iterable[Json]) -> list[Label]:
    """DetectLabels' Labels, the surest first."""
    labels: list[Label] = [
        {
            "name": label["Name"][:MAX_NAME],
            "confidence": percent(label["Confidence"]),
            "boxes": [box(instance["BoundingBox"]) for instance in label.get("Instances") or ()][:MAX_BOXES],
        }
        for label in found
    ]
    return sorted(labels, key=lambda label: -label["confidence"])[:MAX_LABELS]


def arranged_lines(found: Iterable[Json]) -> list[Line]:
    """The lines among DetectText's TextDetections that are sure enough, in the order they are read in."""
    sure = [line for line in found if line["Confidence"] >= MIN_LINE_CONFIDENCE and line["DetectedText"].strip()]
    placed = [Placed(line, box(line["Geometry"]["BoundingBox"]), line["DetectedText"]) for line in sure]
    lines: list[Line] = [
        {
            "text": line["DetectedText"].strip()[:MAX_LINE],
            "confidence": percent(line["Confidence"]),
            "polygon": polygon(line["Geometry"]),
        }
        for line in in_reading_order(placed)[:MAX_LINES]
    ]
    lengths = accumulate(len(line["text"]) for line in lines)
    return [line for line, length in zip(lines, lengths, strict=True) if length <= MAX_LINES_TEXT]


def joined(lines: list[str]) -> tuple[str, bool]:
    """Lines as one text of at most MAX_TEXT characters, and whether some had to go: whole lines, or part of the first
    one."""
    text = "\n".join(lines)
    if len(text) <= MAX_TEXT:
        return text, False
    kept = text[: MAX_TEXT + 1].rpartition("\n")[0]
    return kept or text[:MAX_TEXT], True


def arranged_moderation(found: Iterable[Json] | None) -> Moderation:
    """DetectModerationLabels' ModerationLabels; None when the picture could not be checked, which flags it."""
    if found is None:
        return {"flagged": True, "labels": [], "reason": NOT_CHECKED}
    labels: list[ModerationLabel] = [
        {
            "name": label["Name"][:MAX_NAME],
            "parent": (label.get("ParentName") or "")[:MAX_NAME],
            "confidence": percent(label["Confidence"]),
        }
        for label in found
    ]
    return {"flagged": bool(labels), "labels": sorted(labels, key=lambda label: -label["confidence"])[:MAX_LABELS]}


def box(found: Json) -> Box:
    """A BoundingBox within the picture: Rekognition's may reach over its edges."""
    left, top = part(found["Left"]), part(found["Top"])
    right, bottom = part(found["Left"] + found["Width"]), part(found["Top"] + found["Height"])
    return {"left": left, "top": top, "width": round(right - left, 4), "height": round(bottom - top, 4)}


def polygon(geometry: Json) -> list[list[float]]:
    """The four corners of a Geometry; those of its BoundingBox when its Polygon has not four."""
    points = geometry.get("Polygon") or ()
    if len(points) == 4:
        return [[part(point["X"]), part(point["Y"])] for point in points]
    around = box(geometry["BoundingBox"])
    left, top = around["left"], around["top"]
    right, bottom = round(left + around["width"], 4), round(top + around["height"], 4)
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def part(value: float) -> float:
    """A share of the picture's width or height, 0 to 1 with four decimals: a pixel of the largest picture is more."""
    return min(1.0, max(0.0, round(float(value), 4)))


def percent(value: float) -> float:
    """A confidence, 0 to 100 with one decimal."""
    return min(100.0, max(0.0, round(float(value), 1)))
