"""The choices that a question offers, and how an answer is recognised as one of them. Pure, standard library alone."""

from collections import Counter
from collections.abc import Iterable, Mapping

from dragoman.documents import WordedChoice
from dragoman.keywords import sorting


def numbered(texts: Iterable[str]) -> str:
    """Choices as they are sent, a line each, numbered from 1; empty without any."""
    return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))


def worded(choices: Iterable[Mapping[str, str]], rendered: Iterable[str]) -> list[WordedChoice]:
    """Choices with what they are called in the contact's language, and the folded words that mean each. A word that
    could mean two of them means neither, nor does a number, which is always that of a line."""
    pairs = list(zip(choices, rendered, strict=True))
    words = [{sorting(choice["value"]), sorting(choice["text"]), sorting(text)} - {""} for choice, text in pairs]
    meant = Counter(word for own in words for word in own)
    return [
        {
            "value": choice["value"],
            "text": choice["text"],
            "rendered": text,
            "words": sorted(word for word in own if meant[word] == 1 and not word.isdigit()),
        }
        for (choice, text), own in zip(pairs, words, strict=True)
    ]
