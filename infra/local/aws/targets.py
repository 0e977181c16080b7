"""Targets of EventBridge rules and of schedules. Policies decide about queues and topics, the target's role about a
state machine, and what cannot be delivered goes to the target's DLQ.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

import json
import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from infra.local.aws import clients, iam, inprocess

Json = Any
_log = logging.getLogger(__name__)
_SERVICE = "events.amazonaws.com"
_NAMES = {"sqs": "queue", "sns": "topic"}


def checked(upstream: Callable[..., None]) -> Callable[..., None]:
    """Stands in for ministack's `_invoke_target`, which delivers to anything and forgets what it cannot."""

    def invoke(target: Json, event: Json, rule: Json, view: Json = None) -> None:
        arn = target["Arn"]
        inprocess.changed()
        reason = None if _is_machine(arn) else _refusal(arn, rule["Arn"])
        if reason is None:
            reason = _through(upstream, target, event, rule, view)
        if reason is None:
            return
        _log.warning("rule %s could not deliver to %s: %s", rule["Name"], arn, reason[0])
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue and _refusal(queue, rule["Arn"]) is None:
            whole = {key: value for key, value in target.items() if not key.startswith("Input")}
            upstream({**whole, "Arn": queue}, event, rule, view)
            _explain(queue, rule["Arn"], arn, reason)

    return invoke


# ministack works out a target's input inside the call; who it is for, and what came of it, go along here.
_role: ContextVar[str] = ContextVar("_role")
_outcome: ContextVar[list[tuple[str, str] | None]] = ContextVar("_outcome")


def _through(upstream: Callable[..., None], target: Json, *rest: Json) -> tuple[str, str] | None:
    outcome: list[tuple[str, str] | None] = []
    tokens = _role.set(target.get("RoleArn") or ""), _outcome.set(outcome)
    try:
        upstream(target, *rest)
    finally:
        _role.reset(tokens[0])
        _outcome.reset(tokens[1])
    return outcome[0] if outcome else None


def dispatch_to_machine(arn: str, payload: str) -> None:
    """Stands in for `_dispatch_to_stepfunctions`, which asks no role and tells nobody of a refusal."""
    _outcome.get().append(start_machine(arn, _role.get(), payload))


def start_machine(arn: str, role: str, payload: str) -> tuple[str, str] | None:
    """Start an execution with a target's role. (ERROR_CODE, ERROR_MESSAGE), or None when it was started."""
    from ministack.services import stepfunctions  # noqa: PLC0415 - after its environment is set

    if stepfunctions._resolve_state_machine_arn(arn) is None:
        return "RESOURCE_NOT_FOUND", "The specified state machine does not exist."
    try:
        iam.require(role, "states:StartExecution", arn)
    except iam.AccessDenied as denied:
        return "NO_PERMISSIONS", str(denied)
    status, _headers, body = stepfunctions._start_execution({"stateMachineArn": arn, "input": payload})
    if status < 400:
        return None
    refused = json.loads(body)
    return str(refused.get("__type")), str(refused.get("message"))


def from_aws(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Stands in for ministack's `_put_events`: on one machine it is us who say what EC2 or CloudWatch would.

    They say it on the default bus; on any other `aws.` remains AWS's own.
    """

    def put(data: Mapping[str, Json], allow_aws_source: bool = False) -> Any:
        buses = {entry.get("EventBusName", "default").rpartition("/")[2] for entry in data.get("Entries", [])}
        return upstream(data, allow_aws_source or buses == {"default"})

    return put


def _is_machine(arn: str) -> bool:
    return ":stateMachine:" in arn


def _refusal(arn: str, rule_arn: str) -> tuple[str, str] | None:
    """(ERROR_CODE, ERROR_MESSAGE) as EventBridge writes them, or None when the target takes the event."""
    from ministack.services import sns, sqs  # noqa: PLC0415 - after its environment is set

    kind = arn.split(":")[2]
    if kind == "sqs":
        known = sqs._queue_by_arn(arn) is not None
        allowed = known and sqs.queue_policy_allows(arn, _SERVICE, rule_arn, clients.ACCOUNT_ID)
    elif kind == "sns":
        topic = sns._topic_by_arn_any_scope(arn)
        known = topic is not None
        allowed = topic is not None and _topic_allows(topic["attributes"].get("Policy") or "", arn, rule_arn)
    else:
        return None
    if not known:
        return "RESOURCE_NOT_FOUND", f"The specified {_NAMES[kind]} does not exist."
    return (
        None if allowed else ("NO_PERMISSIONS", f"The {_NAMES[kind]}'s policy does not allow the rule to send to it.")
    )


def _topic_allows(policy: str, topic_arn: str, rule_arn: str) -> bool:
    """The default policy of a topic does not let EventBridge in: its condition is on aws:SourceOwner, never given here.

    docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy  # noqa: PLC0415

    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="sns:Publish",
        resource_arn=topic_arn,
        region=clients.REGION,
        service_context={"aws:sourcearn": rule_arn, "aws:sourceaccount": clients.ACCOUNT_ID},
    )
    return bool(evaluate_resource_policy(policy, context, service=_SERVICE).decision == "Allow")


def _explain(queue_arn: str, rule_arn: str, target_arn: str, reason: tuple[str, str]) -> None:
    """Put EventBridge's attributes on the message that was just dead-lettered."""
    from ministack.services import sqs  # noqa: PLC0415

    values = {"RULE_ARN": rule_arn, "TARGET_ARN": target_arn, "ERROR_CODE": reason[0], "ERROR_MESSAGE": reason[1]}
    message = sqs._queue_by_arn(queue_arn)["messages"][-1]
    message["message_attributes"] = {
        name: {"DataType": "String", "StringValue": value} for name, value in values.items()
    }
