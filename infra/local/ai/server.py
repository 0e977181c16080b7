"""The ASGI application: AWS JSON 1.1 on POST /, and /_ai/* for people, tests and `make run`."""

import asyncio
import dataclasses
import json
import logging
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from infra.local.ai.detect import Detector
from infra.local.ai.engines.base import Engine
from infra.local.ai.errors import AwsError, throttled
from infra.local.ai.faults import Faults, parse
from infra.local.ai.operations import Answer, Operations
from infra.local.ai.routes import Route
from infra.local.ai.translator import Translator, all_engines
from infra.local.ai.vision import errors as vision_errors
from infra.local.ai.vision.service import PREFIX as REKOGNITION
from infra.local.ai.vision.service import Vision
from infra.local.ai.vision.source import S3Store

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LOG = logging.getLogger(__name__)
WAITING: Final = 64
_WORKERS: Final = 8
_REMEMBERED: Final = 1000
# The largest legal request is Comprehend's 100,000 bytes of text, up to six times that when JSON escapes all of it,
# and for Rekognition a picture of 5 MB in base64; one that is larger is told so by Rekognition up to here.
_BODY_BYTES: Final = 1_000_000
_PICTURE_BODY_BYTES: Final = 12_000_000
_AWS_JSON: Final = "application/x-amz-json-1.1"


@dataclasses.dataclass(frozen=True)
class Reply:
    """An HTTP answer with a JSON body."""

    status: int
    body: Any
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    content_type: str = "application/json"


class Application:
    """The services over a model directory. `waiting` calls may be in work or queue; the next one is throttled."""

    def __init__(
        self,
        models: Path,
        *,
        waiting: int = WAITING,
        engines: list[Engine] | None = None,
        aws_endpoint: str | None = None,
    ) -> None:
        self._translator = Translator(all_engines(models) if engines is None else engines)
        self._operations = Operations(self._translator, Detector())
        self._vision = Vision(models, S3Store(aws_endpoint))
        self._faults = Faults()
        self._journal: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED)
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="ai")
        self._waiting = waiting
        self._busy = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            limit = _body_limit(_header(scope, b"x-amz-target"))
            await _send(send, await self._reply(scope, await _body(receive, limit)))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self.close)
        await send({"type": "lifespan.shutdown.complete"})

    def close(self) -> None:
        """Finish what is in work and let go of the models."""
        self._pool.shutdown(wait=True)
        self._translator.close()
        self._vision.close()

    async def _reply(self, scope: Scope, body: bytes | None) -> Reply:
        if scope["path"].startswith("/_ai/"):
            query = parse_qs(scope["query_string"].decode("latin-1"))
            return self._control(scope["method"], scope["path"], query, body)
        return await self._aws_reply(_header(scope, b"x-amz-target"), body)

    async def _aws_reply(self, target: str, body: bytes | None) -> Reply:
        request_id = str(uuid.uuid4())
        try:
            answer = await self._aws(target, body, request_id)
            extra = {"x-dragoman-engine-path": str(answer.route) or "none"} if answer.route else {}
            reply = Reply(200, answer.body, extra)
        except AwsError as error:
            reply = _error_reply(_in_dialect(error, target))
        except Exception:
            # The last place that can still answer as AWS would; the trace holds no text of the request.
            LOG.exception("request %s failed", request_id)
            failure = AwsError("InternalServerException", "An internal error occurred.")
            reply = _error_reply(_in_dialect(failure, target))
        headers = {**reply.headers, "x-amzn-requestid": request_id}
        return dataclasses.replace(reply, headers=headers, content_type=_AWS_JSON)

    async def _aws(self, target: str, body: bytes | None, request_id: str) -> Answer:
        operation = self._operations.by_target.get(target)
        if operation is None and target not in self._vision.operations:
            raise AwsError("UnknownOperationException", "The operation is not known here.")
        request = _parsed(body, _body_limit(target))
        name = target.rpartition(".")[2]
        language = request.get("TargetLanguageCode", request.get("LanguageCode"))
        if error := self._faults.take(name, language if isinstance(language, str) else None):
            raise AwsError(error, "A fault that was asked for.")
        if operation is None:
            return Answer(await self._vision.answer(target, request))
        start = time.monotonic()
        answer = await self._in_pool(operation, request)
        if answer.route is not None:
            self._remember(request_id, answer, request, time.monotonic() - start)
        return answer

    async def _in_pool(self, operation: Callable[[Mapping[str, Any]], Answer], request: Mapping[str, Any]) -> Answer:
        if self._busy >= self._waiting:
            raise throttled()
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, operation, request)
        finally:
            self._busy -= 1

    def _remember(self, request_id: str, answer: Answer, request: Mapping[str, Any], seconds: float) -> None:
        hops = answer.route.hops if answer.route else ()
        entry = {
            "requestId": request_id,
            "sourceLanguageCode": answer.body["SourceLanguageCode"],
            "targetLanguageCode": answer.body["TargetLanguageCode"],
            "detected": request["SourceLanguageCode"] == "auto",
            "path": [dataclasses.asdict(hop) for hop in hops],
            "characters": len(request["Text"]),
            "milliseconds": round(seconds * 1000, 1),
        }
        self._journal.append(entry)
        LOG.info("translated %d characters by %s in %.0f ms", entry["characters"], answer.route, seconds * 1000)

    def _control(self, method: str, path: str, query: Mapping[str, list[str]], body: bytes | None) -> Reply:
        match method, path:
            case "GET", "/_ai/health":
                return Reply(200, self.health())
            case "GET", "/_ai/translations":
                return Reply(200, {"translations": self._recent(query)})
            case "GET", "/_ai/faults":
                return Reply(200, {"faults": [dataclasses.asdict(fault) for fault in self._faults.waiting()]})
            case "POST", "/_ai/faults":
                return self._add_fault(body)
            case "DELETE", "/_ai/faults":
                self._faults.clear()
                return Reply(200, {"faults": []})
            case _:
                return Reply(404, {"error": "no such control"})

    def _recent(self, query: Mapping[str, list[str]]) -> list[dict[str, Any]]:
        limit = query.get("limit", ["100"])[0]
        entries = list(self._journal)[::-1]
        return entries[: int(limit)] if limit.isdecimal() else entries

    def _add_fault(self, body: bytes | None) -> Reply:
        try:
            fault = parse(json.loads(body or b""))
        except ValueError as wrong:
            return Reply(400, {"error": str(wrong)})
        self._faults.add(fault)
        return Reply(201, dataclasses.asdict(fault))

    def health(self) -> dict[str, Any]:
        """Whether there is anything to translate with, the languages, and every pair with its path and quality."""
        table = self._translator.routes.table
        return {
            "ready": bool(table),
            "languages": self._operations.language_codes(),
            "sentiment": self._operations.sentiment_languages(),
            "vision": self._vision.health(),
            "pairs": {f"{source}>{target}": _pair(table[source, target]) for source, target in sorted(table)},
        }


