"""From the address of a message's file to the file in the media bucket."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any, Protocol, Self, TypedDict

from dragoman.credentials import Credentials
from dragoman.errors import ConfigurationError
from fetch_media.address import Place, media_place, redirect_place
from fetch_media.download import Download, Limits
from fetch_media.errors import MediaUnavailable

MESSAGE_ID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
ACCOUNT_ID = re.compile(r"AC[0-9a-fA-F]{32}")


class CredentialSource(Protocol):
    """Where the API's credentials come from: dragoman.secrets.SecretSource."""

    def current(self) -> Credentials:
        """The credentials accepted now."""
        ...

    def renewed(self) -> Credentials | None:
        """Other credentials that are there since then, if any."""
        ...


class Storage(Protocol):
    """Where files are kept: fetch_media.storage.Originals."""

    def put(self, key: str, file: IO[bytes], size: int, content_type: str) -> None:
        """Keeps the first `size` bytes of a file."""
        ...


class Fetched(TypedDict):
    """key in the media bucket; contentType as the server named it; bytes received."""

    key: str
    contentType: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A file of a message, as the webhook names it."""

    message_id: str
    account_id: str
    index: int
    url: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Reads the machine's input. Raises ConfigurationError when it is no file of a message."""
        try:
            found = cls(event["messageId"], event["accountId"], event["index"], event["url"])
            ours = MESSAGE_ID.fullmatch(found.message_id) and ACCOUNT_ID.fullmatch(found.account_id)
            usable = bool(ours) and isinstance(found.url, str) and type(found.index) is int and found.index >= 0
        except (KeyError, TypeError):
            usable = False
        if not usable:
            raise ConfigurationError("The machine did not hand over a file of a message")
        return found

    @property
    def key(self) -> str:
        """Where the file goes: the same for every try, so that a redelivered message does not store it twice."""
        return f"originals/{self.message_id}/{self.index}"


def fetch(reference: Reference, api_url: str, limits: Limits, source: CredentialSource, storage: Storage) -> Fetched:
    """Brings a file from Twilio into the bucket.

    Raises MediaForged (before any request when it is the address itself), MediaTooLarge, MediaUnavailable,
    MediaNotReady, MediaTemporarilyUnavailable and ConfigurationError.
    """
    place = media_place(reference.url, reference.account_id, reference.message_id, api_url)
    with TemporaryFile() as file:
        content_type, size = _download(place, api_url, limits, source, file)
        file.seek(0)
        storage.put(reference.key, file, size, content_type)
    return {"key": reference.key, "contentType": content_type, "bytes": size}


def _download(place: Place, api_url: str, limits: Limits, source: CredentialSource, file: IO[bytes]) -> tuple[str, int]:
    download = Download(limits, lambda location, before: redirect_place(location, before, api_url))
    try:
        return download.fetch(place, source.current(), file)
    except MediaUnavailable as refused:
        # The credentials may just have been exchanged for others.
        other = source.renewed() if refused.status == 401 else None
        if other is None:
            raise
    return download.fetch(place, other, file)
