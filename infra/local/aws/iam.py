"""Who may do what: the roles of the deployed stack, evaluated by ministack's IAM evaluator."""

import json
from collections.abc import Mapping
from typing import Any

from infra.local.aws import clients


class AccessDenied(Exception):
    """The role may not do this; the text is AWS's own."""


class NoSuchRole(AccessDenied):
    """The role does not exist, so it can do nothing."""


_parsed: dict[str, tuple[Any, list[Any]]] = {}


def require(role_arn: str, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
    """Let `role_arn` do `action` (such as `dynamodb:GetItem`) on the ARN `resource`, or raise AccessDenied.

    `context` holds condition keys (`events:source`, `states:HTTPEndpoint`, ...) and their values.
    """
    from ministack.core.iam_evaluator import EvalContext, evaluate  # noqa: PLC0415 - after its environment is set

    role = _role(role_arn)
    name = role_arn.rpartition("/")[2]
    principal = f"arn:aws:sts::{clients.ACCOUNT_ID}:assumed-role/{name}/dragoman"
    request = EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=clients.ACCOUNT_ID,
        action=action,
        resource_arn=resource,
        region=clients.REGION,
        service_context={key.lower(): value for key, value in (context or {}).items()},
    )
    result = evaluate(request, _statements(name, role))
    if result.decision != "Allow":
        raise AccessDenied(_message(principal, action, resource, result.decision))


def _role(role_arn: str) -> Any:
    from ministack.services import iam  # noqa: PLC0415

    role = iam._roles.get_scoped(clients.ACCOUNT_ID, None, role_arn.rpartition("/")[2])
    if role is None:
        raise NoSuchRole(f"The role {role_arn} does not exist or cannot be assumed")
    return role


def _statements(name: str, role: Any) -> list[Any]:
    """The role's policies, parsed once for as long as their documents stay the same."""
    from ministack.core.iam_evaluator import _gather_role_policies  # noqa: PLC0415

    state = (json.dumps(role.get("InlinePolicies"), sort_keys=True), tuple(role.get("AttachedPolicies") or ()))
    known = _parsed.get(name)
    if known is None or known[0] != state:
        known = _parsed[name] = (state, _gather_role_policies(name, clients.ACCOUNT_ID))
    return known[1]


def _message(principal: str, action: str, resource: str, decision: str) -> str:
    start = f"User: {principal} is not authorized to perform: {action} on resource: {resource}"
    if decision == "Deny":
        return f"{start} with an explicit deny in an identity-based policy"
    return f"{start} because no identity-based policy allows the {action} action"