def _pair(route: Route) -> dict[str, Any]:
    path = [dataclasses.asdict(hop) for hop in route.hops]
    return {"direct": len(path) == 1, "quality": route.quality, "path": path}


def _in_dialect(error: AwsError, target: str) -> AwsError:
    """Rekognition names, words and statuses some errors differently from the other services."""
    return vision_errors.spoken(error) if target.startswith(REKOGNITION) else error


def _error_reply(error: AwsError) -> Reply:
    if error.status >= 500:
        LOG.error("%s: %s", error.code, error.message)
    return Reply(error.status, error.body(), {"x-amzn-errortype": error.code})


def _body_limit(target: str) -> int:
    return _PICTURE_BODY_BYTES if target.startswith(REKOGNITION) else _BODY_BYTES


def _parsed(body: bytes | None, limit: int) -> Mapping[str, Any]:
    if body is None:
        raise AwsError("RequestEntityTooLargeException", f"The request is over {limit} bytes.")
    try:
        document = json.loads(body or b"{}")
    except ValueError as wrong:
        raise AwsError("SerializationException", "The request is not JSON.") from wrong
    if not isinstance(document, dict):
        raise AwsError("SerializationException", "The request is not a JSON object.")
    return document


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted), "")


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The whole request body, or None when it is too large (the rest is read and dropped)."""
    body, size, more = bytearray(), 0, True
    while more:
        event = await receive()
        chunk = event.get("body", b"")
        size += len(chunk)
        if size <= limit:
            body += chunk
        else:
            body.clear()
        more = event.get("more_body", False) and event["type"] != "http.disconnect"
    return bytes(body) if size <= limit else None


async def _send(send: Send, reply: Reply) -> None:
    content = json.dumps(reply.body, ensure_ascii=False).encode()
    headers = {"content-type": reply.content_type, "content-length": str(len(content)), **reply.headers}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})
