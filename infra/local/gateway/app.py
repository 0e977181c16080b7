"""The gateway as an ASGI application.

A request passes, in API Gateway's order: route, authorizer, API key and usage plan, request validator, integration.
Whatever API Gateway answers itself goes out as a gateway response.
"""

import asyncio
import base64
import json
import logging
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from infra.local.gateway import asgi, mapping
from infra.local.gateway.asgi import AsgiApp, Disconnected, Receive, Scope, Send, TooLarge
from infra.local.gateway.errors import ApiDefinitionError, GatewayError
from infra.local.gateway.integrations import Answer, Authorize, Call, Integrator, choose_template
from infra.local.gateway.invoker import AwsInvoker
from infra.local.gateway.journal import Entry, Journal
from infra.local.gateway.limits import UsagePlans
from infra.local.gateway.model import Api, GatewayResponse, Method, compile_api
from infra.local.gateway.sockets import SocketGateway
from infra.local.gateway.validation import Checker, body_checkers, check_body, check_parameters

LOG = logging.getLogger(__name__)
ACCESS: Final = logging.getLogger("infra.local.gateway.access")

MAX_BODY: Final = 10 * 1024 * 1024
"""Payload size of a REST API: 10 MB, not to be raised (Amazon API Gateway quotas)."""

DEFAULT_ERROR: Final = '{"message":$context.error.messageString}'
THREADS: Final = 32
REPLAY_PARALLEL: Final = 8
KEPT: Final = ("requestId", "identity", "authorizer")
"""What a journaled request keeps of its ``$context``: an execution named after the id is started once."""

