"""``python -m infra.local.sfn``: a Step Functions endpoint with every machine created and the mock cases loaded."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from infra.local.sfn import docker, mocks
from infra.local.sfn.definitions import Machine, load
from infra.local.sfn.server import Server
from infra.local.sfn.service import StepFunctions
from infra.local.sfn.strict import Interpreter

ROOT = Path(__file__).resolve().parents[3]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM, or until the command after ``--`` has ended; return the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    options = _options(arguments)
    try:
        machines = load(options.machines, options.template)
        document = mocks.load(options.mocks)
        with tempfile.TemporaryDirectory() as scratch:
            return _serve(options, machines, document, Path(scratch))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"local-sfn: {error}", file=sys.stderr)
        return 1


def _serve(options: argparse.Namespace, machines: Sequence[Machine], document: dict[str, object], scratch: Path) -> int:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    endpoint = _endpoint(options, machines, document, scratch)
    try:
        _announce(endpoint, machines, document)
        if not options.command:
            stop.wait()
            return 0
        return _run(options.command, endpoint.url, stop)
    finally:
        endpoint.close()


def _endpoint(
    options: argparse.Namespace, machines: Sequence[Machine], document: dict[str, object], scratch: Path
) -> Server | docker.Container:
    if options.engine == "docker" or (options.engine == "auto" and docker.available()):
        file = scratch / "MockConfigFile.json"
        file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
        try:
            return docker.Container(options.port, file, machines)
        except RuntimeError as error:
            if options.engine == "docker":
                raise
            print(f"local-sfn: {error}; the strict interpreter takes its place", file=sys.stderr)
    service = StepFunctions(Interpreter(options.wait_scale), mocks.parse(document, "mocks"))
    for machine in machines:
        service.create_state_machine({"name": machine.name, "definition": machine.definition, "type": machine.type})
    return Server(service, options.port)


def _run(command: Sequence[str], url: str, stop: threading.Event) -> int:
    process = subprocess.Popen(command, env={**os.environ, "DRAGOMAN_SFN_ENDPOINT": url})
    while process.poll() is None:
        if stop.wait(0.1):
            process.terminate()
            process.wait(10)
    return process.returncode


def _announce(endpoint: Server | docker.Container, machines: Sequence[Machine], document: dict[str, object]) -> None:
    engine = docker.IMAGE if isinstance(endpoint, docker.Container) else "the strict interpreter"
    print(f"Step Functions on {endpoint.url}, by {engine}")
    for reason in endpoint.refused:
        print(f"  refused: {reason}")
    book = mocks.parse(document, "mocks")
    for machine in machines:
        print(f"  {machine.arn}  ({len(book.cases.get(machine.name, {}))} cases)")
    example = next(((machine.arn, case) for machine in machines for case in book.cases.get(machine.name, {})), None)
    if example:
        arn, case = example
        keys = "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1"
        command = f"aws stepfunctions start-execution --endpoint-url {endpoint.url}"
        print(f"Try:\n  {keys} {command} --state-machine-arn '{arn}#{case}'")
        print("  … get-execution-history --execution-arn <the executionArn it prints>")
        print("All cases against it:\n  make local-sfn tests")
    print("Ctrl-C stops it.", flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    template, cases = ROOT / "infra" / "template.yaml", ROOT / "tests" / "statemachines"
    parser = argparse.ArgumentParser(prog="python -m infra.local.sfn", description=__doc__)
    parser.add_argument("--port", type=int, default=8083, help="port of 127.0.0.1 (default 8083, 0 takes a free one)")
    parser.add_argument("--machines", type=Path, default=ROOT / "statemachines", help="directory of <name>.asl.json")
    parser.add_argument("--template", type=Path, default=template, help="template with the substitutions")
    parser.add_argument("--mocks", type=Path, nargs="+", default=[cases], help="mock files or directories")
    parser.add_argument("--wait-scale", type=float, default=0.0, help="factor for waits and retries (default 0)")
    parser.add_argument("--engine", choices=["auto", "docker", "strict"], default="auto", help="docker if it answers")
    parser.add_argument("command", nargs="*", help="after --: run this with DRAGOMAN_SFN_ENDPOINT set, then stop")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
