"""The deployed REST and WebSocket APIs, for the gateway that serves them."""

from collections.abc import Iterator
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


class NoSocketApi(LookupError):
    """No stack with a WebSocket API is deployed."""


def socket_api() -> dict[str, Any]:
    """The deployed WebSocket API: {apiId, stage, stageVariables, routeSelectionExpression, routes}.

    A route is {routeKey, integration, integrationResponses, responds, authorizer}: integration, integration responses
    and authorizer (None without one) are the template's Properties, resolved; `responds` says whether the route has a
    RouteResponse. Raises NoSocketApi before the first deployment.
    """
    api, stage = _sockets()
    return {
        "apiId": api.physical_id,
        "stage": stage.properties["StageName"],
        "stageVariables": stage.properties.get("StageVariables") or {},
        "routeSelectionExpression": api.properties["RouteSelectionExpression"],
        "routes": [_route(api, route) for route in _parts("Route", api)],
    }


def socket_address() -> tuple[str, str]:
    """(id, stage) of the deployed WebSocket API. Raises NoSocketApi."""
    api, stage = _sockets()
    return api.physical_id, str(stage.properties["StageName"])


_V2 = "AWS::ApiGatewayV2::"


def _sockets() -> tuple[deployed.Resource, deployed.Resource]:
    sockets = (r for r in deployed.resources(f"{_V2}Api") if r.properties.get("ProtocolType") == "WEBSOCKET")
    api = next(sockets, None)
    stage = next(_parts("Stage", api), None)
    if api is None or stage is None:
        raise NoSocketApi("no WebSocket API is deployed")
    return api, stage


def _parts(kind: str, api: deployed.Resource | None) -> Iterator[deployed.Resource]:
    """The resources of a kind that belong to the API."""
    if api is not None:
        yield from (r for r in deployed.resources(f"{_V2}{kind}") if r.properties.get("ApiId") == api.physical_id)


def _route(api: deployed.Resource, route: deployed.Resource) -> dict[str, Any]:
    integration = _tail(route.properties.get("Target"))
    answers = [r.properties for r in _parts("IntegrationResponse", api)]
    return {
        "routeKey": route.properties["RouteKey"],
        "integration": _properties("Integration", api, integration),
        "integrationResponses": [answer for answer in answers if _tail(answer["IntegrationId"]) == integration],
        "responds": any(_tail(r.properties["RouteId"]) == _tail(route.physical_id)
                        for r in _parts("RouteResponse", api)),
        "authorizer": _properties("Authorizer", api, _tail(route.properties.get("AuthorizerId"))),
    }  # fmt: skip


def _properties(kind: str, api: deployed.Resource, identity: str) -> dict[str, Any] | None:
    found = (part.properties for part in _parts(kind, api) if _tail(part.physical_id) == identity)
    return next(found, None) if identity else None


def _tail(reference: str | None) -> str:
    """The id at the end of `integrations/<id>` or of ministack's `<api>/<id>`."""
    return (reference or "").rpartition("/")[2]


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