RestApi = Mapping[str, Any]
Authorizer = Callable[["Request", Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Given the request and its security scheme, gives ``$context.authorizer``; raises UNAUTHORIZED or ACCESS_DENIED."""


@dataclass(frozen=True)
class Request:
    """A request as it came: ``path`` is raw and without the query string; ``at`` in milliseconds since 1970.

    One from the journal is ``replayed``, with the parts of ``$context`` that were ``kept`` with it.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: int
    client: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"
    replayed: bool = False
    kept: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Options:
    """How to serve: see ``create_app``."""

    invoke: AwsInvoker
    journal: Journal | None = None
    journal_operations: Collection[str] = ()
    authorize: Authorize | None = None
    denied: tuple[type[Exception], ...] = (PermissionError,)
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    fallback: AsgiApp = asgi.not_found
    threads: int = THREADS
    account_id: str = "000000000000"
    sockets: SocketGateway | None = None


@dataclass
class _Deployed:
    """What is made of one deployment of the API."""

    api: Api
    plans: UsagePlans
    checkers: dict[int, dict[str, Checker]]


@dataclass
class ReplayResult:
    """What became of the journal's entries."""

    accepted: int = 0
    refused: int = 0


class Gateway:
    """The ASGI application. ``reload`` takes up a new deployment; ``replay`` re-submits the journal."""

    def __init__(self, api: RestApi | Callable[[], RestApi | None], options: Options) -> None:
        self._source, self._options = api, options
        self._pool = ThreadPoolExecutor(options.threads, thread_name_prefix="gateway")
        self._integrator = Integrator(options.invoke, self._pool, options.authorize, options.denied)
        self._deployed: _Deployed | None = None
        if not callable(api):
            self.reload()

    def reload(self) -> bool:
        """Reads and compiles the API again; False if there is none yet. Raises ApiDefinitionError."""
        try:
            api = self._source() if callable(self._source) else self._source
        except LookupError:
            return False
        if api is None:
            return False
        compiled = compile_api(api)
        if missing := {m.authorizer for m in compiled.methods if m.authorizer} - set(self._options.authorizers):
            raise ApiDefinitionError(f"no authorizer given for the security scheme {sorted(missing)[0]}")
        checkers = {id(m): body_checkers(m.validation, api["body"]) for m in compiled.methods}
        plans = UsagePlans(api.get("apiKeys") or [], api.get("usagePlans") or [])
        self._deployed = _Deployed(compiled, plans, checkers)
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await asgi.lifespan(receive, send, self.close)
            return
        if scope["type"] == "websocket" and self._options.sockets is not None:
            await self._options.sockets(scope, receive, send)
            return
        if scope["type"] != "http" or not self._is_ours(_raw_path(scope)):
            await self._options.fallback(scope, receive, send)
            return
        started = time.perf_counter()
        try:
            request, oversized = await _read(scope, receive)
        except Disconnected:
            return
        answer, resource = await self._answer(request, oversized)
        await asgi.send_answer(send, answer.status, answer.headers, answer.body)
        elapsed = (time.perf_counter() - started) * 1000
        ACCESS.info("%s %s %d %d bytes %.1f ms", request.method, resource, answer.status, len(answer.body), elapsed)

    def _is_ours(self, path: str) -> bool:
        if self._deployed is None and not self.reload():
            return False
        deployed = self._require()
        return path == f"/{deployed.api.stage}" or path.startswith(f"/{deployed.api.stage}/")

    def _require(self) -> _Deployed:
        if self._deployed is None:
            raise ApiDefinitionError("no API is deployed")
        return self._deployed

    async def _answer(self, request: Request, oversized: bool = False) -> tuple[Answer, str]:
        """The answer, journaled if it must be, and the resource path for the log ('-' if there is no such route)."""
        deployed = self._require()
        context = self._context(request, deployed.api)
        call = _unrouted(request, deployed.api, context)
        try:
            if oversized:
                raise GatewayError("REQUEST_TOO_LARGE")
            method = self._route(call, request)
            answer = await self._run(deployed, request, method, call)
            await self._keep(call, request, answer)
        except GatewayError as error:
            _log_error(error, context)
            answer = gateway_answer(error, call)
        answer.headers.append(("x-amzn-RequestId", context["requestId"]))
        answer.headers.append(("x-amz-apigw-id", context["extendedRequestId"]))
        return answer, context.get("resourcePath", "-")

    def _context(self, request: Request, api: Api) -> dict[str, Any]:
        """``$context`` before the route is known."""
        headers = mapping.Headers(list(request.headers))
        when = datetime.fromtimestamp(request.at / 1000, UTC)
        domain = headers.get("Host", "localhost")
        return {
            "requestId": request.kept.get("requestId") or str(uuid.uuid4()),
            "extendedRequestId": base64.b64encode(secrets.token_bytes(11)).decode(),
            "requestTime": when.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": request.at,
            "accountId": self._options.account_id,
            "apiId": api.rest_api_id,
            "stage": api.stage,
            "path": unquote(request.path),
            "httpMethod": request.method,
            "protocol": request.protocol,
            "domainName": domain,
            "domainPrefix": domain.split(".")[0],
            "identity": {"sourceIp": request.client, "userAgent": headers.get("User-Agent")},
            **mapping.fresh_overrides(),
        }

    def _route(self, call: Call, request: Request) -> Method:
        path = request.path.removeprefix(f"/{call.api.stage}")
        segments = [unquote(part) for part in path.split("/") if part]
        found = call.api.route(segments, request.method)
        if found is None:
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
        method, call.parameters["path"] = found
        call.routed = method
        resource = {"resourcePath": method.resource_path, "resourceId": f"{abs(hash(method.resource_path)):x}"[:6]}
        call.context.update(resource, operationName=method.operation_id or None)
        return method

    async def _run(self, deployed: _Deployed, request: Request, method: Method, call: Call) -> Answer:
        if request.kept:
            # It was let in when it came; a token may have expired since, and a quota counts it once.
            call.context.update(request.kept)
            return await self._integrator.run(call)
        if method.authorizer:
            authorizer = self._options.authorizers[method.authorizer]
            call.context["authorizer"] = await authorizer(request, deployed.api.authorizers[method.authorizer])
        if method.api_key_required:
            value = call.parameters["header"].get("x-api-key")
            call.context["identity"]["apiKeyId"] = deployed.plans.admit(value)
            call.context["identity"]["apiKey"] = value
        check_parameters(method.validation, call.parameters)
        check_body(method.validation, deployed.checkers[id(method)], call.media_type, call.body)
        return await self._integrator.run(call)

    async def _keep(self, call: Call, request: Request, answer: Answer) -> None:
        journal = self._options.journal
        if journal is None or call.method.operation_id not in self._options.journal_operations:
            return
        if not 200 <= answer.status < 300 or request.replayed:
            return
        kept: dict[str, Any] = {name: call.context[name] for name in KEPT if name in call.context}
        entry = Entry(request.at, request.method, request.path, request.query, request.headers, request.body, kept)
        try:
            await journal.append(entry)
        except OSError as error:
            raise GatewayError("DEFAULT_5XX", reason=f"journal: {error.strerror}") from error

    async def replay(self, since: int = 0) -> ReplayResult:
        """Re-submits the journal's entries since a time (ms), without journaling them again; a few at a time."""
        result = ReplayResult()
        if self._options.journal is None or (self._deployed is None and not self.reload()):
            return result
        gate = asyncio.Semaphore(REPLAY_PARALLEL)

        async def submit(entry: Entry) -> None:
            async with gate:
                parts = (entry.method, entry.path, entry.query, entry.headers, entry.body, entry.at)
                answer, resource = await self._answer(Request(*parts, replayed=True, kept=entry.context))
            # A conflict: what the request asks for is there already, and was finished before.
            if 200 <= answer.status < 300 or answer.status == HTTPStatus.CONFLICT:
                result.accepted += 1
            else:
                result.refused += 1
                LOG.error("replay of a journaled request to %s was answered %d", resource, answer.status)

        await asyncio.gather(*(submit(entry) for entry in self._options.journal.entries(since)))
        return result

    async def end(self) -> None:
        """Ends the WebSocket connections, which no server's shutdown waits for; requests are served on."""
        if self._options.sockets is not None:
            await self._options.sockets.end()

    async def close(self) -> None:
        """Ends the connections, finishes pending writes and stops the threads."""
        if self._options.sockets is not None:
            await self._options.sockets.close()
        if self._options.journal is not None:
            await self._options.journal.close()
        self._pool.shutdown(wait=False, cancel_futures=True)


def create_app(  # noqa: PLR0913 - settings, each with a keyword
    api: RestApi | Callable[[], RestApi | None],
    invoke: AwsInvoker,
    journal: Journal | None = None,
    *,
    journal_operations: Collection[str] = (),
    authorize: Authorize | None = None,
    denied: tuple[type[Exception], ...] = (PermissionError,),
    authorizers: Mapping[str, Authorizer] | None = None,
    fallback: AsgiApp = asgi.not_found,
    threads: int = THREADS,
    account_id: str = "000000000000",
    sockets: SocketGateway | None = None,
) -> Gateway:
    """The gateway for one REST API.

    ``api`` is ``infra.local.aws.apis.rest_api()`` or a function that gives it; while nothing is deployed the function
    gives None or raises LookupError.
    ``journal_operations`` are the operationIds whose accepted requests are journaled before they are answered.
    ``authorize`` is asked whether an integration's role may make its call and raises one of ``denied`` if not.
    ``authorizers`` are by name of their security scheme. ``fallback`` serves every path outside the stage; ``sockets``
    is the WebSocket API on the same port (``create_sockets``).
    Raises ApiDefinitionError for a document that API Gateway would refuse.
    """
    options = Options(invoke, journal, frozenset(journal_operations), authorize, denied, dict(authorizers or {}),
                      fallback, threads, account_id, sockets)  # fmt: skip
    return Gateway(api, options)


# --- request -----------------------------------------------------------------------------------------------------


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    text: str = raw.decode("latin-1") if raw else scope["path"]
    return text.split("?", maxsplit=1)[0]


async def _read(scope: Scope, receive: Receive) -> tuple[Request, bool]:
    """The request, and whether its body was too large to be read."""
    at = int(time.time() * 1000)
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    oversized, body = False, b""
    try:
        declared = next((value for name, value in headers if name == "content-length"), "0")
        if declared.isdigit() and int(declared) > MAX_BODY:
            raise TooLarge
        body = await asgi.read_body(receive, MAX_BODY)
    except TooLarge:
        oversized = True
    client = (scope.get("client") or ("127.0.0.1", 0))[0]
    query = scope.get("query_string", b"").decode("latin-1")
    protocol = f"HTTP/{scope.get('http_version', '1.1')}"
    return Request(scope["method"], _raw_path(scope), query, headers, body, at, client, protocol), oversized


def _unrouted(request: Request, api: Api, context: dict[str, Any]) -> Call:
    query = parse_qsl(request.query, keep_blank_values=True)
    headers = [(mapping.usual_spelling(name), value) for name, value in request.headers]
    parameters = {"path": {}, "querystring": dict(query), "header": mapping.Headers(headers)}
    multi = {"querystring": _grouped(query), "header": _grouped(headers)}
    body = request.body.decode("utf-8", "replace")
    return Call(api, request.method, context["path"], parameters, multi, context, body)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


# --- gateway responses ---------------------------------------------------------------------------------------------


def gateway_answer(error: GatewayError, call: Call) -> Answer:
    """The gateway response for an error: the API's own for its type, else its DEFAULT_4XX or 5XX, else AWS's."""
    declared = call.api.gateway_responses
    family = "DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX"
    chosen = declared.get(error.kind) or declared.get(family) or GatewayResponse(None, {}, {})
    call.context["error"] = {
        "message": error.message,
        "messageString": json.dumps(error.message),
        "responseType": error.kind,
        "validationErrorString": error.validation,
    }
    known = (call.context, call.parameters, call.api.stage_variables)
    media_type, template = choose_template(chosen.templates, call.parameters["header"].get("Accept"))
    headers = {"Content-Type": media_type, "x-amzn-ErrorType": error.error_type, **error.headers}
    for target, source in chosen.parameters.items():
        value = source[1:-1] if source.startswith("'") else mapping.lookup(source, *known)
        if value is not None and target.startswith("gatewayresponse.header."):
            headers[mapping.usual_spelling(target.removeprefix("gatewayresponse.header."))] = value
    body = mapping.substitute(DEFAULT_ERROR if template is None else template, *known)
    return Answer(chosen.status or error.status, list(headers.items()), body.encode())


def _log_error(error: GatewayError, context: Mapping[str, Any]) -> None:
    level = logging.ERROR if error.status >= 500 else logging.INFO
    resource = context.get("resourcePath", "-")
    LOG.log(level, "%s %s: %s %s", context["httpMethod"], resource, error.kind, error.reason)
