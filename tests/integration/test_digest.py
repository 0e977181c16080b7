"""The digest of a day, from the messages to the e-mail, on a stack whose clock is New York's."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest

from infra import digest as command
from tests.contract.definitions import validator as validator_of
from tests.contract.shipped import load
from tests.integration.desk import Console, message_id
from tests.integration.stack import Running, new_stack, until

ZONE = "America/New_York"
ANA, BEN, CLEO = "+12025550140", "+12025550141", "+12025550142"
PHONE = "+12025550149"
QUESTION = "¿Dónde puedo recoger el formulario de la escuela?"


def call(stack: Running, method: str, path: str, json: Any = None) -> httpx.Response:
    key = {"x-api-key": stack.settings.api_key()}
    return httpx.request(method, f"{stack.settings.gateway_url}{path}", json=json, headers=key, timeout=30)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack on which a day happened: one was answered by a person, one by the directory, one is still waiting."""
    running = new_stack(
        tmp_path_factory.mktemp("digest"),
        DRAGOMAN_DIGEST_TIME_ZONE=ZONE,
        DRAGOMAN_DIGEST_STATE="DISABLED",
        DRAGOMAN_REPLIES_PER_HOUR="1000",
        DRAGOMAN_API_REQUESTS_PER_SECOND="1000",
    )
    running.start()
    try:
        entry = {"name": "Central Library", "keywords": ["library"], "hours": "Nine to five."}
        assert call(running, "POST", "/directory", entry).status_code == 201
        report = running.text(From=ANA, Body="Thank you, your people were wonderful and very kind to me!")
        answer(running, report)
        running.text(From=BEN, Body="When does the library open tomorrow?")
        running.text(From=CLEO, Body=QUESTION)
        yield running
    finally:
        assert running.stop() == 0, running.output


def answer(stack: Running, report: dict[str, Any]) -> None:
    """Writes to the sender of a report as an operator does."""
    name = message_id()
    with Console(stack) as console:
        text = "You are welcome. Come back any time."
        console.call("sendmessage", messageId=name, conversationId=report["conversationId"], text=text)
    stack.report(name)


def today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


def make(stack: Running, **request: Any) -> Any:
    return command.make(stack.client, "dragoman", {"day": today().isoformat(), **request}, lambda _line: None)


def test_digest_says_what_the_day_was_like(desk: Running) -> None:
    made = make(desk)
    assert list(validator_of(load(), load().schemas["digest"]).iter_errors(made)) == []
    assert (made["day"], made["timeZone"], made["complete"]) == (today().isoformat(), ZONE, False)
    assert made["messages"] == {"inbound": 3, "outbound": 1, "internal": 0}
    assert made["byLanguage"] == [{"name": "en", "count": 2}, {"name": "es", "count": 1}]
    assert made["byChannel"] == [{"name": "sms", "count": 3}]
    hour = datetime.now(ZoneInfo(ZONE)).hour
    assert made["byHour"][hour] + made["byHour"][hour - 1] == 3
    assert made["byEntry"] == [{"name": "Central Library", "count": 1}]
    assert (made["answers"]["answered"], made["answers"]["byDirectory"], made["answers"]["unanswered"]) == (1, 1, 1)
    assert 0 <= made["answers"]["medianSeconds"] < 60
    assert [waiting["preview"] for waiting in made["unanswered"]] == [QUESTION]
    assert made["sentiment"]["judged"] == 3
    assert made["sentiment"]["totals"]["positive"] >= 1
    assert made["cost"]["total"] == pytest.approx(sum(item["amount"] for item in made["cost"]["items"]), abs=1e-4)
    assert {"Twilio: SMS received", "Translate", "Comprehend"} <= {item["name"] for item in made["cost"]["items"]}


def test_digest_is_read_over_the_api_and_made_again_is_the_later_one(desk: Running) -> None:
    first, second = make(desk), make(desk)
    assert first["createdAt"] < second["createdAt"]
    read = desk.get(f"/digests/{second['day']}")
    assert (read.status_code, read.json()) == (200, second)
    yesterday = make(desk, day=(today() - timedelta(days=1)).isoformat())
    assert (yesterday["messages"]["inbound"], yesterday["complete"]) == (0, True)
    page = desk.get("/digests", limit=1).json()
    assert (page["digests"], page["cursor"]) == ([second], second["day"])
    assert desk.get("/digests", cursor=page["cursor"]).json() == {"digests": [yesterday]}
    assert [desk.get(f"/digests/{day}").status_code for day in ("2020-01-01", "yesterday")] == [404, 404]
    assert desk.get("/digests", cursor="x").status_code == 400


