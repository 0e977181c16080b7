"""A stack of its own for the load tests, so that what they leave behind is in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.stack import Running, new_stack

LIMITS = {"DRAGOMAN_REPLIES_PER_HOUR": "1000", "DRAGOMAN_API_REQUESTS_PER_SECOND": "1000"}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack whose desk reads English, Spanish and Portuguese."""
    running = new_stack(tmp_path_factory.mktemp("load"), **LIMITS)
    running.start()
    yield running
    assert running.stop() == 0, running.output
