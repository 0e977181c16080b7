"""`arn:aws:states:::apigateway:invoke`, for the `@connections` of the WebSocket API that this process serves.

docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html. The gateway's connections reach this module
through `serve`: who has none, as before the gateway starts, finds every connection gone.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from infra.local.aws import apis, clients, iam
from infra.local.aws.asl.engine import TaskCall
from infra.local.aws.asl.errors import StateError, runtime_error
from infra.local.gateway.connections import Gone, LimitExceeded, PayloadTooLarge, Registry

Json = Any
_ENDPOINT = re.compile(r"([0-9a-z]+)\.execute-api\.([a-z0-9-]+)\.amazonaws\.com")
_PATH = re.compile(r"/?@connections/([^/]+)")
_METHODS = ("POST", "GET", "DELETE")
_PARAMETERS = {"ApiEndpoint", "Method", "Headers", "Stage", "Path", "QueryParameters", "RequestBody", "AuthType"}
_PARAMETERS |= {"AllowNullValues"}
_served: list[Registry] = []


def serve(registry: Registry) -> None:
    """Let machines post to the connections of `registry` from now on."""
    _served[:] = [registry]


def invoke(call: TaskCall) -> Json:
    """The response as {StatusCode, StatusText, Headers: {name: [values]}, ResponseBody}.

    Raises StateError: `ApiGateway.<status>` with the response's body as Cause (403, 410, 413, 429), or States.Runtime
    for a request that Step Functions would refuse or an API that is not here.
    """
    parameters = call.parameters
    if unknown := sorted(set(parameters) - _PARAMETERS):
        raise runtime_error(f"The field {unknown[0]!r} is not supported by Step Functions")
    api_id = _api_id(parameters)
    method, path = str(parameters.get("Method")), _PATH.fullmatch(str(parameters.get("Path")))
    if method not in _METHODS or path is None:
        raise runtime_error("Only POST, GET and DELETE of /@connections/{id} are available on one machine")
    connection_id = unquote(path[1])
    _authorise(call, f"{api_id}/{parameters.get('Stage')}/{method}/@connections/{connection_id}")
    try:
        return _OPERATIONS[method](connection_id, parameters)
    except Gone as error:
        raise _failed(HTTPStatus.GONE, "") from error
    except LimitExceeded as error:
        raise _failed(HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests") from error
    except PayloadTooLarge as error:
        raise _failed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Message too long") from error


def _api_id(parameters: Mapping[str, Json]) -> str:
    """The API's id. Raises States.Runtime for any API but the WebSocket API that is deployed here."""
    endpoint = str(parameters.get("ApiEndpoint"))
    found = _ENDPOINT.fullmatch(endpoint)
    try:
        api_id, stage = apis.socket_address()
    except apis.NoSocketApi as error:
        raise runtime_error(str(error)) from error
    if found is None or found[1] != api_id or parameters.get("Stage") != stage:
        raise runtime_error(f"{endpoint}/{parameters.get('Stage')} is not the WebSocket API of this machine")
    return api_id


def _authorise(call: TaskCall, resource: str) -> None:
    if call.parameters.get("AuthType", "NO_AUTH") != "IAM_ROLE":
        raise _failed(HTTPStatus.FORBIDDEN, "Missing Authentication Token")
    arn = f"arn:aws:execute-api:{clients.REGION}:{clients.ACCOUNT_ID}:{resource}"
    try:
        iam.require(call.execution.role_arn, "execute-api:ManageConnections", arn)
    except iam.AccessDenied as denied:
        raise _failed(HTTPStatus.FORBIDDEN, str(denied)) from denied


def _registry() -> Registry:
    if not _served:
        raise Gone
    return _served[0]


def _post(connection_id: str, parameters: Mapping[str, Json]) -> Json:
    body = parameters.get("RequestBody", "")
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    _registry().post(connection_id, text.encode("utf-8", "replace"))
    return _response(HTTPStatus.OK, "")


def _get(connection_id: str, _parameters: Mapping[str, Json]) -> Json:
    found = _registry().describe(connection_id)
    times = {name: _iso(found[name]) for name in ("connectedAt", "lastActiveAt")}
    return _response(HTTPStatus.OK, {**found, **times})


def _delete(connection_id: str, _parameters: Mapping[str, Json]) -> Json:
    _registry().close(connection_id)
    return _response(HTTPStatus.NO_CONTENT, "")


_OPERATIONS = {"POST": _post, "GET": _get, "DELETE": _delete}


def _iso(milliseconds: int) -> str:
    stamp = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")


def _response(status: HTTPStatus, body: Json) -> Json:
    headers = {"Content-Type": ["application/json"]}
    return {"ResponseBody": body, "Headers": headers, "StatusCode": int(status), "StatusText": status.phrase}


def _failed(status: HTTPStatus, message: str) -> StateError:
    cause = json.dumps({"message": message}) if message else ""
    return StateError(f"ApiGateway.{int(status)}", cause)
