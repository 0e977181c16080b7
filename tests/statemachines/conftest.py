"""Prints the coverage of the state machines at the end of a run that measured it."""

import pytest

from tests.statemachines import runs


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the table, and the time a case took on each engine."""
    lines = runs.report()
    if lines:
        terminalreporter.section("state machines: states and transitions taken by the cases")
        for line in lines:
            terminalreporter.write_line(line)
