"""The real models, set up once in the checkout and shared with `make run`, and a server on them."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.local.ai.models import set_up
from tests.unit.local.ai.serving import ROOT, Serving

_LOCK = threading.Lock()


@pytest.fixture(scope="session")
def models() -> Path:
    """The model directory, complete with what can be had here."""
    directory = Path(os.environ.get("DRAGOMAN_MODELS", ROOT / ".dragoman" / "models"))
    with _LOCK:
        set_up(directory, firefox=())
    return directory


@pytest.fixture(scope="session")
def server(models: Path) -> Iterator[Serving]:
    """`python -m infra.local.ai` as `make run` starts it."""
    with Serving(models) as serving:
        yield serving


@pytest.fixture
def clean_server(server: Serving) -> Iterator[Serving]:
    """The server, with no fault left behind."""
    yield server
    server.control("DELETE", "/_ai/faults")


def client(service: str, url: str) -> Any:
    """A boto3 client that never retries, so that each error is seen."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=40, parameter_validation=False),
    )


@pytest.fixture(scope="session")
def translate(server: Serving) -> Any:
    """Amazon Translate's client on the server."""
    return client("translate", server.url)


@pytest.fixture(scope="session")
def comprehend(server: Serving) -> Any:
    """Amazon Comprehend's client on the server."""
    return client("comprehend", server.url)


@pytest.fixture
def apertium(server: Serving) -> None:
    """Skips where Debian's packages cannot be had: then Spanish, French and the rest are unsupported by design."""
    if "es>en" not in server.control("GET", "/_ai/health")["pairs"]:
        pytest.skip("no Apertium here")