def test_day_that_has_not_begun_is_refused(desk: Running) -> None:
    with pytest.raises(command.DigestError, match="BadDay: The day has not begun"):
        make(desk, day=(today() + timedelta(days=2)).isoformat())


@pytest.fixture
def subscribers(desk: Running) -> Iterator[list[dict[str, Any]]]:
    asked = [
        {"kind": "email", "address": "ana@example.org", "language": "pt-BR", "name": 'Ana "A" O\'Neil'},
        {"kind": "sms", "address": f"sms:{PHONE}", "language": "es"},
    ]
    made = [call(desk, "POST", "/subscriptions", each) for each in asked]
    assert [each.status_code for each in made] == [201, 201]
    yield [each.json() for each in made]
    for each in desk.get("/subscriptions").json()["subscriptions"]:
        assert call(desk, "DELETE", f"/subscriptions/{each['subscriptionId']}").status_code == 204


def test_subscriptions_are_made_listed_and_deleted(desk: Running, subscribers: list[dict[str, Any]]) -> None:
    schema = validator_of(load(), load().schemas["subscription"])
    assert [list(schema.iter_errors(each)) for each in subscribers] == [[], []]
    assert subscribers[0]["name"] == 'Ana "A" O\'Neil'
    page = desk.get("/subscriptions", limit=1).json()
    assert page["subscriptions"] == subscribers[:1]
    assert desk.get("/subscriptions", cursor=page["cursor"]).json() == {"subscriptions": subscribers[1:]}
    path = f"/subscriptions/{subscribers[0]['subscriptionId']}"
    assert [call(desk, "DELETE", path).status_code for _ in range(2)] == [204, 404]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "sms", "address": "ana@example.org"},
        {"kind": "email", "address": f"sms:{PHONE}"},
        {"kind": "email", "address": "ana"},
        {"kind": "email", "address": "ana@example.org", "hour": 6},
        {"kind": "email", "address": "ana@example.org\n"},
        {"kind": "sms", "address": f"sms:{PHONE}", "language": "es\n"},
        {"kind": "email", "address": "ana@example.org", "name": "Ana\r\nBcc: x"},
        {"kind": "pigeon", "address": "ana@example.org"},
        {"address": "ana@example.org"},
    ],
)
def test_what_is_no_subscription_is_refused(desk: Running, body: dict[str, str]) -> None:
    answer = call(desk, "POST", "/subscriptions", body)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert desk.get("/subscriptions").json() == {"subscriptions": []}


def mails(stack: Running) -> list[Any]:
    folder = stack.settings.state_dir / "mail"
    return [message_from_bytes(file.read_bytes(), policy=default) for file in sorted(folder.glob("*.eml"))]


def test_subscribers_are_told_once_unless_asked_again(desk: Running, subscribers: list[dict[str, Any]]) -> None:
    assert len(subscribers) == 2
    # Either of the two may be the one that gets the e-mail, so they want the same language.
    again = {"kind": "email", "address": "ana@example.org", "language": "pt"}
    twice = call(desk, "POST", "/subscriptions", again)
    assert twice.status_code == 201
    make(desk, notify=True)
    (mail,) = mails(desk)
    assert (mail["To"], mail["From"]) == ("ana@example.org", "dragoman@example.org")
    assert (mail["Content-Language"], mail["Subject"].split(",")[0]) == ("pt", "Dragoman: 3 mensagens")
    assert QUESTION in mail.get_body(("plain",)).get_content()
    assert "cid:hours" in mail.get_body(("html",)).get_content()
    assert [part.get_content()[:4] for part in mail.walk() if part.get_content_type() == "image/png"] == [
        b"\x89PNG"
    ] * 2
    (text,) = until(lambda: desk.sent(PHONE) or None)
    assert today().isoformat() in text["body"]
    assert "mensajes" in text["body"]
    make(desk, notify=True)
    make(desk)
    assert len(mails(desk)) == 1
    make(desk, notify=True, again=True)
    assert len(mails(desk)) == 2
    assert len(until(lambda: found if len(found := desk.sent(PHONE)) == 2 else None)) == 2


