"""The choices that a question offers, and how an answer is recognised as one of them. Pure, standard library alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from dragoman.documents import WordedChoice
from dragoman.keywords import sorting
from dragoman.optouts import STOP

# Of a question, what stands above its choices where several are asked back about.
MAX_BEGINNING: Final = 160


def numbered(texts: Iterable[str]) -> str:
    """Choices as they are sent, a line each, numbered from 1; empty without any."""
    return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))


def worded(choices: Iterable[Mapping[str, object]], rendered: Iterable[str]) -> list[WordedChoice]:
    """Choices with what they are called in the contact's language, and the folded words that mean each. A word that
    could mean two of them means neither, nor does a number, which is always that of a line."""
    offered = [(str(choice["value"]), str(choice["text"])) for choice in choices]
    meanings = [(value, text, said) for (value, text), said in zip(offered, rendered, strict=True)]
    words = [set(map(sorting, meaning)) - {""} for meaning in meanings]
    meant = Counter(word for own in words for word in own)
    return [
        {
            "value": value,
            "text": text,
            "rendered": said,
            "words": sorted(word for word in own if meant[word] == 1 and not word.isdigit()),
        }
        for (value, text, said), own in zip(meanings, words, strict=True)
    ]


def silencing(configured: Iterable[str]) -> frozenset[str]:
    """The words that silence whoever sends one alone: the stack's, and Twilio's own, which hold in any case."""
    return frozenset(filter(None, map(_joined, (*STOP, *configured))))


def silences(text: str, words: frozenset[str]) -> bool:
    """Whether a choice is called like one of them: who answered with it would get no more messages."""
    return _joined(text) in words


def _joined(text: str) -> str:
    return sorting(text).replace(" ", "")
