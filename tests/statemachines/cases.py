"""The case files: ``<machine>.mock.json`` says what the tasks answer, ``<machine>.cases.json`` what must come of it.

A cases file holds ``inputs`` and ``values`` (both by name) and ``cases``: {case: {``input``: a name, ``status``,
``output`` or ``error`` (and ``cause``), ``path``: the states entered in order, iterations and branches one by one,
``requests``: {state: [what was sent, by attempt]}}}. ``output`` and ``requests`` may use the tokens of ``matching``.
``{"@from": "inputs/spanish/0/message"}`` stands for what is found there, in the file itself or under ``mocks/`` in the
machine's MockedResponses.
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


@dataclass(frozen=True, eq=False)
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
    machine = file.name.removesuffix(".cases.json")
    mocked = json.loads(file.with_name(f"{machine}.mock.json").read_text("utf-8"))["MockedResponses"]
    raw = json.loads(file.read_text("utf-8"))
    document = _resolved(raw, {**raw, "mocks": mocked})
    inputs = document["inputs"]
    return [_case(file.name, machine, name, expected, inputs) for name, expected in document["cases"].items()]


def _case(file: str, machine: str, name: str, expected: dict[str, Any], inputs: dict[str, Any]) -> Case:
    if unknown := set(expected) - _FIELDS:
        raise ValueError(f"{file}: {name}: unknown fields {sorted(unknown)}")
    return Case(machine, name, inputs[expected["input"]], expected)


def _resolved(value: Any, document: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_resolved(item, document) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) != {"@from"}:
        return {key: _resolved(item, document) for key, item in value.items()}
    found: Any = document
    for part in value["@from"].split("/"):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return _resolved(found, document)
