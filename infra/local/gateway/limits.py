"""API keys, usage plans: throttling by a token bucket, quotas by a count for each period.

Counters live in memory: a restart forgives. Thread-safe by running on the event loop only.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local.gateway.errors import GatewayError

Clock = Callable[[], float]


class TokenBucket:
    """Holds at most ``burst`` tokens, gains ``rate`` a second; each request takes one."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate, self._burst, self._clock = rate, max(burst, 1), clock
        self._tokens, self._at = float(self._burst), clock()

    def take(self) -> bool:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass
class Quota:
    """``limit`` requests a DAY, WEEK or MONTH (UTC); the first period starts with ``offset`` already used."""

    limit: int
    period: str
    offset: int = 0
    _current: str = ""
    _used: int = 0

    def take(self, now: float) -> bool:
        moment = datetime.fromtimestamp(now, UTC)
        current = moment.strftime({"DAY": "%Y-%m-%d", "WEEK": "%G-%V", "MONTH": "%Y-%m"}[self.period])
        if current != self._current:
            self._used = self.offset if not self._current else 0
            self._current = current
        if self._used >= self.limit:
            return False
        self._used += 1
        return True


@dataclass
class _Key:
    id: str
    bucket: TokenBucket | None
    quota: Quota | None


class UsagePlans:
    """Which keys may call, how fast and how often.

    ``api_keys`` are ``{"id", "value", "enabled"?}``, ``plans`` are ``{"throttle": {"rateLimit", "burstLimit"}?,
    "quota": {"limit", "period", "offset"}?, "keyIds": [...]}``. Limits are counted for each key of a plan.
    """

    def __init__(
        self,
        api_keys: Sequence[Mapping[str, Any]],
        plans: Sequence[Mapping[str, Any]],
        clock: Clock = time.monotonic,
        wall: Clock = time.time,
    ) -> None:
        self._wall = wall
        values = {str(key["id"]): str(key["value"]) for key in api_keys if key.get("enabled", True)}
        self._keys = {
            values[str(key_id)]: _Key(str(key_id), _bucket(plan, clock), _quota(plan))
            for plan in plans
            for key_id in plan.get("keyIds") or []
            if str(key_id) in values
        }

    def admit(self, value: str | None) -> str:
        """The id of the key. Raises INVALID_API_KEY, THROTTLED or QUOTA_EXCEEDED."""
        key = self._keys.get(value or "")
        if key is None:
            raise GatewayError("INVALID_API_KEY")
        if key.bucket and not key.bucket.take():
            raise GatewayError("THROTTLED")
        if key.quota and not key.quota.take(self._wall()):
            raise GatewayError("QUOTA_EXCEEDED")
        return key.id


def _bucket(plan: Mapping[str, Any], clock: Clock) -> TokenBucket | None:
    throttle = plan.get("throttle") or {}
    if "rateLimit" not in throttle and "burstLimit" not in throttle:
        return None
    return TokenBucket(float(throttle.get("rateLimit", 0)), int(throttle.get("burstLimit", 0)), clock)


def _quota(plan: Mapping[str, Any]) -> Quota | None:
    quota = plan.get("quota") or {}
    if not quota.get("limit"):
        return None
    return Quota(int(quota["limit"]), str(quota.get("period", "DAY")).upper(), int(quota.get("offset", 0)))
