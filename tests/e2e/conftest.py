"""One stack and one browser for all browser tests; both end with this folder, so that no event loop outlives it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e import browser as chromium
from tests.e2e.console import Console
from tests.e2e.handset import Handset
from tests.e2e.windows import Windows
from tests.integration.stack import Running, new_stack

HERE = Path(__file__).parent
TEST_SECONDS = 180
PATIENCE_MS = 30_000
MEASURES: list[str] = []
_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack whose desk reads English, Spanish and Portuguese."""
    limits = {"DRAGOMAN_REPLIES_PER_HOUR": "1000", "DRAGOMAN_API_REQUESTS_PER_SECOND": "1000"}
    running = new_stack(tmp_path_factory.mktemp("desk"), **limits)
    running.start()
    yield running
    assert running.stop() == 0, running.output
    said = running.output.partition("Ctrl-C stops it")[2]
    assert "Traceback" not in said, said
    assert "+1" not in said, "a telephone number in the log"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, without a window of its own."""
    path = chromium.executable()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield running
        running.close()


@pytest.fixture
def windows(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Windows]:
    """Watched windows: what the browser complains of fails the test, and a test that fails leaves pictures."""
    opened = Windows(browser)
    yield opened
    try:
        if request.node.stash.get(_FAILED, False):
            opened.photograph("failed-" + re.sub(r"\W+", "-", request.node.name)[:80].strip("-"))
            print("The browser said:", *opened.problems, sep="\n  ")
        else:
            assert opened.complaints() == []
    finally:
        opened.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Limits the tests and not what prepares them: the first may have a browser to install."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(TEST_SECONDS, func_only=True))


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Remembers whether the test itself failed; the report is pytest's own."""
    if call.when == "call":
        item.stash[_FAILED] = call.excinfo is not None


@pytest.fixture
def console(windows: Windows, stack: Running) -> Callable[..., Console]:
    """Opens a console; takes what Windows.open takes."""
    return lambda *arguments, **options: Console(windows.open(*arguments, **options), stack)


@pytest.fixture
def handset(windows: Windows, stack: Running) -> Callable[..., Handset]:
    """Opens a handset as a number; takes what Windows.open takes."""
    return lambda me, *arguments, query=None, **options: Handset(windows.open(*arguments, **options), stack).open(
        me, **(query or {})
    )


@pytest.fixture
def callbacks(stack: Running) -> Iterator[Callable[..., None]]:
    """Tells the simulated Twilio how to report, for the length of a test."""
    yield stack.callbacks
    stack.callbacks()


@pytest.fixture
def measure() -> Callable[[str], None]:
    """Keeps a line for the end of the run."""
    return MEASURES.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what was measured; a slow machine fails nothing."""
    if MEASURES:
        terminalreporter.write_sep("-", "measured in the browser")
        for line in MEASURES:
            terminalreporter.write_line(line)
