"""`arn:aws:states:::http:invoke`: call an HTTPS API with the credentials of an EventBridge connection.

docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit, urlunsplit

import urllib3

from infra.local.aws import clients, iam
from infra.local.aws.asl.engine import MAX_BYTES, TaskCall
from infra.local.aws.asl.errors import DATA_LIMIT, TIMEOUT, StateError, runtime_error

Json = Any
# "HTTP Tasks time out after 60 seconds" with States.Http.Socket (concepts-error-handling.html).
_MAX_SECONDS = 60.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_BINARY = ("image/", "audio/", "video/", "application/octet-stream", "application/pdf", "application/zip")
# Header names an HTTP Task may not set ("Headers" on the page above).
_FORBIDDEN = re.compile(
    r"(a-im|accept-(charset|datetime|encoding)|authorization|cache-control|connection|content-(encoding|md5)|date|expect"
    r"|forwarded|from|host|http2-settings|if-(match|modified-since|none-match|range|unmodified-since)|max-forwards|origin"
    r"|pragma|proxy-authorization|referer|server|te|trailer|transfer-encoding|upgrade|via|warning"
    r"|x-forwarded-.*|x-amz-.*|x-amzn-.*)",
    re.IGNORECASE,
)
_pool = urllib3.PoolManager(maxsize=32)


def invoke(call: TaskCall) -> Json:
    """The response as {StatusCode, StatusText, Headers: {name: [values]}, ResponseBody}.

    Raises StateError: `States.Http.StatusCode.<n>` (Cause is the response body), `States.Http.Socket`,
    `States.Timeout`, `Events.ConnectionResource.*`, or States.Runtime for a request or response AWS would refuse.
    """
    parameters = call.parameters
    url, method = parameters["ApiEndpoint"], parameters["Method"]
    connection = _connection(parameters)
    _authorise(call, url, method, connection)
    headers, body = _request(parameters, connection)
    try:
        response = _pool.request(
            method,
            _with_query(url, parameters.get("QueryParameters"), connection),
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(total=min(_MAX_SECONDS, call.timeout)),
            retries=False,
            redirect=False,
        )
    except urllib3.exceptions.TimeoutError as error:
        if call.timeout < _MAX_SECONDS:
            raise StateError(TIMEOUT) from error
        raise StateError("States.Http.Socket", "The HTTP request timed out") from error
    except urllib3.exceptions.HTTPError as error:
        raise StateError("States.Http.Socket", f"The HTTP request failed: {type(error).__name__}") from error
    return _response(response)


def _connection(parameters: Mapping[str, Json]) -> Mapping[str, Json]:
    from ministack.services import eventbridge  # noqa: PLC0415 - after its environment is set

    arn = (parameters.get("InvocationConfig") or parameters.get("Authentication") or {}).get("ConnectionArn", "")
    for connection in eventbridge._connections.values():
        if connection["ConnectionArn"] == arn:
            if connection["ConnectionState"] != "AUTHORIZED":
                raise _connection_error("InvalidConnectionState", f"Connection {arn} is not authorized")
            return dict(connection)
    raise _connection_error("ResourceNotFound", f"Connection {arn} does not exist")


def _connection_error(name: str, cause: str) -> StateError:
    return StateError(f"Events.ConnectionResource.{name}", cause)


def _authorise(call: TaskCall, url: str, method: str, connection: Mapping[str, Json]) -> None:
    """The three permissions of an HTTP Task ("IAM permissions to run an HTTP Task")."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise runtime_error(f"The ApiEndpoint must be an https URL, not {parts.scheme}://{parts.hostname}")
    role, machine = call.execution.role_arn, call.execution.machine_arn
    try:
        keys = {"states:HTTPEndpoint": url, "states:HTTPMethod": method}
        iam.require(role, "states:InvokeHTTPEndpoint", machine, keys)
        iam.require(role, "events:RetrieveConnectionCredentials", connection["ConnectionArn"])
        for action in ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"):
            iam.require(role, action, connection.get("SecretArn", "*"))
    except iam.AccessDenied as denied:
        raise _connection_error("AccessDenied", str(denied)) from denied


