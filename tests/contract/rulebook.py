"""Rules over the shipped files, each with at least one example, broken on purpose, about which it must complain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.shipped import Shipped, load

Check = Callable[[Shipped], Iterator[str]]
Break = Callable[[Shipped], object]


@dataclass(frozen=True)
class Rule:
    """check yields one complaint for each offence, which names the offender and says how to mend it."""

    check: Check
    breaks: tuple[Break, ...]

    def kept(self) -> None:
        """Fails with the complaints about the shipped files."""
        complaints = list(self.check(load()))
        assert not complaints, "\n".join([self.check.__name__.replace("_", " "), *complaints])

    def complains(self, damage: Break) -> None:
        """Fails unless the rule says something new about a copy that is damaged on purpose."""
        shipped = load()
        before = set(self.check(shipped))
        damage(shipped)
        assert set(self.check(shipped)) - before, f"{self.check.__name__} did not notice what was broken"


class Rulebook:
    """Collects a module's rules: `@rules(damage, …)` over each, then one test with `@rules.each` and one with
    `@rules.each_break`."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def __call__(self, *breaks: Break) -> Callable[[Check], Check]:
        if not breaks:
            raise ValueError("a rule needs an example that breaks it")

        def register(check: Check) -> Check:
            self.rules.append(Rule(check, breaks))
            return check

        return register

    @property
    def each(self) -> pytest.MarkDecorator:
        """Runs a test with every rule as its argument `rule`."""
        return pytest.mark.parametrize("rule", self.rules, ids=[rule.check.__name__ for rule in self.rules])

    @property
    def each_break(self) -> pytest.MarkDecorator:
        """Runs a test with every rule and each of its breaking examples as its arguments `rule` and `damage`."""
        cases = [(rule, damage, number) for rule in self.rules for number, damage in enumerate(rule.breaks, 1)]
        return pytest.mark.parametrize(
            ("rule", "damage"),
            [(rule, damage) for rule, damage, _ in cases],
            ids=[f"{rule.check.__name__}-{number}" for rule, _, number in cases],
        )


def _holder(shipped: Shipped, path: tuple[Any, ...]) -> Any:
    place = getattr(shipped, path[0])
    for step in path[1:]:
        place = place[step]
    return place


def without(*path: Any) -> Break:
    """Leaves something out: without("machines", "reply", "TimeoutSeconds")."""

    def damage(shipped: Shipped) -> None:
        del _holder(shipped, path[:-1])[path[-1]]

    return damage


def changed(*path: Any, to: Any) -> Break:
    """Sets something, new or old, to another value."""

    def damage(shipped: Shipped) -> None:
        _holder(shipped, path[:-1])[path[-1]] = to

    return damage


def appended(*path: Any, item: Any) -> Break:
    """Adds an item to a list."""

    def damage(shipped: Shipped) -> None:
        _holder(shipped, path).append(item)

    return damage


def rewritten(path: str, old: str, new: str) -> Break:
    """Replaces text in a file; the old text must be there."""

    def damage(shipped: Shipped) -> None:
        assert old in shipped.texts[path], f"{path} no longer holds {old!r}: choose another example"
        shipped.texts[path] = shipped.texts[path].replace(old, new)

    return damage


def written(path: str, text: str) -> Break:
    """Adds a file."""

    def damage(shipped: Shipped) -> None:
        shipped.texts[path] = text
        shipped.paths.add(path)

    return damage


def removed(path: str) -> Break:
    """Takes a file away."""

    def damage(shipped: Shipped) -> None:
        shipped.texts.pop(path, None)
        shipped.paths.remove(path)

    return damage
