"""What is said of a digest, in each language that somebody wrote it in. Pure but for a file of each beside it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

# The build puts the files here, by DATA of infra/build.py. What they have in common is tested.
LANGUAGES: Final = ("en", "es", "pt")
ENGLISH: Final = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a language and how it writes numbers and days.

    singular: the numbers that take it (CLDR's categories one and other; its "many", from a million on, is left out).
    texts: with {names} for values; plurals end in _one and _other. languages: names by code.
    """

    language: str
    singular: list[int]
    notation: Mapping[str, Any]
    weekdays: list[str]
    months: list[str]
    texts: Mapping[str, str]
    languages: Mapping[str, str]

    def say(self, key: str, **values: str) -> str:
        """A text with its values."""
        return self.texts[key].format_map(values)

    def count(self, key: str, number: int, **values: str) -> str:
        """A text that counts something, in its singular or plural; {count} is the number."""
        form = "one" if number in self.singular else "other"
        return self.say(f"{key}_{form}", count=self.number(number), **values)

    def number(self, value: float, digits: int = 0) -> str:
        """A number as it is written: 1,234.5 or 1.234,5. What is below groupFrom has no groups."""
        whole, _, fraction = f"{value:,.{digits}f}".partition(".")
        grouped = whole.replace(",", self.notation["group"] if value >= self.notation["groupFrom"] else "")
        return f"{grouped}{self.notation['decimal']}{fraction}" if fraction else grouped

    def day(self, iso: str, form: str = "day") -> str:
        """A day such as 2026-11-27 in words. form: day, dayOfWeek with the weekday, dayOfYear without the year."""
        found = date.fromisoformat(iso)
        weekday, month = self.weekdays[found.weekday()], self.months[found.month - 1]
        return self.say(form, weekday=weekday, day=str(found.day), month=month, year=str(found.year))

    def duration(self, seconds: float) -> str:
        """Seconds as '45 seconds', '12 minutes', '3 hours 5 minutes'."""
        whole = round(seconds)
        if whole < 60:
            return self.count("second", whole)
        minutes = round(whole / 60)
        hours, rest = divmod(minutes, 60)
        if not hours:
            return self.count("minute", minutes)
        spelled = self.count("hour", hours)
        return self.say("hoursAndMinutes", hours=spelled, minutes=self.count("minute", rest)) if rest else spelled

    def named(self, code: str) -> str:
        """A language's name by its code; where nobody wrote it down that of its base, or else the code."""
        return self.languages.get(code) or self.languages.get(base(code)) or code

    def traffic(self, messages: Mapping[str, int]) -> dict[str, str]:
        """How many messages came and went, each as a clause."""
        return {"came": self.count("came", messages["inbound"]), "went": self.count("went", messages["outbound"])}

    def answered(self, answers: Mapping[str, Any]) -> str:
        """How many were answered by a person, and how soon."""
        if answers["medianSeconds"] is None:
            return self.say("answeredNone")
        return self.count("answered", answers["answered"], duration=self.duration(answers["medianSeconds"]))


@cache
def words_in(language: str) -> Words:
    """The words of one of LANGUAGES."""
    found = json.loads(Path(__file__).with_name(f"{language}.json").read_text(encoding="utf-8"))
    return Words(language=language, **found)


def reader_language(wanted: str | None, desk: Iterable[str]) -> str:
    """The language to write to a subscriber in: the one they want, or else the desk's first, of which there are words;
    else English."""
    known = (base(code) for code in (wanted or "", *desk))
    return next((code for code in known if code in LANGUAGES), ENGLISH)


def base(code: str) -> str:
    """A language without its region: pt for pt-BR."""
    return code.partition("-")[0]
