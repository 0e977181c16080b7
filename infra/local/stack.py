"""All of Dragoman on one machine: the embedded AWS with the shipped template, the gateway, the models, the provider."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from infra import operators
from infra.local import console, landing
from infra.local.ai.describe import describe
from infra.local.aws import apis, clients, deploy, iam, socket_task
from infra.local.aws.pipes import PipeWorkers
from infra.local.aws.server import EmbeddedAws
from infra.local.config import OPERATORS, ROOT, Settings
from infra.local.gateway.app import Gateway, create_app
from infra.local.gateway.cognito import operator_authorizer
from infra.local.gateway.invoker import HttpAwsInvoker
from infra.local.gateway.journal import Journal
from infra.local.gateway.sockets import create_sockets
from infra.local.serving import Served, listen
from infra.local.twilio import app as twilio_app

_log = logging.getLogger(__name__)

STACK_NAME = "dragoman"
SECRET_NAME = "dragoman/twilio"
TEMPLATE = ROOT / "infra" / "template.yaml"
JOURNALED = ("receiveMessage", "createQuestion")
# How long what the journal holds may grow before a snapshot makes it needless.
SNAPSHOT_SECONDS = 15
AI_PATIENCE_SECONDS = 60

Say = Callable[[str], None]


class LocalStack:
    """Everything that `make run` starts. One a process, since the embedded AWS is."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings, self._say = settings, say
        self.outputs: dict[str, str] = {}
        self.languages = ""
        self._aws = EmbeddedAws(settings.state_dir / "aws", settings.ports.aws, self._ai_url, settings.mail_dir)
        self._ai: subprocess.Popen[bytes] | None = None
        self._provider: Served | None = None
        self._front: Served | None = None
        self._pipes: PipeWorkers | None = None
        self._gateway: Gateway | None = None
        self._journal: Journal | None = None
        self._stopping = threading.Event()
        self._keeper: threading.Thread | None = None
        # Whether everything in the journal is in the state too: only then may a snapshot shorten it.
        self._taken_up = False

    @property
    def _ai_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.ports.ai}"

    def start(self) -> None:
        """Starts all parts, deploys the template. Raises PortInUse, DeployError or RuntimeError; then call `stop`."""
        settings = self.settings
        gateway_socket = listen(settings.ports.gateway, "the gateway (DRAGOMAN_GATEWAY_PORT)")
        self._say("Starting the translation models' server")
        self._start_ai()
        self._say("Starting the local AWS")
        self._aws.start()
        self._put_secret()
        if settings.twilio.simulated:
            self._start_twilio()
        self._say("Deploying infra/template.yaml")
        self.outputs = deploy.deploy(TEMPLATE, STACK_NAME, settings.template_parameters())
        self._add_operators()
        self._start_gateway(gateway_socket)
        # Before the pipes, which may find messages of the last run waiting.
        self._await_ai()
        self._aws.resume()
        self._pipes = PipeWorkers()
        self._pipes.start()
        self._keep_api_key()
        self._take_up()
        self._keeper = threading.Thread(target=self._keep_snapshots, name="snapshots", daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        """Stops what was started, in reverse; what is kept is written to disk."""
        self._stopping.set()
        if self._keeper is not None:
            self._keeper.join(timeout=10)
            self.snapshot()
        # What is under way still pushes to consoles and gets callbacks: it ends before what it talks to.
        if self._pipes is not None:
            self._pipes.stop()
        self._aws.halt()
        if self._front is not None:
            self._front.stop()
        if self._provider is not None:
            self._provider.stop()
        self._aws.stop()
        if self._ai is not None:
            self._ai.terminate()
            self._ai.wait(timeout=10)

    def snapshot(self) -> None:
        """Writes the state to disk, and drops from the journal what it holds.

        Does nothing while something in the journal still waits to be taken up: it would be lost.
        """
        if self._journal is None or self._front is None or not self._taken_up:
            return
        mark = self._journal.mark()
        self._aws.snapshot()
        self._front.call(self._journal.truncate(mark))

    def _start_ai(self) -> None:
        settings = self.settings
        listen(settings.ports.ai, "the translation models (DRAGOMAN_AI_PORT)").close()
        aws = f"http://127.0.0.1:{settings.ports.aws}"
        command = [sys.executable, "-m", "infra.local.ai", "--port", str(settings.ports.ai), "--until-eof"]
        command += ["--aws-endpoint", aws, "--models", str(settings.models_dir)]
        credentials = {
            "AWS_ACCESS_KEY_ID": clients.ROOT_ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": clients.ROOT_SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": clients.REGION,
        }
        # A session of its own, so that Ctrl-C reaches us alone; and it ends with our end of its standard input.
        self._ai = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **credentials}, stdin=subprocess.PIPE, start_new_session=True
        )

    def _await_ai(self) -> None:
        deadline = time.monotonic() + AI_PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self._ai is not None and self._ai.poll() is not None:
                raise RuntimeError(f"The translation models' server ended with status {self._ai.returncode}.")
            try:
                urllib.request.urlopen(f"{self._ai_url}/_ai/health", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            else:
                self.languages = describe(self.settings.models_dir)
                return
        raise RuntimeError("The translation models' server did not answer within a minute.")

    def _put_secret(self) -> None:
        secrets: Any = clients.client("secretsmanager")
        value = self.settings.twilio.secret()
        try:
            secrets.put_secret_value(SecretId=SECRET_NAME, SecretString=value)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            secrets.create_secret(Name=SECRET_NAME, SecretString=value)

    def _start_twilio(self) -> None:
        settings = self.settings
        provider = twilio_app.create_app(
            twilio_app.Settings(
                account_sid=settings.twilio.account_sid,
                auth_tokens=settings.twilio.auth_tokens,
                api_keys={settings.twilio.api_user: settings.twilio.api_password},
                webhook_url=f"{settings.template_parameters()['PublicBaseUrl']}/twilio/messages",
                number=settings.desk_number,
                state_file=settings.state_dir / "twilio.json",
            )
        )
        listener = listen(settings.ports.twilio, "the simulated Twilio (DRAGOMAN_TWILIO_PORT)")
        self._provider = Served(provider, listener, "twilio")
        self._provider.start()

    def _add_operators(self) -> None:
        cognito: Any = clients.client("cognito-idp")
        for email in OPERATORS:
            operators.add(cognito, self.outputs["UserPoolId"], email, self.settings.desk_password())

    def _start_gateway(self, listener: Any) -> None:
        invoker = HttpAwsInvoker(self._aws.endpoint_url, clients.ROOT_ACCESS_KEY_ID, clients.ROOT_SECRET_ACCESS_KEY)
        self._journal = Journal(self.settings.state_dir / "journal")
        sockets = create_sockets(apis.socket_api, invoker, authorize=iam.require, denied=(iam.AccessDenied,))
        socket_task.serve(sockets.registry)
        self._gateway = create_app(
            apis.rest_api,
            invoker,
            self._journal,
            journal_operations=JOURNALED,
            authorize=iam.require,
            denied=(iam.AccessDenied,),
            authorizers={"operator": operator_authorizer()},
            fallback=landing.app(self.settings, console.app(self.settings, self.outputs)),
            sockets=sockets,
        )
        self._front = Served(self._gateway, listener, "gateway", ending=self._gateway.end)
        self._front.start()

    def _keep_api_key(self) -> None:
        key = apis.rest_api()["apiKeys"][0]["value"]
        path = self.settings.state_dir / "api-key"
        path.touch(mode=0o600)
        path.write_text(key, encoding="utf-8")

    def _take_up(self) -> None:
        """Submits again what was accepted after the last snapshot, and writes one if nothing was refused.

        What was accepted a second time costs nothing: a message makes one report, however often it comes, and a
        question is an execution with its request's name.
        """
        assert self._gateway is not None and self._front is not None  # noqa: S101, PT018 - set by start() a moment ago
        replayed = self._front.call(self._gateway.replay())
        if replayed.accepted or replayed.refused:
            self._say(f"Took up {replayed.accepted} requests again that an unclean stop had left unfinished")
        if replayed.refused:
            self._say(f"{replayed.refused} were refused and stay in the journal; they are tried again")
        self._taken_up = not replayed.refused
        self.snapshot()

    def _keep_snapshots(self) -> None:
        while not self._stopping.wait(SNAPSHOT_SECONDS):
            try:
                if not self._taken_up:
                    self._take_up()
                elif self._journal is not None and self._journal.mark():
                    self.snapshot()
            except Exception:  # noqa: BLE001
                # The outermost loop of the thread: the journal keeps everything, and the next round may do better.
                _log.exception("a snapshot failed")
