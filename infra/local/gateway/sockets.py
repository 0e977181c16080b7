"""The WebSocket API as an ASGI application.

A connection: identity sources, authorizer, the `$connect` integration, then the handshake is accepted; each message
goes to its route's integration, and the answer back if the route has a RouteResponse; `$disconnect` at the end.
Messages of one client run side by side: their answers come as they are ready. No message text is ever logged.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from infra.local.gateway import asgi, mapping, policies
from infra.local.gateway.asgi import Receive, Scope, Send
from infra.local.gateway.connections import (
    GOING_AWAY,
    Connection,
    Gone,
    LimitExceeded,
    Limits,
    PayloadTooLarge,
    Registry,
    new_id,
)
from infra.local.gateway.errors import ApiDefinitionError, GatewayError
from infra.local.gateway.integrations import Authorize, Call, Integrator, function_request, integration_answer
from infra.local.gateway.invoker import AwsInvoker
from infra.local.gateway.socket_model import CONNECT, DISCONNECT, SocketApi, SocketRoute, compile_sockets

LOG = logging.getLogger(__name__)
ACCESS: Final = logging.getLogger("infra.local.gateway.access")

THREADS: Final = 48
CLOSING_SECONDS: Final = 5.0
ENDING_SECONDS: Final = 1.0
# RFC 6455, 7.4.1: a kind of data that cannot be accepted, and a message too big to process.
UNSUPPORTED_DATA: Final = 1003
MESSAGE_TOO_BIG: Final = 1009

Source = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


class SocketGateway:
    """The application for ASGI's "websocket" scope; `registry` has the open connections."""

    def __init__(
        self, api: Source, integrator: Integrator, pool: ThreadPoolExecutor, registry: Registry, account_id: str
    ) -> None:
        self.registry = registry
        self._source, self._integrator, self._pool, self._account_id = api, integrator, pool, account_id
        self._api: SocketApi | None = None
        self._farewells: set[asyncio.Task[None]] = set()
        if not callable(api):
            self.reload()

    def reload(self) -> bool:
        """Reads and compiles the API again; False if there is none yet. Raises ApiDefinitionError."""
        try:
            self._api = compile_sockets(self._source() if callable(self._source) else self._source)
        except LookupError:
            return False
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        if (self._api is None and not self.reload()) or scope["path"] != f"/{self._deployed.api.stage}":
            await _refuse(scope, send, GatewayError("ACCESS_DENIED", "Forbidden"), {})
            return
        headers, agent = _headers(scope)
        connection = self.registry.add((scope.get("client") or ("127.0.0.1", 0))[0], agent)
        try:
            if await self._handshake(scope, send, connection, headers):
                await _Session(self, connection, receive, send, headers.get("Host", "localhost")).run()
                self._say_farewell(connection, headers.get("Host", "localhost"))
        finally:
            self.registry.remove(connection)

    @property
    def _deployed(self) -> SocketApi:
        if self._api is None:
            raise ApiDefinitionError("no WebSocket API is deployed")
        return self._api

    async def _handshake(self, scope: Scope, send: Send, connection: Connection, headers: mapping.Headers) -> bool:
        """Authorizer and `$connect`; accepts or refuses. Whether it accepted."""
        started = time.perf_counter()
        query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
        call = self._call(connection, CONNECT, "CONNECT", headers.get("Host", "localhost"))
        call.parameters.update(querystring=query, header=headers)
        status = 101
        try:
            route = self._deployed.routes.get(CONNECT)
            if route is not None:
                await self._authorize(route, call, connection)
                await self._connect(route, call)
        except GatewayError as error:
            status = error.status
            _log_error(error, CONNECT)
            await _refuse(scope, send, error, call.context)
        ACCESS.info("%s %d %.1f ms", CONNECT, status, (time.perf_counter() - started) * 1000)
        if status != 101:
            return False
        await send({"type": "websocket.accept"})
        connection.opened = True
        return True

    async def _authorize(self, route: SocketRoute, call: Call, connection: Connection) -> None:
        authorizer = route.authorizer
        if authorizer is None:
            return
        if not all(call.parameters[place].get(name) for place, name in authorizer.sources):
            raise GatewayError("UNAUTHORIZED", reason="an identity source is missing")
        uri = authorizer.function.uri
        region = uri.region if uri else ""
        arn = f"arn:aws:execute-api:{region}:{self._account_id}:{call.api.rest_api_id}/{call.api.stage}/{CONNECT}"
        event = authorizer_event(call, arn)
        answer = await self._integrator.send(authorizer.function, function_request(authorizer.function, event))
        connection.authorizer = policies.authorized(answer, arn)
        call.context["authorizer"] = connection.authorizer

    async def _connect(self, route: SocketRoute, call: Call) -> None:
        """Raises GatewayError unless the integration answered 2xx and one of its responses takes that."""
        call.routed = route.method
        response = await self._integrator.respond(call)
        integration_answer(call, response)
        if not 200 <= response.status < 300:
            raise GatewayError("DEFAULT_5XX", status=response.status, reason=f"$connect got {response.status}")

    async def message(self, connection: Connection, body: str, domain: str) -> None:
        """One message of a client, from its route to the queued answer."""
        started = time.perf_counter()
        route = self._deployed.route(body)
        key = route.method.resource_path if route else "-"
        call = self._call(connection, key, "MESSAGE", domain, body)
        outcome = "done"
        try:
            answer = await self._run(route, call)
        except GatewayError as error:
            _log_error(error, key)
            outcome, answer = error.kind, _error_body(error, call.context)
        except Exception:
            # The outermost place of a message: a defect of ours must not leave the client waiting in silence.
            LOG.exception("a message to %s could not be handled", key)
            outcome, answer = "failed", _error_body(GatewayError("DEFAULT_5XX"), call.context)
        ACCESS.info("%s %s %.1f ms", key, outcome, (time.perf_counter() - started) * 1000)
        try:
            if answer:
                connection.offer(answer)
        except Gone:
            LOG.info("the answer to %s found nobody there any more", key)  # a window that was closed meanwhile
        except (LimitExceeded, PayloadTooLarge) as error:
            LOG.warning("the answer to %s could not be sent: %s", key, type(error).__name__)

    async def _run(self, route: SocketRoute | None, call: Call) -> bytes:
        """The answer for the client; nothing if the route has no RouteResponse."""
        if route is None:
            raise GatewayError("ACCESS_DENIED", "Forbidden")
        call.routed = route.method
        response = await self._integrator.respond(call)
        if not route.responds:
            return b""
        body = integration_answer(call, response).body
        if len(body) > self.registry.limits.message:
            raise GatewayError("DEFAULT_5XX", reason="the answer is larger than a message may be")
        return body

    def _say_farewell(self, connection: Connection, domain: str) -> None:
        """Runs `$disconnect` without waiting for it: it is best effort on AWS too."""
        route = self._deployed.routes.get(DISCONNECT)
        if route is None:
            return
        call = self._call(connection, DISCONNECT, "DISCONNECT", domain)
        call.routed = route.method
        task = asyncio.get_running_loop().create_task(self._farewell(call))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _farewell(self, call: Call) -> None:
        try:
            response = await self._integrator.respond(call)
            if response.status >= 300:
                LOG.warning("$disconnect got %d", response.status)
        except GatewayError as error:
            _log_error(error, DISCONNECT)

    def _call(self, connection: Connection, route_key: str, event_type: str, domain: str, body: str = "") -> Call:
        context = self._context(connection, route_key, event_type, domain)
        parameters: dict[str, Any] = {"path": {}, "querystring": {}, "header": mapping.Headers([])}
        return Call(self._deployed.api, "", "", parameters, {}, context, body)

    def _context(self, connection: Connection, route_key: str, event_type: str, domain: str) -> dict[str, Any]:
        """`$context` ("WebSocket API mapping template reference for API Gateway")."""
        now, request_id = time.time(), new_id()
        return {
            "routeKey": route_key,
            "eventType": event_type,
            "extendedRequestId": request_id,
            "requestId": request_id,
            **({"messageId": new_id()} if event_type == "MESSAGE" else {}),
            "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now * 1000),
            "messageDirection": "IN",
            "stage": self._deployed.api.stage,
            "connectedAt": connection.connected_at,
            "identity": {"sourceIp": connection.client, "userAgent": connection.agent},
            "domainName": domain,
            "connectionId": connection.identity,
            "apiId": self._deployed.api.rest_api_id,
            "authorizer": connection.authorizer,
            **mapping.fresh_overrides(),
        }

    async def end(self) -> None:
        """Ends every connection as going away, and gives clients and `$disconnect` a moment each."""
        self.registry.close_all()
        until = time.monotonic() + ENDING_SECONDS
        while len(self.registry) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        if self._farewells:
            await asyncio.wait(self._farewells, timeout=ENDING_SECONDS)

    async def close(self) -> None:
        """Ends every connection and stops the threads."""
        await self.end()
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Session:
    """One open connection until it ends, whoever ends it."""

    def __init__(
        self, gateway: SocketGateway, connection: Connection, receive: Receive, send: Send, domain: str
    ) -> None:
        self._gateway, self._connection, self._domain = gateway, connection, domain
        self._receive, self._send = receive, send
        self._limits = connection.limits
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        tasks = [asyncio.create_task(work) for work in (self._read(), self._write(), self._watch())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # The client left, or we are leaving: then it has a moment to take what is queued and close its half.
            await asyncio.wait(tasks[:1], timeout=CLOSING_SECONDS)
        finally:
            self._connection.close_code = self._connection.close_code or GOING_AWAY
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        while (event := await self._receive())["type"] == "websocket.receive":
            self._connection.active_at = time.monotonic()
            body = event.get("text")
            if body is None:
                # "API Gateway rejects binary frames and disconnects the client with code 1003."
                self._connection.end(UNSUPPORTED_DATA)
            elif len(body.encode("utf-8", "surrogatepass")) > self._limits.message:
                self._connection.end(MESSAGE_TOO_BIG)
            elif not self._connection.close_code:
                await self._start(body)

    async def _start(self, body: str) -> None:
        """Hands a message over; waits first while too many of this client are under way."""
        if len(self._under_way) >= self._limits.under_way:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._gateway.message(self._connection, body, self._domain))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _write(self) -> None:
        while (data := await self._connection.next()) is not None:
            try:
                await self._send({"type": "websocket.send", "text": data.decode()})
            except UnicodeDecodeError:
                await self._send({"type": "websocket.send", "bytes": data})
        await self._send({"type": "websocket.close", "code": self._connection.close_code})

    async def _watch(self) -> None:
        """Ends the connection when it was idle for too long, or has lived its time."""
        born, limits = time.monotonic(), self._limits
        while True:
            until = min(born + limits.life, self._connection.active_at + limits.idle)
            if (left := until - time.monotonic()) <= 0:
                self._connection.end(GOING_AWAY)
                return
            await asyncio.sleep(left)


