"""Rules over the shipped files, each with at least one example, broken on purpose, about which it must complain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from tests.contract.shipped import NESTED, Shipped, load

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


class Anywhere(NamedTuple):
    """A step of a place within a machine: the state of this name, at whatever depth it stands."""

    name: str


def state_of(machine: str, name: str, *path: Any) -> tuple[Any, ...]:
    """A place in a state of a machine, for the examples."""
    return ("machines", machine, Anywhere(name), *path)


def _level_of(level: Any, name: str) -> Any:
    """The states among which the one of this name stands. Raises LookupError."""
    if name in level["States"]:
        return level["States"]
    for definition in level["States"].values():
        inner = [definition[field] for field in NESTED if field in definition]
        for nested in [*inner, *definition.get("Branches", [])]:
            try:
                return _level_of(nested, name)
            except LookupError:
                continue
    raise LookupError(f"no state is called {name} any more: choose another example")


def _place(shipped: Shipped, path: tuple[Any, ...]) -> tuple[Any, Any]:
    """Where a path ends: what holds it, and its key there."""
    holder: Any = vars(shipped)
    key: Any = path[0]
    for step in path[1:]:
        holder, key = holder[key], step
        if isinstance(step, Anywhere):
            holder, key = _level_of(holder, step.name), step.name
    return holder, key


def place(shipped: Shipped, *path: Any) -> Any:
    """What stands at a path, for an example to change by itself."""
    holder, key = _place(shipped, path)
    return holder[key]


def without(*path: Any) -> Break:
    """Leaves something out: without("machines", "reply", "TimeoutSeconds")."""

    def damage(shipped: Shipped) -> None:
        holder, key = _place(shipped, path)
        del holder[key]

    return damage


def changed(*path: Any, to: Any) -> Break:
    """Sets something, new or old, to another value."""

    def damage(shipped: Shipped) -> None:
        holder, key = _place(shipped, path)
        holder[key] = to

    return damage


def appended(*path: Any, item: Any) -> Break:
    """Adds an item to a list."""

    def damage(shipped: Shipped) -> None:
        holder, key = _place(shipped, path)
        holder[key].append(item)

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
        shipped.sizes[path] = len(text.encode())

    return damage


def removed(path: str) -> Break:
    """Takes a file away."""

    def damage(shipped: Shipped) -> None:
        shipped.texts.pop(path, None)
        shipped.paths.remove(path)

    return damage
