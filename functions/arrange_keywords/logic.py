"""From the words of a message to the keys of table DirectoryKeywords. Pure: no boto3, no clock."""

from collections.abc import Mapping
from typing import Any, TypedDict

from dragoman.errors import ConfigurationError
from dragoman.items import AttributeValue, item
from dragoman.keywords import ngrams


class Arranged(TypedDict):
    """keys: at most 100, as BatchGetItem takes them. any: whether there are some."""

    keys: list[dict[str, AttributeValue]]
    any: bool


def arrange(event: Mapping[str, Any]) -> Arranged:
    """{"text": in the desk's first language, empty when there is none} to the keys, the longest first. Raises
    ConfigurationError when the machine hands over something else."""
    text = event.get("text")
    if not isinstance(text, str):
        raise ConfigurationError("The machine did not hand over a text")
    keys = [item({"keyword": run}) for run in ngrams(text)]
    return {"keys": keys, "any": bool(keys)}
