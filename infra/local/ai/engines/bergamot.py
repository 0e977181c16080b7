"""English and Portuguese both ways: the small neural models that Firefox ships, run by fxtranslate."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from infra.local.ai.catalogue import BERGAMOT, BergamotFiles, read_verified
from infra.local.ai.engines.base import ModelThread, Pair, present
from infra.local.ai.engines.neural import by_sentence

# 14 of 15 short messages each way (docs/local-ai.md).
_QUALITY: Final = 0.93


class Bergamot:
    """The bundled models, loaded from raw files under `<models>/bergamot/`."""

    name = "bergamot"

    def __init__(self, models: Path) -> None:
        self._threads: dict[Pair, ModelThread] = {
            pair: ModelThread(f"bergamot-{'-'.join(pair)}", _loader(models, files))
            for pair, files in BERGAMOT.items()
            if present(models, files.paths())
        }

    def pairs(self) -> Mapping[Pair, float]:
        """The pairs whose files are there."""
        return dict.fromkeys(self._threads, _QUALITY)

    def translate(self, text: str, source: str, target: str) -> str:
        """Translate one line; its sentences one after the other."""
        return self._threads[source, target](text)

    def close(self) -> None:
        """Drop both models."""
        for thread in self._threads.values():
            thread.close()


def _loader(models: Path, files: BergamotFiles) -> Callable[[], Callable[[str], str]]:
    def load() -> Callable[[str], str]:
        from fxtranslate import Translator  # noqa: PLC0415 - 5 MB of native code, only when first used

        vocabulary = read_verified(models, files.vocabulary)
        translator = Translator(
            model=read_verified(models, files.model),
            src_vocab=vocabulary,
            trg_vocab=vocabulary,
            shortlist=read_verified(models, files.shortlist),
        )
        return by_sentence(translator.translate_long)

    return load
