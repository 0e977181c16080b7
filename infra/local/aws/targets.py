"""EventBridge rules with queues and topics as targets: their policies decide, and a failure goes to the target's DLQ.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

import logging
from collections.abc import Callable
from typing import Any

from infra.local.aws import clients

Json = Any
_log = logging.getLogger(__name__)
_SERVICE = "events.amazonaws.com"
_NAMES = {"sqs": "queue", "sns": "topic"}


def checked(upstream: Callable[..., None]) -> Callable[..., None]:
    """Stands in for ministack's `_invoke_target`, which delivers to any queue and topic and forgets what it cannot."""

    def invoke(target: Json, event: Json, rule: Json, view: Json = None) -> None:
        arn = target["Arn"]
        reason = _refusal(arn, rule["Arn"])
        if reason is not None:
            _log.warning("rule %s could not deliver to %s: %s", rule["Name"], arn, reason[0])
            arn = (target.get("DeadLetterConfig") or {}).get("Arn")
            if not arn or _refusal(arn, rule["Arn"]) is not None:
                return
        upstream({**target, "Arn": arn}, event, rule, view)
        if reason is not None:
            _explain(arn, rule["Arn"], target["Arn"], reason)

    return invoke


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
