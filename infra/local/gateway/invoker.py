"""Calls of AWS services as API Gateway makes them: on the wire, the mapped body as it is.

An ``action`` integration posts the template's output to the service under the action's name, and what comes back is
the service's own JSON. Going through an SDK would parse and re-shape both, so the wire protocol is spoken here.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest as SignedRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.session import Session

BOTOCORE_NAMES: Final = {"states": "stepfunctions", "email": "ses", "monitoring": "cloudwatch"}
"""Where API Gateway's service name in a URI (the endpoint prefix) is not botocore's."""

CONNECT_TIMEOUT: Final = 5.0
READ_TIMEOUT: Final = 310.0
"""Seconds; above the 5 minutes of an Express execution: the gateway's own 29 s clock is what ends a call."""


@dataclass(frozen=True)
class AwsRequest:
    """One call: ``style`` is ``action`` or ``path`` as in the integration's URI, ``target`` what follows it."""

    region: str
    service: str
    style: str
    target: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class AwsResponse:
    """The service's answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class AwsInvoker(Protocol):
    """Makes one call and blocks until it is answered. Raises OSError if the service cannot be reached."""

    def __call__(self, request: AwsRequest) -> AwsResponse: ...


@dataclass(frozen=True)
class Wire:
    """How a service takes an action: its protocol, its target prefix or API version, and its signing name."""

    protocol: str
    target_prefix: str
    json_version: str
    api_version: str
    signing_name: str


_LOADING = threading.Lock()


@lru_cache(maxsize=64)
def wire(service: str) -> Wire:
    """Read from botocore's model of the service. Raises OSError for a service it does not know."""
    with _LOADING:
        name = BOTOCORE_NAMES.get(service, service)
        try:
            metadata: Mapping[str, Any] = Session().get_service_model(name).metadata
        except BotoCoreError as error:
            raise OSError(f"unknown AWS service {service}") from error
    return Wire(
        protocol=str(metadata["protocol"]),
        target_prefix=str(metadata.get("targetPrefix", "")),
        json_version=str(metadata.get("jsonVersion", "1.0")),
        api_version=str(metadata["apiVersion"]),
        signing_name=str(metadata.get("signingName", metadata["endpointPrefix"])),
    )


def as_http(request: AwsRequest) -> tuple[str, str, dict[str, str], bytes]:
    """(method, path with query, headers, body) of a call."""
    if request.style == "path":
        path = "/" + quote(request.target.lstrip("/"), safe="/:~-._%")
        return request.method, _with_query(path, request.query), dict(request.headers), request.body
    spoken = wire(request.service)
    if spoken.protocol == "json":
        headers = {
            "Content-Type": f"application/x-amz-json-{spoken.json_version}",
            "X-Amz-Target": f"{spoken.target_prefix}.{request.target}",
        }
        return "POST", _with_query("/", request.query), {**request.headers, **headers}, request.body
    if spoken.protocol in ("query", "ec2"):
        form = urlencode({"Action": request.target, "Version": spoken.api_version}).encode()
        body = request.body + b"&" + form if request.body else form
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return "POST", _with_query("/", request.query), {**request.headers, **headers}, body
    raise OSError(f"{request.service} has no action integration; use path/")


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


class HttpAwsInvoker:
    """Signs calls (Signature Version 4) and sends them to one endpoint; safe to use from many threads."""

    def __init__(self, endpoint_url: str, access_key: str, secret_key: str, connections: int = 64) -> None:
        parts = urlsplit(endpoint_url)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._credentials = Credentials(access_key, secret_key)
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
        self._http = urllib3.PoolManager(maxsize=connections, retries=False, timeout=timeout)

    def __call__(self, request: AwsRequest) -> AwsResponse:
        method, path, headers, body = as_http(request)
        signed = SignedRequest(method=method, url=self._base + path, data=body, headers=headers)
        signing_name = wire(request.service).signing_name
        SigV4Auth(self._credentials, signing_name, request.region).add_auth(signed)
        try:
            answer = self._http.request(method, self._base + path, body=body, headers=dict(signed.headers.items()))
        except urllib3.exceptions.HTTPError as error:
            raise OSError(f"{request.service} cannot be reached: {type(error).__name__}") from error
        return AwsResponse(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.data)
