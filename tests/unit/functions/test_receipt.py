"""What the provider says about what we sent: every status, many codes, by webhook and when asked."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import ConfigurationError, InvalidWebhook, SignatureRejected
from dragoman.provider_errors import EXPLANATIONS, NO_CODE, explained
from normalise_receipt import handler as module
from normalise_receipt.logic import RANKS, looked_up, receipt
from plan_reconciliation.handler import handler as plan
from tests.unit.functions.samples import BASE_URL, FixedTokens, context, event, sign, webhook

URL = BASE_URL + "/twilio/status"
PROVIDER_ID = "SM" + "ab" * 16
MESSAGE_ID = "DM" + "0123456789abcdef" * 2
FIELDS = {
    "MessageSid": PROVIDER_ID,
    "SmsSid": PROVIDER_ID,
    "MessageStatus": "delivered",
    "SmsStatus": "delivered",
    "To": "+12025550100",
    "From": "+12025550199",
    "AccountSid": "AC" + "fedcba9876543210" * 2,
    "ApiVersion": "2010-04-01",
}
QUERY = f"message={MESSAGE_ID}-1"
RESOURCE = {"sid": PROVIDER_ID, "status": "delivered", "to": "+12025550100", "error_code": None, "error_message": None}
ASKED = {
    "resource": RESOURCE,
    "outboundId": f"{MESSAGE_ID}-1",
    "address": "sms:+12025550100",
    "at": "2024-11-21T10:00:00Z",
}

run = module.handler


@pytest.fixture(autouse=True)
def _tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "tokens", lambda: FixedTokens("12345"))
    module.settings.cache_clear()
    yield
    module.settings.cache_clear()


def posted(changes: dict[str, str], query: str = QUERY) -> dict[str, Any]:
    """The machine's input for a signed status callback."""
    fields = {**FIELDS, **changes}
    url = f"{URL}?{query}" if query else URL
    return event(fields, sign(url, fields), query=query, path="/twilio/status", stagePath="/prod/twilio/status")


def told(changes: dict[str, str], query: str = QUERY) -> dict[str, Any]:
    found: dict[str, Any] = run(posted(changes, query), context())["receipt"]
    return found


def test_receipt_whole() -> None:
    assert told({}) == {
        "outboundId": f"{MESSAGE_ID}-1",
        "messageId": MESSAGE_ID,
        "part": "1",
        "providerId": PROVIDER_ID,
        "address": "sms:+12025550100",
        "status": "delivered",
        "rank": "4",
        "settled": True,
        "announce": "delivered",
        "errorCode": "",
        "reason": "",
        "retry": False,
        "optedOut": False,
        "at": "2024-11-21T10:49:17.042Z",
    }


STATUSES = [
    ("accepted", "1", False, "none"),
    ("scheduled", "1", False, "none"),
    ("queued", "1", False, "none"),
    ("sending", "2", False, "none"),
    ("sent", "3", False, "none"),
    ("delivered", "4", True, "delivered"),
    ("undelivered", "4", True, "failed"),
    ("failed", "4", True, "failed"),
    ("canceled", "4", True, "failed"),
    ("read", "5", True, "delivered"),
    ("receiving", "0", False, "none"),
    ("received", "0", False, "none"),
    ("partially_delivered", "0", False, "none"),
    ("teleported", "0", False, "none"),
]
CODES = ["", *EXPLANATIONS, "30009", "99999", "0", "oops", "30003; DROP"]


def test_receipt_every_status_is_in_the_table() -> None:
    assert {status for status, rank, *_ in STATUSES if rank != "0"} == set(RANKS)


@pytest.mark.parametrize(("status", "rank", "settled", "announce"), STATUSES)
@pytest.mark.parametrize("code", CODES)
def test_receipt_every_status_with_every_code(status: str, rank: str, settled: bool, announce: str, code: str) -> None:
    fields = {"MessageStatus": status, "ErrorCode": code}
    found = told(fields)
    assert (found["status"], found["rank"], found["settled"], found["announce"]) == (status, rank, settled, announce)
    known = code if announce == "failed" and code.isdigit() and code != "0" else ""
    assert found["errorCode"] == known
    assert bool(found["reason"]) == (announce == "failed")
    assert found["optedOut"] == (known == "21610")
    if announce != "failed":
        assert found["retry"] is False
    asked = {**ASKED, "resource": {**RESOURCE, "status": status, "error_code": int(known) if known else None}}
    assert {**run(asked, context())["receipt"], "at": found["at"]} == found


@pytest.mark.parametrize(
    ("status", "code", "retry", "word"),
    [
        ("undelivered", "30003", True, "reached"),
        ("undelivered", "30005", False, "does not know"),
        ("undelivered", "30006", False, "landline"),
        ("undelivered", "30007", False, "filtered"),
        ("undelivered", "30008", True, "why"),
        ("failed", "30001", True, "waiting"),
        ("failed", "30004", False, "blocked"),
        ("failed", "21610", False, "START"),
        ("failed", "21617", False, "long"),
        ("failed", "20429", True, "moment"),
        ("failed", "30009", False, "gave the code 30009."),
        ("failed", "", False, "nobody said why"),
        ("canceled", "", True, "withdrawn"),
        ("canceled", "30036", True, "expired"),
    ],
)
def test_receipt_says_why_in_plain_words(status: str, code: str, retry: bool, word: str) -> None:
    found = told({"MessageStatus": status, "ErrorCode": code})
    assert (found["retry"], word in found["reason"]) == (retry, True)


