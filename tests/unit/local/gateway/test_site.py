"""The console's files: what is served, how long it may be kept, and what is not there."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.gateway.asgi import AsgiApp
from infra.local.gateway.site import create_site
from tests.unit.local.gateway.support import client

HEADERS = {"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff"}
SCRIPT = "assets/index-DsR3aX_k.js"


@pytest.fixture
def site(tmp_path: Path) -> AsgiApp:
    directory = tmp_path / "site"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html>é")
    (directory / SCRIPT).write_text("let x = 1")
    (directory / "assets" / "plain.css").write_text("a{}")
    (directory / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    (directory / "link.txt").symlink_to(tmp_path / "secret.txt")
    return create_site(directory, HEADERS, lambda: {"apiUrl": "/local"})


def ask(site: AsgiApp, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def run() -> httpx.Response:
        async with client(site) as http:
            return await http.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "media", "caching"),
    [
        ("/console/", "text/html; charset=utf-8", "no-cache"),
        ("/console/index.html", "text/html; charset=utf-8", "no-cache"),
        (f"/console/{SCRIPT}", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/console/assets/plain.css", "text/css; charset=utf-8", "no-cache"),
        ("/console/icon.svg", "image/svg+xml", "no-cache"),
        ("/console/config.json", "application/json", "no-cache"),
    ],
)
def test_file_has_its_type_and_its_caching(site: AsgiApp, path: str, media: str, caching: str) -> None:
    answer = ask(site, path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert answer.headers["cache-control"] == caching
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_file_is_not_sent_again_when_it_has_not_changed(site: AsgiApp) -> None:
    tag = ask(site, "/console/").headers["etag"]
    answer = ask(site, "/console/", if_none_match=f'"other", W/{tag}')
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert ask(site, "/console/", if_none_match='"other"').status_code == 200


def test_head_has_the_length_and_no_body(site: AsgiApp) -> None:
    answer = ask(site, "/console/", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == ask(site, "/console/").headers["content-length"]


def test_config_is_made_anew_each_time(tmp_path: Path) -> None:
    given: dict[str, Any] = {"n": 1}
    site = create_site(tmp_path, {}, lambda: given)
    assert ask(site, "/console/config.json").json() == {"n": 1}
    given["n"] = 2
    assert ask(site, "/console/config.json").json() == {"n": 2}


@pytest.mark.parametrize(
    "path",
    [
        "/console/nothing.js",
        "/console/assets",
        "/console/assets/",
        "/console/link.txt",
        "/console/../secret.txt",
        "/console/%2e%2e/secret.txt",
        "/console/..%2fsecret.txt",
        "/console//etc/passwd",
        "/console/%2fetc%2fpasswd",
        "/console/a%00b",
        "/console/" + "a" * 5000,
        "/other/",
    ],
)
def test_what_is_not_in_the_directory_is_404(site: AsgiApp, path: str) -> None:
    answer = asyncio.run(_raw(site, path))
    assert answer[0]["status"] == 404
    assert b"secret" not in answer[1]["body"]


async def _raw(site: AsgiApp, path: str) -> list[Any]:
    """Without a client that would tidy the path first."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": []}
    await site(scope, receive, send)
    return sent


def test_prefix_without_its_slash_redirects(site: AsgiApp) -> None:
    answer = ask(site, "/console")
    assert (answer.status_code, answer.headers["location"]) == (308, "/console/")


def test_other_methods_are_not_allowed(site: AsgiApp) -> None:
    answer = ask(site, "/console/", "POST")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
