"""Every case runs once on each engine; the tests look at the accounts from different sides."""

import functools
import statistics
import time
from collections import defaultdict

from infra.local.sfn import coverage
from tests.statemachines import cases, engines

_coverages: dict[str, coverage.Coverage] = {}
_milliseconds: dict[str, list[float]] = defaultdict(list)


@functools.cache
def account(case: cases.Case, engine: str) -> engines.Account:
    """Run a case on an engine, or return what that gave before. Raises strict.ExecutionHangsError."""
    began = time.perf_counter()
    done = engines.ENGINES[engine](cases.machines()[case.machine], cases.book(), case.name, case.input)
    _milliseconds[engine].append((time.perf_counter() - began) * 1000)
    return done


def covered(machine: str) -> coverage.Coverage:
    """Return what all cases of a machine take on the strict interpreter."""
    definition = cases.machines()[machine]
    program = engines.interpreter().program(definition)
    taken: set[coverage.Item] = set()
    for case in cases.all_cases():
        execution = account(case, "strict").execution if case.machine == machine else None
        if execution is not None:
            taken |= coverage.taken_by(execution, program)
    _coverages[machine] = coverage.Coverage(machine, coverage.items_of(definition.definition), frozenset(taken))
    return _coverages[machine]


def report() -> list[str]:
    """Return the lines to print at the end: the coverage table and the time of a case."""
    if not _coverages:
        return []
    times = [
        f"{engine}: {len(values)} cases, median {statistics.median(values):.1f} ms, slowest {max(values):.1f} ms"
        for engine, values in _milliseconds.items()
    ]
    return [*coverage.table(_coverages.values()), *times]
