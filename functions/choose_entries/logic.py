"""From the keywords that were found to the entries that fit best. Pure: no boto3, no clock."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypedDict

from dragoman.errors import ConfigurationError
from dragoman.items import AttributeValue, item

MAX_ENTRIES: Final = 3

Item = Mapping[str, Mapping[str, Any]]


class Chosen(TypedDict):
    """The best entries, the best first: their ids, and as keys for BatchGetItem. any: whether there are some."""

    entryIds: list[str]
    keys: list[dict[str, AttributeValue]]
    any: bool


def choose(event: Mapping[str, Any]) -> Chosen:
    """{"found": items of table DirectoryKeywords} to the entries. Raises ConfigurationError when the machine hands over
    something else."""
    try:
        best = ranked(event["found"])[:MAX_ENTRIES]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None
    return {"entryIds": best, "keys": [item({"entryId": entry_id}) for entry_id in best], "any": bool(best)}


def ranked(found: Iterable[Item]) -> list[str]:
    """The ids of all entries found, the best first: a keyword counts the square of its words, since three words that
    follow one another say more than three alone. Equals are in the order of their ids."""
    scores = Counter[str]()
    for entry_id, words in _matches(found):
        scores[entry_id] += words**2
    return sorted(scores, key=lambda entry_id: (-scores[entry_id], entry_id))


def _matches(found: Iterable[Item]) -> Iterator[tuple[str, int]]:
    for keyword in found:
        words = len(keyword["keyword"]["S"].split())
        # A set: without members it is not there, and the SDK integrations of Step Functions spell it Ss.
        sets = keyword.get("entryIds", {})
        for entry_id in sets.get("SS") or sets.get("Ss") or ():
            yield entry_id, words