def test_explanations_are_sentences() -> None:
    for code, (reason, _) in EXPLANATIONS.items():
        assert code.isdigit()
        assert reason.endswith(".")
        assert reason[0].isupper()
    assert explained("") == NO_CODE
    assert explained("12345") == ("The carrier gave the code 12345.", False)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "message=",
        "message=SM1-0",
        f"message={MESSAGE_ID}",
        f"message={MESSAGE_ID}-100",
        f"message={PROVIDER_ID}-x",
        f"other={MESSAGE_ID}-0",
    ],
)
def test_receipt_of_no_message_of_ours(query: str) -> None:
    found = told({}, query)
    assert (found["outboundId"], found["messageId"], found["part"]) == ("", "", "")
    assert found["providerId"] == PROVIDER_ID


@pytest.mark.parametrize(
    ("to", "address"),
    [
        ("whatsapp:+12025550100", "whatsapp:+12025550100"),
        ("+12025550100", "sms:+12025550100"),
        ("rcs:agent", "rcs:agent"),
    ],
)
def test_receipt_address_is_the_contacts(to: str, address: str) -> None:
    assert told({"To": to})["address"] == address


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"MessageSid": ""}, "MessageSid"),
        ({"MessageSid": "CA" + "0" * 32}, "MessageSid"),
        ({"MessageStatus": ""}, "MessageStatus"),
        ({"MessageStatus": "DELIVERED"}, "MessageStatus"),
        ({"MessageStatus": "x" * 33}, "MessageStatus"),
        ({"To": " "}, "To"),
        ({"To": "", "MessageSid": "x"}, "MessageSid, To"),
    ],
)
def test_receipt_names_what_is_missing_and_quotes_nothing(changes: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidWebhook) as caught:
        told(changes)
    assert str(caught.value) == f"Missing or malformed: {named}"


def test_receipt_query_is_signed() -> None:
    forged = {**posted({}), "query": f"message={MESSAGE_ID}-0"}
    with pytest.raises(SignatureRejected):
        run(forged, context())
    with pytest.raises(SignatureRejected):
        receipt(webhook({}, "forged"), BASE_URL, FixedTokens("12345"))


@pytest.mark.parametrize(
    "changes",
    [
        {"resource": None},
        {"resource": "secret"},
        {"at": "soon"},
        {"at": None},
        {"outboundId": None, "address": None, "at": 7},
    ],
)
def test_receipt_machine_hands_over_something_else(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        looked_up({**ASKED, **changes})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("resource", [{}, {"sid": PROVIDER_ID}, {"status": "sent", "sid": 7}])
def test_receipt_resource_that_is_none(resource: dict[str, Any]) -> None:
    with pytest.raises(InvalidWebhook):
        looked_up({**ASKED, "resource": resource})


def test_receipt_looked_up_has_the_machines_moment() -> None:
    assert looked_up(ASKED)["at"] == "2024-11-21T10:00:00.000Z"


def test_receipt_logs_nothing_personal(capsys: pytest.CaptureFixture[str]) -> None:
    told({"MessageStatus": "teleported"})
    told({"MessageStatus": "failed", "ErrorCode": "30003"})
    text = capsys.readouterr().out
    assert "2025550" not in text
    counted = [json.loads(line) for line in text.splitlines() if "ReceiptsReceived" in line]
    assert [line["status"] for line in counted] == ["other", "failed"]


@given(st.text(max_size=40), st.text(max_size=40))
def test_receipt_any_words_are_taken_or_refused(status: str, code: str) -> None:
    asked = {**ASKED, "resource": {**RESOURCE, "status": status, "error_code": code}}
    try:
        found = looked_up(asked)
    except InvalidWebhook:
        return
    assert found["status"] == status
    assert found["errorCode"] == "" or found["errorCode"].isdigit()


@pytest.mark.parametrize(
    ("seconds", "before"),
    [(3600, "2026-11-21T09:00:00.123Z"), ("60", "2026-11-21T09:59:00.123Z"), (0, "2026-11-21T10:00:00.123Z")],
)
def test_plan_reconciliation(seconds: Any, before: str) -> None:
    assert plan({"now": "2026-11-21T10:00:00.123456Z", "afterSeconds": seconds}, context()) == {"before": before}


@pytest.mark.parametrize(
    "changes", [{"now": "soon"}, {"now": None}, {"afterSeconds": -1}, {"afterSeconds": "x"}, {"afterSeconds": 10**20}]
)
def test_plan_reconciliation_of_something_else(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        plan({"now": "2026-11-21T10:00:00Z", "afterSeconds": 60, **changes}, context())
