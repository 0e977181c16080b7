"""Measures how often the directory's look-up finds what was asked for:
`PYTHONPATH=functions .venv/bin/python -m benchmarks.directory`.

The shipped functions, over tables in memory. directory_questions.csv was written before folding and ranking were tuned;
its column `translated_by` says who put the question into the desk's language: the local models, or a person where they
have no way from that language. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arrange_keywords.logic import arrange
from choose_entries.logic import choose
from dragoman.keywords import keyword

HERE = Path(__file__).resolve().parent
NONE = "none"

Row = dict[str, str]


@dataclass(frozen=True)
class Answered:
    """A question and the names of the entries found, the best first."""

    question: Row
    found: list[str]

    @property
    def asks(self) -> bool:
        return self.question["expected"] != NONE

    def hit(self, among: int) -> bool:
        """Whether the entry that was asked for is among the first so many."""
        return self.question["expected"] in self.found[:among]


def rows(file: str) -> list[Row]:
    """The rows of a table beside this file."""
    with (HERE / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def keywords_table(entries: list[Row]) -> dict[str, set[str]]:
    """Table DirectoryKeywords, as writing the entries makes it; names stand for ids."""
    table: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for written in entry["keywords"].split(";"):
            table[keyword(written)].add(entry["name"])
    return table


def look_up(text: str, table: dict[str, set[str]]) -> list[str]:
    """The entries that the machine `message` would answer with."""
    keys = arrange({"text": text})["keys"]
    found: list[Any] = [
        {**key, "entryIds": {"SS": sorted(table[key["keyword"]["S"]])}} for key in keys if key["keyword"]["S"] in table
    ]
    return choose({"found": found, "keys": keys})["entryIds"]


def report(label: str, answered: list[Answered]) -> str:
    """One line: hits at 1 and at 3, how many wrong entries came along, and "none" questions that got an answer."""
    asked = [one for one in answered if one.asks]
    none = [one for one in answered if not one.asks]
    wrong = sum(name != one.question["expected"] for one in asked for name in one.found)
    hits = " ".join(f"{sum(one.hit(among) for one in asked):3}/{len(asked):<3}" for among in (1, 3))
    return f"{label:12} {hits}  {wrong:5}        {sum(bool(one.found) for one in none):2}/{len(none)}"


def main() -> int:
    """Looks every question up, and prints."""
    parser = argparse.ArgumentParser(prog="benchmarks.directory", description=__doc__)
    parser.add_argument("--misses", action="store_true", help="print the questions that were answered wrongly")
    options = parser.parse_args()
    table = keywords_table(rows("directory_entries.csv"))
    answered = [Answered(row, look_up(row["english"], table)) for row in rows("directory_questions.csv")]
    print("language        at 1    at 3  wrong besides  answers to 'none'")
    for column in ("language", "translated_by"):
        for value in dict.fromkeys(one.question[column] for one in answered):
            print(report(value, [one for one in answered if one.question[column] == value]))
    print(report("all", answered))
    for one in answered if options.misses else ():
        if one.found != [one.question["expected"]] and (one.asks or one.found):
            print(f"  {one.question['english']!r}: {one.found or 'nothing'}, expected {one.question['expected']}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
