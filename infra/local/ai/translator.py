"""Translation over the best route of engines."""

from dataclasses import dataclass
from pathlib import Path

from infra.local.ai.engines.apertium import Apertium
from infra.local.ai.engines.argos import Argos
from infra.local.ai.engines.base import Engine
from infra.local.ai.engines.bergamot import Bergamot
from infra.local.ai.engines.firefox import Firefox
from infra.local.ai.protect import letters, translate_lines
from infra.local.ai.routes import Route, Routes


@dataclass(frozen=True)
class Translation:
    """Translated text and the route that made it; no hops where nothing had to be translated."""

    text: str
    route: Route


class Translator:
    """All engines and the routes over them."""

    def __init__(self, engines: list[Engine]) -> None:
        self._engines = {engine.name: engine for engine in engines}
        self.routes = Routes(engines)

    def translate(self, text: str, source: str, target: str) -> Translation | None:
        """Translate between two model languages, or None where no route leads from one to the other.

        Raises EngineError when an engine on the route cannot be used.
        """
        if source == target:
            return Translation(text, Route(()))
        route = self.routes.find(source, target)
        if route is None:
            return None
        if not letters(text):
            return Translation(text, Route(()))
        return Translation(translate_lines(text, lambda line: self._along(route, line)), route)

    def _along(self, route: Route, line: str) -> str:
        for hop in route.hops:
            line = self._engines[hop.engine].translate(line, hop.source, hop.target)
        return line

    def close(self) -> None:
        """Let go of every model, thread and process."""
        for engine in self._engines.values():
            engine.close()


def all_engines(models: Path) -> list[Engine]:
    """Every engine over a model directory; those whose files are missing offer no pairs."""
    return [Firefox(models), Argos(models), Bergamot(models), Apertium(models)]
