"""Translate, Comprehend and Rekognition: forwarded on the wire to the local AI process."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import urllib3

from infra.local.aws import inprocess

_PREFIXES = {
    "translate": "AWSShineFrontendService_",
    "comprehend": "Comprehend_",
    "rekognition": "RekognitionService",
}
_MEDIA = "application/x-amz-json-1.1"
_SECONDS = 60.0
_pool = urllib3.PoolManager(maxsize=32, retries=False)
_url: list[str] = []


def register(ai_url: str) -> None:
    """Make boto3 and Step Functions reach `ai_url` for these services, in place of ministack's own Translate."""
    from ministack import app  # noqa: PLC0415 - after its environment is set
    from ministack.core import iam_actions, router  # noqa: PLC0415

    _url[:] = [ai_url]
    for service, prefix in _PREFIXES.items():
        app.SERVICE_HANDLERS[service] = _handle
        router.SERVICE_PATTERNS.setdefault(service, {"target_prefixes": [prefix], "host_patterns": []})
        iam_actions.SERVICE_TO_IAM_NAMESPACE[service] = service


def serves(service: str) -> bool:
    """Whether `service` is answered by the AI process."""
    return service in _PREFIXES


def call(target: str, payload: Mapping[str, Any], timeout: float) -> inprocess.Reply:
    """Call `target` (`Comprehend_20171127.DetectDominantLanguage`) from any thread. Raises inprocess.CallTimedOut."""
    status, body = _post(target, json.dumps(payload).encode(), timeout)
    return inprocess.Reply(status, json.loads(body))


def _post(target: str, body: bytes, timeout: float) -> tuple[int, bytes]:
    headers = {"content-type": _MEDIA, "x-amz-target": target}
    try:
        answer = _pool.request("POST", _url[0], body=body, headers=headers, timeout=timeout)
    except urllib3.exceptions.TimeoutError as error:
        raise inprocess.CallTimedOut(target) from error
    except urllib3.exceptions.HTTPError as error:
        # What AWS says of a service that is unwell; the machines try again.
        problem = {"__type": "InternalServerException", "message": f"local AI: {type(error).__name__}"}
        return 500, json.dumps(problem).encode()
    return answer.status, answer.data


async def _handle(_method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Any) -> Any:
    status, answer = await asyncio.to_thread(_post, headers.get("x-amz-target", ""), body, _SECONDS)
    return status, {"Content-Type": _MEDIA}, answer
