"""EventBridge rules that put events into queues: the queue's policy decides, and a failure goes to the target's DLQ.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

import logging
from collections.abc import Callable
from typing import Any

from infra.local.aws import clients

Json = Any
_log = logging.getLogger(__name__)


def checked(upstream: Callable[..., None]) -> Callable[..., None]:
    """Stands in for ministack's `_invoke_target`, which delivers to any queue and forgets what it cannot deliver."""

    def invoke(target: Json, event: Json, rule: Json, view: Json = None) -> None:
        arn = target["Arn"]
        reason = _refusal(arn, rule["Arn"]) if ":sqs:" in arn else None
        if reason is not None:
            _log.warning("rule %s could not deliver to %s: %s", rule["Name"], arn, reason[0])
            arn = (target.get("DeadLetterConfig") or {}).get("Arn")
            if not arn or _refusal(arn, rule["Arn"]) is not None:
                return
        upstream({**target, "Arn": arn}, event, rule, view)
        if reason is not None:
            _explain(arn, rule["Arn"], target["Arn"], reason)

    return invoke


def _refusal(queue_arn: str, rule_arn: str) -> tuple[str, str] | None:
    """(ERROR_CODE, ERROR_MESSAGE) as EventBridge writes them, or None when the queue takes the event."""
    from ministack.services import sqs  # noqa: PLC0415 - after its environment is set

    if sqs._queue_by_arn(queue_arn) is None:
        return "RESOURCE_NOT_FOUND", "The specified queue does not exist."
    if not sqs.queue_policy_allows(queue_arn, "events.amazonaws.com", rule_arn, clients.ACCOUNT_ID):
        return "NO_PERMISSIONS", "The queue's policy does not allow the rule to send to it."
    return None


def _explain(queue_arn: str, rule_arn: str, target_arn: str, reason: tuple[str, str]) -> None:
    """Put EventBridge's attributes on the message that was just dead-lettered."""
    from ministack.services import sqs  # noqa: PLC0415

    values = {"RULE_ARN": rule_arn, "TARGET_ARN": target_arn, "ERROR_CODE": reason[0], "ERROR_MESSAGE": reason[1]}
    message = sqs._queue_by_arn(queue_arn)["messages"][-1]
    message["message_attributes"] = {
        name: {"DataType": "String", "StringValue": value} for name, value in values.items()
    }
