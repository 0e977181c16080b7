"""One running stack for all integration tests that do not need one of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.asking import Executions, Person
from tests.integration.stack import Running, new_stack

# Who is on call at the stack `guarded`.
ON_CALL = "+12025550999"


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


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack with somebody on call, who is asked after two seconds, and with tags that instances must have."""
    parameters = {
        "DRAGOMAN_REPLIES_PER_HOUR": "1000",
        "DRAGOMAN_API_REQUESTS_PER_SECOND": "1000",
        "DRAGOMAN_ON_CALL_ADDRESS": f"sms:{ON_CALL}",
        "DRAGOMAN_INCIDENT_GATHER_SECONDS": "2",
        "DRAGOMAN_REQUIRED_TAGS": "Owner,Project",
        "DRAGOMAN_ALARM_EMAIL": "alarms@example.org",
        "DRAGOMAN_MAIL_FROM": "desk@example.org",
    }
    running = new_stack(tmp_path_factory.mktemp("guarded"), **parameters)
    running.start()
    yield running
    assert running.stop() == 0, running.output


@pytest.fixture
def ordinary_provider(guarded: Running) -> Iterator[None]:
    """Takes back afterwards what a test asked of the simulated Twilio."""
    yield
    guarded.no_faults()
    guarded.callbacks()


@pytest.fixture
def on_call(guarded: Running) -> Person:
    """Who is asked about incidents."""
    return Person(guarded, ON_CALL)


@pytest.fixture
def incidents(guarded: Running) -> Executions:
    """What the machine `incident` does from now on."""
    return Executions(guarded, "Incident")
