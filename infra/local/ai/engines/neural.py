"""What the two engines on fxtranslate share.

fxtranslate keeps Python's interpreter lock for the whole of a call, 1 s for 10,000 bytes, and the server could not
answer meanwhile. So the text is cut into sentences here, and the lock is free between one and the next.
"""

import re
from collections.abc import Callable
from typing import Final

_LONGEST: Final = 300
# A sentence ends where the next does not begin in lower case, as after "5 p.m.".
_SENTENCE: Final = re.compile(r"\S.*?(?:[.!?…]{1,10}[\"'”’»)\]]{0,3}(?=\s{1,20}[^\sa-zß-ÿ])|$)", re.DOTALL)


def by_sentence(translate: Callable[[str], str]) -> Callable[[str], str]:
    """`translate` applied to each sentence, with the space between sentences kept."""

    def translated(text: str) -> str:
        return _SENTENCE.sub(lambda sentence: " ".join(map(translate, pieces(sentence.group()))), text)

    return translated


def pieces(sentence: str) -> list[str]:
    """The sentence in pieces of at most 300 characters, cut between words where there are any."""
    cut: list[str] = []
    rest = sentence
    while len(rest) > _LONGEST:
        end = rest.rfind(" ", 0, _LONGEST)
        if end <= 0:
            end = _LONGEST
        cut.append(rest[:end])
        rest = rest[end:].removeprefix(" ")
    return [*cut, rest]