def test_claims_are_no_digests(desk: Running, subscribers: list[dict[str, Any]]) -> None:
    made = make(desk, notify=True, again=True)
    address = hashlib.sha256(subscribers[0]["address"].encode()).hexdigest()
    name = f"{made['day']}#told#{address}"
    table = desk.outputs()["DigestsTableName"]
    claim = desk.client("dynamodb").get_item(TableName=table, Key={"day": {"S": name}})["Item"]
    assert claim["subscriptionId"] == {"S": subscribers[0]["subscriptionId"]}
    assert int(claim["expiresAt"]["N"]) > time.time()
    assert desk.get(f"/digests/{quote(name, safe='')}").status_code == 404
    assert all("digestId" in each for each in desk.get("/digests").json()["digests"])


def test_somebody_who_cannot_be_told_makes_a_failure_with_a_digest(
    desk: Running, subscribers: list[dict[str, Any]]
) -> None:
    before = len(mails(desk))
    broken = {
        **subscribers[0],
        "subscriptionId": "broken",
        "createdAt": "2020-01-01T00:00:00.000Z",
        "address": "a\nb: c",
    }
    item = {name: {"S": value} for name, value in {**broken, "list": "subscriptions"}.items()}
    desk.client("dynamodb").put_item(TableName=desk.outputs()["SubscriptionsTableName"], Item=item)
    try:
        with pytest.raises(command.NotTold, match="SubscribersNotTold") as failed:
            make(desk, notify=True, again=True)
    finally:
        key = {"subscriptionId": {"S": "broken"}}
        desk.client("dynamodb").delete_item(TableName=desk.outputs()["SubscriptionsTableName"], Key=key)
    assert failed.value.digest == desk.get(f"/digests/{today().isoformat()}").json()
    assert len(mails(desk)) == before + 1


def test_refusal_is_forgotten_once_a_mail_is_taken(desk: Running, subscribers: list[dict[str, Any]]) -> None:
    name, refusal = subscribers[0]["subscriptionId"], "SesV2.MessageRejectedException"
    desk.client("dynamodb").update_item(
        TableName=desk.outputs()["SubscriptionsTableName"],
        Key={"subscriptionId": {"S": name}},
        UpdateExpression="SET refusedAt = :at, refusal = :refusal",
        ExpressionAttributeValues={":at": {"S": "2026-11-29T11:00:09.127Z"}, ":refusal": {"S": refusal}},
    )
    listed = desk.get("/subscriptions").json()["subscriptions"][0]
    assert list(validator_of(load(), load().schemas["subscription"]).iter_errors(listed)) == []
    assert listed == {**subscribers[0], "refusedAt": "2026-11-29T11:00:09.127Z", "refusal": refusal}
    make(desk, notify=True, again=True)
    assert desk.get("/subscriptions").json()["subscriptions"][0] == subscribers[0]


def test_digest_is_announced(desk: Running) -> None:
    queue = desk.client("sqs").create_queue(QueueName="digests-heard")["QueueUrl"]
    arn = desk.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    desk.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events, bus = desk.client("events"), desk.outputs()["EventBusName"]
    pattern = json.dumps({"source": ["dragoman"], "detail-type": ["DigestCreated"]})
    events.put_rule(Name="digests-heard", EventBusName=bus, EventPattern=pattern)
    events.put_targets(Rule="digests-heard", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    made = make(desk)
    (heard,) = until(lambda: desk.client("sqs").receive_message(QueueUrl=queue).get("Messages"))
    assert json.loads(heard["Body"])["detail"] == {
        "schemaVersion": "1",
        "digestId": made["day"],
        "day": made["day"],
        "messages": made["messages"],
        "at": made["createdAt"],
    }


def test_command_prints_the_digest(desk: Running, capsys: pytest.CaptureFixture[str]) -> None:
    made = make(desk)
    lines = "\n".join(command.printed(made))
    assert f"{made['day']} in {ZONE} (the day is not over)" in lines
    assert "1 answered by a person" in lines
    assert "Central Library" in lines
    assert command.main(["--day", "tomorrow"]) == 2
    assert "is not a day" in capsys.readouterr().err
