"""What the simulated Twilio remembers: messages and opt-outs, bounded, kept in a file its owner alone reads."""

import asyncio
import json
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

LOG = logging.getLogger(__name__)

MAX_MESSAGES: Final = 2000
SAVE_SECONDS: Final = 1.0


@dataclass
class Message:
    """One message. ``direction`` is inbound, outbound-api or outbound-reply; ``at`` (made) and ``updated`` are ISO 8601
    in UTC. ``version`` grows with every change of any message, ``carrier`` marks what the carrier itself answered, and
    ``answered`` is the HTTP status that the application gave an incoming message (0: none, None: not yet).
    """

    seq: int
    sid: str
    direction: str
    sender: str
    recipient: str
    body: str
    status: str
    at: str
    media: list[str] = field(default_factory=list)
    error_code: int | None = None
    messaging_service_sid: str | None = None
    updated: str = ""
    version: int = 0
    carrier: bool = False
    answered: int | None = None

    def shown(self) -> dict[str, Any]:
        """For the control API: from and to under their usual names."""
        record = asdict(self)
        record["from"], record["to"] = record.pop("sender"), record.pop("recipient")
        return record


def new_sid(prefix: str) -> str:
    """Two letters and 32 hexadecimal digits, as Twilio's sids are."""
    return prefix + secrets.token_hex(16)


def bare(address: str) -> str:
    """An address without its channel prefix."""
    return address.rpartition(":")[2]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Store:
    """Used from one event loop. ``changed`` wakes those who wait for news."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._messages: list[Message] = []
        self._opted_out: set[tuple[str, str]] = set()
        self._next, self._version = 1, 0
        self._news = asyncio.Event()
        self._saving: asyncio.Task[None] | None = None
        self._load()

    # -- messages --

    def add(self, **values: Any) -> Message:
        """Appends a message; ``values`` are its fields but seq and at."""
        message = Message(seq=self._next, at=_now(), **values)
        self._next += 1
        self._messages.append(message)
        del self._messages[:-MAX_MESSAGES]
        self.update(message)
        return message

    def update(self, message: Message, **values: Any) -> None:
        """Changes a message's fields."""
        self._version += 1
        vars(message).update(values, updated=_now(), version=self._version)
        self.changed()

    def find(self, sid: str) -> Message | None:
        return next((message for message in reversed(self._messages) if message.sid == sid), None)

    def select(self, wanted: Callable[[Message], bool]) -> list[Message]:
        """Those wanted, oldest first."""
        return [message for message in self._messages if wanted(message)]

    def clear(self) -> None:
        """Forgets messages and opt-outs; numbering goes on."""
        self._messages.clear()
        self._opted_out.clear()
        self.changed()

    @property
    def last(self) -> int:
        """The highest seq given out."""
        return self._next - 1

    @property
    def version(self) -> int:
        """The version of the latest change."""
        return self._version

    # -- opt-outs, by (desk, person) without channel --

    def opt_out(self, desk: str, person: str) -> None:
        self._opted_out.add((bare(desk), bare(person)))
        self.changed()

    def opt_in(self, desk: str, person: str) -> None:
        self._opted_out.discard((bare(desk), bare(person)))
        self.changed()

    def is_opted_out(self, desk: str, person: str) -> bool:
        return (bare(desk), bare(person)) in self._opted_out

    # -- news and keeping --

    async def wait_for(self, wanted: Callable[[Message], bool], seconds: float) -> list[Message]:
        """The messages wanted, as soon as there is one or the time is over."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not (found := self.select(wanted)):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            news = self._news
            try:
                await asyncio.wait_for(news.wait(), left)
            except TimeoutError:
                break
        return found

    def changed(self) -> None:
        """Wakes the waiting and has the state written soon."""
        self._news.set()
        self._news = asyncio.Event()
        if self._path and (self._saving is None or self._saving.done()):
            self._saving = asyncio.get_running_loop().create_task(self._save_soon())

    async def _save_soon(self) -> None:
        await asyncio.sleep(SAVE_SECONDS)
        self._saving = None
        self.save()

    def save(self) -> None:
        """Writes the whole state in place of the old. Does nothing without a file."""
        if self._path is None:
            return
        state = {
            "next": self._next,
            "version": self._version,
            "messages": [vars(message) for message in self._messages],
            "optedOut": sorted(self._opted_out),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(state, file, ensure_ascii=True)
        fresh.replace(self._path)

    def _load(self) -> None:
        if self._path is None or not self._path.exists():
            return
        try:
            state = json.loads(self._path.read_text(encoding="utf-8"))
            self._messages = [Message(**record) for record in state["messages"]]
            self._opted_out = {(desk, person) for desk, person in state["optedOut"]}
            self._next, self._version = int(state["next"]), int(state.get("version", 0))
        except (ValueError, KeyError, TypeError) as error:
            LOG.warning("the simulated Twilio's state cannot be read and is started afresh: %s", type(error).__name__)