def _request(parameters: Mapping[str, Json], connection: Mapping[str, Json]) -> tuple[dict[str, str], bytes | None]:
    headers = {name: _scalar(value) for name, value in (parameters.get("Headers") or {}).items()}
    for name in headers:
        if _FORBIDDEN.fullmatch(name):
            raise runtime_error(f"The header {name} is not allowed in an HTTP Task")
    body = _body(parameters, connection)
    if body is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json; charset=UTF-8"
    headers.update({p["Key"]: str(p["Value"]) for p in _extra(connection, "HeaderParameters")})
    headers["User-Agent"] = f"Amazon|StepFunctions|HttpInvoke|{clients.REGION}"
    headers["Range"] = f"bytes=0-{MAX_BYTES}"
    return {**headers, **_authorisation(connection)}, body


def _extra(connection: Mapping[str, Json], kind: str) -> list[Json]:
    return (connection["AuthParameters"].get("InvocationHttpParameters") or {}).get(kind) or []


def _authorisation(connection: Mapping[str, Json]) -> dict[str, str]:
    auth = connection["AuthParameters"]
    if connection["AuthorizationType"] == "BASIC":
        pair = f"{auth['BasicAuthParameters']['Username']}:{auth['BasicAuthParameters']['Password']}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    if connection["AuthorizationType"] == "API_KEY":
        key = auth["ApiKeyAuthParameters"]
        return {key["ApiKeyName"]: key["ApiKeyValue"]}
    kind = connection["AuthorizationType"]
    raise _connection_error("InvalidConnectionState", f"{kind} connections are not available on one machine")


def _body(parameters: Mapping[str, Json], connection: Mapping[str, Json]) -> bytes | None:
    body = parameters.get("RequestBody")
    if extra := {p["Key"]: p["Value"] for p in _extra(connection, "BodyParameters")}:
        body = {**(body or {}), **extra}
    if body is None or isinstance(body, str):
        return body.encode() if body else None
    transform = parameters.get("Transform") or {}
    if transform.get("RequestBodyEncoding") == "URL_ENCODED":
        arrays = (transform.get("RequestEncodingOptions") or {}).get("ArrayFormat", "INDICES")
        pairs = [pair for key, value in body.items() for pair in _form(key, value, arrays)]
        return "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in pairs).encode()
    return json.dumps(body, ensure_ascii=False).encode()


def _form(key: str, value: Json, arrays: str) -> Iterator[tuple[str, str]]:
    """Form fields for one member of the body; `arrays` is INDICES, BRACKETS, REPEAT or COMMAS."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _form(f"{key}[{name}]", inner, arrays)
    elif isinstance(value, list) and arrays == "COMMAS":
        yield key, ",".join(_scalar(item) for item in value)
    elif isinstance(value, list):
        names = {"INDICES": "{key}[{index}]", "BRACKETS": "{key}[]", "REPEAT": "{key}"}
        for index, item in enumerate(value):
            yield from _form(names[arrays].format(key=key, index=index), item, arrays)
    else:
        yield key, _scalar(value)


def _scalar(value: Json) -> str:
    if isinstance(value, list):
        return ",".join(_scalar(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)


def _with_query(url: str, query: Json, connection: Mapping[str, Json]) -> str:
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    for key, value in (query or {}).items():
        pairs += [(key, _scalar(item)) for item in (value if isinstance(value, list) else [value])]
    pairs += [(p["Key"], str(p["Value"])) for p in _extra(connection, "QueryStringParameters")]
    return urlunsplit(parts._replace(query=urlencode(pairs), fragment=""))


def _response(response: urllib3.BaseHTTPResponse) -> Json:
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media.startswith(_BINARY):
        raise runtime_error(f"HTTP Task does not support responses of type {media}")
    if len(response.data) > MAX_BYTES:
        raise StateError(DATA_LIMIT, "The HTTP response exceeds the maximum number of bytes service limit.")
    try:
        text = response.data.decode()
    except UnicodeDecodeError as error:
        raise runtime_error("The HTTP response is not UTF-8 text") from error
    if not 200 <= response.status < 300:
        raise StateError(f"States.Http.StatusCode.{response.status}", text)
    return {
        "StatusCode": response.status,
        "StatusText": response.reason or "",
        "Headers": {name.lower(): response.headers.getlist(name) for name in response.headers},
        "ResponseBody": _parsed(media, text),
    }


def _parsed(media: str, text: str) -> Json:
    if media == "application/json" or media.endswith("+json"):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text
