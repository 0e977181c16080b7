"""Snapshots of the whole state while it runs.

ministack writes its state only at a clean stop, one file a service. A snapshot here is one file, written beside and
renamed, taken on ministack's event loop between two requests: so it is one moment of all services, and after a kill
every message is either in its queue or finished.
"""

import contextlib
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from infra.local.aws import inprocess

_log = logging.getLogger(__name__)
_INTERVAL_SECONDS = 3.0
# Never spend more than about a twentieth of the time on snapshots, however large the state has grown.
_REST_FACTOR = 20
_READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "Head", "Filter")
_MAX_LOG_EVENTS = 1_000
_MAX_ARCHIVED = 5_000
App = Callable[[Any, Any, Any], Awaitable[None]]


class Store:
    """The snapshot file of one state directory."""

    def __init__(self, state_dir: Path) -> None:
        self._services = state_dir / "services"
        self._file = state_dir / "snapshot.json"
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._saved = -1

    def restore(self) -> None:
        """Lay the snapshot out as the files ministack reads when it starts."""
        self._services.mkdir(parents=True, exist_ok=True)
        if not self._file.exists():
            return
        for old in self._services.glob("*.json"):
            old.unlink()
        for name, payload in json.loads(self._file.read_text()).items():
            if name == "sqs":
                payload = _all_visible(payload)
            (self._services / f"{name}.json").write_text(json.dumps(payload))

    def start(self) -> None:
        """Snapshot in the background whenever something has changed."""
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the background thread and write a last snapshot."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.snapshot()

    def watching(self, app: App) -> App:
        """`app`, noting every request that may change something."""

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, send)
            if scope["type"] == "http" and _may_change(scope):
                inprocess.changed()

        return watched

    def snapshot(self) -> float:
        """Write the state if it changed since the last time. Returns the seconds ministack stood still for it."""
        with self._lock:
            version = inprocess.version()
            if version == self._saved:
                return 0.0
            started = time.perf_counter()
            state = inprocess.on_loop(_collect)
            stood = time.perf_counter() - started
            self._write(state)
            self._saved = version
            return stood

    def _write(self, state: dict[str, Any]) -> None:
        from ministack.core import persistence  # noqa: PLC0415 - after its environment is set

        wrapped = {
            name: {"__ministack_format__": persistence._state_format_version(name), "payload": payload}
            for name, payload in state.items()
        }
        text = json.dumps(wrapped, default=persistence._json_default, separators=(",", ":"))
        temporary = self._file.with_suffix(".tmp")
        with temporary.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._file)

    def _run(self) -> None:
        pause = _INTERVAL_SECONDS
        while not self._stop.wait(pause):
            started = time.perf_counter()
            try:
                self.snapshot()
            except Exception:
                # The outermost loop of the thread: the next round may do better, and stop() writes once more.
                _log.exception("a snapshot failed")
            pause = max(_INTERVAL_SECONDS, _REST_FACTOR * (time.perf_counter() - started))


def _may_change(scope: Any) -> bool:
    target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"").decode()
    if target:
        return not target.rpartition(".")[2].startswith(_READS)
    return scope["method"] != "GET"


def _collect() -> dict[str, Any]:
    """Every loaded service's state, by name of its file. Runs on ministack's loop."""
    from ministack import app  # noqa: PLC0415

    _trim()
    states = {name: get_state() for name, get_state in app._build_persistence_save_dict().items()}
    return {name: state for name, state in states.items() if _holds_something(state)}


def _holds_something(state: Any) -> bool:
    """Whether any store of a service has an entry; its scoped dictionaries look empty from another account."""
    return bool(state) and any(getattr(store, "_data", store) for store in state.values())


def _trim() -> None:
    """Bound what ministack would keep for ever: log events, the event log and archives."""
    from ministack.services import cloudwatch_logs, eventbridge  # noqa: PLC0415

    for group in cloudwatch_logs._log_groups.all_values():
        for stream in group.get("streams", {}).values():
            del stream["events"][:-_MAX_LOG_EVENTS]
    del eventbridge._events_log_list()[:]
    for archive in eventbridge._archives.all_values():
        with contextlib.suppress(KeyError):
            del archive["Events"][:-_MAX_ARCHIVED]


def _all_visible(payload: Any) -> Any:
    """Messages that were in flight when the process died have nobody working on them."""
    queues = payload["payload"]["queues"]["data"]
    for queue in queues.values():
        for message in queue["messages"]:
            if message["receive_count"]:
                message["visible_at"] = 0
    return payload


def discard(state_dir: Path) -> None:
    """Forget everything under `state_dir`."""
    shutil.rmtree(state_dir, ignore_errors=True)
