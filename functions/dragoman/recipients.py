"""What the contact is sent of an answer that the desk wrote."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dragoman.documents import SentText

UNDETERMINED: Final = "und"


def sent_text(
    message: Mapping[str, Any], language: Mapping[str, Any], translations: Iterable[Mapping[str, Any]]
) -> SentText:
    """An outbound message in its recipient's language; as it was written where that is unknown or could not be had.
    language and translations: those of its report."""
    written, wanted = language["code"], message.get("recipientLanguage", UNDETERMINED)
    if UNDETERMINED not in (written, wanted) and written != wanted:
        for translation in translations:
            if translation["language"] == wanted and str(translation.get("text", "")).strip():
                return {"language": wanted, "text": translation["text"]}
    return {"language": written, "text": message["text"]}
