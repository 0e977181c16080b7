"""EventBridge Scheduler: schedules that fire by the clock of their own time zone, with their target's role.

docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html: a cron time that a clock going forward leaves out is
skipped; one that a clock going back repeats fires once.
"""

import json
import logging
import re
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from infra.local.aws import clients, iam, inprocess, targets

Json = Any
Properties = dict[str, Any]
_log = logging.getLogger(__name__)
_STARTED = time.time()
_FIELDS = (
    *("ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target", "State", "Description"),
    *("StartDate", "EndDate", "KmsKeyArn", "GroupName"),
)
# When a schedule last fired, in its record: it survives with it, and an at() fires once.
_FIRED = "LastFired"


def next_fire(expression: str, zone: str, after: float) -> float | None:
    """When a schedule fires next after a moment; both in seconds since 1970. None for one that does not any more.

    Raises ValueError for an expression or a time zone that is none.
    """
    from ministack.services import eventbridge  # noqa: PLC0415 - after its environment is set

    clock = _zone(zone)
    if once := re.fullmatch(r"at\((.+)\)", expression.strip()):
        at = datetime.fromisoformat(once[1].strip()).replace(tzinfo=clock).timestamp()
        return at if at > after else None
    fields = eventbridge._parse_cron_fields(expression)
    if fields is None:
        raise ValueError(f"Invalid Schedule Expression {expression}.")
    # The cron walks along the hands of the clock: local times without a zone, here called UTC to be comparable.
    hands = datetime.fromtimestamp(after, clock).replace(tzinfo=UTC)
    while (hands := eventbridge._cron_next_fire(fields, hands)) is not None:
        moment = hands.replace(tzinfo=clock)
        exists = moment.astimezone(UTC).astimezone(clock).replace(tzinfo=UTC) == hands
        if exists and float(moment.timestamp()) > after:
            return float(moment.timestamp())
    return None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"Invalid ScheduleExpressionTimezone {name}.") from error


def tick() -> None:
    """Stands in for ministack's `_tick_schedules`, which reads every expression as UTC and asks no role."""
    from ministack.services import scheduler  # noqa: PLC0415

    for key, schedule in list(scheduler._schedules.items()):
        try:
            due = _due(schedule, time.time())
            if due is not None:
                scheduler._schedules[key] = {**schedule, _FIRED: due}
                fire(schedule, due)
        except Exception:  # noqa: BLE001
            # One schedule that is broken must not keep the others from firing.
            _log.exception("schedule %s could not fire", schedule.get("Name"))


def _due(schedule: Mapping[str, Json], now: float) -> float | None:
    """The moment for which a schedule is to fire now, or None."""
    begins, ends = (_moment(schedule.get(key)) for key in ("StartDate", "EndDate"))
    if schedule.get("State") != "ENABLED" or (begins or 0.0) > now or (ends or now) < now:
        return None
    expression, fired = schedule["ScheduleExpression"], schedule.get(_FIRED)
    if expression.startswith("at("):
        due = None if fired else next_fire(expression, _zone_of(schedule), 0.0)
    elif (every := _rate(expression)) is not None:
        due = (fired or begins or schedule["CreationDate"]) + every
    else:
        # Nothing is made up for that was due while nobody ran.
        since = max(fired or 0.0, schedule["CreationDate"], _STARTED)
        due = next_fire(expression, _zone_of(schedule), since)
    return due if due is not None and due <= now else None


def _zone_of(schedule: Mapping[str, Json]) -> str:
    return schedule.get("ScheduleExpressionTimezone") or "UTC"


def _rate(expression: str) -> int | None:
    from ministack.services import eventbridge  # noqa: PLC0415

    seconds: int | None = eventbridge._parse_rate_seconds(expression)
    return seconds


def _moment(value: Json) -> float | None:
    if value is None or isinstance(value, int | float):
        return value
    return datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp()


