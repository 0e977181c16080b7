"""Which engines, one after the other, lead from a language to another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from infra.local.ai.engines.base import Engine, Pair

# Below this a reader can no longer count on understanding the message, so the pair is called unsupported.
QUALITY_FLOOR: Final = 0.5
# Three hops only by these ways, which were measured and read: see docs/local-ai.md.
MEASURED_THREE_HOPS: Final[Mapping[Pair, tuple[str, ...]]] = MappingProxyType(
    {
        ("fr", "en"): ("fr", "ca", "pt", "en"),
        ("it", "en"): ("it", "ca", "pt", "en"),
        ("ro", "en"): ("ro", "es", "pt", "en"),
        ("en", "it"): ("en", "pt", "es", "it"),
        ("zh", "es"): ("zh", "en", "pt", "es"),
        ("zh", "fr"): ("zh", "en", "ca", "fr"),
    }
)


@dataclass(frozen=True)
class Hop:
    """One engine's step. `quality` is the share of short messages understood after this step alone."""

    engine: str
    source: str
    target: str
    quality: float


@dataclass(frozen=True)
class Route:
    """Hops in order, and the product of their qualities."""

    hops: tuple[Hop, ...]

    @property
    def quality(self) -> float:
        """0 to 1: what is left of the meaning when every hop loses its share."""
        product = 1.0
        for hop in self.hops:
            product *= hop.quality
        return round(product, 3)

    def __str__(self) -> str:
        return ", ".join(f"{hop.source}>{hop.target} {hop.engine}" for hop in self.hops)


class Routes:
    """The best route for each pair that can be had, worked out once."""

    def __init__(self, engines: Iterable[Engine]) -> None:
        hops = _best_hops(engines)
        languages = sorted({language for pair in hops for language in pair})
        found = {(s, t): _best_route(hops, s, t) for s in languages for t in languages if s != t}
        self.table: Mapping[Pair, Route] = MappingProxyType({pair: route for pair, route in found.items() if route})

    def find(self, source: str, target: str) -> Route | None:
        """The route from one model language to another, or None."""
        return self.table.get((source, target))

    def languages(self) -> list[str]:
        """Every language that some route starts or ends with."""
        return sorted({language for pair in self.table for language in pair})


def _best_hops(engines: Iterable[Engine]) -> dict[Pair, Hop]:
    hops: dict[Pair, Hop] = {}
    for engine in engines:
        for (source, target), quality in engine.pairs().items():
            known = hops.get((source, target))
            if known is None or known.quality < quality:
                hops[source, target] = Hop(engine.name, source, target, quality)
    return hops


def _best_route(hops: Mapping[Pair, Hop], source: str, target: str) -> Route | None:
    middles = {hop.target for hop in hops.values() if hop.source == source} - {target}
    ways = [(source, target), *((source, middle, target) for middle in sorted(middles))]
    if (source, target) in MEASURED_THREE_HOPS:
        ways.append(MEASURED_THREE_HOPS[source, target])
    routes = [Route(tuple(hops[pair] for pair in pairwise(way))) for way in ways if hops.keys() >= set(pairwise(way))]
    # Of two routes as good as each other the shorter one is taken.
    best = max(routes, key=lambda route: (route.quality, -len(route.hops)), default=None)
    return best if best and best.quality >= QUALITY_FLOOR else None
