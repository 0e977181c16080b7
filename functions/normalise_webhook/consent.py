"""Does a message say that its sender does not want to be written to, or does again? Pure.

A keyword is the whole message. What is only close to one is left to a person: who writes "Stop. Thank you" probably
means it, who writes "I cannot stop" does not.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, Self

from dragoman.optouts import STOP
from dragoman.texts import without_accents

Consent = Literal["stop", "start", "help", "near-miss"]

# https://help.twilio.com/articles/223134027 and https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
START: Final = ("START", "YES", "UNSTOP")
HELP: Final = ("HELP", "INFO")
OPT_OUT_TYPES: Final[dict[str, Consent]] = {"STOP": "stop", "START": "start", "HELP": "help"}

# How many words a message may have in which an opt-out word at either end is a sign.
MAX_NEAR_MISS_WORDS: Final = 6
# No keyword is longer, and no near miss.
MAX_TEXT: Final = 400
EDGE: Final = re.compile(r"^[^\w]+|[^\w]+$")


def folded(text: str) -> str:
    """A text as it is compared: NFKC, without case, accents, white space and characters that cannot be seen. Folding it
    again changes nothing."""
    before = None
    while text != before:
        before, text = text, _folded_once(text)
    return text


def _folded_once(text: str) -> str:
    return unicodedata.normalize("NFKC", "".join(letter for letter in without_accents(text) if not _unseen(letter)))


def _unseen(letter: str) -> bool:
    """White space, and what phones put between letters: marks of direction, joiners, zero-width blanks."""
    return letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf") or "\ufe00" <= letter <= "\ufe0f"


@dataclass(frozen=True, slots=True)
class Keywords:
    """The words, folded. A word in two lists counts for the first: stop, start, help."""

    stop: frozenset[str]
    start: frozenset[str]
    help: frozenset[str]

    @classmethod
    def of(cls, stop: Iterable[str] = (), start: Iterable[str] = (), help_: Iterable[str] = ()) -> Self:
        """From lists as they are configured; Twilio's own in place of one that is empty, for Twilio acts on those."""
        lists = (tuple(stop) or STOP, tuple(start) or START, tuple(help_) or HELP)
        return cls(*(frozenset(filter(None, map(folded, words))) for words in lists))

    def consent(self, text: str, opt_out_type: str = "") -> Consent | None:
        """What a message says, by the provider's word for it or by its text; None when it says nothing."""
        if opt_out_type in OPT_OUT_TYPES:
            return OPT_OUT_TYPES[opt_out_type]
        if len(text) > MAX_TEXT:
            return None
        whole = folded(text)
        named: dict[Consent, frozenset[str]] = {"stop": self.stop, "start": self.start, "help": self.help}
        found = next((consent for consent, words in named.items() if whole in words), None)
        return found or ("near-miss" if self._near_miss(text) else None)

    def _near_miss(self, text: str) -> bool:
        return any(folded(end) in self.stop for end in _ends(text))


def _ends(text: str) -> Iterator[str]:
    """The first and the last word of a short text, and two of them, for words that are written in two."""
    words = text.split()
    if len(words) > MAX_NEAR_MISS_WORDS:
        return
    for count in (1, 2):
        for end in (words[:count], words[-count:]):
            yield "".join(map(_bare, end))


def _bare(word: str) -> str:
    """A word without punctuation and symbols."""
    return "".join(letter for letter in word if unicodedata.category(letter)[0] not in "PS")
