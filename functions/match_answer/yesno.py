"""Words and signs that mean yes or no, by language. Pure, standard library alone.

A short word means one thing here and another there: "no" is a yes among Polish friends, "ne" is no in Serbian and what
in Turkish, "tak" is yes in Polish and thanks in Danish. So the languages that the sender is known to write come first,
and what they contradict means nothing.
"""

from collections.abc import Iterable
from typing import Final, Literal

from dragoman.keywords import sorting

Sense = Literal["yes", "no"]

# By language, the words that mean yes, then those that mean no.
WORDS: Final = {
    "en": (
        "yes, y, yeah, yep, yup, yes i do, sure, of course, certainly, ok, okay, agreed, right, true",
        "no, n, nope, nah, not, never, no way, false",
    ),
    "es": (
        "si, s, sip, claro, claro que si, por supuesto, vale, de acuerdo, bueno, dale, correcto",
        "no, n, nop, nunca, para nada, claro que no",
    ),
    "pt": (
        "sim, s, claro, claro que sim, com certeza, esta bem, certo, pode ser",
        "nao, n, nunca, de jeito nenhum, claro que nao",
    ),
    "fr": (
        "oui, o, ouais, bien sur, d accord, certainement, si",
        "non, n, nan, pas du tout, jamais",
    ),
    "it": (
        "si, s, certo, certamente, va bene, d accordo, esatto",
        "no, n, mai, assolutamente no",
    ),
    "ca": (
        "si, s, clar, es clar, d acord, per descomptat",
        "no, n, mai, de cap manera",
    ),
    "de": (
        "ja, j, jawohl, jo, jep, klar, na klar, sicher, naturlich, gerne, einverstanden",
        "nein, n, ne, nee, nö, niemals, auf keinen fall",
    ),
    "nl": (
        "ja, j, jawel, jazeker, zeker, natuurlijk, akkoord, goed",
        "nee, n, neen, nooit, zeker niet",
    ),
    "sv": (
        "ja, j, japp, jo, javisst, visst, absolut",
        "nej, n, na, aldrig, absolut inte",
    ),
    "da": (
        "ja, j, jo, jep, selvfølgelig",
        "nej, n, niks, aldrig",
    ),
    "no": (
        "ja, j, jo, jepp, selvfølgelig",
        "nei, n, aldri, ikke",
    ),
    "fi": (
        "kylla, k, joo, juu, totta kai, selva",
        "ei, e, en, ei kiitos",
    ),
    "pl": (
        "tak, t, jasne, oczywiscie, zgoda, pewnie",
        "nie, n, nigdy, w zadnym razie",
    ),
    "cs": (
        "ano, a, jo, jasne, samozrejme, jiste",
        "ne, n, nikdy",
    ),
    "sk": (
        "ano, a, hej, jasne, samozrejme",
        "nie, n, nikdy",
    ),
    "ro": (
        "da, d, sigur, desigur, bineinteles, de acord",
        "nu, n, niciodata, nicidecum",
    ),
    "hr": (
        "da, d, naravno, moze, svakako",
        "ne, n, nikako, nikad",
    ),
    "sr": (
        "da, d, да, naravno, наравно, може, moze",
        "ne, n, не, nikako, никако",
    ),
    "bs": (
        "da, d, naravno, moze",
        "ne, n, nikako",
    ),
    "sl": (
        "da, d, ja, seveda",
        "ne, n, nikoli",
    ),
    "bg": (
        "да, д, разбира се, добре",
        "не, н, никога",
    ),
    "ru": (
        "да, д, da, ага, конечно, хорошо, ладно, согласен, согласна",
        "нет, н, net, nyet, не, неа, никогда",
    ),
    "uk": (
        "так, т, tak, да, звичайно, добре, згода",
        "ні, н, ni, нет, ніколи",
    ),
    "el": (
        "ναι, ν, nai, βεβαια, φυσικα, εντάξει",
        "οχι, ο, oxi, ochi, ποτε",
    ),
    "tr": (
        "evet, e, olur, tabii, tabi, tamam, elbette",
        "hayır, hayir, h, yok, olmaz, asla",
    ),
    "hu": (
        "igen, i, persze, rendben, jo",
        "nem, n, soha, dehogy",
    ),
    "sq": (
        "po, sigurisht",
        "jo",
    ),
    "ht": (
        "wi, w, dako",
        "non, no, n, janme",
    ),
    "sw": (
        "ndiyo, ndio, sawa",
        "hapana, la, siyo",
    ),
    "so": (
        "haa, ha",
        "maya",
    ),
    "ar": (
        "نعم, ن, اجل, ايوه, ايوا, اه, طبعا, اكيد, موافق, حسنا, بلى",
        "لا, ل, كلا, مش, ابدا, لأ",
    ),
    "fa": (
        "بله, بلی, اره, حتما",
        "نه, خیر, نخیر, هرگز",
    ),
    "he": (
        "כן, כ, בטח, ברור, בסדר",
        "לא, ל, אף פעם",
    ),
    "hi": (
        "हाँ, हां, हा, जी, जी हाँ, जी हां, ठीक है, haan, han, ji",
        "नहीं, नही, न, ना, जी नहीं, nahi, nahin",
    ),
    "ur": (
        "ہاں, جی, جی ہاں, ٹھیک ہے",
        "نہیں, نہ, جی نہیں",
    ),
    "bn": (
        "হ্যাঁ, হাঁ, জি, ঠিক আছে",
        "না, জি না",
    ),
    "pa": (
        "ਹਾਂ, ਜੀ, ਹਾਂ ਜੀ",
        "ਨਹੀਂ, ਨਾ",
    ),
    "zh": (
        "是, 是的, 对, 對, 好, 好的, 可以, 行, 嗯, 要, 同意, 没问题, 沒問題",
        "不, 不是, 不要, 不行, 否, 没有, 沒有, 不用, 不可以",
    ),
    "ja": (
        "はい, ハイ, うん, ええ, そうです, お願いします, 了解",
        "いいえ, いや, ううん, 違います, いえ, ダメ",
    ),
    "ko": (
        "네, 예, 응, 그래, 그래요, 좋아요, 알겠습니다",
        "아니요, 아니오, 아니, 아뇨, 싫어요",
    ),
    "vi": (
        "có, co, vâng, vang, dạ, da, ừ, đúng, đồng ý",
        "không, khong, không có, chưa",
    ),
    "th": (
        "ใช่, ใช่ค่ะ, ใช่ครับ, ค่ะ, ครับ, ได้, ตกลง",
        "ไม่, ไม่ใช่, ไม่ได้, ไม่ค่ะ, ไม่ครับ, ไม่เอา",
    ),
    "id": (
        "ya, y, iya, baik, setuju, boleh",
        "tidak, t, tdk, nggak, gak, bukan, jangan",
    ),
    "ms": (
        "ya, y, baik, setuju, boleh",
        "tidak, tak, bukan, jangan",
    ),
    "tl": (
        "oo, opo, oho, sige",
        "hindi, hindi po, ayaw",
    ),
}
# What a language's speakers mean otherwise, so that no other language may read it as an answer.
FALSE_FRIENDS: Final = {
    "pl": "no",
    "cs": "no",
    "sk": "no",
    "da": "tak, nem, da",
    "no": "takk, da",
    "sv": "nu, da, tack",
    "tr": "ne, no, nu",
    "hu": "no, ne",
    "sq": "da",
}
# Spelt in two ways by those who detect and translate.
ALIASES: Final = {
    "nb": "no",
    "nn": "no",
    "fil": "tl",
    "fa-AF": "fa",
    "zh-TW": "zh",
    "pt-PT": "pt",
    "es-MX": "es",
    "fr-CA": "fr",
}
# Thumbs up, OK, check marks, a person who nods with their arms; thumbs down, crosses, a person who crosses them.
YES_SIGNS: Final = frozenset("\U0001f44d\U0001f44c\u2705\u2714\u2611\U0001f646")
NO_SIGNS: Final = frozenset("\U0001f44e\u274c\u2716\U0001f6ab\U0001f645")
# Skin tones, marks of variation, and what joins a person to a sign.
UNSEEN_IN_SIGNS: Final = frozenset(
    "\ufe0e\ufe0f\u200d\u2642\u2640 \t\n\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
)


