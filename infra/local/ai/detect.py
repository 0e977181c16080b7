"""Language detection with py3langid, in AWS's codes, and the rule for when it is too unsure to act on."""

import re
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from infra.local.ai.languages import NAMES
from infra.local.ai.protect import letters, words_only

# AWS does not publish its threshold. Of 172 short messages (docs/local-ai.md) the right answers score above this in all
# languages that an engine here reads; single words, names, slang and tokens score below it.
LOW_CONFIDENCE: Final = 0.5
_FEWEST_LETTERS: Final = 3
# Of 63 short signs (docs/local-ai.md) 6 more are told this way, and none more is told wrong.
_FEWEST_LETTERS_AMONG: Final = 9
_WIDE: Final = re.compile("[\u3040-\u9fff\uac00-\ud7a3]")
_MOST_ANSWERS: Final = 5
_LEAST_SCORE: Final = 0.01


@dataclass(frozen=True)
class Guess:
    """A language (AWS's code) and how sure the detector is, 0 to 1."""

    language: str
    score: float


class Detector:
    """py3langid restricted to the languages of Amazon Translate; loaded once, at the first call (0.7 s)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._identifier: Any = None

    def rank(self, text: str) -> list[Guess]:
        """Languages by score, best first, at least one. Text without letters gets scores near zero."""
        words = words_only(text)
        ranked = self._loaded().rank(words)
        guesses = [Guess(_aws_code(code, words), float(score)) for code, score in ranked[:_MOST_ANSWERS]]
        return [guesses[0], *(guess for guess in guesses[1:] if guess.score >= _LEAST_SCORE)]

    def unsure(self, text: str, guesses: list[Guess]) -> bool:
        """Whether the best guess is too weak to translate by: a score under 0.5, or fewer than three letters.

        A letter of Chinese, Japanese or Korean counts for two.
        """
        wide = len(_WIDE.findall(words_only(text)))
        return guesses[0].score < LOW_CONFIDENCE or letters(text) + wide < _FEWEST_LETTERS

    def among(self, text: str, languages: Collection[str]) -> str | None:
        """For a text that is unsure among all languages: the best guess, if it is one of these and at least as likely
        as all the others of them together. None for fewer than nine letters.
        """
        if letters(text) < _FEWEST_LETTERS_AMONG:
            return None
        words = words_only(text)
        ranked = [(_aws_code(code, words), float(score)) for code, score in self._loaded().rank(words)]
        best, score = ranked[0]
        total = sum(share for code, share in ranked if code in languages)
        return best if best in languages and score >= LOW_CONFIDENCE * total else None

    def _loaded(self) -> Any:
        with self._lock:
            if self._identifier is None:
                self._identifier = _load()
            return self._identifier


def _aws_code(code: str, words: str) -> str:
    return "zh-TW" if code == "zh" and traditional(words) else code


def _load() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - numpy and 4 MB of tables

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(sorted(set(NAMES) & set(identifier.labels)))
    return identifier


def traditional(text: str) -> bool:
    """Whether Chinese text is in traditional characters: more of it exists only in Big5 than only in GB 2312."""
    only_big5 = sum(1 for character in text if _encodes(character, "big5") and not _encodes(character, "gb2312"))
    only_gb = sum(1 for character in text if _encodes(character, "gb2312") and not _encodes(character, "big5"))
    return only_big5 > only_gb


def _encodes(character: str, codec: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
