"""The deployed REST API, for the gateway that serves it."""

from typing import Any

from infra.local.aws import deployed


class NoRestApi(LookupError):
    """No stack with a REST API is deployed."""


def rest_api() -> dict[str, Any]:
    """The deployed REST API: {restApiId, stage, body, apiKeys: [{id, name, value}], usagePlans}.

    `body` is the OpenAPI document with every Fn::Sub resolved. A usage plan is {id, name, throttle: {rateLimit,
    burstLimit}, quota: {limit, period, offset}, keyIds}, with empty objects where the template sets no limit.
    Raises NoRestApi before the first deployment.
    """
    api = next(deployed.resources("AWS::ApiGateway::RestApi"), None)
    stage = next(deployed.resources("AWS::ApiGateway::Stage"), None)
    if api is None or stage is None:
        raise NoRestApi("no REST API is deployed")
    return {
        "restApiId": api.physical_id,
        "stage": stage.physical_id,
        "body": api.properties["Body"],
        "apiKeys": _api_keys(),
        "usagePlans": _usage_plans(),
    }


def _api_keys() -> list[dict[str, str]]:
    from ministack.services import apigateway_v1  # noqa: PLC0415 - after its environment is set

    keys = (apigateway_v1._api_keys.get(key.physical_id) for key in deployed.resources("AWS::ApiGateway::ApiKey"))
    return [{"id": key["id"], "name": key["name"], "value": key["value"]} for key in keys if key and key.get("enabled")]


def _usage_plans() -> list[dict[str, Any]]:
    links = [link.properties for link in deployed.resources("AWS::ApiGateway::UsagePlanKey")]
    return [
        {
            "id": plan.physical_id,
            "name": plan.properties.get("UsagePlanName", plan.logical_id),
            "throttle": _camel(plan.properties.get("Throttle")),
            "quota": _camel(plan.properties.get("Quota")),
            "keyIds": [link["KeyId"] for link in links if link["UsagePlanId"] == plan.physical_id],
        }
        for plan in deployed.resources("AWS::ApiGateway::UsagePlan")
    ]


def _camel(properties: dict[str, Any] | None) -> dict[str, Any]:
    """Template keys as the API writes them, numbers as numbers (CloudFormation parameters arrive as text)."""
    pairs = (properties or {}).items()
    return {key[0].lower() + key[1:]: _number(value) for key, value in pairs}


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value
