"""What the contact is sent of an answer that the desk wrote."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dragoman.documents import Message, SentText, Translation

UNDETERMINED: Final = "und"


def sent_text(
    message: Mapping[str, Any], language: Mapping[str, Any], translations: Iterable[Mapping[str, Any]]
) -> SentText:
    """An outbound message in its recipient's language: exactly as its author had it worded, else the translation; as it
    was written where that is unknown or could not be had. language and translations: those of its report."""
    if "sendAs" in message:
        return {"language": message["sendAs"]["language"], "text": message["sendAs"]["text"]}
    written, wanted = language["code"], message.get("recipientLanguage", UNDETERMINED)
    if UNDETERMINED not in (written, wanted) and written != wanted:
        for translation in translations:
            if translation["language"] == wanted and str(translation.get("text", "")).strip():
                return {"language": wanted, "text": translation["text"]}
    return {"language": written, "text": message["text"]}


def with_sent(message: Message, translations: list[Translation]) -> list[Translation]:
    """The translations of a message, among them its words as they are sent where their author had them worded: in the
    place of that language's, else first."""
    if "sendAs" not in message:
        return translations
    sent = message["sendAs"]
    status = "original" if sent["text"] == message["text"] else "translated"
    exact: Translation = {"language": sent["language"], "status": status, "text": sent["text"]}
    languages = [translation["language"] for translation in translations]
    if sent["language"] not in languages:
        return [exact, *translations]
    return [exact if translation["language"] == sent["language"] else translation for translation in translations]
