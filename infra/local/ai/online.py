"""Firefox's translation models from Mozilla's servers, where there is a network. A refusal is normal."""

import os
import socket
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from infra.local.ai.manifest import Manifest, Outcome, say

_PART: Final = "firefox"
_CONNECT_SECONDS: Final = 3.0


def set_up(models: Path, manifest: Manifest, languages: tuple[str, ...], asked: float) -> None:
    """Try for the models between English and each language, unless that was refused after `asked` (a time)."""
    before = manifest.part(_PART)
    wanted = " ".join(sorted(languages))
    if not languages or (before and before.state == "ready" and before.reason == wanted):
        return
    if before and before.state == "refused" and before.at > asked:
        return
    try:
        for language in languages:
            _fetch(models / "firefox", language)
    except (OSError, ValueError) as refused:
        manifest.note(_PART, Outcome("refused", str(refused), time.time()))
        say("models: no Firefox models (their server cannot be reached): going on with the bundled ones")
        return
    manifest.note(_PART, Outcome("ready", wanted, time.time()))


def _fetch(cache: Path, language: str) -> None:
    """Download both directions. Raises ValueError or OSError when that is refused."""
    from fxtranslate import discovery  # noqa: PLC0415 - native code, only for this step

    _reach(discovery.records_url())
    cache.mkdir(exist_ok=True)
    say(f"models: fetching Firefox models en-{language} and {language}-en")
    for pair in (("en", language), (language, "en")):
        discovery.add_models(*pair, cache_dir=str(cache), progress=False)


def _reach(url: str) -> None:
    """Fail in three seconds, not in minutes, where packets are dropped. Behind a proxy the client finds out itself."""
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return
    address = urlsplit(url)
    port = address.port or (443 if address.scheme == "https" else 80)
    socket.create_connection((address.hostname or "", port), timeout=_CONNECT_SECONDS).close()
