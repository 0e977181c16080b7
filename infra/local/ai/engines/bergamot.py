"""English and Portuguese both ways: the small neural models that Firefox ships, run by fxtranslate."""

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from infra.local.ai.catalogue import BERGAMOT, BergamotFiles, read_verified
from infra.local.ai.engines.base import ModelThread, ThreadedEngine, present
from infra.local.ai.engines.neural import by_sentence

# 14 of 15 short messages each way (docs/local-ai.md).
_QUALITY: Final = 0.93
_SHORT_WORDS: Final = 3
# Whole sentences to which the models add words of their own ("Thank you" became "thanks for sending an edition").
_PLAINER: Final = MappingProxyType(
    {"thank you": "Thanks", "thanks a lot": "Many thanks", "obrigada": "Obrigado", "graças": "Obrigado"}
)


class Bergamot(ThreadedEngine):
    """The bundled models, loaded from raw files under `<models>/bergamot/`."""

    name = "bergamot"

    def __init__(self, models: Path) -> None:
        threads = {
            pair: ModelThread(f"bergamot-{'-'.join(pair)}", _loader(models, files))
            for pair, files in BERGAMOT.items()
            if present(models, files.paths())
        }
        super().__init__(threads, _QUALITY)


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
        return by_sentence(lambda sentence: careful(sentence, translator.translate_long))

    return load


def careful(sentence: str, translate: Callable[[str], str]) -> str:
    """Translate a sentence in the form in which these small models invent least (docs/local-ai.md).

    All begin with a capital. Up to three words go without their final mark ("estou perdido!" became "I am so happy!"),
    a single word with an exclamation mark ("Olá" became "Hello, the hello"); the mark that was there is put back.
    """
    core = sentence.rstrip(".!")
    plain = _capital(_PLAINER.get(core.lower(), core))
    words = len(plain.split())
    if words == 0 or words > _SHORT_WORDS or sentence.endswith("?"):
        return translate(_capital(sentence))
    return translate(plain + "!" * (words == 1)).rstrip(".!") + sentence[len(core) :]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
