"""Mock files in the format of AWS's Step Functions Local, and the answers one execution takes from them.

Format (https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html)::

    {"StateMachines": {machine: {"TestCases": {case: {state: response}}}},
     "MockedResponses": {response: {"0": {"Return": any JSON}, "1-2": {"Throw": {"Error": str, "Cause": str}}}}}
"""

from __future__ import annotations

import copy
import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class MockFileError(ValueError):
    """A mock file that Step Functions Local could not use, with the file, response or case at fault."""


class MissingMockError(Exception):
    """A task was reached for which the chosen case has no (further) answer."""


@dataclass(frozen=True)
class Throw:
    """A mocked failure: the error name that Retry and Catch match, and its cause."""

    error: str
    cause: str


@dataclass(frozen=True)
class Return:
    """A mocked result: the JSON value that the task returns."""

    value: Any


Answer = Throw | Return


@dataclass(frozen=True)
class MockBook:
    """The parsed content of one or more mock files.

    ``cases`` is {machine: {case: {state: response name}}}, ``responses`` {response name: answers by invocation number}.
    """

    cases: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    responses: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)

    def run(self, machine: str, case: str) -> CaseRun:
        """Start a fresh run of a case, its invocation counts at zero. Raises MockFileError if there is no such case."""
        states = self.cases.get(machine, {}).get(case)
        if states is None:
            known = ", ".join(sorted(self.cases.get(machine, {}))) or "none"
            raise MockFileError(f"state machine {machine!r} has no test case {case!r}; its cases: {known}")
        answers = {state: self.responses[response] for state, response in states.items()}
        return CaseRun(machine, case, answers)


class CaseRun:
    """What the tasks of one execution are answered with.

    As in Step Functions Local, one counter per state and execution chooses the answer: every invocation advances it,
    retries and Map iterations included. ``problems`` collects what must fail the execution whatever it catches.
    ``visits`` collects what an interpreter reports as taken (see ``infra.local.sfn.coverage``).
    """

    def __init__(self, machine: str, case: str, answers: Mapping[str, tuple[Answer, ...]] | None) -> None:
        self.machine = machine
        self.case = case
        self.problems: list[str] = []
        self.visits: set[tuple[str, ...]] = set()
        self._answers = answers
        self._invocations: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, state: str) -> Answer:
        """Return the next answer for a state. Raises MissingMockError, and notes the problem, if the case has none."""
        with self._lock:
            number = self._invocations[state]
            self._invocations[state] += 1
        answers = (self._answers or {}).get(state, ())
        if number < len(answers):
            return copy.deepcopy(answers[number])
        raise self._missing(state, number, len(answers))

    def unused(self) -> list[str]:
        """Name the answers that no invocation took, as ``state[first unused number]``: a case that says too much."""
        with self._lock:
            return [
                f"{state}[{self._invocations[state]}]"
                for state, answers in (self._answers or {}).items()
                if self._invocations[state] < len(answers)
            ]

    def _missing(self, state: str, number: int, have: int) -> MissingMockError:
        if self._answers is None:
            why = f"state {state!r} of {self.machine!r} needs a mock, and no case was chosen (use <arn>#<case>)"
        elif have:
            why = f"case {self.case!r} of {self.machine!r} answers state {state!r} {have} time(s), not [{number}]"
        else:
            why = f"case {self.case!r} of {self.machine!r} has no mock for state {state!r}"
        self.problems.append(why)
        return MissingMockError(why)


def parse(document: Mapping[str, Any], origin: str) -> MockBook:
    """Parse a mock file's JSON. Raises MockFileError for unknown fields, gaps in numbering or undefined responses."""
    unknown = set(document) - {"StateMachines", "MockedResponses"}
    if unknown:
        raise MockFileError(f"{origin}: unknown fields {sorted(unknown)}")
    responses = {name: _answers(raw, f"{origin}: {name}") for name, raw in document.get("MockedResponses", {}).items()}
    cases = {machine: _cases(raw, f"{origin}: {machine}") for machine, raw in document.get("StateMachines", {}).items()}
    return MockBook(cases, responses)


def merge(documents: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Merge mock files (origin, JSON) into one. Raises MockFileError if a case or a response is defined twice."""
    merged: dict[str, Any] = {"StateMachines": {}, "MockedResponses": {}}
    for origin, document in documents:
        parse(document, origin)
        for machine, raw in document.get("StateMachines", {}).items():
            cases = merged["StateMachines"].setdefault(machine, {"TestCases": {}})["TestCases"]
            _add(cases, raw["TestCases"], f"{origin}: {machine}")
        _add(merged["MockedResponses"], document.get("MockedResponses", {}), origin)
    _check_references(parse(merged, "merged mock files"))
    return merged


def load(paths: Iterable[Path]) -> dict[str, Any]:
    """Read and merge mock files; a directory stands for its ``*.mock.json``. Raises MockFileError, OSError."""
    files = [file for path in paths for file in (sorted(path.glob("*.mock.json")) if path.is_dir() else [path])]
    return merge((file.name, _read(file)) for file in files)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(file.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise MockFileError(f"{file.name}: {error}") from error
    if not isinstance(document, dict):
        raise MockFileError(f"{file.name}: not a JSON object")
    return document


def _add(into: dict[str, Any], new: Mapping[str, Any], origin: str) -> None:
    twice = set(into) & set(new)
    if twice:
        raise MockFileError(f"{origin}: defined twice: {sorted(twice)}")
    into.update(new)


def _check_references(book: MockBook) -> None:
    for machine, cases in book.cases.items():
        for case, states in cases.items():
            for state, response in states.items():
                if response not in book.responses:
                    raise MockFileError(f"{machine}#{case}: state {state!r} uses undefined response {response!r}")


def _cases(raw: Any, origin: str) -> Mapping[str, Mapping[str, str]]:
    if not isinstance(raw, dict) or set(raw) != {"TestCases"}:
        raise MockFileError(f"{origin}: must hold TestCases and nothing else")
    cases: Mapping[str, Mapping[str, str]] = raw["TestCases"]
    return cases


def _answers(raw: Mapping[str, Any], origin: str) -> tuple[Answer, ...]:
    answers: list[Answer] = []
    for (first, last), key in sorted((_numbers(key, origin), key) for key in raw):
        if first != len(answers) or last < first:
            raise MockFileError(f"{origin}: answers must be numbered from 0 without gaps, found {first}-{last}")
        answers += [_answer(raw[key], origin)] * (last - first + 1)
    if not answers:
        raise MockFileError(f"{origin}: no answers")
    return tuple(answers)


def _numbers(key: str, origin: str) -> tuple[int, int]:
    first, _, last = key.partition("-")
    if not first.isdecimal() or (last and not last.isdecimal()):
        raise MockFileError(f"{origin}: {key!r} is neither a number nor a range")
    return int(first), int(last or first)


def _answer(raw: Mapping[str, Any], origin: str) -> Answer:
    if set(raw) == {"Return"}:
        return Return(raw["Return"])
    throw = raw.get("Throw")
    if set(raw) == {"Throw"} and isinstance(throw, dict) and set(throw) == {"Error", "Cause"}:
        return Throw(throw["Error"], throw["Cause"])
    raise MockFileError(f"{origin}: an answer is either Return or Throw with Error and Cause, found {sorted(raw)}")
