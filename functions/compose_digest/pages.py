"""What the slices have written: pages of rows, and what Comprehend made of some of their texts. Standard library
alone."""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypedDict

from compose_digest.errors import RowsMissing
from dragoman.digests import Row

# As many as botocore keeps connections for.
AT_ONCE: Final = 10

Read = Callable[[str], bytes]


class Judged(TypedDict):
    """results: of BatchDetectSentiment, each with the Index of its id."""

    ids: list[str]
    results: list[dict[str, Any]]


class Page(TypedDict):
    """What one object holds."""

    rows: list[Row]
    judged: list[Judged]


def read_pages(read: Read, slices: Iterable[Mapping[str, Any]]) -> list[Page]:
    """The pages of all slices, {"prefix", "pages": how many} each. read: an object's bytes by its key. Raises
    RowsMissing."""
    keys = [f"{part['prefix']}-{number}.json" for part in slices for number in range(part["pages"])]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda key: _page(read(key)), keys))


def _page(content: bytes) -> Page:
    """Step Functions writes a body that is an object as its JSON; one that is text may arrive as JSON once more."""
    try:
        found = json.loads(content)
        page: Page = json.loads(found) if isinstance(found, str) else found
        return {"rows": page["rows"], "judged": page["judged"]}
    except (ValueError, KeyError, TypeError) as error:
        raise RowsMissing(f"A slice's page is none ({type(error).__name__})") from None
