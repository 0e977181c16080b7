"""One embedded AWS for all tests here, with a stack of the resource types that the shipped template uses."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.local.aws import clients, deploy
from infra.local.aws.server import EmbeddedAws

STACK = "probe"
TEMPLATE = Path(__file__).parent / "stack"
Answer = tuple[int, str, bytes]


@dataclass
class Peer:
    """An HTTP server on loopback, the AI and the provider of machines: `answer` decides, `requests` remembers."""

    url: str = ""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[str, dict[str, str], bytes], Answer] = lambda _path, _headers, _body: (
        200,
        "application/json",
        b"{}",
    )


@pytest.fixture(scope="session")
def server() -> Iterator[Peer]:
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            peer.requests.append((self.command, self.path, headers, body))
            status, media, content = peer.answer(self.path, headers, body)
            self.send_response(status)
            self.send_header("content-type", media)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_args: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    peer.url = f"http://127.0.0.1:{httpd.server_port}"
    yield peer
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def peer(server: Peer) -> Peer:
    server.requests.clear()
    server.answer = lambda _path, _headers, _body: (200, "application/json", b"{}")
    return server


@pytest.fixture(scope="session")
def aws(server: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    embedded = EmbeddedAws(tmp_path_factory.mktemp("aws"), 0, server.url)
    embedded.start()
    yield embedded
    embedded.stop()


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the probe stack's files, for tests to change."""
    target = tmp_path_factory.mktemp("sources") / "stack"
    shutil.copytree(TEMPLATE, target)
    return target


@pytest.fixture(scope="session")
def stack(aws: EmbeddedAws, sources: Path) -> dict[str, str]:
    """The outputs of the deployed probe stack."""
    secret = json.dumps({"user": "AC1", "password": "pa:ss"})
    clients.client("secretsmanager").create_secret(Name="probe/api", SecretString=secret)
    return deploy.deploy(sources / "template.yaml", STACK, {"Stage": "local"})


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(stack: dict[str, str]) -> Iterator[Run]:
    """Runs a definition as an Express machine; `role` is an output of the probe stack."""
    states = clients.client("stepfunctions")
    arns: list[str] = []

    def start(definition: dict[str, Any], given: Any = None, role: str = "MachineRole") -> dict[str, Any]:
        if "StartAt" not in definition:
            definition = {"StartAt": "Only", "States": {"Only": {"End": True, **definition}}}
        machine = states.create_state_machine(
            name=f"machine-{len(arns)}", definition=json.dumps(definition), roleArn=stack[role], type="EXPRESS"
        )
        arns.append(machine["stateMachineArn"])
        answer = states.start_sync_execution(stateMachineArn=arns[-1], input=json.dumps({} if given is None else given))
        return {**answer, "output": json.loads(answer["output"]) if "output" in answer else None}

    yield start
    for arn in arns:
        states.delete_state_machine(stateMachineArn=arn)