def listed(words: str) -> frozenset[str]:
    """Words that stand with commas between them, as sorting() leaves each."""
    return frozenset(filter(None, map(sorting, words.split(","))))


# Said after an answer was recorded, these thank for it.
ACKNOWLEDGEMENTS: Final = listed(
    "ok, okay, vale, bueno, dale, sure, right, va bene, d accord, tamam, sawa, 好, 好的, хорошо, ладно, добре"
)

# Yes as an answer, but something else where a choice is called so: right or left, good or bad.
EQUIVOCAL: Final = listed("right, bueno, goed, bon, certo, correcto, gerne, 好, 要, 行, 对, 對, хорошо, добре")


def _table(line: int) -> dict[str, frozenset[str]]:
    return {language: listed(both[line]) for language, both in WORDS.items()}


YES: Final = _table(0)
NO: Final = _table(1)
FALSE: Final = {language: listed(words) for language, words in FALSE_FRIENDS.items()}


def sense_of_sign(text: str) -> Sense | None:
    """What a text means that has nothing but signs."""
    signs = frozenset(text) - UNSEEN_IN_SIGNS
    if signs and signs <= YES_SIGNS:
        return "yes"
    return "no" if signs and signs <= NO_SIGNS else None


def is_acknowledgement(text: str) -> bool:
    """Whether a text may as well thank for what was said last as answer a question."""
    return sense_of_sign(text) == "yes" or sorting(text) in ACKNOWLEDGEMENTS


def sense(word: str, spoken: Iterable[str], other: Iterable[str] = ()) -> Sense | None:
    """What a word (or several) means, as sorting() leaves it: in the languages that its sender writes, else in the
    `other` ones, else, where none is known, in all. None where they contradict one another."""
    first, second = _known(spoken), _known(other)
    found = _senses(word, first)
    if not found and means_otherwise(word, first):
        return None
    found = found or _senses(word, second) or (set() if first else _senses(word, tuple(WORDS)))
    return found.pop() if len(found) == 1 else None


def means_otherwise(word: str, spoken: Iterable[str]) -> bool:
    """Whether a word that answers in another language means something else in one that its sender writes."""
    return any(word in FALSE.get(language, ()) for language in _known(spoken))


def _known(languages: Iterable[str]) -> tuple[str, ...]:
    named = (ALIASES.get(language, language.partition("-")[0]) for language in languages)
    return tuple(dict.fromkeys(language for language in named if language in WORDS))


def _senses(word: str, languages: tuple[str, ...]) -> set[Sense]:
    found = set[Sense]()
    for language in languages:
        found |= {"yes"} if word in YES[language] else set()
        found |= {"no"} if word in NO[language] else set()
    return found
