"""`python -m benchmarks.picture`: what a picture costs in time, by step, through the running local stack."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.integration.stack import Running, new_stack
from tests.integration.test_photos import JPEG, send, sign

ROUNDS = 10
IMAGE_ID = "SM" + "0" * 32 + "-0"
ORIGINAL = "originals/SM" + "0" * 32 + "/0"
PICTURE = sign("The clinic is closed", "on Monday morning")


def milliseconds(work: Callable[[], Any]) -> float:
    """The median of several rounds, after one that warms."""
    work()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def steps(stack: Running) -> dict[str, Callable[[], Any]]:
    """Each step of the machine `image`, as a call of its own."""
    bucket, functions = stack.outputs()["MediaBucketName"], stack.client("lambda")
    rekognition = stack.client("rekognition")
    stack.client("s3").put_object(Bucket=bucket, Key=ORIGINAL, Body=PICTURE, ContentType=JPEG)

    def invoke(name: str, **event: Any) -> Any:
        answer = functions.invoke(FunctionName=f"dragoman-{name}", Payload=json.dumps(event))
        assert "FunctionError" not in answer, answer
        return json.loads(answer["Payload"].read())

    key = invoke("inspect-image", imageId=IMAGE_ID, key=ORIGINAL)["key"]
    image = {"S3Object": {"Bucket": bucket, "Name": key}}
    return {
        "inspect (Lambda)": lambda: invoke("inspect-image", imageId=IMAGE_ID, key=ORIGINAL),
        "labels": lambda: rekognition.detect_labels(Image=image),
        "text": lambda: rekognition.detect_text(Image=image),
        "moderation": lambda: rekognition.detect_moderation_labels(Image=image),
        "thumbnails (Lambda)": lambda: invoke("make-thumbnails", imageId=IMAGE_ID, key=key),
        "all, from MMS to answer": lambda: send(stack, "+12025550199", "", (JPEG, PICTURE)),
    }


def resident_megabytes(stack: Running) -> float:
    """Memory of the models' process."""
    health = httpx.get(f"http://127.0.0.1:{stack.settings.ports.ai}/_ai/health", timeout=10)
    assert health.status_code == 200
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        words = status.read_bytes().split(b"\0")
        if b"infra.local.ai" in words and str(stack.settings.ports.ai).encode() in words:
            lines = (status.parent / "status").read_text(encoding="utf-8").splitlines()
            return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024
    return 0.0


def main() -> int:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as scratch:
        limits = {"DRAGOMAN_REPLIES_PER_HOUR": "1000", "DRAGOMAN_API_REQUESTS_PER_SECOND": "1000"}
        stack = new_stack(Path(scratch) / "data", **limits)
        stack.start()
        try:
            print(f"models' process before          {resident_megabytes(stack):7.0f} MB")
            for name, work in steps(stack).items():
                print(f"{name:30}  {milliseconds(work):7.1f} ms", flush=True)
            print(f"models' process after           {resident_megabytes(stack):7.0f} MB")
        finally:
            stack.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