def create_sockets(  # noqa: PLR0913 - settings, each with a keyword
    api: Source,
    invoke: AwsInvoker,
    *,
    authorize: Authorize | None = None,
    denied: tuple[type[Exception], ...] = (PermissionError,),
    limits: Limits | None = None,
    threads: int = THREADS,
    account_id: str = "000000000000",
) -> SocketGateway:
    """The application for one WebSocket API, to be given to `create_app` as `sockets`.

    `api` is `infra.local.aws.apis.socket_api()` or a function that gives it, and raises LookupError while nothing is
    deployed. The other parameters are those of `create_app`. Raises ApiDefinitionError.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="sockets")
    return SocketGateway(api, Integrator(invoke, pool, authorize, denied), pool, Registry(limits), account_id)


def authorizer_event(call: Call, arn: str) -> dict[str, Any]:
    """What a REQUEST authorizer gets ("Control access to WebSocket APIs with AWS Lambda REQUEST authorizers")."""
    headers, query = dict(call.parameters["header"]), dict(call.parameters["querystring"])
    left_out = ("requestOverride", "responseOverride", "authorizer")
    return {
        "type": "REQUEST",
        "methodArn": arn,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
        "stageVariables": call.api.stage_variables,
        "requestContext": {name: value for name, value in call.context.items() if name not in left_out},
    }


def _headers(scope: Scope) -> tuple[mapping.Headers, str]:
    headers = mapping.Headers([(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]])
    return headers, headers.get("User-Agent", "")


def _error_body(error: GatewayError, context: Mapping[str, Any]) -> bytes:
    """API Gateway's own answer: the message and the two ids to look for in its logs."""
    ids = {name: context[name] for name in ("connectionId", "requestId") if name in context}
    message = error.message if error.status < 500 else "Internal server error"
    return json.dumps({"message": message, **ids}).encode()


async def _refuse(scope: Scope, send: Send, error: GatewayError, context: Mapping[str, Any]) -> None:
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": GOING_AWAY})
        return

    async def respond(message: Any) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.error_type)]
    await asgi.send_answer(respond, error.status, headers, _error_body(error, context))


def _log_error(error: GatewayError, route_key: str) -> None:
    level = logging.ERROR if error.status >= 500 else logging.INFO
    LOG.log(level, "%s: %s %s", route_key, error.kind, error.reason)
