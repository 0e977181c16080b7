"""Translate and Comprehend: forwarded on the wire to the local AI process."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import urllib3

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, Any], Awaitable[Response]]
_PREFIXES = {"translate": "AWSShineFrontendService_", "comprehend": "Comprehend_"}
_SECONDS = 60.0


def register(ai_url: str) -> None:
    """Make boto3 and Step Functions reach `ai_url` for both services, in place of ministack's own Translate."""
    from ministack import app  # noqa: PLC0415 - after its environment is set
    from ministack.core import iam_actions, router  # noqa: PLC0415

    handler = _forward(ai_url)
    for service, prefix in _PREFIXES.items():
        app.SERVICE_HANDLERS[service] = handler
        router.SERVICE_PATTERNS.setdefault(service, {"target_prefixes": [prefix], "host_patterns": []})
        iam_actions.SERVICE_TO_IAM_NAMESPACE[service] = service


def _forward(ai_url: str) -> Handler:
    pool = urllib3.PoolManager(maxsize=32, timeout=_SECONDS, retries=False)

    def post(target: str, body: bytes) -> Response:
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        try:
            answer = pool.request("POST", ai_url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            # What AWS says of a service that cannot be reached; the machines retry it.
            problem = {"__type": "InternalServerException", "message": f"local AI: {type(error).__name__}"}
            return 500, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(problem).encode()
        return answer.status, {"Content-Type": "application/x-amz-json-1.1"}, answer.data

    async def handle(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: Any) -> Response:
        return await asyncio.to_thread(post, headers.get("x-amz-target", ""), body)

    return handle
