"""The whole local stack as a process of its own, the way `make run` starts it, and what a test does with it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import boto3
import httpx
from botocore.config import Config

from infra.local import config
from infra.local.aws import clients

T = TypeVar("T")
START_SECONDS = 120
SENDER = "+12025550100"


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def message_sid() -> str:
    """A MessageSid nobody used before."""
    return f"SM{secrets.token_hex(16)}"


def sign(token: str, url: str, fields: list[tuple[str, str]]) -> str:
    """Twilio's signature, computed here from its documentation: not by the code under test."""
    values: dict[str, set[str]] = {}
    for name, value in fields:
        values.setdefault(name, set()).add(value)
    signed = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def until(ask: Callable[[], T | None], seconds: float = 60, every: float = 0.05) -> T:
    """What `ask` gives once it gives something. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer is not None:
            return answer
        time.sleep(every)
    raise AssertionError(f"nothing after {seconds} s from {ask}")


def lasting(report: dict[str, Any]) -> dict[str, Any]:
    """A report without its deliveries, which callbacks may still move forward while a test looks."""
    return {name: value for name, value in report.items() if name != "deliveries"}


@dataclass
class Running:
    """A running stack."""

    settings: config.Settings
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    ready_seconds: float = 0.0

    def start(self) -> None:
        """Starts it and returns once it says that it is ready."""
        began = time.monotonic()
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.local"], cwd=config.ROOT, env=self.environment, stdout=log, stderr=log
            )
        while "Ctrl-C stops it" not in self.output:
            if self.process.poll() is not None or time.monotonic() > began + START_SECONDS:
                raise AssertionError(f"the stack did not start:\n{self.output}")
            time.sleep(0.02)
        self.ready_seconds = time.monotonic() - began
        clients.configure(f"http://127.0.0.1:{self.settings.ports.aws}")

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.settings.state_dir.with_suffix(".log")

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self.log.read_text(encoding="utf-8")

    def stop(self, with_signal: int = signal.SIGINT) -> int:
        """Stops it as Ctrl-C does (or otherwise); returns the exit status."""
        assert self.process is not None
        self.process.send_signal(with_signal)
        return self.process.wait(timeout=60)

    # --- as Twilio ------------------------------------------------------------------------------------------------
    @property
    def webhook(self) -> str:
        """The address that Twilio calls and signs."""
        return f"{self.settings.gateway_url}/twilio/messages"

    def fields(self, **changes: str) -> list[tuple[str, str]]:
        """A webhook's form for a new message."""
        form = {
            "MessageSid": message_sid(),
            "AccountSid": self.settings.twilio.account_sid,
            "From": SENDER,
            "To": self.settings.desk_number,
            "Body": "¿Dónde está la clínica?",
            "NumMedia": "0",
            "NumSegments": "1",
            "ApiVersion": "2010-04-01",
        }
        return list({**form, **changes}.items())

    def post(
        self,
        fields: list[tuple[str, str]],
        *,
        url: str = "",
        signed_url: str = "",
        token: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Posts a signed webhook. `headers` replaces the signature where it is given."""
        url = url or self.webhook
        signature = sign(token or self.settings.twilio.auth_tokens[0], signed_url or url, fields)
        given = {"X-Twilio-Signature": signature} if headers is None else dict(headers)
        content_type = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        body = urlencode(fields, encoding="utf-8").encode()
        return httpx.post(url, content=body, headers={**content_type, **given}, timeout=30)

    def sent(self, to: str) -> list[dict[str, Any]]:
        """What the simulated Twilio was asked to send to a number."""
        answer = httpx.get(f"{self.settings.twilio_url}/_sim/messages", params={"to": to}, timeout=10)
        return [each for each in answer.json()["messages"] if each["direction"].startswith("outbound")]

    def fault(self, **fault: Any) -> None:
        """Makes the simulated Twilio fail."""
        httpx.post(f"{self.settings.twilio_url}/_sim/faults", json=fault, timeout=10).raise_for_status()

    def no_faults(self) -> None:
        """Takes back what `fault` asked for."""
        httpx.delete(f"{self.settings.twilio_url}/_sim/faults", timeout=10).raise_for_status()

    def callbacks(self, **plan: Any) -> None:
        """How the simulated Twilio tells of deliveries from now on; without a plan as Twilio mostly does."""
        httpx.post(f"{self.settings.twilio_url}/_sim/callbacks", json=plan, timeout=10).raise_for_status()

    # --- as an integrator -----------------------------------------------------------------------------------------
    def get(self, path: str, *, key: str | None = None, **parameters: Any) -> httpx.Response:
        """A request to the REST API with the stack's own key, or another."""
        headers = {"x-api-key": self.settings.api_key() if key is None else key}
        return httpx.get(f"{self.settings.gateway_url}{path}", headers=headers, params=parameters, timeout=30)

    def report(self, report_id: str, *, settled: bool = True, seconds: float = 60) -> dict[str, Any]:
        """A message's report, once it is there (and, if asked, its reply settled)."""

        def ask() -> dict[str, Any] | None:
            answer = self.get(f"/reports/{report_id}")
            if answer.status_code != 200:
                assert answer.status_code in (404, 429), answer.text
                return None
            found: dict[str, Any] = answer.json()
            return found if not settled or found["reply"]["state"] != "pending" else None

        return until(ask, seconds)

    def text(self, **changes: str) -> dict[str, Any]:
        """Texts the number and returns the settled report."""
        fields = self.fields(**changes)
        answer = self.post(fields)
        assert answer.status_code == 200, answer.text
        return self.report(dict(fields)["MessageSid"])

    # --- as an operator -------------------------------------------------------------------------------------------
    def outputs(self) -> dict[str, str]:
        """The deployed stack's outputs."""
        stacks = self.client("cloudformation").describe_stacks(StackName="dragoman")["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stacks[0]["Outputs"]}

    def idle(self, *queues: str) -> bool:
        """Whether nothing waits in these queues ("Messages", "Replies") and nothing of theirs is being worked on."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        outputs, sqs = self.outputs(), self.client("sqs")
        counts = [
            sqs.get_queue_attributes(QueueUrl=outputs[f"{queue}QueueUrl"], AttributeNames=names)["Attributes"]
            for queue in queues
        ]
        return all(count[name] == "0" for count in counts for name in names)

    def client(self, service: str) -> Any:
        """A boto3 client with the local root's credentials."""
        session = boto3.Session(clients.ROOT_ACCESS_KEY_ID, clients.ROOT_SECRET_ACCESS_KEY, region_name=clients.REGION)
        make: Any = session.client
        # Without the prefix that boto3 puts before the host of StartSyncExecution.
        options = Config(inject_host_prefix=False)
        return make(service, endpoint_url=f"http://127.0.0.1:{self.settings.ports.aws}", config=options)


def new_stack(state_dir: Path, **environment: str) -> Running:
    """A stack with its own data and ports, not yet started."""
    gateway, aws, ai, twilio = free_ports(4)
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TWILIO_", "DRAGOMAN_"))},
        "DRAGOMAN_STATE_DIR": str(state_dir),
        "DRAGOMAN_MODELS_DIR": str(config.ROOT / ".dragoman" / "models"),
        "DRAGOMAN_GATEWAY_PORT": str(gateway),
        "DRAGOMAN_AWS_PORT": str(aws),
        "DRAGOMAN_AI_PORT": str(ai),
        "DRAGOMAN_TWILIO_PORT": str(twilio),
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    ports = config.Ports(gateway=gateway, aws=aws, ai=ai, twilio=twilio)
    settings = config.Settings(
        state_dir=state_dir,
        models_dir=config.ROOT / ".dragoman" / "models",
        ports=ports,
        twilio=config.simulated_twilio(state_dir),
    )
    return Running(settings, variables)
