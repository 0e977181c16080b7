"""A sent message's progress, and the status callbacks that tell of it."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx

from infra.local.twilio.errors import TwilioError
from infra.local.twilio.posting import Fields, post
from infra.local.twilio.settings import Settings
from infra.local.twilio.store import Message, Store

ORDER: Final = ("queued", "sent", "delivered")
STATUSES: Final = frozenset(
    {"accepted", "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "failed", "canceled", "read"}
)
TERMINAL: Final = frozenset({"delivered", "undelivered", "failed", "canceled", "read"})
MAX_DELAY: Final = 60.0


@dataclass(frozen=True)
class Plan:
    """How callbacks are posted: ``delay`` seconds before the first, each ``copies`` times, in ``order``.

    ``fail`` is an error code: the message ends as ``undelivered`` with it (``failed`` for codes below 30000). The
    callbacks of the statuses in ``lost`` are never posted, though the message moves on.
    """

    delay: float = 0.0
    copies: int = 1
    order: tuple[str, ...] = ORDER
    fail: int | None = None
    lost: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, wish: dict[str, Any]) -> "Plan":
        """Reads the control API's wish: {delay, twice, reverse, order, fail, lose}.

        ``lose`` is a list of statuses, or true for all. Raises error 400 for other values.
        """
        fail, lose = wish.get("fail"), wish.get("lose") or ()
        try:
            order = tuple(str(status) for status in wish.get("order") or ORDER)
            delay = min(max(float(wish.get("delay", 0)), 0.0), MAX_DELAY)
            lost = frozenset(STATUSES if lose is True else map(str, lose))
            plan = cls(delay, 2 if wish.get("twice") else 1, order, int(fail) if fail else None, lost)
        except (TypeError, ValueError) as error:
            raise TwilioError(400, "delay and fail must be numbers, order and lose lists of statuses") from error
        return replace(plan, order=order[::-1]) if wish.get("reverse") else plan

    def shown(self) -> dict[str, Any]:
        """The plan as ``from_json`` reads it."""
        twice, lose = self.copies > 1, sorted(self.lost)
        return {"delay": self.delay, "twice": twice, "order": list(self.order), "fail": self.fail, "lose": lose}

    def statuses(self) -> tuple[str, ...]:
        """The statuses in the order they are told."""
        if self.fail is None:
            return self.order
        end = "undelivered" if self.fail >= 30000 else "failed"
        return tuple(end if status == "delivered" else status for status in self.order)


@dataclass
class Delivery:
    """Moves messages on in the background and posts their callbacks by ``plan``."""

    settings: Settings
    store: Store
    http: httpx.AsyncClient
    plan: Plan = field(default_factory=Plan)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, message: Message, callback: str) -> None:
        """Begins the delivery of a message just taken."""
        task = asyncio.get_running_loop().create_task(self._deliver(message, callback, self.plan))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Waits until everything under way is delivered."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, message: Message, callback: str, plan: Plan) -> None:
        await asyncio.sleep(plan.delay)
        for status in plan.statuses():
            self._advance(message, status, plan)
            for _ in range(plan.copies if callback and status not in plan.lost else 0):
                await post(self.http, self.settings.auth_tokens[0], callback, self._fields(message, status, plan))
            await asyncio.sleep(self.settings.step_seconds)

    def _advance(self, message: Message, status: str, plan: Plan) -> None:
        """A terminal status is never left again, whatever order the callbacks are told in."""
        if message.status not in TERMINAL:
            code = plan.fail if status in ("undelivered", "failed") else None
            self.store.update(message, status=status, error_code=code)

    def _fields(self, message: Message, status: str, plan: Plan) -> Fields:
        fields = [
            ("MessageSid", message.sid),
            ("SmsSid", message.sid),
            ("MessageStatus", status),
            ("SmsStatus", status),
            ("AccountSid", self.settings.account_sid),
            ("From", message.sender),
            ("To", message.recipient),
            ("ApiVersion", "2010-04-01"),
        ]
        if message.messaging_service_sid:
            fields.append(("MessagingServiceSid", message.messaging_service_sid))
        if plan.fail is not None and status in ("undelivered", "failed"):
            fields.append(("ErrorCode", str(plan.fail)))
        return fields
