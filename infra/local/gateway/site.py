"""The console's files beside the APIs, as CloudFront serves them from their bucket.

A file whose name carries its content's hash never changes, so that browsers may keep it for ever; everything else is
asked for anew each time, with an ETag. `config.json` is made for each request: it tells the console what it talks to.
"""

import asyncio
import hashlib
import json
import mimetypes
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from infra.local.gateway import asgi
from infra.local.gateway.asgi import AsgiApp, Receive, Scope, Send

PREFIX: Final = "/console"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"
# The bundler's names: assets/index-DsR3aX_k.js
_HASHED: Final = re.compile(r"assets/[^/]+-[A-Za-z0-9_-]{8,}\.[a-z0-9.]+")
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}

Config = Callable[[], Mapping[str, Any]]


def create_site(directory: Path, headers: Mapping[str, str], config: Config, prefix: str = PREFIX) -> AsgiApp:
    """An application for `prefix`/*: the files of `directory`, with `headers` on every answer.

    `config` gives what `config.json` says. 404 for what is not there, 405 for anything but GET and HEAD, and a
    redirect from `prefix` to `prefix`/.
    """

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await asgi.lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        status, own, body = await asyncio.to_thread(_answer, scope, directory, config, prefix)
        sent = b"" if scope["method"] == "HEAD" else body
        await _send(send, status, {**headers, **own}, sent, len(body))

    return site


def _answer(scope: Scope, directory: Path, config: Config, prefix: str) -> tuple[int, dict[str, str], bytes]:
    path = unquote((scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?")[0])
    if scope["method"] not in ("GET", "HEAD"):
        return 405, {"Allow": "GET, HEAD", **_plain()}, b"Method not allowed\n"
    if path == prefix:
        return 308, {"Location": f"{prefix}/", **_plain()}, b""
    if not path.startswith(f"{prefix}/"):
        return 404, _plain(), b"Not found\n"
    name = path.removeprefix(f"{prefix}/") or "index.html"
    content = json.dumps(config()).encode() if name == "config.json" else _read(directory, name)
    if content is None:
        return 404, _plain(), b"Not found\n"
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    caching = IMMUTABLE if _HASHED.fullmatch(name) else REVALIDATE
    own = {"Content-Type": _media_type(name), "Cache-Control": caching, "ETag": tag}
    return (304, own, b"") if _matches(scope, tag) else (200, own, content)


def _read(directory: Path, name: str) -> bytes | None:
    """The file's content; None for what is not a file in the directory, wherever links and dots may lead."""
    try:
        root, wanted = directory.resolve(), (directory / name).resolve()
        if not wanted.is_relative_to(root) or not wanted.is_file():
            return None
        return wanted.read_bytes()
    except (OSError, ValueError):
        # Names that no file system takes: too long, or with a zero byte.
        return None


def _media_type(name: str) -> str:
    suffix = Path(name).suffix.lower()
    return _TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")


def _matches(scope: Scope, tag: str) -> bool:
    given = b",".join(value for name, value in scope["headers"] if name == b"if-none-match").decode("latin-1")
    return given.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in given.split(","))


def _plain() -> dict[str, str]:
    return {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": REVALIDATE}


async def _send(send: Send, status: int, headers: Mapping[str, str], body: bytes, length: int) -> None:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    if status != 304:
        raw.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
