"""The sentiment of an English text, in Amazon Comprehend's four classes, by VADER's word list and rules."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

# How strong a feeling must be to outweigh none at all, and all words below, were chosen with the tune half of texts.csv
# in sight, and before the test half was first judged (docs/local-ai.md).
_INDIFFERENCE: Final = 0.2
_LEAST: Final = 0.001
# Where one opinion ends and the next may be set against it.
_TURN: Final = re.compile(
    r"[.!?;\n。！？]|,\s*yet\b"
    r"|\b(?:but|however|although|though|except|unfortunately|sadly|whereas|while|on the other hand)\b"
    r"|\bit['’]?s an? (?:shame|pity)\b",
    re.IGNORECASE,
)
# Words that ask, answer or tell what is there, and so say nothing of how the writer feels. VADER counts them.
_POLITE: Final = ("please", "help", "want", "yes", "no", "ok", "okay", "dear", "interested", "share", "hand", "alone")
_WOULD_LIKE: Final = re.compile(r"(?:\bwould|['’]d) like\b", re.IGNORECASE)
# Complaints that VADER's list of 2014 lacks, on its scale of -4 to 4.
_COMPLAINTS: Final = MappingProxyType(
    {"filthy": -2.5, "unfriendly": -2.0, "impolite": -2.0, "noisy": -1.5, "overpriced": -1.8, "unanswered": -1.5}
)
_NOBODY: Final = re.compile(
    r"\b(?:nobody|no[ -]one) "
    r"(?:cares?|cared|answers?|answered|helps?|helped|listens?|listened|repl(?:ies|ied)|comes?)\b",
    re.IGNORECASE,
)
# VADER reads an emoji as its name, and finds no feeling in the names of these: thumbs up and down, heart, applause,
# anger.
_EMOJI: Final = MappingProxyType(
    {
        "\U0001f44d": " good ",
        "\U0001f44e": " bad ",
        "\u2764": " love ",
        "\U0001f44f": " great ",
        "\U0001f621": " angry ",
    }
)


@dataclass(frozen=True)
class Scores:
    """Comprehend's SentimentScore: each above 0, the four together 1."""

    positive: float
    negative: float
    neutral: float
    mixed: float

    @property
    def sentiment(self) -> str:
        """The class with the highest score, as AWS spells it."""
        named = self.named()
        return max(named, key=lambda name: named[name]).upper()

    def named(self) -> dict[str, float]:
        """The scores under AWS's names."""
        return {
            "Positive": self.positive,
            "Negative": self.negative,
            "Neutral": self.neutral,
            "Mixed": self.mixed,
        }


class Judge:
    """VADER with the words above; its list is loaded once, at the first call. May be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._analyzer: Any = None

    def judge(self, english: str) -> Scores:
        """What an English text feels. Text without a word or emoji that VADER knows is neutral."""
        analyzer = self._loaded()
        strengths = [float(analyzer.polarity_scores(piece)["compound"]) for piece in _opinions(_readable(english))]
        return weigh(max(0.0, *strengths, 0.0), max(0.0, *(-strength for strength in strengths), 0.0))

    def _loaded(self) -> Any:
        with self._lock:
            if self._analyzer is None:
                self._analyzer = _load()
            return self._analyzer


def weigh(best: float, worst: float) -> Scores:
    """Scores of the strongest praise and the strongest complaint in a text, each 0 to 1.

    Mixed wins where the weaker of the two has over a third of the other's strength; neutral where neither leads by more
    than indifference. Squares make a clear case score as clearly as Comprehend's do.
    """
    weights = (max(0.0, best - worst), max(0.0, worst - best), _INDIFFERENCE, 2 * min(best, worst))
    squares = [weight**2 + _LEAST for weight in weights]
    return Scores(*(square / sum(squares) for square in squares))


def _readable(text: str) -> str:
    for emoji, word in _EMOJI.items():
        text = text.replace(emoji, word)
    return _NOBODY.sub("horrible", _WOULD_LIKE.sub("ask for", text))


def _opinions(text: str) -> Iterator[str]:
    """The text cut before each turn: a turn's own words (a shame, unfortunately) belong to what they introduce."""
    start = 0
    for turn in _TURN.finditer(text):
        yield text[start : turn.start()]
        start = turn.start()
    yield text[start:]


def _load() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415 - reads 7,500 words

    analyzer = SentimentIntensityAnalyzer()
    for word in _POLITE:
        analyzer.lexicon.pop(word, None)
    analyzer.lexicon.update(_COMPLAINTS)
    return analyzer
