"""What the local stack does with its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from infra.local import config
from infra.local.gateway.app import ReplayResult
from infra.local.stack import LocalStack


class Parts:
    """Stands in for gateway, server, journal and AWS; counts what is asked of them."""

    def __init__(self, *refused: int) -> None:
        self._refused = list(refused)
        self.snapshots = 0
        self.truncated: list[int] = []

    async def replay(self) -> ReplayResult:
        return ReplayResult(accepted=1, refused=self._refused.pop(0))

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(work)

    def mark(self) -> int:
        return 7

    async def truncate(self, mark: int) -> None:
        self.truncated.append(mark)

    def snapshot(self) -> None:
        self.snapshots += 1


def stack_of(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStack:
    """A stack that was never started, made of these parts."""
    monkeypatch.setenv("DRAGOMAN_STATE_DIR", str(tmp_path))
    stack = LocalStack(config.load(), lambda _line: None)
    for name in ("_gateway", "_front", "_journal", "_aws"):
        monkeypatch.setattr(stack, name, parts)
    return stack


def test_take_up_keeps_the_journal_until_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = Parts(1, 0)
    stack = stack_of(parts, tmp_path, monkeypatch)
    stack._take_up()
    stack.snapshot()
    assert (parts.snapshots, parts.truncated) == (0, [])
    stack._take_up()
    assert (parts.snapshots, parts.truncated) == (1, [7])
