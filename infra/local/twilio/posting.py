"""Signed posts to an application, with Twilio's timing and retries."""

import asyncio
import base64
import hashlib
import hmac
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urldefrag, urlencode

import httpx

LOG = logging.getLogger(__name__)
Fields = Sequence[tuple[str, str]]

TOTAL_MS: Final = 15_000
CONNECT_MS: Final = 5_000
"""Defaults of Twilio's connection overrides (``tt``, ``ct``); ``rc`` is 1 and ``rp`` is ``ct`` for webhooks."""


@dataclass(frozen=True)
class Posted:
    """The application's answer; status 0 if there was none."""

    status: int
    content_type: str
    body: str
    attempts: int


def signature(token: str, url: str, fields: Fields) -> str:
    """``X-Twilio-Signature``: HMAC-SHA1 of the URL and the sorted fields, each pair once; without a ``#`` part."""
    signed = urldefrag(url)[0] + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def overrides(url: str) -> dict[str, str]:
    """The connection overrides in a webhook URL's fragment, over Twilio's defaults."""
    defaults = {"ct": str(CONNECT_MS), "tt": str(TOTAL_MS), "rc": "1", "rp": "ct"}
    return {**defaults, **dict(parse_qsl(urldefrag(url)[1]))}


async def post(http: httpx.AsyncClient, token: str, url: str, fields: Fields) -> Posted:
    """Posts a signed form; the retries of one message carry the same I-Twilio-Idempotency-Token."""
    options = overrides(url)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": signature(token, url, fields),
        "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
    }
    body = urlencode(fields, encoding="utf-8", errors="surrogatepass").encode()
    timeout = httpx.Timeout(int(options["tt"]) / 1000, connect=int(options["ct"]) / 1000)
    request = http.build_request("POST", urldefrag(url)[0], content=body, headers=headers, timeout=timeout)
    policies = options["rp"].split(",")
    for attempt in range(1, int(options["rc"]) + 2):
        posted, failure = await _attempt(http, request, attempt)
        if not _retried(failure, posted.status, policies):
            break
    return posted


async def _attempt(http: httpx.AsyncClient, request: httpx.Request, number: int) -> tuple[Posted, str]:
    """One attempt, and how it failed: 'ct' (no connection), 'rt' (no answer in time) or ''."""
    try:
        answer = await asyncio.wait_for(http.send(request), request.extensions["timeout"]["read"])
    except httpx.ConnectError:
        return Posted(0, "", "", number), "ct"
    except (httpx.HTTPError, TimeoutError) as error:
        LOG.info("a post of the simulated Twilio had no answer: %s", type(error).__name__)
        return Posted(0, "", "", number), "rt"
    return Posted(answer.status_code, answer.headers.get("content-type", ""), answer.text, number), ""


def _retried(failure: str, status: int, policies: list[str]) -> bool:
    if failure:
        return failure in policies or "all" in policies
    family = f"{status // 100}xx"
    return family in ("4xx", "5xx") and (family in policies or "all" in policies)