def fire(schedule: Mapping[str, Json], due: float) -> None:
    """Invoke a schedule's target; what it does not take goes to its DLQ."""
    target, scheduled = schedule["Target"], _stamp(due)
    attempt = str(uuid.uuid4())
    payload = _payload(schedule, scheduled, attempt)
    reason = _deliver(target, payload)
    inprocess.changed()
    if reason is None:
        return
    _log.warning("schedule %s could not start %s: %s", schedule["Name"], target["Arn"], reason[0])
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue:
        details = {"ERROR_CODE": reason[0], "ERROR_MESSAGE": reason[1], "EXECUTION_ID": attempt}
        details |= {"SCHEDULE_ARN": schedule["Arn"], "SCHEDULED_TIME": scheduled, "TARGET_ARN": target["Arn"]}
        details |= {"RETRY_ATTEMPTS": "0", "IS_PAYLOAD_TRUNCATED": "false"}
        _send(target["RoleArn"], queue, payload, details)


def _stamp(moment: float) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=moment)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _payload(schedule: Mapping[str, Json], scheduled: str, attempt: str) -> str:
    """The target's Input with the context attributes in it, or the event that stands for none."""
    given: str | None = schedule["Target"].get("Input")
    if given is None:
        event = {"version": "0", "id": attempt, "detail-type": "Scheduled Event", "source": "aws.scheduler"}
        where = {"account": clients.ACCOUNT_ID, "time": scheduled, "region": clients.REGION}
        return json.dumps({**event, **where, "resources": [schedule["Arn"]], "detail": "{}"})
    known = {"schedule-arn": schedule["Arn"], "scheduled-time": scheduled, "execution-id": attempt}
    for name, value in {**known, "attempt-number": "1"}.items():
        given = given.replace(f"<aws.scheduler.{name}>", value)
    return given


def _deliver(target: Mapping[str, Json], payload: str) -> tuple[str, str] | None:
    """(ERROR_CODE, ERROR_MESSAGE), or None for a target that took it."""
    from ministack.services import eventbridge  # noqa: PLC0415

    kind, role = target["Arn"].split(":")[2], target["RoleArn"]
    if kind == "states":
        return targets.start_machine(target["Arn"], role, payload)
    if kind == "sqs":
        return _send(role, target["Arn"], payload, {})
    if kind != "lambda":
        return "NOT_AVAILABLE", f"Targets of {kind} are not available on one machine: see infra/local/aws/schedules.py"
    try:
        iam.require(role, "lambda:InvokeFunction", target["Arn"])
    except iam.AccessDenied as denied:
        return "AWS.Lambda.AccessDeniedException", str(denied)
    eventbridge._dispatch_to_lambda(target["Arn"], payload)
    return None


def _send(role: str, queue: str, body: str, details: Mapping[str, str]) -> tuple[str, str] | None:
    """Put a message into a queue with the target's role: Scheduler asks no queue's policy."""
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in details.items()}
    url = f"{clients.endpoint()}/{clients.ACCOUNT_ID}/{queue.rpartition(':')[2]}"
    try:
        iam.require(role, "sqs:SendMessage", queue)
    except iam.AccessDenied as denied:
        _log.warning("%s", denied)
        return "AWS.SQS.AccessDeniedException", str(denied)
    message = {"QueueUrl": url, "MessageBody": body, "MessageAttributes": attributes}
    reply = inprocess.call("sqs", "AmazonSQS.SendMessage", message)
    return (f"AWS.SQS.{reply.error}", reply.message) if reply.error else None


# CloudFormation, whose handler in ministack forgets the time zone


def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, str]]:
    """Create an AWS::Scheduler::Schedule. Raises ValueError, which becomes the resource's reason."""
    from ministack.services import scheduler  # noqa: PLC0415

    name = properties.get("Name") or f"{stack}-{logical_id}"[:64]
    if _rate(properties["ScheduleExpression"]) is None:
        next_fire(properties["ScheduleExpression"], _zone_of(properties), 0.0)
    body = {key: properties[key] for key in _FIELDS if key in properties}
    status, _headers, answer = scheduler._create_schedule(name, body)
    if status >= 400:
        raise ValueError(f"AWS::Scheduler::Schedule: {json.loads(answer).get('Message')}")
    return name, {"Arn": json.loads(answer)["ScheduleArn"]}


def delete(physical_id: str, properties: Properties) -> None:
    """Delete it."""
    from ministack.services import scheduler  # noqa: PLC0415

    scheduler._delete_schedule(physical_id, {"groupName": properties.get("GroupName", "default")})
