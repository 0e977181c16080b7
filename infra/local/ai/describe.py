"""In a few lines, what can be done with text by the models that are there."""

from collections import defaultdict
from pathlib import Path
from typing import Final

from infra.local.ai.languages import name
from infra.local.ai.routes import Route, Routes
from infra.local.ai.sentiment.service import Sentiments
from infra.local.ai.translator import Translator, all_engines

# Languages a reader is likely to look for first; named when they cannot be had.
_EXPECTED: Final = ("ar", "de", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "uk", "vi", "zh")
_NEURAL: Final = frozenset({"bergamot", "argos", "firefox"})


def describe(models: Path) -> str:
    """Three lines for `make run`: languages to and from English with the engines, what is missing, and the languages
    of sentiment. Loads no model.
    """
    translator = Translator(all_engines(models))
    routes = translator.routes
    groups: dict[str, list[str]] = defaultdict(list)
    for code in routes.languages():
        if code != "en":
            groups[_way(routes, code)].append(name(code))
    parts = [f"{', '.join(sorted(names))} {way}" for way, names in sorted(groups.items())]
    missing = [name(code) for code in _EXPECTED if code not in routes.languages()]
    felt = ", ".join(name(code) for code in Sentiments(translator).languages())
    return (
        f"Translates: {'; '.join(parts) or 'nothing'}; {len(routes.table)} pairs in all.\n"
        f"Not here, answered as AWS answers an unsupported pair: {', '.join(missing)} and all others.\n"
        f"Tells the sentiment of: {felt}."
    )


def _way(routes: Routes, code: str) -> str:
    there, back = routes.find(code, "en"), routes.find("en", code)
    routes_found = [route for route in (there, back) if route]
    if not routes_found:
        return "without English"
    way = "<-> English" if len(routes_found) == 2 else "-> English" if there else "<- English"
    return f"{way} ({_engines(routes_found)})"


def _engines(routes: list[Route]) -> str:
    engines = {hop.engine for route in routes for hop in route.hops}
    return " + ".join(["neural"] * bool(engines & _NEURAL) + ["Apertium"] * ("apertium" in engines))
