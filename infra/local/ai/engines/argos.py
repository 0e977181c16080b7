"""Chinese to English: an OPUS-MT model packed by Argos, run by CTranslate2 and SentencePiece."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from infra.local.ai.catalogue import ARGOS_CONFIG, ARGOS_MODEL, ARGOS_SENTENCEPIECE, ARGOS_VOCABULARY, verify
from infra.local.ai.engines.base import ModelThread, Pair, present

_PAIR: Final = ("zh", "en")
# 14 of 15 short messages (docs/local-ai.md).
_QUALITY: Final = 0.93
_FILES: Final = (ARGOS_MODEL, ARGOS_CONFIG, ARGOS_VOCABULARY, ARGOS_SENTENCEPIECE)
# The model was trained on sentences; one much longer than this comes out cut short.
_SENTENCE_CHARACTERS: Final = 120
_SENTENCE: Final = re.compile(r"[^。！？!?；;]*[。！？!?；;]+[”’」』）)]*|[^。！？!?；;]+")
_CLAUSE: Final = re.compile(r"[^，,、：:]*[，,、：:]+|[^，,、：:]+")
# With one beam instead of four a call takes half the time, but "my street is on fire" becomes "I'm on fire".
_BEAMS: Final = 4


class Argos:
    """The Chinese model under `<models>/argos-zh-en/`."""

    name = "argos"

    def __init__(self, models: Path) -> None:
        self._thread = (
            ModelThread("argos-zh-en", lambda: _load(models))
            if present(models, tuple(file.path for file in _FILES))
            else None
        )

    def pairs(self) -> Mapping[Pair, float]:
        """Chinese to English if its files are there."""
        return {_PAIR: _QUALITY} if self._thread else {}

    def translate(self, text: str, source: str, target: str) -> str:
        """Translate one line, sentence by sentence in one batch."""
        if self._thread is None or (source, target) != _PAIR:
            raise KeyError((source, target))
        return self._thread(text)

    def close(self) -> None:
        """Drop the model."""
        if self._thread:
            self._thread.close()


def sentences(text: str) -> list[str]:
    """Split at Chinese or Western sentence ends, and an overlong sentence at its clauses."""
    return [piece for sentence in _SENTENCE.findall(text) for piece in _short_pieces(sentence.strip()) if piece]


def _short_pieces(sentence: str) -> Iterator[str]:
    clauses = [sentence] if len(sentence) <= _SENTENCE_CHARACTERS else _CLAUSE.findall(sentence)
    piece = ""
    for clause in clauses:
        if piece and len(piece) + len(clause) > _SENTENCE_CHARACTERS:
            yield piece
            piece = ""
        piece += clause
    yield piece


def _load(models: Path) -> Callable[[str], str]:
    import ctranslate2  # noqa: PLC0415 - 150 MB of native code, only when first used
    import sentencepiece  # noqa: PLC0415

    for file in _FILES:
        verify(models, file)
    translator = ctranslate2.Translator(str((models / ARGOS_MODEL.path).parent), device="cpu", intra_threads=2)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(models / ARGOS_SENTENCEPIECE.path))

    def translate(text: str) -> str:
        tokens = [pieces.encode(sentence, out_type=str) for sentence in sentences(text)]
        results = translator.translate_batch(tokens, beam_size=_BEAMS, max_batch_size=16)
        # Pieces are joined by hand: SentencePiece's own decoding would drop tokens it does not know.
        return " ".join("".join(result.hypotheses[0]).replace("▁", " ").strip() for result in results)

    return translate
