"""Signed posts to an application, with Twilio's timing and retries."""

import asyncio
import base64
import hashlib
import hmac
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urldefrag, urlencode

import httpx

LOG = logging.getLogger(__name__)
Fields = Sequence[tuple[str, str]]

_LIMITS: Final = {"ct": (100, 10_000, 5_000), "rt": (100, 15_000, 15_000), "tt": (100, 15_000, 15_000), "rc": (0, 5, 1)}
"""Least, most and default of the numbers among Twilio's connection overrides: time to connect, time for an answer, time
for all attempts together (milliseconds) and how often to try again (Twilio's "Webhook connection overrides")."""
POLICY: Final = "ct"
"""The default of ``rp``: only a failed connection is tried again."""


@dataclass(frozen=True)
class Overrides:
    """How one URL is posted to. Times in seconds; ``policies`` are ct, rt, 4xx, 5xx or all."""

    connect: float
    read: float
    total: float
    retries: int
    policies: frozenset[str]

    def retry(self, failure: str, status: int) -> bool:
        """Whether this outcome is one to try again: ``failure`` is ct, rt or '' with the answer's ``status``."""
        kind = failure or f"{status // 100}xx"
        return kind in ("ct", "rt", "4xx", "5xx") and not self.policies.isdisjoint({kind, "all"})


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


def overrides(url: str) -> Overrides:
    """The connection overrides in a URL's fragment; a value that is none counts as left out."""
    given = dict(parse_qsl(urldefrag(url)[1]))
    number = {
        name: min(max(int(given[name]), least), most) if given.get(name, "").isdecimal() else default
        for name, (least, most, default) in _LIMITS.items()
    }
    policies = frozenset(given.get("rp", POLICY).split(","))
    return Overrides(number["ct"] / 1000, number["rt"] / 1000, number["tt"] / 1000, number["rc"], policies)


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
    timeout = httpx.Timeout(options.read, connect=options.connect)
    request = http.build_request("POST", urldefrag(url)[0], content=body, headers=headers, timeout=timeout)
    deadline = time.monotonic() + options.total
    for attempt in range(1, options.retries + 2):
        posted, failure = await _attempt(http, request, attempt, deadline - time.monotonic())
        if not options.retry(failure, posted.status) or time.monotonic() >= deadline:
            break
    return posted


async def _attempt(http: httpx.AsyncClient, request: httpx.Request, number: int, left: float) -> tuple[Posted, str]:
    """One attempt within the seconds left, and how it failed: 'ct' (no connection), 'rt' (no answer in time) or ''."""
    try:
        answer = await asyncio.wait_for(http.send(request), left)
    except (httpx.ConnectError, httpx.ConnectTimeout):
        return Posted(0, "", "", number), "ct"
    except (httpx.HTTPError, TimeoutError) as error:
        LOG.info("a post of the simulated Twilio had no answer: %s", type(error).__name__)
        return Posted(0, "", "", number), "rt"
    return Posted(answer.status_code, answer.headers.get("content-type", ""), answer.text, number), ""
