"""What a Lambda authorizer answers: a principal, a policy and a context.

"Output from an API Gateway Lambda authorizer" (API Gateway developer guide).
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from infra.local.gateway.errors import GatewayError
from infra.local.gateway.invoker import AwsResponse
from infra.local.gateway.java_values import to_text

_ACTION = "execute-api:Invoke"


def authorized(response: AwsResponse, resource: str) -> dict[str, str]:
    """`$context.authorizer` for a function that allows `resource`: its context's values as text, and principalId.

    Raises GatewayError: UNAUTHORIZED when the function failed with the very text "Unauthorized", ACCESS_DENIED when its
    policy denies or does not allow, AUTHORIZER_FAILURE for any other failure and AUTHORIZER_CONFIGURATION_ERROR for an
    answer of another form.
    """
    answer = _json(response)
    if "x-amz-function-error" in response.headers or response.status != 200:
        if answer.get("errorMessage") == "Unauthorized":
            raise GatewayError("UNAUTHORIZED")
        raise GatewayError("AUTHORIZER_FAILURE", reason=f"the authorizer failed: {answer.get('errorType')}")
    policy, context = answer.get("policyDocument"), answer.get("context") or {}
    if not answer.get("principalId") or not isinstance(policy, dict) or not _is_flat(context):
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", reason="the authorizer's answer has not the right form")
    if not allows(policy, _ACTION, resource):
        raise GatewayError("ACCESS_DENIED", "Forbidden")
    return {"principalId": str(answer["principalId"]), **{name: to_text(value) for name, value in context.items()}}


def allows(policy: Mapping[str, Any], action: str, resource: str) -> bool:
    """Whether a policy document allows an action on a resource. Conditions are not known here: they never hold."""
    effects = {
        str(statement.get("Effect"))
        for statement in _several(policy.get("Statement"))
        if isinstance(statement, dict) and "Condition" not in statement and _concerns(statement, action, resource)
    }
    return effects == {"Allow"}


def _concerns(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    actions = (str(pattern).lower() for pattern in _several(statement.get("Action")))
    resources = (str(pattern) for pattern in _several(statement.get("Resource")))
    return any(_like(p, action.lower()) for p in actions) and any(_like(p, resource) for p in resources)


def _like(pattern: str, text: str) -> bool:
    """IAM's wildcards: * for any characters, ? for one."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _several(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_flat(context: Any) -> bool:
    """Only text, numbers and booleans are valid in an authorizer's context."""
    return isinstance(context, dict) and all(isinstance(value, str | int | float | bool) for value in context.values())


def _json(response: AwsResponse) -> dict[str, Any]:
    try:
        answer = json.loads(response.body or b"{}")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
