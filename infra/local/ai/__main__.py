"""`python -m infra.local.ai --port N --models DIR`: serve Translate and Comprehend on 127.0.0.1 until told to stop."""

import argparse
import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path
from threading import Thread
from typing import Any, Final, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config

from infra.local.ai.server import WAITING, Application

DEFAULT_PORT: Final = 4577
HOST: Final = "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; 1 when the port is taken. Prints the address once it listens."""
    options = _parse(arguments)
    logging.basicConfig(level=options.log_level.upper(), format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        listener = _listen(options.port)
    except OSError as busy:
        print(f"port {options.port} on {HOST} cannot be used: {busy.strerror}", file=sys.stderr)
        return 1
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    print(f"Translate, Comprehend and Rekognition on {address}", file=sys.stderr, flush=True)
    application = Application(options.models, waiting=options.waiting, aws_endpoint=options.aws_endpoint)
    asyncio.run(_serve(application, listener, options.until_eof))
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.ai", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes any free port")
    parser.add_argument("--models", type=Path, required=True, help="as set up by infra.local.ai.models")
    parser.add_argument("--waiting", type=int, default=WAITING, help="calls in work or queue before throttling")
    parser.add_argument("--until-eof", action="store_true", help="stop when standard input ends, as when a parent dies")
    parser.add_argument("--aws-endpoint", help="where S3 is, for pictures; credentials come from the environment")
    parser.add_argument("--log-level", default="warning")
    return parser.parse_args(arguments)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


async def _serve(application: Application, listener: socket.socket, until_eof: bool) -> None:
    stop = asyncio.Event()
    if until_eof:
        loop = asyncio.get_running_loop()
        Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(stop.set)), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]  # the server closes it, and nobody else may
    config.accesslog = None
    config.errorlog = None
    config.graceful_timeout = 2.0
    await serve(cast(Any, application), config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    sys.exit(main())
