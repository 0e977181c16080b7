"""From a record in table Images to the document that the API shows. Pure: no boto3, no clock."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from dragoman.records import PLAIN, SECTIONS
from dragoman.times import rfc3339

# How long a link to a file is good for.
SECONDS: Final = 300


class Linker(Protocol):
    """Who signs a link: read_image.presign.Links."""

    def link(self, key: str, content_type: str, seconds: int) -> str:
        """An address from which anyone can read the object for so many seconds."""
        ...


def document(item: Mapping[str, Mapping[str, str]], now: datetime, linker: Linker) -> dict[str, Any]:
    """The document (schemas/image.json) of a record as DynamoDB returns it."""
    shown: dict[str, Any] = {name: item[name]["S"] for name in PLAIN if name in item}
    shown |= {name: json.loads(item[name]["S"]) for name in SECTIONS if name in item}
    return {**shown, "links": links(shown, now, linker)}


def links(shown: Mapping[str, Any], now: datetime, linker: Linker) -> dict[str, str]:
    """To the document itself, to its message's report, and, for SECONDS, to the files; never to what a stranger
    sent."""
    made = {"self": f"/images/{shown['imageId']}"}
    if "messageId" in shown:
        made["report"] = f"/reports/{shown['messageId']}"
    files = {thumbnail["size"]: thumbnail for thumbnail in shown.get("thumbnails", [])}
    if "image" in shown:
        files["image"] = shown["image"]
    if files:
        made["expiresAt"] = rfc3339(now + timedelta(seconds=SECONDS))
    return made | {name: linker.link(file["key"], file["contentType"], SECONDS) for name, file in files.items()}
