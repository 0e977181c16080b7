"""Firefox's own translation models, fetched by fxtranslate where there is a network; none of them is needed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from infra.local.ai.engines.base import EngineError, ModelThread, Pair

# The same family as the bundled models but one hop where Apertium needs two; an assumption, for want of a network here.
_QUALITY: Final = 0.96


class Firefox:
    """The models found in fxtranslate's cache under `<models>/firefox/`."""

    name = "firefox"

    def __init__(self, models: Path) -> None:
        self._cache = models / "firefox"
        self._threads = {pair: ModelThread(f"firefox-{'-'.join(pair)}", self._loader(pair)) for pair in self._cached()}

    def _cached(self) -> list[Pair]:
        if not self._cache.is_dir():
            return []
        from fxtranslate import Cache  # noqa: PLC0415 - native code, only when something is cached

        names = [str(entry["name"]) for entry in Cache(str(self._cache)).list_cached()]
        return [(source, target) for source, _, target in (name.partition("-") for name in names) if target]

    def _loader(self, pair: Pair) -> Callable[[], Callable[[str], str]]:
        def load() -> Callable[[str], str]:
            from fxtranslate import Translator  # noqa: PLC0415

            try:
                translator = Translator.load(*pair, cache_dir=str(self._cache))
            except ValueError as refused:
                raise EngineError(f"firefox {'-'.join(pair)}: {refused}") from refused
            translate: Callable[[str], str] = translator.translate_long
            return translate

        return load

    def pairs(self) -> Mapping[Pair, float]:
        """The pairs in the cache."""
        return dict.fromkeys(self._threads, _QUALITY)

    def translate(self, text: str, source: str, target: str) -> str:
        """Translate one line; sentences are split by the engine."""
        return self._threads[source, target](text)

    def close(self) -> None:
        """Drop the models."""
        for thread in self._threads.values():
            thread.close()
