"""In a line or two, what can be translated with the models that are there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from infra.local.ai.languages import name
from infra.local.ai.routes import Route, Routes
from infra.local.ai.translator import all_engines

# Languages a reader is likely to look for first; named when they cannot be had.
_EXPECTED: Final = ("ar", "de", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "uk", "vi", "zh")
_HOW: Final = {"bergamot": "neural", "argos": "neural", "firefox": "neural", "apertium": "Apertium"}


def describe(models: Path) -> str:
    """Two lines for `make run`: languages to and from English with the engines, and what is missing. Loads no model."""
    routes = Routes(all_engines(models))
    others = [code for code in routes.languages() if code != "en"]
    parts = [part for code in others if (part := _with_english(routes, code))]
    between = sum(1 for pair in routes.table if "en" not in pair)
    missing = [name(code) for code in _EXPECTED if code not in others]
    lines = [f"Translation with English: {'; '.join(parts) or 'none'} ({between} more pairs without English)."]
    lines += [f"Not available: {', '.join(missing)} and others; they get AWS's UnsupportedLanguagePairException."]
    return "\n".join(lines)


def _with_english(routes: Routes, code: str) -> str:
    there, back = routes.find(code, "en"), routes.find("en", code)
    found = [route for route in (there, back) if route]
    if not found:
        return ""
    way = "both ways" if len(found) == 2 else "to English only" if there else "from English only"
    return f"{name(code)} {way} ({_engines(found)})"


def _engines(routes: Iterable[Route]) -> str:
    return " + ".join(sorted({_HOW.get(hop.engine, hop.engine) for route in routes for hop in route.hops}))
