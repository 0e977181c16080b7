"""One running stack for all integration tests that do not need one of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.stack import Running, new_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack whose desk reads English, Spanish and Portuguese."""
    limits = {
        "DRAGOMAN_REPLIES_PER_HOUR": "1000",
        "DRAGOMAN_API_REQUESTS_PER_SECOND": "1000",
        "DRAGOMAN_RECONCILE_AFTER_SECONDS": "1",
    }
    running = new_stack(tmp_path_factory.mktemp("stack"), **limits)
    running.start()
    yield running
    assert running.stop() == 0, running.output
