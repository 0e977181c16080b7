"""An incident that is as full as one may be stays below Step Functions' limit in every state."""

from __future__ import annotations

import json
import re
from typing import Any

from infra.local.sfn.mocks import parse
from tests.statemachines import cases, engines
from tests.statemachines.test_cases import largest_payload

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_BYTES, MAX_EVENTS = 262_144, 25_000


def most() -> int:
    """How many failures an incident holds."""
    found = re.search(r'":most": \{"N": "(\d+)"\}', cases.machines()["incident"].definition)
    assert found
    return int(found[1])


def full() -> engines.Account:
    """What an execution does that sends again as many messages as an incident holds, each with a report of its own."""
    ids = [f"SM{number:032x}-10" for number in range(most())]
    shared = json.loads((cases.HERE / "incident.mock.json").read_text("utf-8"))
    states: dict[str, str] = shared["StateMachines"]["incident"]["TestCases"]["SentAgain"]
    answers: dict[str, Any] = {state: shared["MockedResponses"][name] for state, name in states.items()}
    answers["ReadIncident"] = {"0": {"Return": {"Item": {"entries": {"SS": ids}, "reason": {"S": "x" * 200}}}}}
    for state in ("FindClosed", "DropClaim", "ForgetDelivery", "AnnounceReport"):
        answers[state] = {f"0-{len(ids) - 1}": answers[state]["0"]}
    responses = {f"full.{state}": answer for state, answer in answers.items()}
    machines = {"incident": {"TestCases": {"Full": {state: f"full.{state}" for state in answers}}}}
    book = parse({"StateMachines": machines, "MockedResponses": responses}, "a full incident")
    given = json.loads((cases.HERE / "incident.cases.json").read_text("utf-8"))["inputs"]["failed"]
    return engines.run_embedded(cases.machines()["incident"], book, "Full", given)


def test_full_incident_stays_below_the_limits() -> None:
    done = full()
    assert (done.status, done.problems) == ("SUCCEEDED", [])
    assert done.output["asked"] == most()
    assert largest_payload(done) < MAX_BYTES / 2
    # A state entered is at most five events of the history, and an iteration three more.
    assert 5 * len(done.path) + 3 * 2 * most() < MAX_EVENTS
