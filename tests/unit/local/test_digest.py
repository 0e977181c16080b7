"""`make digest`: what it starts, shows and prints."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import EndpointConnectionError

from infra import digest
from infra.build import ROOT, Project, load_schemas

EXAMPLE, EMPTY = load_schemas(Project().schemas)["digest"]["examples"]


class Fake:
    """The three services, of which the machine goes through `histories`, one a look, and ends as `ended` says."""

    def __init__(self, ended: dict[str, Any], *histories: list[dict[str, Any]]) -> None:
        self.ended, self.histories, self.started = ended, list(histories), list[Any]()
        self.shown: list[dict[str, Any]] = []

    def __call__(self, service: str) -> Any:
        return self

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        assert StackName == "dragoman"
        outputs = {"DigestStateMachineArn": "arn:digest", "DigestsTableName": "digests"}
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]}]}

    def start_execution(self, **request: Any) -> Any:
        self.started.append(request)
        return {"executionArn": "arn:execution"}

    def describe_execution(self, executionArn: str) -> Any:  # noqa: N803
        assert executionArn == "arn:execution"
        return {"status": "RUNNING"} if self.histories else self.ended

    def get_paginator(self, name: str) -> Any:
        assert name == "get_execution_history"
        return self

    def paginate(self, **_: Any) -> Any:
        self.shown = self.histories.pop(0) if self.histories else self.shown
        return [{"events": self.shown}]

    def get_item(self, **request: Any) -> Any:
        assert request["Key"] == {"day": {"S": EXAMPLE["day"]}}
        return {"Item": {"document": {"S": json.dumps(EXAMPLE)}}}


def entered(name: str) -> dict[str, Any]:
    return {"stateEnteredEventDetails": {"name": name}}


def left(name: str, output: Any = None) -> dict[str, Any]:
    return {"stateExitedEventDetails": {"name": name, "output": json.dumps(output)}}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "POLL_SECONDS", 0)


def test_make_shows_how_far_it_is_and_returns_the_digest() -> None:
    planned = [entered("PlanDigest"), left("PlanDigest", {"plan": {"slices": [1, 2]}})]
    reading = [*planned, left("SliceRead")]
    done = [*reading, left("SliceRead"), entered("ComposeDigest")]
    ended = {"status": "SUCCEEDED", "output": json.dumps({"digestId": EXAMPLE["day"]})}
    fake, said = Fake(ended, [entered("PlanDigest")], planned, reading, reading, done), list[str]()
    assert digest.make(fake, "dragoman", {"day": EXAMPLE["day"]}, said.append) == EXAMPLE
    assert said == ["Planning", "0 of 2 slices read", "1 of 2 slices read", "All 2 slices read; ComposeDigest"]
    assert json.loads(fake.started[0]["input"]) == {"day": EXAMPLE["day"]}


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ({"status": "FAILED", "error": "NotSaved", "cause": "Run it again."}, "NotSaved: Run it again."),
        (
            {"status": "FAILED", "error": "BadDay", "cause": '{"errorMessage": "The day is none"}'},
            "BadDay: The day is none",
        ),
        ({"status": "TIMED_OUT"}, "TIMED_OUT"),
    ],
)
def test_make_says_why_there_is_no_digest(ended: dict[str, Any], words: str) -> None:
    with pytest.raises(digest.DigestError, match=words):
        digest.make(Fake(ended, [left("PlanDigest", {"error": {}})]), "dragoman", {}, lambda _line: None)


@pytest.mark.parametrize("error", sorted(digest.SAVED))
def test_digest_of_which_somebody_was_not_told_is_printed_all_the_same(
    error: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    look = [left("PlanDigest", {"plan": {"day": EXAMPLE["day"], "slices": []}})]
    fake = Fake({"status": "FAILED", "error": error, "cause": "Mend that."}, look)
    monkeypatch.setattr(digest, "_client", lambda _aws: fake)
    assert digest.main(["--day", EXAMPLE["day"], "--notify"]) == 1
    said = capsys.readouterr()
    assert "3 messages came in" in said.out
    assert f"somebody was not told of it. {error}: Mend that." in said.err


def test_errors_after_which_there_is_a_digest_are_the_machines() -> None:
    machine = json.loads((ROOT / "statemachines/digest.asl.json").read_text())["States"]
    fails = {state["Error"] for state in machine.values() if state["Type"] == "Fail"}
    before = {"NotPlanned", "ReportsNotRead", "NotComposed", "NotSaved", "BadDay"}
    assert fails - before == digest.SAVED


def test_make_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "PATIENCE_SECONDS", -1)
    with pytest.raises(digest.DigestError, match="still runs"):
        digest.make(Fake({}, []), "dragoman", {}, lambda _line: None)


def test_printed_digest_has_what_matters() -> None:
    lines = "\n".join(digest.printed(EXAMPLE))
    assert "2026-11-27 in America/New_York\n" in lines
    assert "3 messages came in, 2 went out, 1 to rooms" in lines
    assert "1 answered by a person (half of them within 372.5 s), 1 by the directory, 1 wait" in lines
    assert "¿Puedo venir mañana?" in lines
    assert "Cost, an estimate: 0.0253 USD" in lines


def test_printed_digest_of_one_message_says_so() -> None:
    lines = digest.printed({**EXAMPLE, "messages": {**EXAMPLE["messages"], "inbound": 1}})
    assert "  1 message came in, 2 went out, 1 to rooms" in lines


def test_printed_empty_digest_leaves_out_what_is_not_there() -> None:
    lines = digest.printed(EMPTY)
    assert "no message was judged" in "\n".join(lines)
    assert not {"Languages", "Not delivered", "Waiting for an answer"} & set(lines)


def test_printed_lists_are_bounded() -> None:
    many = {**EXAMPLE, "byLabel": [{"name": f"Label {n}", "count": 50 - n} for n in range(20)]}
    assert "  and 12 more" in digest.printed(many)


def test_printed_cost_adds_up() -> None:
    amounts = [8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.05, 0.03, 0.02]
    items = [
        {"name": f"Item {amount}", "unit": "unit", "quantity": 1_234_567.5, "amount": amount} for amount in amounts
    ]
    lines = digest.printed({**EXAMPLE, "cost": {"total": 15.95, "currency": "USD", "items": items}})
    bill = lines[lines.index("Cost, an estimate: 15.9500 USD") + 1 :]
    assert bill[0] == "      8.0000  Item 8.0 (1,234,567.5 × unit)"
    assert bill[-1] == "      0.0500  and 2 more"
    assert sum(float(line.split()[0]) for line in bill) == pytest.approx(15.95)


@pytest.mark.parametrize(
    ("trouble", "arguments", "words"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/"), [], "make run"),
        (EndpointConnectionError(endpoint_url="https://states.example/"), ["--aws"], "https://states.example/"),
        (KeyboardInterrupt(), [], "GET /digests"),
    ],
)
def test_command_says_in_a_line_why_there_is_no_digest(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trouble: BaseException,
    arguments: list[str],
    words: str,
) -> None:
    def make(*_: Any) -> Any:
        raise trouble

    monkeypatch.setattr(digest, "make", make)
    monkeypatch.setattr(digest, "_client", lambda _aws: None)
    assert digest.main(arguments) == 1
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_printed_moments_are_those_of_the_digests_own_clock() -> None:
    assert digest.local("2026-11-28T04:59:59.000Z", ZoneInfo("America/New_York")) == "2026-11-27 23:59"
