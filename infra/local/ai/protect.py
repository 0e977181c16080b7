"""Keeps what must not be translated (addresses, numbers, emoji) whole while an engine works on the words around it."""

import re
from collections.abc import Callable
from typing import Final

# Emoji and pictographs with their joiners, skin tones, flags and keycaps.
_PICTURE: Final = (
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    "|[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\u3030\u303d\U0001f000-\U0001faff]"
    "[\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
    "(?:\u200d[\u2600-\u27bf\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)
# East Asian text is written without spaces, so its characters end an address.
_NOT_ADDRESS: Final = r"\s<>\"'\u3000-\u9fff\uff00-\uffef"
# Every repetition is bounded or cannot be entered twice at one place: a sender may write anything, 10,000 bytes of it.
_PROTECTED: Final = re.compile(
    rf"(?:https?://|\bwww\.)[^{_NOT_ADDRESS}]*[^{_NOT_ADDRESS}.,;:!?)\]]"  # web addresses, less punctuation after them
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"  # e-mail addresses
    r"|(?<![\w+])\+?\d[\d .()/-]{5,30}\d(?!\w)"  # telephone numbers and dates
    r"|[#@]\w[\w-]*"  # #4521, #ticket, @name
    r"|(?<![\w-])(?=[\w-]{0,31}\d)(?=[\w-]{0,31}[A-Z])[A-Z0-9][A-Z0-9-]{1,31}(?![\w-])"  # codes such as AB-1234
    r"|(?<![!-\u024f])[!-\u024f]{61,}"  # no word of a language in Latin script is as long
    f"|(?:{_PICTURE})+",
    re.ASCII,
)
# A word that all engines pass through: of ten forms tried, this one survived 39 of 39 times (docs/local-ai.md).
_STAND_IN: Final = re.compile(r"X9Q\d{1,4}Z", re.IGNORECASE)
_LETTERS: Final = re.compile(r"[^\W\d_]")
_EDGE: Final = re.compile(rf"(?:\s|{_PICTURE})+")
_LINE_END: Final = re.compile(r"(\r\n|[\n\r\v\f\x85\u2028\u2029])")
# C0 and C1 controls but tab, invisible and not language. NUL would end Apertium's stream.
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff]")


def words_only(text: str) -> str:
    """The text without anything that is protected; what is left may still hold digits and punctuation."""
    return _PROTECTED.sub(" ", text)


def letters(text: str) -> int:
    """How many letters are left once addresses, numbers and emoji are taken out."""
    return len(_LETTERS.findall(words_only(text)))


def well_formed(text: str) -> str:
    """The text with lone surrogates, which JSON may carry, replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def translate_lines(text: str, engine: Callable[[str], str]) -> str:
    """Run `engine` on each line, keeping line breaks, the space and emoji at line ends, and protected tokens."""
    pieces = _LINE_END.split(_CONTROLS.sub("", text))
    return "".join(piece if index % 2 else _line(piece, engine) for index, piece in enumerate(pieces))


def _line(line: str, engine: Callable[[str], str]) -> str:
    runs = [match.span() for match in _EDGE.finditer(line)]
    start = runs[0][1] if runs and runs[0][0] == 0 else 0
    end = runs[-1][0] if runs and runs[-1][1] == len(line) else len(line)
    if start >= end or not letters(line[start:end]):
        return line
    return f"{line[:start]}{_protected(line[start:end], _calm(engine))}{line[end:]}"


def _protected(body: str, engine: Callable[[str], str]) -> str:
    tokens = [match.group() for match in _PROTECTED.finditer(body)]
    if not tokens:
        return engine(body)
    names = _stand_ins(body, len(tokens))
    if len(names) != len(tokens):
        return _in_pieces(body, engine)
    numbers = iter(names)
    translated = engine(_PROTECTED.sub(lambda _: next(numbers), body))
    if sorted(name.upper() for name in _STAND_IN.findall(translated)) != sorted(names):
        return _in_pieces(body, engine)
    behind = dict(zip(names, tokens, strict=True))
    return _STAND_IN.sub(lambda name: behind[name.group().upper()], translated)


def _stand_ins(body: str, count: int) -> list[str]:
    """A word for each token, or none at all where the text itself holds such a word."""
    if _STAND_IN.search(body):
        return []
    return [f"X9Q{number}Z" for number in range(count)]


def _in_pieces(body: str, engine: Callable[[str], str]) -> str:
    """The words between the tokens, each piece translated alone: worse language, but no token is lost."""
    pieces = re.split(f"({_PROTECTED.pattern})", body, flags=re.ASCII)
    return "".join(
        piece if _PROTECTED.fullmatch(piece) or not letters(piece) else _spaced(piece, engine) for piece in pieces
    )


def _spaced(piece: str, engine: Callable[[str], str]) -> str:
    core = piece.strip()
    start = piece.index(core)
    return f"{piece[:start]}{engine(core)}{piece[start + len(core) :]}"


def _calm(engine: Callable[[str], str]) -> Callable[[str], str]:
    """An engine for shouted text: the models take capitals for names and leave them as they are."""

    def translate(body: str) -> str:
        words = words_only(body)
        if not (words.isupper() and len(_LETTERS.findall(words)) > 4 and " " in words.strip()):
            return engine(body)
        return _upper(engine(_lower(body)))

    return translate


def _lower(body: str) -> str:
    lowered = re.sub(r"(?<!\w)[^\W\d_]+(?!\w)", lambda word: word.group().lower(), body)
    return lowered[:1].upper() + lowered[1:]


def _upper(body: str) -> str:
    return re.sub(r"(?<!\w)[^\W\d_]+(?!\w)", lambda word: word.group().upper(), body)
