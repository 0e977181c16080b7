"""`python -m infra.local.ai.vision.measure --models DIR PICTURE...`: what is found, how long it takes, what it weighs.

One table row a picture; then, for each operation, the time of the first call (which loads the models) and of the
others, and the memory of this process before and after.
"""

import argparse
import base64
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.local.ai.vision.service import PREFIX, Vision
from infra.local.ai.vision.source import S3Store


def main(arguments: list[str] | None = None) -> int:
    """Print the table and the figures."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.ai.vision.measure", description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3, help="how often each picture is looked at")
    parser.add_argument("pictures", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    print(f"memory: {_megabytes()} MB before any model")
    vision = Vision(options.models, S3Store(None))
    for target, operation in vision.operations.items():
        _operation(target.removeprefix(PREFIX), operation, options.pictures, options.rounds)
    for picture in options.pictures:
        print(_row(vision, picture))
    vision.close()
    return 0


def _operation(name: str, operation: Callable[[dict[str, Any]], Any], pictures: list[Path], rounds: int) -> None:
    """The times of one operation over all pictures, in milliseconds, and the memory afterwards."""
    times = []
    for picture in [picture for _ in range(rounds) for picture in pictures]:
        start = time.perf_counter()
        operation(_request(picture))
        times.append((time.perf_counter() - start) * 1000)
    later = sorted(times[1:])
    worst = later[int(len(later) * 0.95)]
    middle = statistics.median(later)
    print(f"{name}: first {times[0]:.0f} ms, median {middle:.0f} ms, 95% {worst:.0f} ms; then {_megabytes()} MB")


def _row(vision: Vision, picture: Path) -> str:
    request = _request(picture)
    labels = vision.detect_labels(request)["Labels"]
    found = vision.detect_text(request)["TextDetections"]
    flags = vision.detect_moderation_labels({**request, "MinConfidence": 0})["ModerationLabels"]
    named = ", ".join(f"{label['Name']} {label['Confidence']:.0f}" for label in labels) or "none"
    lines = [f"{one['DetectedText']} {one['Confidence']:.0f}" for one in found if one["Type"] == "LINE"]
    return f"| {picture.name} | {named} | {' / '.join(lines) or 'none'} | {flags[0]['Confidence']:.0f} |"


def _request(picture: Path) -> dict[str, Any]:
    return {"Image": {"Bytes": base64.b64encode(picture.read_bytes()).decode()}}


def _megabytes() -> int:
    """The memory this process holds now (Linux)."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1000


if __name__ == "__main__":
    sys.exit(main())
