"""`make bench`: every figure of benchmarks/README.md, in a few minutes, on loopback only."""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path

from benchmarks import pipeline, profile
from tests.integration.stack import Running, new_stack

LIMITS = {"DRAGOMAN_REPLIES_PER_HOUR": "1000", "DRAGOMAN_API_REQUESTS_PER_SECOND": "1000"}


def profiled(stack: Running, seconds: int, senders: int, into: Path) -> pipeline.Throughput:
    """Throughput while the main process is sampled; the sampling itself costs a little."""
    assert stack.process is not None
    sampler = threading.Thread(target=profile.record, args=(stack.process.pid, seconds, into))
    sampler.start()
    result = pipeline.throughput(stack, seconds, senders)
    sampler.join()
    return result


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="how long the load lasts")
    parser.add_argument("--senders", type=int, default=4, help="senders at once under load")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        stack = new_stack(Path(scratch) / "data", DRAGOMAN_DESK_LANGUAGES=pipeline.DESK_LANGUAGES, **LIMITS)
        stack.start()
        try:
            print(f"start with new data            {stack.ready_seconds:.1f} s", flush=True)
            pipeline.acknowledgement(stack, 16, 4)  # wakes models and as many functions as will be needed at once
            pipeline.drain(stack)
            for senders, each, pause in ((1, 150, 0.1), (16, 12, 1.6), (1, 300, 0), (16, 40, 0)):
                latency = pipeline.acknowledgement(stack, senders, each, pause)
                pace = "10 a second" if pause else "as fast as they can"
                print(f"acknowledged, {senders:2} senders, {pace:20} {latency}", flush=True)
                pipeline.drain(stack)
            load = pipeline.throughput(stack, options.seconds, options.senders)
            print(f"throughput, {options.senders} senders, 3 languages  {load}", flush=True)
            samples = Path(scratch) / "samples.txt"
            load = profiled(stack, min(20, options.seconds), options.senders, samples)
            print(f"the same while sampled         {load}")
            for part, share in profile.shares(samples):
                print(f"  {share:5.1f} %  {part}")
            stack.stop()
            stack.start()
            print(f"start with {load.reported} and more reports  {stack.ready_seconds:.1f} s")
        finally:
            stack.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
