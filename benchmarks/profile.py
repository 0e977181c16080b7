"""Where the local stack's time goes under load, by py-spy's samples."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

# Frames of a stack sample are attributed to the part whose path they run in, the innermost that is named here.
PARTS = {
    "state machines (infra/local/aws/asl, machines, tasks)": ("infra/local/aws/asl", "aws/machines.py", "aws/tasks.py"),
    "pipes": ("infra/local/aws/pipes",),
    "roles (iam)": ("infra/local/aws/iam", "iam_evaluator"),
    "snapshots": ("infra/local/aws/persistence",),
    "gateway": ("infra/local/gateway",),
    "simulated Twilio": ("infra/local/twilio",),
    "emulator: Lambda": ("lambda_svc", "lambda_runtime"),
    "emulator: DynamoDB": ("services/dynamodb",),
    "emulator: SQS": ("services/sqs",),
    "emulator: EventBridge": ("services/eventbridge",),
    "emulator: the rest": ("ministack",),
    "HTTP server": ("hypercorn", "h11", "asyncio"),
    "botocore, urllib3": ("botocore", "urllib3", "http/client"),
}


def record(pid: int, seconds: int, into: Path) -> None:
    """Samples a process for that long; only threads that hold a processor count."""
    command = [str(Path(sys.executable).parent / "py-spy"), "record", "--pid", str(pid), "--duration", str(seconds)]
    subprocess.run(
        [
            *command,
            "--format",
            "raw",
            "--output",
            str(into),
            "--rate",
            "200",
            "--full-filenames",
            "--gil",
            "--nonblocking",
        ],
        check=True,
        capture_output=True,
    )


def part_of(stack: str) -> str:
    """The part that a sample belongs to: `a (file:1);b (file:2)`, outermost first."""
    for frame in reversed(stack.split(";")):
        for part, marks in PARTS.items():
            if any(mark in frame for mark in marks):
                return part
    return "other"


def shares(samples: Path) -> list[tuple[str, float]]:
    """Each part's share of the samples, in percent, largest first."""
    counted: Counter[str] = Counter()
    for line in samples.read_text(encoding="utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        counted[part_of(stack)] += int(count)
    total = sum(counted.values()) or 1
    return [(part, 100 * count / total) for part, count in counted.most_common()]
