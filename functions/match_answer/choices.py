"""Which of a question's choices a text means. Pure, standard library alone."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from dragoman.keywords import STOP_WORDS, folded, sorting
from match_answer.yesno import EQUIVOCAL, Sense, is_acknowledgement, listed, means_otherwise, sense, sense_of_sign

# Around an answer; they change nothing about it.
POLITE: Final = listed("""
    please, thanks, thank you, thank you very much, thx, pls, sir, madam, por favor, porfa, gracias, muchas gracias,
    obrigado, obrigada, s il vous plait, svp, stp, merci, bitte, danke, danke schon, per favore, grazie, alstublieft,
    dank u, dank je, bedankt, tack, takk, prosze, dziekuje, dekuji, prosim, va rog, multumesc, hvala, molim, пожалуйста,
    спасибо, будь ласка, дякую, παρακαλω, ευχαριστω, lutfen, tesekkurler, köszönöm, شكرا, من فضلك, ممنون, תודה, בבקשה,
    धन्यवाद, कृपया, شکریہ, ধন্যবাদ, 谢谢, 謝謝, 请, ありがとう, お願いします, 감사합니다, cảm ơn, ขอบคุณ, ขอบคุณค่ะ,
    ขอบคุณครับ, terima kasih, salamat, po, asante, mesi
""")
# Before a number.
MARKERS: Final = listed("""
    option, opcion, opção, opció, opzione, optie, number, num, numero, número, numéro, nummer, nr, choice, answer,
    respuesta, resposta, réponse, antwort, risposta, antwoord, svar, odpowiedź, answer is, my answer is, i choose,
    elijo, eu escolho, je choisis, вариант, номер, цифра, رقم, الخيار, 选项, 選項, 选, 選, 番号, 번호, विकल्प, số,
    lựa chọn, pilihan, nomor
""")
# Before a number or one of the above: "la 1", "el número 2", "the second".
ARTICLES: Final = listed("the, la, el, le, il, lo, o, a, die, der, das, het")
# From one to nine in words, as far as no other language that is written here has the word for something else: "sei" is
# six in Italian, and "I know" in Portuguese.
NUMERALS: Final = """
    one, first, uno, una, primero, primera, um, uma, primeiro, primeira, un, une, premier, première, eins, eine, een,
    ett, jeden, один, первый, первое, перший, bir, واحد, एक, một, satu, isa, moja, youn;
    two, second, dos, segundo, segunda, dois, duas, deux, deuxième, zwei, due, twee, två, dwa, два, две, второй, второе,
    другий, iki, اثنان, اثنين, दो, dua, dalawa, mbili, doi;
    three, third, tres, três, tercero, tercera, terceiro, trois, troisième, drei, tre, drie, trzy, три, третий, третє,
    üç, ثلاثة, तीन, tiga, tatlo, trei, twa;
    four, cuatro, quatro, quatre, vier, quattro, fyra, cztery, четыре, чотири, dört, اربعة, चार, bốn, empat, apat;
    five, cinco, cinq, fünf, cinque, vijf, fem, pięć, пять, beş, خمسة, पाँच, năm, lima, tano, senk;
    six, seis, sechs, zes, sześć, шесть, шість, altı, ستة, छह, sáu, enam, anim, șase;
    seven, siete, sete, sept, sieben, sette, zeven, sju, siedem, семь, сім, yedi, سبعة, सात, bảy, tujuh, pito, șapte;
    eight, ocho, oito, huit, acht, otto, åtta, osiem, восемь, вісім, sekiz, ثمانية, आठ, tám, delapan, walo;
    nine, nueve, nove, neuf, neun, negen, nio, dziewięć, девять, dokuz, تسعة, नौ, chín, sembilan, siyam, tisa, nouă
