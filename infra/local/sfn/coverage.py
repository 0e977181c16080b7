"""What of a state machine the cases have taken: states, transitions, choices, retries, catches and iterations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.stepfunctions.parser.asl.component.program.program import Program

from infra.local.sfn.definitions import walk
from infra.local.sfn.strict import Execution

Item = tuple[str, str, str]
"""(kind, state, detail): ("retry", "SaveReport", "0 DynamoDb.TransactionCanceledException …")."""

FAILURES = frozenset(
    f"{what}{how}" for what in ("Task", "LambdaFunction", "MapState", "ParallelState") for how in ("Failed", "TimedOut")
)
"""History events after which a state that exits has been caught."""

KINDS = ("state", "next", "choice", "retry", "catch", "map")


@dataclass(frozen=True)
class Coverage:
    """Items that a machine has and those that were taken."""

    machine: str
    items: frozenset[Item]
    taken: frozenset[Item]

    def missing(self) -> list[Item]:
        """Return what no case took, by kind, state and detail."""
        return sorted(self.items - self.taken)

    def row(self) -> str:
        """Return one line of the table: taken/all of each kind."""
        cells = [f"{self._count(self.taken, kind)}/{self._count(self.items, kind)}" for kind in KINDS]
        percent = 100 * len(self.taken & self.items) / max(1, len(self.items))
        return f"{self.machine:<12}" + "".join(f"{cell:>9}" for cell in cells) + f"{percent:>8.1f}%"

    def _count(self, items: Iterable[Item], kind: str) -> int:
        return sum(item[0] == kind for item in items)


def table(coverages: Iterable[Coverage]) -> list[str]:
    """Return the table's lines, and one more for every item that is missing."""
    coverages = list(coverages)
    head = f"{'machine':<12}" + "".join(f"{kind:>9}" for kind in KINDS) + f"{'taken':>9}"
    missing = [f"not taken: {item.machine} {' '.join(what)}" for item in coverages for what in item.missing()]
    return [head, *(coverage.row() for coverage in coverages), *missing]


def items_of(definition: str) -> frozenset[Item]:
    """Return all there is to take in a definition, given as JSON text."""
    return frozenset(item for name, state in walk(json.loads(definition)) for item in _items(name, state))


def taken_by(execution: Execution, program: Program) -> set[Item]:
    """Return what an execution on the strict interpreter took. Its Map iterations ran one after another."""
    decided = {item for component, item in _components(program) if component in execution.run.visits}
    followed = {item[1]: item for item in items_of(execution.machine.definition) if item[0] == "next"}
    return decided | _from_history(execution.history(), followed)


def _items(name: str, state: Mapping[str, Any]) -> Iterator[Item]:
    yield ("state", name, "")
    if "Next" in state:
        yield ("next", name, state["Next"])
    if state.get("End"):
        yield ("next", name, "End")
    for index, rule in enumerate(state.get("Choices", [])):
        yield ("choice", name, f"{index} {rule['Next']}")
    if "Default" in state:
        yield ("choice", name, f"Default {state['Default']}")
    for kind in ("Retry", "Catch"):
        for index, clause in enumerate(state.get(kind, [])):
            yield (kind.lower(), name, _clause(index, clause["ErrorEquals"]))
    if state["Type"] == "Map":
        yield ("map", name, "several iterations")


def _clause(index: int, errors: list[str]) -> str:
    return f"{index} {errors[0]}" + (" …" if len(errors) > 1 else "")


def _components(program: Program) -> Iterator[tuple[tuple[str, str], Item]]:
    for name, state in program.states.states.items():
        yield from _state_components(name, state)
        iteration = getattr(state, "iteration_component", None)
        branches = getattr(getattr(state, "branches", None), "programs", [])
        for inner in [*branches, *([iteration._get_iteration_program()] if iteration else [])]:
            yield from _components(inner)


def _state_components(name: str, state: Any) -> Iterator[tuple[tuple[str, str], Item]]:
    for index, rule in enumerate(getattr(getattr(state, "choices_decl", None), "rules", [])):
        yield ("choice", str(id(rule))), ("choice", name, f"{index} {rule.next_stmt.name}")
    if getattr(state, "default_state", None):
        yield ("default", str(id(state))), ("choice", name, f"Default {state.default_state.state_name}")
    for index, retrier in enumerate(getattr(getattr(state, "retry", None), "retriers", [])):
        yield ("retry", str(id(retrier))), ("retry", name, _clause(index, _errors(retrier)))
    for index, catcher in enumerate(getattr(getattr(state, "catch", None), "catchers", [])):
        yield ("catch", str(id(catcher))), ("catch", name, _clause(index, _errors(catcher)))


def _errors(clause: Any) -> list[str]:
    return [name.error_name for name in clause.error_equals.error_names]


def _from_history(history: list[dict[str, Any]], followed: Mapping[str, Item]) -> set[Item]:
    taken: set[Item] = set()
    iterations: Counter[str] = Counter()
    caught = False
    for event in history:
        kind = event["type"]
        if kind.endswith("StateEntered"):
            taken.add(("state", event["stateEnteredEventDetails"]["name"], ""))
        elif kind.endswith("StateExited") and not caught:
            taken.update(_present(followed.get(event["stateExitedEventDetails"]["name"])))
        elif kind == "MapIterationSucceeded":
            iterations[event["mapIterationSucceededEventDetails"]["name"]] += 1
        caught = kind in FAILURES
    return taken | {("map", name, "several iterations") for name, count in iterations.items() if count > 1}


def _present(item: Item | None) -> list[Item]:
    return [item] if item else []
