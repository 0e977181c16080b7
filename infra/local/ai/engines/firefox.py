"""Firefox's own translation models, fetched by fxtranslate where there is a network; none of them is needed.

They are loaded from the files in fxtranslate's cache, never by its own `Translator.load`, which asks Mozilla's server
each time and keeps Python's interpreter lock while it waits.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra.local.ai.engines.base import EngineError, ModelThread, Pair, ThreadedEngine
from infra.local.ai.engines.neural import by_sentence

# The same family as the bundled models, but one hop where Apertium needs two; an assumption, for want of a network.
_QUALITY: Final = 0.96
# Mozilla names its files so; pairs with East Asian languages have a vocabulary for each side.
_MODEL: Final = ("model.",)
_SOURCE: Final = ("vocab.", "srcvocab.")
_TARGET: Final = ("vocab.", "trgvocab.")
_SHORTLIST: Final = ("lex.",)


class Firefox(ThreadedEngine):
    """The models found under `<models>/firefox/<source>-<target>/`."""

    name = "firefox"

    def __init__(self, models: Path) -> None:
        threads = {
            _pair(folder): ModelThread(f"firefox-{folder.name}", _loader(folder))
            for folder in sorted((models / "firefox").glob("*-*"))
            if complete(folder)
        }
        super().__init__(threads, _QUALITY)


def complete(folder: Path) -> bool:
    """Whether a folder holds a model and its vocabulary or vocabularies; a broken download leaves an empty one."""
    return all(any(_file(folder, start) for start in starts) for starts in (_MODEL, _SOURCE, _TARGET))


def _pair(folder: Path) -> Pair:
    source, _, target = folder.name.partition("-")
    return source, target


def _file(folder: Path, start: str) -> Path | None:
    return next(iter(sorted(folder.glob(f"{start}*"))), None)


def _content(folder: Path, starts: tuple[str, ...]) -> bytes:
    files = [file for start in starts if (file := _file(folder, start))]
    return files[0].read_bytes() if files else b""


def _loader(folder: Path) -> Callable[[], Callable[[str], str]]:
    def load() -> Callable[[str], str]:
        from fxtranslate import Translator  # noqa: PLC0415 - native code, only when first used

        shortlist = _content(folder, _SHORTLIST) or None
        try:
            model, source, target = (_content(folder, starts) for starts in (_MODEL, _SOURCE, _TARGET))
            translator = Translator(model, source, target, shortlist)
        except ValueError as wrong:
            raise EngineError(f"firefox {folder.name}: {wrong}") from wrong
        return by_sentence(translator.translate_long)

    return load
