"""Mocked task results in Step Functions Local's own file format.

`{"StateMachines": {name: {"TestCases": {case: {state: response}}}}, "MockedResponses": {response: {"0": {"Return": …},
"1-2": {"Throw": {"Error": …, "Cause": …}}}}}`. Attempts of a state are counted over the whole execution, retries and
Map iterations alike: docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html
"""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from infra.local.aws.asl.errors import StateError, runtime_error

Json = Any


class Mocks:
    """The mocks of one execution."""

    def __init__(self, config: Mapping[str, Json], machine: str, case: str) -> None:
        cases = config.get("StateMachines", {}).get(machine, {}).get("TestCases", {})
        if case and case not in cases:
            raise runtime_error(f"No test case {case} for the state machine {machine} in the mock configuration")
        self._states: Mapping[str, str] = cases.get(case, {}) if case else {}
        self._responses: Mapping[str, Json] = config.get("MockedResponses", {})
        self._attempts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def covers(self, state: str) -> bool:
        """Whether `state` is answered from the file rather than by a service."""
        return state in self._states

    def answer(self, state: str) -> Json:
        """The next mocked result of `state`. Raises StateError for a Throw, or when the mocks have run out."""
        with self._lock:
            attempt = self._attempts[state]
            self._attempts[state] += 1
        response = self._responses.get(self._states[state], {})
        for key, outcome in response.items():
            first, _, last = key.partition("-")
            if int(first) <= attempt <= int(last or first):
                return _outcome(outcome)
        raise runtime_error(f"No mocked response {attempt} for the state {state}")


def _outcome(outcome: Mapping[str, Json]) -> Json:
    if "Throw" in outcome:
        raise StateError(outcome["Throw"].get("Error"), outcome["Throw"].get("Cause"))
    return outcome["Return"]
