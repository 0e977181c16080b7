"""Which addresses may be asked, and which of them get the credentials. Nothing here sends anything.

A MediaUrl is the webhook's word: whoever could slip a forged one in would be sent the account's credentials. So only an
address written exactly as Twilio writes them passes, https://www.twilio.com/docs/messaging/api/media-resource.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Self
from urllib.parse import SplitResult, urljoin, urlsplit

from fetch_media.errors import MediaForged, MediaTemporarilyUnavailable

# api.twilio.com and its regional forms api.<region> and api.<edge>.<region>, such as api.dublin.ie1.twilio.com:
# https://www.twilio.com/docs/global-infrastructure/using-the-twilio-rest-api-in-a-non-us-region
TWILIO = r"https://api(?:(?:\.[a-z]+(?:-[a-z]+)*)?\.[a-z]{2}[0-9])?\.twilio\.com"
MEDIA_SID = "ME[0-9a-fA-F]{32}"
PORTS = {"http": 80, "https": 443}

Resolver = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host. Raises MediaTemporarilyUnavailable when it has none now, MediaForged when its name is
    none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise MediaForged("The redirect leads to no host") from None
    except OSError as error:
        raise MediaTemporarilyUnavailable(f"A host cannot be resolved ({type(error).__name__})") from None
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Place:
    """One thing to ask: `addresses` are the IP addresses to connect to, so that what was checked is what is asked."""

    secure: bool
    host: str
    port: int
    addresses: tuple[str, ...]
    target: str
    url: str

    @property
    def host_header(self) -> str:
        """The host as the request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = PORTS["https" if self.secure else "http"]
        return host if self.port == usual else f"{host}:{self.port}"

    @classmethod
    def of(cls, parts: SplitResult, addresses: list[str]) -> Self:
        """The place that a checked URL names."""
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        secure, host = parts.scheme == "https", parts.hostname or ""
        port = parts.port or PORTS[parts.scheme]
        return cls(secure, host, port, tuple(dict.fromkeys(addresses)), target, parts.geturl())


def media_place(url: str, account_id: str, message_id: str, api_url: str, lookup: Resolver = resolve) -> Place:
    """The place of a message's file, which may be sent the credentials. Raises MediaForged before anything is asked."""
    path = rf"/2010-04-01/Accounts/{re.escape(account_id)}/Messages/{re.escape(message_id)}/Media/{MEDIA_SID}"
    if not re.fullmatch(rf"(?:{TWILIO}|{re.escape(api_url)}){path}", url):
        raise MediaForged("The address is not that of a file of this account and message")
    parts = urlsplit(url)
    return Place.of(parts, lookup(parts.hostname or "", parts.port or PORTS[parts.scheme]))


def redirect_place(location: str, before: Place, api_url: str, lookup: Resolver = resolve) -> Place:
    """The place that a redirect leads to, which never gets credentials.

    It has to be public and https. Only where the configured API itself is on this machine's loopback interface may it
    be there as well. Raises MediaForged.
    """
    parts = _parts(before.url, location)
    addresses = lookup(parts.hostname or "", parts.port or PORTS[parts.scheme])
    if all(map(_is_loopback, addresses)) and _on_loopback(api_url, lookup):
        return Place.of(parts, addresses)
    if parts.scheme != "https" or not all(map(_is_public, addresses)):
        raise MediaForged("The redirect leads to a place that is not public or not encrypted")
    return Place.of(parts, addresses)


def _parts(base: str, location: str) -> SplitResult:
    try:
        url = urljoin(base, location)
        parts = urlsplit(url)
        usable = parts.scheme in PORTS and parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:
        raise MediaForged("The redirect leads to no address that can be asked") from None
    # Blanks, control characters and non-ASCII would not survive the request line.
    if not usable or not re.fullmatch(r"[!-~]+", url):
        raise MediaForged("The redirect leads to no address that can be asked")
    return parts._replace(fragment="")


def _on_loopback(url: str, lookup: Resolver) -> bool:
    parts = urlsplit(url)
    return all(map(_is_loopback, lookup(parts.hostname or "", parts.port or PORTS[parts.scheme])))


def _ip(text: str) -> IPv4Address | IPv6Address:
    found = ip_address(text.partition("%")[0])
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_loopback(address: str) -> bool:
    return _ip(address).is_loopback


def _is_public(address: str) -> bool:
    found = _ip(address)
    return found.is_global and not found.is_multicast
