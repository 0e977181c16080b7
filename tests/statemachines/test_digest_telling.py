"""Executions of `digest` that claim to tell the subscribers: whatever answers get lost, they are told once a day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.aws.asl import engine
from infra.local.aws.asl.errors import StateError
from tests.statemachines.worlds import ask, empty, run, tables

KEYS = {"dragoman-digests": "day", "dragoman-subscriptions": "subscriptionId"}
DAY = "2026-11-27"
PLAN = {"day": DAY, "timeZone": "Etc/UTC", "window": {}, "complete": True, "notify": True, "again": False, "slices": []}
ITEM = {"day": {"S": DAY}, "expiresAt": {"N": "1803898804"}}


ANA, BEN = "ana@example.org", "ben@example.org"


class World:
    """A day without messages, and subscribers by e-mail. The answers to the first `lost` claims never arrive; mails are
    whom e-mails went to; bad is whom SES takes nothing for; page is how many subscribers are found at once."""

    page = 25

    def __init__(self, dynamodb: Any, lost: int = 0, addresses: tuple[str, ...] = (), refused: str = "") -> None:
        empty(dynamodb, KEYS)
        self.dynamodb, self.lost, self.told = dynamodb, lost, 0
        self.addresses, self.refused, self.mails, self.bad = addresses, refused, list[str](), set[str]()
        for number, address in enumerate(addresses):
            kept = {"subscriptionId": {"S": f"subscription-{number}"}, "address": {"S": address}}
            dynamodb.put_item(TableName="dragoman-subscriptions", Item=kept)

    def call(self, task: engine.TaskCall) -> Any:
        if task.resource.endswith("lambda:invoke"):
            return {"Payload": self.invoked(task.parameters["Payload"])}
        if task.resource.endswith("events:putEvents"):
            return {"FailedEntryCount": 0}
        if task.resource.endswith("sesv2:sendEmail"):
            raise StateError("SesV2.MessageRejectedException", f"not verified: {BEN}")
        if task.resource.endswith("dynamodb:query"):
            self.told += 1
            return self.found(int(task.parameters.get("ExclusiveStartKey", {"N": "0"})["N"]))
        answer = ask(self.dynamodb, task)
        if "#told" in json.dumps(task.parameters) and self.lost:
            self.lost -= 1
            raise StateError("DynamoDB.SdkClientException", "the answer got lost")
        return answer

    def invoked(self, given: Any) -> Any:
        """What the functions of the digest answer."""
        if "request" in given:
            return PLAN
        if "plan" in given:
            return {"item": ITEM, "event": {}}
        if "mime" in given:
            if given["address"] == self.refused:
                raise StateError("Sandbox.Timedout", "no permission")
            if given["address"] in self.bad:
                raise StateError("MailRefused", "SES answered MessageRejected")
            self.mails.append(given["address"])
            return {"mailId": "1"}
        notice = dict.fromkeys(("mime", "subject", "text", "message"), "")
        ids = {name: given["subscription"][name]["S"] for name in ("address", "subscriptionId")}
        return {**notice, "kind": "email", **ids}

    def found(self, first: int) -> Any:
        """A page of subscribers; the key of the next one is a number here."""
        behind = first + self.page
        items = [self.subscription(number) for number in range(len(self.addresses))[first:behind]]
        return {"Items": items, **({"LastEvaluatedKey": {"N": str(behind)}} if behind < len(self.addresses) else {})}

    def subscription(self, number: int) -> Any:
        key = {"subscriptionId": {"S": f"subscription-{number}"}}
        return self.dynamodb.get_item(TableName="dragoman-subscriptions", Key=key)["Item"]

    def morning(self, **request: Any) -> str:
        """How a day's telling ends: an error's name, or empty."""
        for kept in self.dynamodb.scan(TableName="dragoman-digests")["Items"]:
            self.dynamodb.delete_item(TableName="dragoman-digests", Key={"day": kept["day"]})
        try:
            run("digest", {"notify": True, **request}, self.call)
        except StateError as failed:
            return failed.error or "?"
        return ""


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    yield from tables(KEYS)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_claim_whose_answer_is_lost_is_still_ones_own(dynamodb: Any, lost: int) -> None:
    world = World(dynamodb, lost)
    assert run("digest", {"notify": True}, world.call) == {"digestId": DAY}
    assert world.told == 1


def test_schedule_that_fires_twice_tells_once(dynamodb: Any) -> None:
    world = World(dynamodb)
    for _ in range(2):
        run("digest", {"notify": True}, world.call)
    assert world.told == 1


def test_address_that_is_subscribed_twice_gets_one_mail_a_run(dynamodb: Any) -> None:
    world = World(dynamodb, addresses=(ANA, BEN, ANA, ANA))
    run("digest", {"notify": True}, world.call)
    assert sorted(world.mails) == [ANA, BEN]
    claims = [item for item in dynamodb.scan(TableName="dragoman-digests")["Items"] if "run" in item]
    assert {item["expiresAt"]["N"] for item in claims} == {ITEM["expiresAt"]["N"]}
    # Such items are in no list, and have no document.
    assert [set(item) for item in claims] == [{"day", "run", "subscriptionId", "expiresAt"}] * 2


def test_another_run_tells_everybody_again(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(dynamodb, addresses=(ANA, BEN))
    monkeypatch.setitem(PLAN, "again", True)
    for _ in range(2):
        run("digest", {"notify": True, "again": True}, world.call)
    assert sorted(world.mails) == [ANA, ANA, BEN, BEN]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_claim_of_an_address_whose_answer_is_lost_is_still_ones_own(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    # Asked again, the machine claims nothing but addresses.
    monkeypatch.setitem(PLAN, "again", True)
    world = World(dynamodb, lost, addresses=(ANA,))
    run("digest", {"notify": True, "again": True}, world.call)
    assert world.lost == 0
    assert world.mails == [ANA]


def test_one_who_cannot_be_told_costs_the_others_nothing_and_is_a_failure(dynamodb: Any) -> None:
    world = World(dynamodb, addresses=(ANA, BEN), refused=ANA)
    with pytest.raises(StateError) as failed:
        run("digest", {"notify": True}, world.call)
    assert failed.value.error == "SubscribersNotTold"
    assert world.mails == [BEN]


def test_address_that_is_refused_is_an_alarm_once_and_stands_in_the_list_until_a_mail_is_taken(dynamodb: Any) -> None:
    world = World(dynamodb, addresses=(ANA, BEN))
    world.bad = {BEN}
    assert world.morning() == "SubscribersNotTold"
    first = world.subscription(1)
    assert first["refusal"] == {"S": "SesV2.MessageRejectedException"}
    assert world.morning() == ""
    assert world.subscription(1)["refusedAt"]["S"] >= first["refusedAt"]["S"]
    assert world.mails == [ANA, ANA]
    assert "refusedAt" not in world.subscription(0)
    world.bad = set()
    assert world.morning() == ""
    assert sorted(world.mails[2:]) == [ANA, BEN]
    assert set(world.subscription(1)) == {"subscriptionId", "address"}
    world.bad = {BEN}
    assert world.morning() == "SubscribersNotTold"


@pytest.mark.parametrize("bad", [ANA, BEN])
def test_address_that_is_alone_on_its_page_is_an_alarm_once(dynamodb: Any, bad: str) -> None:
    world = World(dynamodb, addresses=(ANA, BEN))
    world.page, world.bad = 1, {bad}
    assert [world.morning() for _ in range(3)] == ["SubscribersNotTold", "", ""]


@pytest.mark.parametrize("page", [1, 25])
def test_mails_that_are_all_refused_are_an_alarm_each_morning(dynamodb: Any, page: int) -> None:
    world = World(dynamodb, addresses=(ANA, BEN))
    world.page, world.bad = page, {ANA, BEN}
    assert [world.morning() for _ in range(2)] == ["SubscribersNotTold"] * 2


def test_whoever_runs_it_by_hand_hears_of_a_refusal_each_time(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLAN, "again", True)
    world = World(dynamodb, addresses=(ANA, BEN))
    world.bad = {BEN}
    assert [world.morning(again=True) for _ in range(2)] == ["SubscribersNotTold"] * 2
