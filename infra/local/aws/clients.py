"""boto3 clients on the embedded endpoint, signed as the root of the local account."""

import threading
from functools import cache
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

ACCOUNT_ID = "000000000000"
REGION = "us-east-1"
ROOT_ACCESS_KEY_ID = "LOCALROOTDRAGOMAN001"
ROOT_SECRET_ACCESS_KEY = "local-only-signing-key-of-the-embedded-account"

_CONFIG = Config(
    region_name=REGION,
    retries={"max_attempts": 0},
    max_pool_connections=64,
    read_timeout=330,
    s3={"addressing_style": "path"},
    # StartSyncExecution would go to sync-127.0.0.1 otherwise.
    inject_host_prefix=False,
)
# What somebody is told who calls a command while nothing runs.
ABSENT: Final = "Dragoman does not answer. Start it in another terminal with: make run"
_LOCK = threading.Lock()
_endpoint: list[str] = []


def configure(endpoint_url: str) -> None:
    """Point every later client at `endpoint_url`."""
    _endpoint[:] = [endpoint_url]
    _make.cache_clear()


def endpoint() -> str:
    """The endpoint in use. Raises RuntimeError when no embedded AWS was started."""
    if not _endpoint:
        raise RuntimeError("the embedded AWS has not been started")
    return _endpoint[0]


def client(service: str) -> Any:
    """A boto3 client for `service` on the embedded AWS. Clients are shared: boto3's are thread-safe."""
    with _LOCK:
        return _make(service, endpoint())


def trouble(error: Exception, aws: bool) -> str:
    """Why a command did not get through, in words. aws: whether it went to AWS instead of the embedded one."""
    return ABSENT if isinstance(error, EndpointConnectionError) and not aws else str(error)


def session(access_key_id: str, secret_access_key: str, token: str | None = None) -> boto3.Session:
    """A session with other credentials than root's, in the local region."""
    return boto3.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=token,
        region_name=REGION,
    )


@cache
def _make(service: str, endpoint_url: str) -> Any:
    root: Any = session(ROOT_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY)
    return root.client(service, endpoint_url=endpoint_url, config=_CONFIG)