"""
SPELLED: Final = {word: number for number, words in enumerate(NUMERALS.split(";"), 1) for word in listed(words)}
# Around a number in scripts without spaces.
COUNTERS: Final = re.compile(r"^(?:第|选项|選項|选|選)?(\S)(?:番|号|號|个|個|번)?$")
MIN_PART: Final = 2
# A choice with one of these means the opposite of its other words, which therefore never stand for it without it.
# Left out is what has another meaning in a language that is written here, such as "en", "na" and "si".
NEGATIONS: Final = frozenset(
    word
    for words in listed("""
        no, not, never, cannot, cant, dont, wont, neither, without, don't, nunca, sin, tampoco, nao, nem, sem, ne, pas,
        non, sans, jamais, senza, nicht, kein, keine, keinen, nein, ohne, niet, geen, nooit, zonder, inte, aldrig, utan,
        ikke, uden, nie, nikdy, bez, fara, nem, değil, yok, не, нет, без, ні, δεν, μην, χωρις, لا, لم, لن, ليس, بدون,
        نه, نیست, לא, בלי, नहीं, मत, نہیں, না, ਨਹੀਂ, không, chưa, ไม่, tidak, bukan, tanpa, hindi, huwag, hapana
    """)
    for word in folded(words).split()
)
# After yes or no, where more follows: "Yes, I will come".
HEAD: Final = re.compile(r"[,;.:!،、。，]|\s[-–—]\s")
KEYCAP: Final = re.compile("[\ufe0e\ufe0f\u20e3]")
# Three letters alike anywhere, or two at the end of a word of more than these: "siii", "yesss", "nooo", "sii".
DRAWN_OUT: Final = re.compile(r"([^\W\d])\1{2,}|(?<=\w)([^\W\d])\2\b")


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice as the desk wrote it, and every text that means it, folded. sense: the yes or no that it is called;
    head: the one that it begins with."""

    value: str
    text: str
    rendered: str
    texts: frozenset[str]
    sense: Sense | None
    head: Sense | None

    @classmethod
    def of(cls, choice: dict[str, Any], language: str) -> Self:
        """From the item's JSON. language: the one the question was asked in."""
        value, text, rendered = str(choice["value"]), str(choice["text"]), str(choice.get("rendered") or "")
        written = [value, text, rendered, *choice.get("words", ())]
        texts = frozenset(filter(None, (folded(KEYCAP.sub("", each)) for each in written)))
        means = {_called(each, language) for each in (value, text)} - {None}
        head = _called(HEAD.split(text)[0], language)
        return cls(value, text, folded(rendered), texts, means.pop() if len(means) == 1 else None, head)


def chosen(
    text: str, choices: Sequence[Choice], spoken: Collection[str], other: Collection[str], asked_back: bool = False
) -> Choice | None:
    """The one choice that a text means: its number, its words, or yes and no. None when it means none, or two.

    spoken: the languages that the sender writes; other: those whose yes and no they may use as well. asked_back:
    whether they were told to answer with a choice's number, so that a number that another choice is called by is one.
    """
    meant = sense_of_sign(text)
    if meant:
        return _by_sense(meant, choices)
    words = without_politeness(sorting(KEYCAP.sub("", text)))
    number, rest = numbered(words)
    if words.startswith(f"{rest} ") and not _only(rest, choices):
        rest = _without_article(rest)
    if number is None:
        return by_words(words, choices, spoken, other)
    if not rest:
        at = _at(number, choices)
        if at and not asked_back and _names_another(number, at, choices):
            return None
        return at or by_words(words, choices, spoken, other)
    agreed = _agreeing(_at(number, choices), by_words(rest, choices, spoken, other))
    return agreed or by_words(words, choices, spoken, other)


def translated(text: str, translation: str, choices: Sequence[Choice]) -> Choice | None:
    """The one choice that a text is called in the desk's language: "déjalo" where the choice was sent as "Déjelo", for
    "Leave it". Not one that is called yes or no, which no translation can tell."""
    words = folded(without_politeness(sorting(translation)))
    found = _only(words, choices) if words != folded(without_politeness(sorting(text))) else None
    return found if found and found.sense is None else None


def thanked(text: str) -> bool:
    """Whether a text may as well thank for what was said last as answer a question: "ok", "ok thanks", thumbs up."""
    return is_acknowledgement(text) or is_acknowledgement(without_politeness(sorting(text)))


def numbered(words: str) -> tuple[int | None, str]:
    """The number that a text begins or ends with, and the other words: "2", "no 2", "option 2", "2 yes"."""
    parts = words.split()
    numbers = [(at, number) for at, part in enumerate(parts) if (number := number_of(part)) is not None]
    if len(numbers) != 1 or numbers[0][0] not in (0, len(parts) - 1):
        return None, words
    at, number = numbers[0]
    rest = " ".join(parts[:at] + parts[at + 1 :])
    return number, "" if rest in MARKERS else rest


def _without_article(rest: str) -> str:
    """What stands before a number, where it is more than an article: "la" of "la 2", "el número" of "el número 2"."""
    first, _, others = rest.partition(" ")
    return "" if first in ARTICLES and (not others or others in MARKERS) else rest


