"""Pictures and other media: behind Basic auth, with a redirect to where the bytes are, as Twilio does it.

The bytes live in memory, the oldest go first; a restart forgets them.
"""

from dataclasses import dataclass, field
from typing import Final

from infra.local.twilio.store import new_sid

MAX_TOTAL: Final = 64 * 1024 * 1024
MAX_ONE: Final = 16 * 1024 * 1024
MAX_SMS: Final = 5 * 1024 * 1024
"""A message's media are 5 MB on Twilio, 16 MB on WhatsApp."""


@dataclass(frozen=True)
class Medium:
    """``sid`` is ME and 32 hexadecimal digits; ``token`` names the bytes at the other host."""

    sid: str
    token: str
    content_type: str
    data: bytes


@dataclass
class MediaStore:
    """Media by sid."""

    _media: dict[str, Medium] = field(default_factory=dict)

    def add(self, content_type: str, data: bytes) -> Medium:
        medium = Medium(new_sid("ME"), new_sid("")[:24], content_type, data)
        self._media[medium.sid] = medium
        while sum(len(kept.data) for kept in self._media.values()) > MAX_TOTAL:
            del self._media[next(iter(self._media))]
        return medium

    def get(self, sid: str) -> Medium | None:
        return self._media.get(sid)

    def by_token(self, token: str) -> Medium | None:
        return next((medium for medium in self._media.values() if medium.token == token), None)
