"""The real vision models, set up once in the checkout, a server on them, and an S3 that holds what a test puts in."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from infra.local.ai.models import fetch
from infra.local.ai.vision.catalogue import PACKAGES
from tests.unit.local.ai.conftest import client
from tests.unit.local.ai.serving import ROOT, Serving
from tests.unit.local.vision import photos as files


class FakeS3:
    """GetObject and nothing else, over HTTP, of the objects it is given as {"bucket/key": content}."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                fake.asked.append(self.path)
                content = fake.objects.get(unquote(parts.path.lstrip("/")))
                missing = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"
                self.send_response(404 if content is None else 200)
                self.send_header("content-length", str(len(missing if content is None else content)))
                self.end_headers()
                self.wfile.write(missing if content is None else content)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture(scope="session")
def models() -> Path:
    """The model directory with the vision models."""
    directory = Path(os.environ.get("DRAGOMAN_MODELS", ROOT / ".dragoman" / "models"))
    fetch(directory, PACKAGES)
    return directory


@pytest.fixture(scope="session")
def photos() -> Path:
    """The directory with the photographs and fonts."""
    return files.complete()


@pytest.fixture(scope="session")
def s3() -> Iterator[FakeS3]:
    """An S3 of the tests' own."""
    fake = FakeS3()
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def server(models: Path, s3: FakeS3) -> Iterator[Serving]:
    """`python -m infra.local.ai` as `make run` starts it, with an S3."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        serving = Serving(models, "--aws-endpoint", s3.url)
    with serving:
        yield serving


@pytest.fixture
def clean_server(server: Serving) -> Iterator[Serving]:
    """The server, with no fault left behind."""
    yield server
    server.control("DELETE", "/_ai/faults")


@pytest.fixture(scope="session")
def rekognition(server: Serving) -> Any:
    """Amazon Rekognition's client on the server."""
    return client("rekognition", server.url)
