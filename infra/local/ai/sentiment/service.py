"""DetectSentiment and BatchDetectSentiment: a text is translated into English, then judged."""

from collections.abc import Mapping
from typing import Any, Final

from infra.local.ai.engines.base import EngineError
from infra.local.ai.errors import AwsError, unsupported_language, validation
from infra.local.ai.languages import source_model_code
from infra.local.ai.protect import well_formed
from infra.local.ai.requests import string, text_of, within
from infra.local.ai.sentiment.judge import Judge
from infra.local.ai.translator import Translator

# Amazon Comprehend, "Quotas" (sentiment) and LanguageCode, read in November 2026.
TEXT_BYTES: Final = 5_000
BATCH: Final = 25
LANGUAGES: Final = ("en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW")
_ENGLISH: Final = "en"


class Sentiments:
    """Both operations. Every method raises AwsError where AWS would answer with one."""

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._judge = Judge()

    def languages(self) -> list[str]:
        """Of AWS's languages those that a local route leads from into English, and English."""
        return [code for code in LANGUAGES if self._reached(code)]

    def detect(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """DetectSentiment: Text and LanguageCode to {Sentiment, SentimentScore}."""
        language = string(request, "LanguageCode")
        words = text_of(request, TEXT_BYTES)
        self._require(language)
        return self._judged(words, language)

    def detect_batch(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """BatchDetectSentiment: TextList and LanguageCode to {ResultList, ErrorList}, each entry with its Index."""
        language = string(request, "LanguageCode")
        texts = _texts(request)
        self._require(language)
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for index, words in enumerate(texts):
            try:
                within(words, TEXT_BYTES)
                results.append({"Index": index, **self._judged(words, language)})
            except AwsError as failed:
                errors.append({"Index": index, "ErrorCode": failed.code, "ErrorMessage": failed.message})
        return {"ResultList": results, "ErrorList": errors}

    def _reached(self, code: str) -> bool:
        return code == _ENGLISH or self._translator.routes.find(source_model_code(code), _ENGLISH) is not None

    def _require(self, language: str) -> None:
        """Raises UnsupportedLanguageException for what AWS does not know and for what no route reaches."""
        if language not in LANGUAGES or not self._reached(language):
            raise unsupported_language(language, self.languages())

    def _judged(self, words: str, language: str) -> dict[str, Any]:
        scores = self._judge.judge(self._in_english(words, language))
        return {"Sentiment": scores.sentiment, "SentimentScore": scores.named()}

    def _in_english(self, words: str, language: str) -> str:
        try:
            translation = self._translator.translate(words, source_model_code(language), _ENGLISH)
        except EngineError as failed:
            raise AwsError("InternalServerException", f"The local model failed: {failed}") from failed
        if translation is None:
            raise unsupported_language(language, self.languages())
        return translation.text


def _texts(request: Mapping[str, Any]) -> list[str]:
    texts = request.get("TextList")
    if texts is None:
        raise validation("null", "textList", "Member must not be null")
    if not (isinstance(texts, list) and all(isinstance(words, str) for words in texts)):
        raise AwsError("SerializationException", "TextList must be a list of strings.")
    if not texts:
        raise validation("'[]'", "textList", "Member must have length greater than or equal to 1")
    if not all(texts):
        constraint = "Member must satisfy constraint: [Member must have length greater than or equal to 1]"
        raise validation("'[, ...]'", "textList", constraint)
    if len(texts) > BATCH:
        message = f"The number of documents in the request exceeds the limit of {BATCH}: there are {len(texts)}."
        raise AwsError("BatchSizeLimitExceededException", message)
    return [well_formed(words) for words in texts]
