"""Snapshots of the whole state while it runs.

ministack writes its state only at a clean stop, one file a service. A snapshot here is one file, written beside and
renamed, taken on ministack's event loop between two requests: so it is one moment of all services, and after a kill
every message is either in its queue or finished.
"""

import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from infra.local.aws import inprocess, machines
from infra.local.aws.kept import Held, holding

_log = logging.getLogger(__name__)
# How often a snapshot is tried again at once when something grew while it was copied.
_ATTEMPTS = 5
_INTERVAL_SECONDS = 3.0
# Never spend more than about a twentieth of the time on snapshots, however large the state has grown.
_REST_FACTOR = 20
_READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "Head", "Filter")
_MAX_LOG_STREAMS = 100
_MAX_ARCHIVED = 5_000
_MARK = "held elsewhere in the snapshot"
# DynamoDB keeps items as {partition key: {sort key: item}}.
_TABLE_DEPTH = 2
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
        self._texts: dict[int, tuple[Any, str]] = {}

    def restore(self) -> None:
        """Lay the snapshot out as the files ministack reads when it starts."""
        self._services.mkdir(parents=True, exist_ok=True)
        if not self._file.exists():
            return
        for old in self._services.glob("*.json"):
            old.unlink()
        services = json.loads(self._file.read_text())
        if "sqs" in services:
            _make_visible(services["sqs"]["payload"]["queues"]["data"])
        if "stepfunctions" in services:
            payload = services["stepfunctions"]["payload"]
            machines.suspend(payload["executions"]["data"], payload["state_machines"]["data"])
        for name, payload in services.items():
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
            async def noted(message: Any) -> None:
                # Before the caller hears of it, so that a snapshot it asks for next holds it.
                inprocess.changed()
                await send(message)

            changing = scope["type"] == "http" and _may_change(scope)
            await app(scope, receive, noted if changing else send)

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
        temporary = self._file.with_suffix(".tmp")
        with temporary.open("w") as file:
            file.writelines(self._text_of(state))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._file)

    def _text_of(self, state: dict[str, Any]) -> Iterator[str]:
        """The snapshot as JSON in pieces; an element that was there last time is not written out anew."""
        from ministack.core import persistence  # noqa: PLC0415 - after its environment is set

        held: list[Held] = []

        def default(value: Any) -> Any:
            if not isinstance(value, Held):
                return persistence._json_default(value)
            held.append(value)
            return _MARK

        wrapped = {
            name: {"__ministack_format__": persistence._state_format_version(name), "payload": payload}
            for name, payload in state.items()
        }
        parts = json.dumps(wrapped, default=default, separators=(",", ":")).split(f'"{_MARK}"')
        texts: dict[int, tuple[Any, str]] = {}
        yield parts[0]
        for group, rest in zip(held, parts[1:], strict=True):
            yield from self._pieces(group.elements, texts)
            yield rest
        self._texts = texts

    def _pieces(self, value: Any, texts: dict[int, tuple[Any, str]], depth: int = 0) -> Iterator[str]:
        if isinstance(value, dict) and depth < _TABLE_DEPTH:
            yield "{"
            for number, (key, inner) in enumerate(value.items()):
                yield f"{',' if number else ''}{json.dumps(key)}:"
                yield from self._pieces(inner, texts, depth + 1)
            yield "}"
        elif isinstance(value, list):
            yield "["
            for number, inner in enumerate(value):
                yield "," if number else ""
                yield from self._pieces(inner, texts, _TABLE_DEPTH)
            yield "]"
        else:
            known = self._texts.get(id(value))
            text = known[1] if known and known[0] is value else json.dumps(value, separators=(",", ":"))
            texts[id(value)] = (value, text)
            yield text

    def _run(self) -> None:
        pause = _INTERVAL_SECONDS
        while not self._stop.wait(pause):
            started = time.perf_counter()
            try:
                self.snapshot()
            except Exception:  # noqa: BLE001
                # The outermost loop of the thread: the next round may do better, and stop() writes once more.
                _log.exception("a snapshot failed")
            pause = max(_INTERVAL_SECONDS, _REST_FACTOR * (time.perf_counter() - started))


def _may_change(scope: Any) -> bool:
    target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"").decode()
    if target:
        return not target.rpartition(".")[2].startswith(_READS)
    return bool(scope["method"] != "GET")


def _collect() -> dict[str, Any]:
    """Every loaded service's state, by name of its file. Runs on ministack's loop."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            return _states()
        except RuntimeError:
            # Functions log from threads of their own, and a dictionary that grows while it is copied says so.
            if not left:
                raise
    raise AssertionError("unreachable")


def _states() -> dict[str, Any]:
    from ministack import app  # noqa: PLC0415

    _trim()
    with _holding():
        states = {name: get_state() for name, get_state in app._build_persistence_save_dict().items()}
    return {name: state for name, state in states.items() if _holds_something(state)}


@contextlib.contextmanager
def _holding() -> Iterator[None]:
    """Large collections as Held, for the moment that `get_state` takes: ministack's own, and those in `kept`."""
    from ministack.services import dynamodb, eventbridge  # noqa: PLC0415

    owners = [(table, "items") for table in dynamodb._tables.all_values()]
    owners += [(archive, "Events") for archive in eventbridge._archives.all_values() if "Events" in archive]
    before = [owner[key] for owner, key in owners]
    for owner, key in owners:
        value = owner[key]
        owner[key] = Held(list(value) if isinstance(value, list) else {pk: dict(rows) for pk, rows in value.items()})
    try:
        with holding():
            yield
    finally:
        for (owner, key), value in zip(owners, before, strict=True):
            owner[key] = value


def _holds_something(state: Any) -> bool:
    """Whether any store of a service has an entry; its scoped dictionaries look empty from another account."""
    return bool(state) and any(getattr(store, "_data", store) for store in state.values())


def _trim() -> None:
    """Bound what ministack would keep for ever: log streams, the event log and archives."""
    from ministack.services import cloudwatch_logs, eventbridge  # noqa: PLC0415

    for group in cloudwatch_logs._log_groups.all_values():
        # Every Lambda invocation opens a stream of its own.
        for name in list(group["streams"])[:-_MAX_LOG_STREAMS]:
            del group["streams"][name]
    del eventbridge._events_log_list()[:]
    for archive in eventbridge._archives.all_values():
        with contextlib.suppress(KeyError):
            del archive["Events"][:-_MAX_ARCHIVED]


def _make_visible(queues: dict[str, Any]) -> None:
    """Messages that were in flight when the process died have nobody working on them."""
    for queue in queues.values():
        for message in queue["messages"]:
            if message["receive_count"]:
                message["visible_at"] = 0
