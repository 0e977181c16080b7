"""`make digest DAY=2026-11-27`: makes the digest of a day and prints it.

Without DAY it is the day before today, in the digest's time zone. Made again, a digest takes the place of the one
before; its subscribers are told only with NOTIFY=1, and then again. AWS=1 is the deployed stack, with your credentials.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from infra.local import config
from infra.local.aws import clients

DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
STACK: Final = "dragoman"
POLL_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 4 * 3600
# What the machine says of a day whose digest it has saved: that what comes after failed.
SAVED: Final = {"NotAnnounced", "TellingNotClaimed", "SubscribersNotFound", "SubscribersNotTold"}
# Rows of a list that are printed.
SHOWN: Final = 8
BAR: Final = 30

Json = Any
Client = Callable[[str], Json]
Say = Callable[[str], None]


class DigestError(Exception):
    """There is no digest; the text says why, and what to do."""


class NotTold(DigestError):
    """There is a digest, but not everybody was told of it; the text says why, and what to do."""

    def __init__(self, digest: Json, trouble: str) -> None:
        super().__init__(trouble)
        self.digest = digest


def make(client: Client, stack: str, request: Mapping[str, Json], say: Say) -> Json:
    """Starts the machine, waits for its end and returns the digest. Raises DigestError; NotTold, with the digest, where
    it was saved and telling of it failed."""
    outputs = outputs_of(client("cloudformation"), stack)
    machines = client("stepfunctions")
    started = machines.start_execution(
        stateMachineArn=outputs["DigestStateMachineArn"], name=f"by-hand-{uuid.uuid4()}", input=json.dumps(request)
    )
    ended = watch(machines, started["executionArn"], say)
    if ended["status"] == "SUCCEEDED":
        return saved(client("dynamodb"), outputs, json.loads(ended["output"])["digestId"])
    told = ended.get("error", ended["status"]), reason(ended.get("cause", ""))
    trouble = ": ".join(part for part in told if part)
    if ended.get("error") in SAVED:
        raise NotTold(saved(client("dynamodb"), outputs, planned_day(machines, started["executionArn"])), trouble)
    raise DigestError(trouble)


def saved(dynamodb: Json, outputs: Mapping[str, str], day: str) -> Json:
    """The digest of a day that has one."""
    found = dynamodb.get_item(TableName=outputs["DigestsTableName"], Key={"day": {"S": day}}, ConsistentRead=True)
    return json.loads(found["Item"]["document"]["S"])


def watch(machines: Json, arn: str, say: Say) -> Json:
    """The execution once it ended; meanwhile says how many slices are read. Raises DigestError after
    PATIENCE_SECONDS."""
    began, before = time.monotonic(), ""
    while (ended := machines.describe_execution(executionArn=arn))["status"] == "RUNNING":
        if time.monotonic() > began + PATIENCE_SECONDS:
            raise DigestError(f"It still runs after {PATIENCE_SECONDS // 3600} hours: {arn}")
        if (now := progress(machines, arn)) != before:
            say(now)
            before = now
        time.sleep(POLL_SECONDS)
    return ended


def progress(machines: Json, arn: str) -> str:
    """Where the execution is, by its history: what was entered last, and how many slices are done."""
    entered, read, planned = "", 0, 0
    for event in history(machines, arn):
        entered = event.get("stateEnteredEventDetails", {}).get("name", entered)
        left = event.get("stateExitedEventDetails", {})
        read += left.get("name") == "SliceRead"
        if left.get("name") == "PlanDigest":
            # Of a day that is none there is no plan.
            planned = len(json.loads(left["output"]).get("plan", {}).get("slices", ()))
    if read < planned:
        return f"{read} of {planned} slices read"
    return f"All {planned} slices read; {entered}" if planned else "Planning"


def planned_day(machines: Json, arn: str) -> str:
    """The day that the execution, which has planned one, is of."""
    lefts = (event.get("stateExitedEventDetails", {}) for event in history(machines, arn))
    return str(next(json.loads(left["output"])["plan"]["day"] for left in lefts if left.get("name") == "PlanDigest"))


def history(machines: Json, arn: str) -> Iterator[Json]:
    """The execution's events, oldest first."""
    for page in machines.get_paginator("get_execution_history").paginate(executionArn=arn):
        yield from page["events"]


def reason(cause: str) -> str:
    """The words of a failure: what a function raised stands in JSON."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause


def outputs_of(cloudformation: Json, stack: str) -> dict[str, str]:
    """The stack's outputs by name."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", ())}


def printed(digest: Mapping[str, Json]) -> list[str]:
    """The digest as lines for a terminal."""
    messages, answers = digest["messages"], digest["answers"]
    came = _counted(messages["inbound"], "message")
    complete = "" if digest["complete"] else " (the day is not over)"
    lines = [
        f"{digest['day']} in {digest['timeZone']}{complete}",
        f"  from {digest['from']} to {digest['to']}",
        "",
        f"  {came} came in, {messages['outbound']} went out, {messages['internal']} to rooms",
        _answers(answers),
        f"  {_counted(digest['questions']['asked'], 'question')} asked, {digest['questions']['answered']} answered",
        f"  {_sentiment(digest['sentiment'])}",
    ]
    for heading, name in _LISTS.items():
        lines += _section(heading, [(each["name"], each["count"]) for each in digest[name]])
    hours = [(f"{hour:02}", count) for hour, count in enumerate(digest["byHour"]) if count]
    lines += _section("By the hour", hours, shown=24)
    if digest["unanswered"]:
        zone = ZoneInfo(digest["timeZone"])
        waiting = [
            f"  {local(each['receivedAt'], zone)}  {each['language']}  {each['preview']}"
            for each in digest["unanswered"]
        ]
        lines += ["", "Waiting for an answer", *waiting]
    return [*lines, "", *_cost(digest["cost"])]