def number_of(word: str) -> int | None:
    """A word as a number: digits of any script, Chinese ones and those with a counter, and words for 1 to 9."""
    if word.isdecimal():
        return int(word)
    if word in SPELLED:
        return SPELLED[word]
    counted = COUNTERS.match(word)
    if not counted:
        return None
    value = unicodedata.numeric(counted[1], 0.0)
    return int(value) if value in range(1, 10) else None


def by_words(words: str, choices: Sequence[Choice], spoken: Collection[str], other: Collection[str]) -> Choice | None:
    """The choice that is called so, else the one that means the same yes or no, else the only one with those words in
    it."""
    named = _only(words, choices)
    if named and means_otherwise(words, spoken) and folded(words) != named.rendered:
        return None
    if named or not words:
        return named
    meant = sense_of(words, spoken, other)
    return _by_sense(meant, choices) if meant else _by_part(words, choices)


def sense_of(words: str, spoken: Collection[str], other: Collection[str]) -> Sense | None:
    """Yes or no, said once or with several words that all mean it, with letters drawn out or not."""
    shorter = (DRAWN_OUT.sub(letters, words) for letters in (r"\1\1\2\2", r"\1\2"))
    meant = (_sense_of(short, spoken, other) for short in [words, *shorter] if short == words or len(short) >= MIN_PART)
    return next(filter(None, meant), None)


def _sense_of(words: str, spoken: Collection[str], other: Collection[str]) -> Sense | None:
    whole = sense(words, spoken, other)
    if whole:
        return whole
    senses = {sense(word, spoken, other) for word in words.split()}
    return senses.pop() if len(senses) == 1 else None


def without_politeness(words: str) -> str:
    """A text without the please and thanks at either end of it, unless it has nothing else."""
    for run in _runs_at_ends(words.split()):
        if " ".join(run[1]) in POLITE and run[0]:
            return without_politeness(" ".join(run[0]))
    return words


def _runs_at_ends(parts: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """What is left, and the words at an end: up to four, the longest first."""
    for size in range(min(4, len(parts) - 1), 0, -1):
        yield parts[:-size], parts[-size:]
        yield parts[size:], parts[:size]


def _at(number: int, choices: Sequence[Choice]) -> Choice | None:
    return choices[number - 1] if 1 <= number <= len(choices) else None


def _names_another(number: int, at: Choice, choices: Sequence[Choice]) -> bool:
    """Whether the number stands in another choice's words: "2" where the choices are "2 pm" and "3 pm"."""
    others = (text for choice in choices if choice is not at for text in choice.texts)
    return any(number_of(word) == number for text in others for word in text.split())


def _only(words: str, choices: Sequence[Choice]) -> Choice | None:
    key = folded(words)
    found = [choice for choice in choices if key and key in choice.texts]
    return found[0] if len(found) == 1 else None


def _called(name: str, language: str) -> Sense | None:
    """The yes or no that a choice is called. "Right" is one as an answer; as a choice it has "Left" beside it."""
    word = sorting(name)
    return None if word in EQUIVOCAL else sense(word, (language,), ("en",))


def _by_sense(meant: Sense, choices: Sequence[Choice]) -> Choice | None:
    """The choice that is called so, else, where none is, the one that begins so."""
    called = [choice for choice in choices if choice.sense == meant]
    found = called or [choice for choice in choices if choice.head == meant]
    return found[0] if len(found) == 1 else None


def _by_part(words: str, choices: Sequence[Choice]) -> Choice | None:
    """ "Send" for "Send them again", where no other choice has that word."""
    key = folded(words)
    if len(key) < MIN_PART:
        return None
    found = [choice for choice in choices if any(_is_part(key, text) for text in choice.texts)]
    return found[0] if len(found) == 1 else None


def _is_part(key: str, text: str) -> bool:
    """Whether a text begins with these words or has all of them; common ones alone say nothing unless it begins so, and
    "need help" is no "I do not need help"."""
    parts, all_parts = frozenset(key.split()), frozenset(text.split())
    if all_parts & NEGATIONS - parts:
        return False
    return f"{text} ".startswith(f"{key} ") or (not parts <= STOP_WORDS and parts <= all_parts)


def _agreeing(by_number: Choice | None, by_word: Choice | None) -> Choice | None:
    return by_number if by_number is not None and by_number is by_word else None
