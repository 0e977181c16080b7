"""EmbeddedAws: ministack served from a thread of this process."""

import asyncio
import importlib
import logging
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from infra.local.aws import clients
from infra.local.serving import listen

_log = logging.getLogger(__name__)
_STARTED = threading.Event()


# Loaded at the start rather than by the first request, so that they are quiet from the beginning.
_USED = (
    *("apigateway", "apigateway_v1", "cloudformation", "cloudfront", "cloudwatch", "cloudwatch_logs", "cognito"),
    *("cloudtrail", "dynamodb", "ec2", "eventbridge", "iam", "lambda_svc"),
    *("pipes", "s3", "scheduler", "secretsmanager", "ses", "ses_v2", "sns", "sqs", "ssm", "stepfunctions", "sts"),
)


class EmbeddedAws:
    """The local AWS on 127.0.0.1:`port` (0 for any), its state under `state_dir`, its AI at `ai_url`.

    E-mails land in `mail_dir`, in `state_dir` if none is given.

    One a process, started once: ministack reads its settings when it is imported and keeps its state in modules.
    """

    def __init__(self, state_dir: Path, port: int, ai_url: str, mail_dir: Path | None = None) -> None:
        self.state_dir = state_dir
        self.mail_dir = mail_dir or state_dir / "mail"
        self.ai_url = ai_url
        self._port = port
        self._thread: threading.Thread | None = None
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        self._store: Any = None

    @property
    def endpoint_url(self) -> str:
        """Where boto3 finds it."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Serve, with the last snapshot restored. Raises PortInUse, or RuntimeError on a second start."""
        listener = listen(self._port, "the AWS endpoint (DRAGOMAN_AWS_PORT)")
        if _STARTED.is_set():
            listener.close()
            raise RuntimeError("an embedded AWS was already started in this process")
        self._port = listener.getsockname()[1]
        if "ministack.app" in sys.modules:
            listener.close()
            raise RuntimeError("ministack was imported before its settings were made: start the embedded AWS first")
        _STARTED.set()
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.state_dir.chmod(0o700)  # people's numbers and words are in it
        _set_environment(self.state_dir, self._port)
        clients.configure(self.endpoint_url)
        from infra.local.aws import ai, definitions, machines, mail, patches, persistence, resources, tasks  # noqa: PLC0415 - need the environment

        for service in _USED:
            importlib.import_module(f"ministack.services.{service}")
        _quieten()

        self._store = persistence.Store(self.state_dir)
        self._store.restore()
        patches.apply()
        ai.register(self.ai_url)
        resources.register()
        mail.deliver_to(self.mail_dir)
        definitions.keep_in(self.state_dir / "definitions")
        self._thread = threading.Thread(target=self._serve, args=(listener,), name="aws", daemon=True)
        self._thread.start()
        self._await_ready()
        machines.restore()
        threading.Thread(target=tasks.warm_up, name="models", daemon=True).start()
        self._store.start()

    def resume(self) -> int:
        """Let executions that were under way go on, now that what they call is there. Returns how many do."""
        from infra.local.aws import machines  # noqa: PLC0415

        return machines.resume()

    def halt(self) -> None:
        """Let executions go no further; tasks under way get a moment to end."""
        from infra.local.aws import machines  # noqa: PLC0415

        machines.stop()

    def stop(self) -> None:
        """Stop serving; writes a last snapshot."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        self.halt()
        self._store.stop()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=10)
        self._thread = None
        from ministack.core import lambda_runtime  # noqa: PLC0415

        lambda_runtime.reset()

    def snapshot(self) -> None:
        """Write the whole state to disk now, atomically."""
        self._store.snapshot()

    def _serve(self, listener: socket.socket) -> None:
        from hypercorn.asyncio import serve  # noqa: PLC0415
        from hypercorn.config import Config  # noqa: PLC0415
        from ministack.app import app  # noqa: PLC0415

        config = Config()
        config.bind = [f"fd://{listener.detach()}"]  # the server closes it, and nobody else may
        config.loglevel = "WARNING"
        config.accesslog = None
        config.keep_alive_timeout = 75
        config.graceful_timeout = 1
        # Several of our services keep a request open on purpose (long polls, synchronous executions).
        config.shutdown_timeout = 3

        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            await serve(self._store.watching(app), config, shutdown_trigger=self._stop.wait)

        try:
            asyncio.run(main())
        except Exception as error:  # noqa: BLE001 - the outermost place of the thread: start() reports it
            _log.exception("the embedded AWS ended")
            self._failure = error

    def _await_ready(self, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._failure is not None:
                raise RuntimeError("the embedded AWS did not start") from self._failure
            try:
                urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=seconds).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"the embedded AWS was not ready within {seconds:.0f} s")


def _quieten() -> None:
    """Warnings only from ministack, whose modules log every call and name their loggers as they like."""
    for name, module in list(sys.modules.items()):
        logger = getattr(module, "logger", None)
        if name.startswith("ministack.") and isinstance(logger, logging.Logger):
            logger.setLevel(logging.WARNING)


def _set_environment(state_dir: Path, port: int) -> None:
    """What ministack reads when it is imported; credentials of the caller's own shell must not reach it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "SERVICES"):
        os.environ.pop(name, None)
    os.environ.update(
        AUTH="true",
        AWS_ACCESS_KEY_ID=clients.ROOT_ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY=clients.ROOT_SECRET_ACCESS_KEY,
        AWS_DEFAULT_REGION=clients.REGION,
        AWS_REGION=clients.REGION,
        MINISTACK_ACCOUNT_ID=clients.ACCOUNT_ID,
        MINISTACK_REGION=clients.REGION,
        MINISTACK_HOST="127.0.0.1",
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        LAMBDA_EXECUTOR="local",
        DOCKER_HOST="unix:///nonexistent-docker.sock",
        PERSIST_STATE="1",
        STATE_DIR=str(state_dir / "services"),
        S3_PERSIST="1",
        S3_DATA_DIR=str(state_dir / "s3"),
        LOG_LEVEL="WARNING",
    )
