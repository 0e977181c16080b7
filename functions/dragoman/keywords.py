"""How words are compared when the directory is looked up. Pure, standard library alone.

Entries' keywords and messages are folded by the same function, so that "Clínicas", "clinica" and "CLÍNICA." meet. A
stem is no word: it only has to be the same for the forms of one word, and it may stand for two words that look alike.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from dragoman.texts import without_accents

MAX_WORDS: Final = 3
# BatchGetItem: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MAX_KEYS: Final = 100
# Shorter words are left alone: without their end too little would be left of them.
MIN_STEMMED: Final = 4
ASCII_WORD: Final = re.compile("[a-z]+")

# Plurals by their ends, the first that fits, after the accents are gone: Portuguese ões, ães, ais, éis; French eaux,
# aux, eux; then what English, Spanish, Portuguese and French share. ss is no plural; a final e (es, feminines) and
# the y of ies go in any case, so that both forms lose them; voces and voz meet by z, homens and homem by n. Last what
# English spells in two ways (centre, colour, organisation), and consonants that people double or do not.
ENDINGS: Final = (
    (re.compile(r"([cs])oes$"), r"\1ao"),
    (re.compile(r"aes$"), "ao"),
    (re.compile(r"eaux$"), "eau"),
    (re.compile(r"(?:ais|aux)$"), "al"),
    (re.compile(r"eis$"), "el"),
    (re.compile(r"(eu|ou)x$"), r"\1"),
    (re.compile(r"([^s])s$"), r"\1"),
    (re.compile(r"ce$"), "z"),
    (re.compile(r"e$"), ""),
    (re.compile(r"y$"), "i"),
    (re.compile(r"([eiou])m$"), r"\1n"),
    (re.compile(r"([bcdfgptv])r$"), r"\1er"),
    (re.compile(r"(..)our$"), r"\1or"),
    (re.compile(r"isation$"), "ization"),
    (re.compile(r"([bcdfgklmnprtz])\1"), r"\1"),
)

# Words that say nothing about what is asked for, folded below: what is found by them alone is noise.
COMMON: Final = """
    a about all also am an and any are as at be but by can could d did do does for from get give go good has have hello
    here hi how i if in into is it its ll m may me my need no not of on or our out please re s say see should so some t
    tell thank that the their them there they this to too up us ve want was we were what when where which who why will
    with would yes you your know find like today tomorrow tonight now time thing way place somewhere
    someone something anyone anything anywhere

    de del la las el los lo le les un una unos unas y o u e en con por para que cual cuales quien cuando donde como
    cuanto cuanta es esta estan este esto eso son ser estar hay hola gracias favor mi mis tu sus su se me te nos yo
    puedo puede quiero necesito tengo tiene al si muy mas pero ya hoy

    os as um uma uns umas do da dos das no na nos nas em com qual quais quem quando onde fica ficam esse essa isso sao
    ola obrigado obrigada meu minha eu voce posso pode quero preciso tenho tem ao aos mais mas ja hoje ate

    des du au aux une et ou ni dans avec pour par qui quoi quel quelle quels quelles quand comment combien est sont
    etre ce cet cette ces bonjour merci mon ma mes je tu il elle nous vous ils elles puis peux peut veux voudrais
    besoin ai as avons avez ont trouve trouver se son sa ses ne pas plus y l qu c j n
"""


def folded(text: str) -> str:
    """A text as it is compared: NFKC, without case, accents and punctuation, each word by its stem, one space between
    two words. Folding it again changes nothing."""
    before = None
    while text != before:
        before, text = text, " ".join(map(stem, _bare(text).split()))
    return text


def stem(word: str) -> str:
    """What is left of a folded word when no plural ending fits any more."""
    before = None
    while word != before:
        before, word = word, _shorter(word)
    return word


def keyword(text: str) -> str:
    """A text as the key it is looked up by: folded, without common words ("acta de nacimiento" is "acta nacimiento").
    Empty when it has no others."""
    return " ".join(word for word in folded(text).split() if word not in STOP_WORDS)


def ngrams(text: str, most: int = MAX_KEYS) -> list[str]:
    """What to look up of a text: the words of keyword(), alone and by two and three as they follow one another, longest
    first, each once and at most `most` of them. Where there are too many the shortest stay: they find most."""
    words = keyword(text).split()
    found = [list(dict.fromkeys(_runs(words, size))) for size in range(1, MAX_WORDS + 1)]
    kept = [run for runs in found for run in runs][:most]
    return sorted(kept, key=lambda run: -run.count(" "))


def sorting(name: str) -> str:
    """A name as it is sorted: without case, accents and punctuation."""
    return " ".join(_bare(name).split())


def _runs(words: list[str], size: int) -> Iterator[str]:
    return (" ".join(words[at : at + size]) for at in range(len(words) - size + 1))


def _bare(text: str) -> str:
    """Letters, digits and the marks that belong to them; a space for all else."""
    return unicodedata.normalize("NFKC", "".join(map(_seen, without_accents(text))))


def _seen(letter: str) -> str:
    """The letter, a space for what parts words, nothing for what cannot be seen, such as joiners."""
    kind = unicodedata.category(letter)
    if kind == "Cf":
        return ""
    return letter if kind[0] in "LMN" else " "


def _shorter(word: str) -> str:
    if len(word) < MIN_STEMMED or not ASCII_WORD.fullmatch(word):
        return word
    for ending, rest in ENDINGS:
        shorter, changed = ending.subn(rest, word)
        if changed:
            return shorter
    return word


def _folded_words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in folded(text).split())


STOP_WORDS: Final = _folded_words(COMMON.split())
