"""The simulated Twilio as an ASGI application: Twilio's REST API, media, the control API under ``/_sim/`` and the
handset's page under ``/handset/``.

Control API (JSON):

``POST /_sim/messages``   {from, to?, body?, media?: [{url?, contentType, data? (base64)}], channel?: sms|whatsapp|rcs,
                          fields?, sid?, count?}: a handset texts the desk. Answers {sid, status, contentType, body,
                          deliveries, error?} of the webhook; ``count`` posts the same message that often at once.
``GET /_sim/messages``    ?to=&from=&with=&since=&after=&direction=&wait=: what was sent and received, oldest first, as
                          {messages, last, version}; ``with`` is either end, ``since`` a ``seq``, ``after`` a
                          ``version``, ``wait`` the seconds to wait for a first one (at most 60). With ``with`` also
                          {optedOut, held}; ``held`` is how many there are of that end in all.
``DELETE /_sim/messages`` forgets them, the opt-outs, faults and the callback plan.
``POST /_sim/faults``     {kind: 429|500|400|timeout|reset, times?, code?, seconds?, accept?}; ``DELETE`` ends them.
``POST /_sim/callbacks``  {delay?, twice?, reverse?, order?, fail?, lose?} for messages from now on; ``GET`` shows what
                          is so, ``DELETE`` resets.
``POST /_sim/media``      the raw bytes with their Content-Type; answers {mediaSid, url, contentType}.
``GET /_sim/media/{sid}`` the bytes, without signing in. ``GET /_sim/account`` {number, carrierOptOut, maxMediaBytes}.

None of it answers a page of another site that happens to be open in the same browser.
"""

import asyncio
import base64
import binascii
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import httpx

from infra.local.gateway import asgi
from infra.local.gateway.asgi import Receive, Scope, Send
from infra.local.twilio import api
from infra.local.twilio.delivery import Delivery, Plan
from infra.local.twilio.errors import TwilioError
from infra.local.twilio.faults import Fault, Faults
from infra.local.twilio.media import MAX_ONE, MAX_SMS, MediaStore, Medium
from infra.local.twilio.pages import HEADERS, page
from infra.local.twilio.settings import Settings
from infra.local.twilio.store import Message, Store, new_sid
from infra.local.twilio.webhook import Handset

__all__ = ["Settings", "SimulatedTwilio", "create_app"]

LOG = logging.getLogger(__name__)
MAX_WAIT: Final = 60.0
JSON: Final = "application/json"
_ACCOUNT: Final = r"/2010-04-01/Accounts/(?P<account>\w+)"


@dataclass(frozen=True)
class Request:
    """A request as the handlers see it; ``found`` are the named parts of the path."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    found: dict[str, str]

    def json(self) -> dict[str, Any]:
        """The body. Raises error 400 if it is not a JSON object."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise TwilioError(400, "the body is not JSON") from error
        if not isinstance(value, dict):
            raise TwilioError(400, "the body must be a JSON object")
        return value


