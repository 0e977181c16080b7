"""What is known at a state, whichever way led to it: which states came before, what a Choice has asked already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.contract.shipped import Json, followers


class Known(NamedTuple):
    """kinds: the detail types that the event may have here. present: paths that have been asked about and are there."""

    kinds: frozenset[str]
    present: frozenset[str]


def reached(level: Json, start: str) -> set[str]:
    """The states of a level that can be reached from one of them, itself included."""
    seen: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name not in seen and name in level["States"]:
            seen.add(name)
            pending += followers(level["States"][name])
    return seen


def judged(condition: Json, known: Known, kind_path: str) -> tuple[Known, Known]:
    """What is known where a Choice's condition holds, and where it does not."""
    if "Not" in condition:
        holds, fails = judged(condition["Not"], known, kind_path)
        return fails, holds
    if "And" in condition:
        holds = known
        for part in condition["And"]:
            holds, _ = judged(part, holds, kind_path)
        return holds, known
    if "Or" in condition:
        fails = known
        for part in condition["Or"]:
            _, fails = judged(part, fails, kind_path)
        return known, fails
    path = condition["Variable"]
    if "IsPresent" in condition:
        there = known._replace(present=known.present | {path})
        return (there, known) if condition["IsPresent"] else (known, there)
    if path == kind_path and "StringEquals" in condition:
        kind = frozenset({condition["StringEquals"]})
        return known._replace(kinds=known.kinds & kind), known._replace(kinds=known.kinds - kind)
    return known, known


def ways_on(definition: Json, known: Known, kind_path: str) -> Iterator[tuple[str, Known]]:
    """The states that may come next, each with what is known there."""
    if definition["Type"] != "Choice":
        yield from ((name, known) for name in followers(definition))
        return
    for rule in definition["Choices"]:
        holds, known = judged(rule, known, kind_path)
        yield rule["Next"], holds
    if "Default" in definition:
        yield definition["Default"], known


def known_at(level: Json, kinds: frozenset[str], kind_path: str) -> dict[str, Known]:
    """What is known at each state of a level that can be reached: the kinds of all ways to it, and what is present
    on every one of them."""
    found: dict[str, Known] = {}
    pending = [(level["StartAt"], Known(kinds, frozenset()))]
    while pending:
        name, known = pending.pop()
        if name not in level["States"] or not known.kinds:
            continue
        before = found.get(name)
        merged = known if before is None else Known(before.kinds | known.kinds, before.present & known.present)
        if merged != before:
            found[name] = merged
            pending += ways_on(level["States"][name], merged, kind_path)
    return found


def asked(condition: Json, known: Known, kind_path: str) -> Iterator[tuple[str, Known]]:
    """The paths whose value a condition looks at, each with what is known at that moment; asking whether one is there
    needs no value."""
    for joined in ("And", "Or"):
        for part in condition.get(joined, []):
            yield from asked(part, known, kind_path)
            holds, fails = judged(part, known, kind_path)
            known = holds if joined == "And" else fails
    if "Not" in condition:
        yield from asked(condition["Not"], known, kind_path)
    if "Variable" in condition and "IsPresent" not in condition:
        for text in condition.values():
            if isinstance(text, str) and text.startswith("$"):
                yield text, known
