"""Tickets: bought with a token, used once, within a minute."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from authorize_connection import store
from authorize_connection.errors import TicketRefused
from authorize_connection.handler import handler as authorize
from authorize_connection.handler import settings as authorize_settings
from authorize_connection.logic import CONNECTION
from dragoman.errors import ConfigurationError
from dragoman.tickets import ticket_hash
from dragoman.validation import validator
from issue_ticket import store as issue_store
from issue_ticket.handler import handler as issue
from issue_ticket.handler import settings as issue_settings
from tests.unit.functions.desk import OPERATOR_ID
from tests.unit.functions.samples import context

METHOD_ARN = "arn:aws:execute-api:us-east-1:000000000000:abc123/prod/$connect"
CLAIMS = {"sub": OPERATOR_ID, "email": "ana.silva@example.org", "cognito:username": OPERATOR_ID}


class ConditionFailed(ClientError):
    """DynamoDB's answer to a condition that does not hold."""

    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}, "DeleteItem")


class Table:
    """As much of boto3's client as the two functions use, with table Tickets in memory."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=ConditionFailed)

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}

    def put_item(self, TableName: str, Item: dict[str, Any]) -> None:  # noqa: N803 - boto3's names
        assert TableName == "dragoman-tickets"
        self.items[Item["ticketHash"]["S"]] = Item

    def delete_item(self, TableName: str, Key: dict[str, Any], **asked: Any) -> dict[str, Any]:  # noqa: N803
        assert (TableName, asked["ReturnValues"]) == ("dragoman-tickets", "ALL_OLD")
        assert asked["ConditionExpression"] == "attribute_exists(ticketHash) AND expiresAt > :now"
        now = int(asked["ExpressionAttributeValues"][":now"]["N"])
        item = self.items.get(Key["ticketHash"]["S"])
        if item is None or int(item["expiresAt"]["N"]) <= now:
            raise ConditionFailed
        return {"Attributes": self.items.pop(Key["ticketHash"]["S"])}


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    made = Table()
    monkeypatch.setattr(store, "_client", lambda: made)
    monkeypatch.setattr(issue_store, "_client", lambda: made)
    for cached in (authorize_settings, issue_settings):
        cached.cache_clear()
    yield made
    for cached in (authorize_settings, issue_settings):
        cached.cache_clear()


def posted(body: Any = None, claims: Any = CLAIMS, **changes: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    event = {"httpMethod": "POST", "path": "/desk/tickets", "body": text, "isBase64Encoded": False}
    return {**event, "requestContext": {"authorizer": {"claims": claims}}, **changes}


def bought(body: Any = None, **changes: Any) -> str:
    answer = issue(posted(body, **changes), context())
    assert (answer["statusCode"], answer["headers"]["Cache-Control"]) == (201, "no-store")
    document = json.loads(answer["body"])
    validator("ticket")(document)
    assert document["expiresIn"] == 60
    return str(document["ticket"])


def connect(ticket: Any, **changes: Any) -> dict[str, Any]:
    event = {"type": "REQUEST", "methodArn": METHOD_ARN, "queryStringParameters": {"ticket": ticket}, **changes}
    return authorize(event, context())


def test_ticket_lets_its_operator_in() -> None:
    before = datetime.now(UTC)
    policy = connect(bought({"name": "Ana", "language": "pt", "room": "night"}))
    assert policy["principalId"] == OPERATOR_ID
    assert policy["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": METHOD_ARN}],
    }
    connected_at = datetime.fromisoformat(policy["context"].pop("connectedAt"))
    ends = datetime.fromtimestamp(int(policy["context"].pop("expiresAt")), UTC)
    assert abs(connected_at - before).total_seconds() < 30
    assert abs((ends - connected_at - CONNECTION).total_seconds()) <= 1
    assert policy["context"] == {"operatorId": OPERATOR_ID, "name": "Ana", "language": "pt", "room": "night"}


def test_ticket_context_holds_texts_alone() -> None:
    assert all(isinstance(value, str) for value in connect(bought())["context"].values())


def test_ticket_is_good_once() -> None:
    ticket = bought()
    connect(ticket)
    with pytest.raises(TicketRefused):
        connect(ticket)


def test_ticket_expires(table: Table) -> None:
    ticket = bought()
    item = table.items[ticket_hash(ticket)]
    left = int(item["expiresAt"]["N"]) - datetime.now(UTC).timestamp()
    assert 50 < left <= 60
    item["expiresAt"] = {"N": str(int(datetime.now(UTC).timestamp()) - 1)}
    with pytest.raises(TicketRefused):
        connect(ticket)


def test_ticket_is_kept_as_its_hash_alone(table: Table) -> None:
    ticket = bought()
    assert list(table.items) == [ticket_hash(ticket)]
    assert ticket not in json.dumps(table.items)


def test_tickets_differ() -> None:
    assert len({bought() for _ in range(20)}) == 20


@pytest.mark.parametrize("ticket", [None, "", "x", "x" * 101, "x" * 10_000, "é\ud800"])
def test_authorize_other_tickets(ticket: Any) -> None:
    bought()
    with pytest.raises(TicketRefused) as caught:
        connect(ticket)
    # The very text that makes API Gateway answer 401.
    assert str(caught.value) == "Unauthorized"


def test_authorize_without_query() -> None:
    with pytest.raises(TicketRefused):
        connect("", queryStringParameters=None)


@pytest.mark.parametrize("changes", [{"queryStringParameters": "x"}, {"queryStringParameters": ["x"]}])
def test_authorize_of_something_else(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        connect("", **changes)
    with pytest.raises(ConfigurationError):
        authorize({}, context())


def test_authorize_other_errors_go_on(monkeypatch: pytest.MonkeyPatch, table: Table) -> None:
    def throttled(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "DeleteItem")

    monkeypatch.setattr(table, "delete_item", throttled)
    with pytest.raises(ClientError):
        connect("x" * 43)


def test_ticket_is_never_logged(capsys: pytest.CaptureFixture[str]) -> None:
    ticket = bought({"name": "Secret Name"})
    connect(ticket)
    with pytest.raises(TicketRefused):
        connect(ticket)
    text = capsys.readouterr().out
    assert OPERATOR_ID in text
    assert "TicketsRefused" in text
    assert not any(word in text for word in (ticket, ticket_hash(ticket), "Secret", "ana.silva"))


@pytest.mark.parametrize(
    ("body", "claims", "expected"),
    [
        (None, CLAIMS, ("ana.silva", "en", "desk")),
        ("", CLAIMS, ("ana.silva", "en", "desk")),
        ({}, {**CLAIMS, "name": "Ana Silva"}, ("Ana Silva", "en", "desk")),
        ({"name": " A  B "}, CLAIMS, ("A B", "en", "desk")),
        ({"name": "\u202e"}, CLAIMS, ("ana.silva", "en", "desk")),
        ({"language": "zh-TW"}, CLAIMS, ("ana.silva", "zh-TW", "desk")),
        ({"room": "night-1"}, CLAIMS, ("ana.silva", "en", "night-1")),
        ({}, {"sub": OPERATOR_ID}, ("Operator", "en", "desk")),
        ({}, {"sub": OPERATOR_ID, "email": "x" * 80 + "@y"}, ("x" * 59 + "…", "en", "desk")),
    ],
)
def test_issue_ticket_details(body: Any, claims: dict[str, str], expected: tuple[str, ...], table: Table) -> None:
    item = table.items[ticket_hash(bought(body, claims=claims))]
    assert (item["name"]["S"], item["language"]["S"], item["room"]["S"]) == expected
    assert item["operatorId"]["S"] == OPERATOR_ID


def test_issue_ticket_body_in_base64(table: Table) -> None:
    encoded = base64.b64encode(b'{"room": "night"}').decode()
    assert table.items[ticket_hash(bought(encoded, isBase64Encoded=True))]["room"]["S"] == "night"


@pytest.mark.parametrize(
    "body",
    [
        *("secret", "[]", '"x"', "null", "[" * 100_000, {"operatorId": "x"}, {"name": 7}),
        *({"name": ""}, {"name": " "}, {"name": "x" * 61}, {"language": "English"}, {"room": "A B"}),
    ],
)
def test_issue_ticket_other_bodies(body: Any, capsys: pytest.CaptureFixture[str], table: Table) -> None:
    answer = issue(posted(body), context())
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (400, "application/problem+json")
    validator("problem")(json.loads(answer["body"]))
    assert table.items == {}
    assert "secret" not in capsys.readouterr().out


def test_issue_ticket_body_that_is_not_base64() -> None:
    assert issue(posted("***", isBase64Encoded=True), context())["statusCode"] == 400


@pytest.mark.parametrize("changes", [{"claims": {}}, {"claims": None}, {"claims": {"sub": ""}}, {"requestContext": {}}])
def test_issue_ticket_without_authorizer(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="authorizer"):
        issue(posted({}, **changes), context())


@pytest.mark.parametrize("name", ["TICKETS_TABLE", "DESK_LANGUAGES"])
def test_issue_ticket_without_settings(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match=name):
        issue(posted({}), context())
