"""The words read in a message's pictures, as their sender is told them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

MAX_TEXT: Final = 1_000
CUT: Final = "…"

Picture = Mapping[str, Any]


def picture_text(pictures: Iterable[Picture], language: str) -> str:
    """What the pictures say, in that language where there is such a translation, a blank line between two pictures, at
    most MAX_TEXT characters; empty when nothing was read. Words alone ever go back to a sender, never a picture."""
    words = (words_of(picture, language) for picture in pictures if picture["kind"] == "picture")
    text = "\n\n".join(found for found in words if found)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - len(CUT)].rstrip() + CUT


def words_of(picture: Picture, language: str) -> str:
    """The words of one picture: translated if they can be had in that language, else as they were read."""
    for translation in picture["translations"]:
        if translation["language"] == language and translation.get("text"):
            return str(translation["text"]).strip()
    return str(picture["text"]).strip()