@dataclass(frozen=True)
class Reply:
    """``broken``: the connection breaks off in the middle of it."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    broken: bool = False


Handler = Callable[[Request], Awaitable[Reply]]


def _json(body: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body, ensure_ascii=False).encode())


class SimulatedTwilio:
    """The application; made by ``create_app``."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient | None = None) -> None:
        self.settings = settings
        self.store = Store(settings.state_file)
        self.media, self.faults = MediaStore(), Faults()
        # The webhook is on this machine or behind a tunnel: the proxies of the environment are not for it.
        self._http = http or httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=None))
        self.delivery = Delivery(settings, self.store, self._http)
        self.handset = Handset(settings, self.store, self._http, self.delivery)
        routes: list[tuple[str, str, Handler]] = [
            ("POST", rf"{_ACCOUNT}/Messages\.json", self._create),
            ("GET", rf"{_ACCOUNT}/Messages\.json", self._list),
            ("GET", rf"{_ACCOUNT}/Messages/(?P<sid>\w+)\.json", self._fetch),
            ("GET", rf"{_ACCOUNT}/Messages/(?P<sid>\w+)/Media/(?P<medium>ME\w+)", self._media),
            ("GET", r"/_media/(?P<token>\w+)", self._bytes),
            ("POST", r"/_sim/messages", self._text),
            ("GET", r"/_sim/messages", self._shown),
            ("DELETE", r"/_sim/messages", self._forget),
            ("POST", r"/_sim/faults", self._fault),
            ("DELETE", r"/_sim/faults", self._no_faults),
            ("POST", r"/_sim/callbacks", self._plan),
            ("GET", r"/_sim/callbacks", self._planned),
            ("DELETE", r"/_sim/callbacks", self._no_plan),
            ("POST", r"/_sim/media", self._upload),
            ("GET", r"/_sim/media/(?P<medium>ME\w+)", self._preview),
            ("GET", r"/_sim/account", self._account),
            ("GET", r"/handset", self._to_page),
            ("GET", r"/handset/(?P<name>[\w.-]*)", self._page),
        ]
        self._routes = [(method, re.compile(path), handler) for method, path, handler in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await asgi.lifespan(receive, send, self.close)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def close(self) -> None:
        """Writes the state and closes connections."""
        self.store.save()
        await self._http.aclose()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            body = await asgi.read_body(receive, MAX_ONE)
        except asgi.Disconnected:
            return
        except asgi.TooLarge:
            await asgi.send_answer(send, 413, [("Content-Type", JSON)], b"{}")
            return
        request = _request(scope, body)
        answering = asyncio.ensure_future(self._answer(request))
        # Nobody waits any longer for the answer to a question; what was asked to be done is done all the same.
        if request.method == "GET" and await _left(receive, answering):
            return
        name, reply = await answering
        await _send(send, reply)
        LOG.info("%s %s %d %.1f ms", scope["method"], name, reply.status, (time.perf_counter() - started) * 1000)

    async def _answer(self, request: Request) -> tuple[str, Reply]:
        """The reply, and the handler's name for the log (paths hold sids)."""
        for method, path, handler in self._routes:
            match = path.fullmatch(request.path)
            if match and method == request.method:
                found = Request(
                    request.method, request.path, request.query, request.headers, request.body, match.groupdict()
                )
                return handler.__name__.strip("_"), await self._guarded(handler, found)
        return "unknown", _json(TwilioError(20404, "The requested resource was not found", 404).shown(), 404)

    async def _guarded(self, handler: Handler, request: Request) -> Reply:
        try:
            if "account" in request.found:
                self._sign_in(request)
            elif request.headers.get("sec-fetch-site") == "cross-site" and request.path.startswith("/_sim/"):
                raise TwilioError(403, "the control API is for this machine's own pages", 403)
            return await handler(request)
        except TwilioError as error:
            headers = (("WWW-Authenticate", 'Basic realm="Twilio API"'),) if error.status == 401 else ()
            return Reply(error.status, json.dumps(error.shown()).encode(), headers=headers)

    def _sign_in(self, request: Request) -> None:
        api.authenticate(self.settings, request.headers.get("authorization", ""))
        if request.found["account"] != self.settings.account_sid:
            raise TwilioError(20404, "The requested account was not found", 404)

    # -- Twilio's REST API --

    async def _create(self, request: Request) -> Reply:
        fault = self.faults.take()
        if fault is None:
            return self._accept(request)
        taken = self._accept(request) if fault.accept else None
        if fault.kind == "timeout":
            await asyncio.sleep(fault.seconds)
            return taken or Reply(504)
        if fault.kind == "reset":
            return Reply(201, broken=True)
        raise fault.error()

    def _accept(self, request: Request) -> Reply:
        message, callback = api.create(self.settings, self.store, request.body)
        answer = _json(api.resource(self.settings, message), 201)
        self.delivery.start(message, callback)
        return answer

    async def _list(self, request: Request) -> Reply:
        return _json(api.listing(self.settings, self.store, request.query))

    async def _fetch(self, request: Request) -> Reply:
        return _json(api.resource(self.settings, self._message(request.found["sid"])))

    def _message(self, sid: str) -> Message:
        message = self.store.find(sid)
        if message is None:
            raise TwilioError(20404, "The requested message was not found", 404)
        return message

    async def _media(self, request: Request) -> Reply:
        medium = self._medium(self.media.get(request.found["medium"]))
        host = request.headers.get("host", "localhost")
        # Another host than the API's, as on Twilio: whoever carries the credentials along shows it here.
        other = (
            host.replace("127.0.0.1", "localhost") if "127.0.0.1" in host else host.replace("localhost", "127.0.0.1")
        )
        return Reply(307, headers=(("Location", f"http://{other}/_media/{medium.token}"),))

    async def _bytes(self, request: Request) -> Reply:
        medium = self._medium(self.media.by_token(request.found["token"]))
        return Reply(200, medium.data, medium.content_type)

    def _medium(self, medium: Medium | None) -> Medium:
        if medium is None:
            raise TwilioError(20404, "The requested media was not found", 404)
        return medium

    # -- control API --

    async def _text(self, request: Request) -> Reply:
        wish = request.json()
        sid = str(wish.get("sid") or new_sid("MM" if wish.get("media") else "SM"))
        media = [self._attached(item, sid, request) for item in wish.get("media") or []]
        return _json(await self.handset.send(self.handset.read({**wish, "sid": sid}, media)))

    def _attached(self, item: Any, message_sid: str, request: Request) -> tuple[str, str]:
        """A medium of a message as (content type, URL): given by URL, by the sid of an upload, or as base64 data."""
        if not isinstance(item, dict):
            raise TwilioError(400, "media must be a list of objects")
        if item.get("url"):
            return str(item.get("contentType") or "image/jpeg"), str(item["url"])
        if item.get("mediaSid"):
            medium = self._medium(self.media.get(str(item["mediaSid"])))
        else:
            try:
                data = base64.b64decode(str(item.get("data") or ""), validate=True)
            except binascii.Error as error:
                raise TwilioError(400, "media data must be base64") from error
            medium = self.media.add(str(item.get("contentType") or "image/jpeg"), data)
        return medium.content_type, self._media_url(request, message_sid, medium)

    def _media_url(self, request: Request, message_sid: str, medium: Medium) -> str:
        host, account = request.headers.get("host", "localhost"), self.settings.account_sid
        return f"http://{host}/2010-04-01/Accounts/{account}/Messages/{message_sid}/Media/{medium.sid}"

    async def _shown(self, request: Request) -> Reply:
        wanted = _wanted(request.query)
        wait = min(_number(request.query, "wait"), MAX_WAIT)
        found = await self.store.wait_for(wanted, wait) if wait > 0 else self.store.select(wanted)
        party = request.query.get("with", "").replace(" ", "+")
        held = len(self.store.select(_wanted({"with": party})))
        silent = {"optedOut": self.store.is_opted_out(self.settings.number, party), "held": held} if party else {}
        messages = [message.shown() for message in found]
        return _json({"messages": messages, "last": self.store.last, "version": self.store.version, **silent})

    async def _forget(self, request: Request) -> Reply:
        self.store.clear()
        self.faults.clear()
        self.delivery.plan = Plan()
        return Reply(204)

    async def _fault(self, request: Request) -> Reply:
        self.faults.add(Fault.from_json(request.json()))
        return Reply(204)

    async def _no_faults(self, request: Request) -> Reply:
        self.faults.clear()
        return Reply(204)

    async def _plan(self, request: Request) -> Reply:
        self.delivery.plan = Plan.from_json(request.json())
        return Reply(204)

    async def _planned(self, request: Request) -> Reply:
        return _json(self.delivery.plan.shown())

    async def _no_plan(self, request: Request) -> Reply:
        self.delivery.plan = Plan()
        return Reply(204)

    async def _preview(self, request: Request) -> Reply:
        medium = self._medium(self.media.get(request.found["medium"]))
        # A picture and nothing else, whatever was uploaded: it is shown on the handset's own origin.
        kind = medium.content_type if medium.content_type.startswith("image/") else "application/octet-stream"
        guard = (("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", "default-src 'none'; sandbox"))
        return Reply(200, medium.data, kind, guard)

    async def _account(self, request: Request) -> Reply:
        settings = self.settings
        return _json({"number": settings.number, "carrierOptOut": settings.carrier_opt_out, "maxMediaBytes": MAX_SMS})

    async def _to_page(self, request: Request) -> Reply:
        return Reply(308, headers=(("Location", "/handset/"),))

    async def _page(self, request: Request) -> Reply:
        found = page(request.found["name"])
        if found is None:
            raise TwilioError(20404, "The requested resource was not found", 404)
        return Reply(200, *found, HEADERS)

    async def _upload(self, request: Request) -> Reply:
        medium = self.media.add(request.headers.get("content-type", "application/octet-stream"), request.body)
        url = self._media_url(request, new_sid("MM"), medium)
        return _json({"mediaSid": medium.sid, "url": url, "contentType": medium.content_type}, 201)


async def _left(receive: Receive, answering: asyncio.Future[tuple[str, Reply]]) -> bool:
    """Whether the client went away before its answer was ready; the answer is given up then."""
    leaving = asyncio.ensure_future(receive())
    both: set[asyncio.Future[Any]] = {leaving, answering}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    unwanted = leaving if answering.done() else answering
    unwanted.cancel()
    return unwanted is answering


def create_app(settings: Settings, http: httpx.AsyncClient | None = None) -> SimulatedTwilio:
    """The simulated Twilio; its state is read from ``settings.state_file`` if there is one.

    ``http`` posts webhooks and status callbacks; by default a client of its own.
    """
    return SimulatedTwilio(settings, http)


def _number(query: dict[str, str], name: str) -> float:
    try:
        return float(query.get(name) or 0)
    except ValueError as error:
        raise TwilioError(400, f"{name} must be a number") from error


def _wanted(query: dict[str, str]) -> Callable[[Message], bool]:
    since, after = _number(query, "since"), _number(query, "after")
    exact = {"recipient": query.get("to"), "sender": query.get("from"), "direction": query.get("direction")}
    # A bare + in a query means a blank, and no address holds one.
    limits = [(name, value.replace(" ", "+")) for name, value in exact.items() if value]
    party = query.get("with", "").replace(" ", "+")

    def wanted(message: Message) -> bool:
        new = message.seq > since and (message.version > after or not after)
        exactly = all(getattr(message, name) == value for name, value in limits)
        return new and exactly and (not party or party in (message.sender, message.recipient))

    return wanted


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    return Request(scope["method"], scope["path"], query, headers, body, {})


async def _send(send: Send, reply: Reply) -> None:
    headers = [("Content-Type", reply.content_type), *reply.headers]
    if not reply.broken:
        await asgi.send_answer(send, reply.status, headers, reply.body)
        return
    # A body shorter than announced: the server can only close the connection.
    await send({"type": "http.response.start", "status": reply.status, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
