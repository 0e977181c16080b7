"""`python -m infra.local.ai.sentiment.measure --models DIR`: how often the sentiment of texts.csv is told right.

Prints, as Markdown, the share told right in each language and half of the table, what each class was taken for, the
time a text takes, and every text that was told wrong. The words and the threshold of judge.py were chosen by the half
called tune; the half called test is the figure to quote.
"""

import argparse
import csv
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.local.ai.errors import AwsError
from infra.local.ai.sentiment.service import Sentiments
from infra.local.ai.translator import Translator, all_engines

TEXTS: Final = Path(__file__).with_name("texts.csv")
CLASSES: Final = ("POSITIVE", "NEGATIVE", "NEUTRAL", "MIXED")
NO_ROUTE: Final = "no route"


@dataclass(frozen=True)
class Told:
    """A row of texts.csv, what it was told to be (a class, or `no route`), and in how many milliseconds."""

    language: str
    half: str
    expected: str
    text: str
    told: str
    milliseconds: float

    @property
    def right(self) -> bool:
        """Whether the class is the expected one."""
        return self.told == self.expected


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 0 always."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.ai.sentiment.measure", description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    translator = Translator(all_engines(parser.parse_args(arguments).models))
    try:
        sentiments = Sentiments(translator)
        for row in rows():  # models are loaded by their first call
            tell(sentiments, row)
        _print([tell(sentiments, row) for row in rows()])
    finally:
        translator.close()
    return 0


def rows() -> list[dict[str, str]]:
    """The labelled texts: language, set, expected, text."""
    with TEXTS.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def tell(sentiments: Sentiments, row: dict[str, str]) -> Told:
    """Tell the sentiment of one row."""
    start = time.perf_counter()
    try:
        told = str(sentiments.detect({"Text": row["text"], "LanguageCode": row["language"]})["Sentiment"])
    except AwsError:
        told = NO_ROUTE
    milliseconds = (time.perf_counter() - start) * 1000
    return Told(row["language"], row["set"], row["expected"], row["text"], told, milliseconds)


def _print(everything: list[Told]) -> None:
    judged = [one for one in everything if one.told != NO_ROUTE]
    print("| language | tune | test | ms (median) |\n|---|---|---|---|")
    for language in dict.fromkeys(one.language for one in everything):
        _print_language(language, [one for one in judged if one.language == language])
    _print_language("all", judged)
    print(f"\n| test: expected, told | {' | '.join(CLASSES)} |\n|---|---|---|---|---|")
    for expected in CLASSES:
        told = Counter(one.told for one in judged if one.half == "test" and one.expected == expected)
        print(f"| {expected} | {' | '.join(str(told[name]) for name in CLASSES)} |")
    print()
    for one in judged:
        if not one.right:
            print(f"- {one.language}, {one.half}: {one.expected} told as {one.told}: {one.text}")


def _print_language(name: str, told: list[Told]) -> None:
    middle = f"{statistics.median(one.milliseconds for one in told):.2f}" if told else NO_ROUTE
    print(f"| {name} | {_share(told, 'tune')} | {_share(told, 'test')} | {middle} |")


def _share(told: Iterable[Told], half: str) -> str:
    among = [one.right for one in told if one.half == half]
    return f"{sum(among)}/{len(among)}" if among else "none"


if __name__ == "__main__":
    sys.exit(main())
