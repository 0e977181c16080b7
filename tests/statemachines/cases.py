"""The case files: ``<machine>.mock.json`` says what the tasks answer, ``<machine>.cases.json`` what must come of it.

A cases file holds ``inputs`` (named inputs) and ``cases``: {case: {``input``: a name or the input itself, ``status``,
``output`` or ``error`` (and ``cause``), ``path``: the states entered in order, Map iterations one after another,
``requests``: {state: [what was sent, by attempt]}}}. ``output`` and ``requests`` may use the tokens of ``matching``.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.sfn import mocks
from infra.local.sfn.definitions import Machine, load

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
_FIELDS = {"about", "input", "status", "output", "error", "cause", "path", "requests"}


@dataclass(frozen=True)
class Case:
    """One case of one machine: its name, input and expectation."""

    machine: str
    name: str
    input: Any
    expected: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.machine}-{self.name}"


@functools.cache
def machines() -> dict[str, Machine]:
    """Return the shipped machines by name."""
    return {machine.name: machine for machine in load(ROOT / "statemachines", ROOT / "infra" / "template.yaml")}


@functools.cache
def book() -> mocks.MockBook:
    """Return the mocks of all machines."""
    return mocks.parse(mocks.load([HERE]), "mock files")


@functools.cache
def all_cases() -> tuple[Case, ...]:
    """Return every case of every file."""
    return tuple(case for file in sorted(HERE.glob("*.cases.json")) for case in _cases(file))


def _cases(file: Path) -> list[Case]:
    document = json.loads(file.read_text("utf-8"))
    inputs = document.get("inputs", {})
    machine = file.name.removesuffix(".cases.json")
    cases = []
    for name, expected in document["cases"].items():
        unknown = set(expected) - _FIELDS
        if unknown:
            raise ValueError(f"{file.name}: {name}: unknown fields {sorted(unknown)}")
        given = expected["input"]
        cases.append(Case(machine, name, inputs[given] if isinstance(given, str) else given, expected))
    return cases