_LISTS: Final = {
    "Languages": "byLanguage",
    "Channels": "byChannel",
    "Seen in pictures": "byLabel",
    "Answered from the directory": "byEntry",
    "Not delivered": "failures",
}


def _section(heading: str, rows: Iterable[tuple[str, int]], shown: int = SHOWN) -> list[str]:
    found = list(rows)
    if not found:
        return []
    most, wide = max(count for _, count in found), max(len(name) for name, _ in found[:shown])
    lines = [f"  {name:<{wide}} {count:6}  {'#' * max(1, BAR * count // most)}" for name, count in found[:shown]]
    left = [f"  and {len(found) - shown} more"] if len(found) > shown else []
    return ["", heading, *lines, *left]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _answers(answers: Mapping[str, Json]) -> str:
    person = f"{answers['answered']} answered by a person{_median(answers['medianSeconds'])}"
    return f"  {person}, {answers['byDirectory']} by the directory, {answers['unanswered']} wait"


def _cost(cost: Mapping[str, Json]) -> list[str]:
    """The bill, its smallest items in one line, so that it adds up."""
    shown, rest = cost["items"][:SHOWN], cost["items"][SHOWN:]
    lines = [f"{item['name']} ({quantity(item['quantity'])} × {item['unit']})" for item in shown]
    amounts = [item["amount"] for item in shown]
    if rest:
        lines.append(f"and {len(rest)} more")
        amounts.append(sum(item["amount"] for item in rest))
    told = [f"  {amount:10.4f}  {line}" for amount, line in zip(amounts, lines, strict=True)]
    return [f"Cost, an estimate: {cost['total']:.4f} {cost['currency']}", *told]


def local(moment: str, zone: ZoneInfo) -> str:
    """A moment by the digest's own clock, to the minute, as its hours are."""
    return f"{datetime.fromisoformat(moment.replace('Z', '+00:00')).astimezone(zone):%Y-%m-%d %H:%M}"


def quantity(number: float) -> str:
    """1234567.5 as 1,234,567.5."""
    return f"{number:,.3f}".rstrip("0").rstrip(".")


def _median(seconds: float | None) -> str:
    return "" if seconds is None else f" (half of them within {seconds:g} s)"


def _sentiment(sentiment: Mapping[str, Json]) -> str:
    if not sentiment["judged"]:
        return "no message was judged"
    told = ", ".join(f"{count} {name}" for name, count in sentiment["totals"].items())
    return f"{_counted(sentiment['judged'], 'message')} judged: {told}"


def local_client(service: str) -> Json:
    """A client of the running local stack."""
    return clients.client(service)


def main(arguments: list[str] | None = None) -> int:
    """Command line: makes a digest, shows how far it is, and prints it."""
    parser = argparse.ArgumentParser(prog="infra.digest", description=__doc__.splitlines()[0])
    parser.add_argument("--day", default="", help="such as 2026-11-27; without it, the day before today")
    parser.add_argument("--notify", action="store_true", help="tell the subscribers, even if they were told before")
    parser.add_argument("--json", action="store_true", help="print the digest as JSON")
    parser.add_argument("--aws", action="store_true", help="the stack on AWS, not the local one")
    parser.add_argument("--stack", default=STACK)
    options = parser.parse_args(arguments)
    if options.day and not DAY.fullmatch(options.day):
        print(f"DAY={options.day} is not a day such as 2026-11-27.", file=sys.stderr)
        return 2
    request: dict[str, Json] = {"notify": options.notify, "again": options.notify}
    request |= {"day": options.day} if options.day else {}
    trouble = ""
    try:
        digest = make(
            _client(options.aws), options.stack, request, lambda line: print(line, file=sys.stderr, flush=True)
        )
    except NotTold as not_told:
        digest, trouble = not_told.digest, f"The digest is saved, but somebody was not told of it. {not_told}"
    except (DigestError, ClientError, BotoCoreError) as error:
        absent = isinstance(error, EndpointConnectionError) and not options.aws
        print(
            f"No digest: {'the local stack does not answer. Start it with: make run' if absent else error}",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("It is made all the same, if it had begun: GET /digests", file=sys.stderr)
        return 1
    print(json.dumps(digest, ensure_ascii=False, indent=2) if options.json else "\n".join(printed(digest)), flush=True)
    if trouble:
        print(trouble, file=sys.stderr)
    return 1 if trouble else 0


def _client(aws: bool) -> Client:
    if not aws:
        clients.configure(f"http://127.0.0.1:{config.load().ports.aws}")
        return local_client
    import boto3  # noqa: PLC0415 (the local stack needs none of its configuration)

    found: Json = boto3.client
    client: Client = found
    return client


if __name__ == "__main__":
    sys.exit(main())
