"""The operations of Amazon Translate and Amazon Comprehend that are answered here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.local.ai.detect import Detector
from infra.local.ai.engines.base import EngineError
from infra.local.ai.errors import AwsError, low_confidence, unsupported_pair, validation
from infra.local.ai.languages import AUTO, NAMES, name, source_model_code, target_model_code
from infra.local.ai.requests import code_of, field, text_of
from infra.local.ai.routes import Route
from infra.local.ai.sentiment.service import Sentiments
from infra.local.ai.translator import Translator

# Amazon Translate, "Guidelines and quotas" (real-time text), and Amazon Comprehend, "Quotas" (dominant language).
TRANSLATE_BYTES: Final = 10_000
COMPREHEND_BYTES: Final = 100_000
_SETTINGS: Final = {"Formality": ("FORMAL", "INFORMAL"), "Profanity": ("MASK",), "Brevity": ("ON",)}
_MOST_LANGUAGES: Final = 500


@dataclass(frozen=True)
class Answer:
    """The body AWS would send, and what only the local log and a header tell."""

    body: dict[str, Any]
    route: Route | None = None


class Operations:
    """Validates, detects, translates. Every method raises AwsError where AWS would answer with one."""

    def __init__(self, translator: Translator, detector: Detector) -> None:
        self._translator = translator
        self._detector = detector
        self._sentiments = Sentiments(translator)
        self.by_target: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            "AWSShineFrontendService_20170701.TranslateText": self.translate_text,
            "AWSShineFrontendService_20170701.ListLanguages": self.list_languages,
            "Comprehend_20171127.DetectDominantLanguage": self.detect_dominant_language,
            "Comprehend_20171127.DetectSentiment": lambda request: Answer(self._sentiments.detect(request)),
            "Comprehend_20171127.BatchDetectSentiment": lambda request: Answer(self._sentiments.detect_batch(request)),
        }

    def translate_text(self, request: Mapping[str, Any]) -> Answer:
        """TranslateText: Text, SourceLanguageCode (or `auto`), TargetLanguageCode."""
        text, source, target = _translation_request(request)
        if source == AUTO:
            _known_or_unsupported(source, target)
            source = self._detected(text)
        _known_or_unsupported(source, target)
        route, translated = self._translated(text, source, target)
        body = {"TranslatedText": translated, "SourceLanguageCode": source, "TargetLanguageCode": target}
        return Answer(body, route)

    def list_languages(self, request: Mapping[str, Any]) -> Answer:
        """ListLanguages: what can be read or written here, named in English, in AWS's pages of at most 500."""
        display = request.get("DisplayLanguageCode") or "en"
        if display != "en":
            raise AwsError(
                "UnsupportedDisplayLanguageCodeException",
                "Language names are only known in English here.",
                {"DisplayLanguageCode": display},
            )
        most = request.get("MaxResults", _MOST_LANGUAGES)
        start = request.get("NextToken") or "0"
        if not (isinstance(most, int) and 1 <= most <= _MOST_LANGUAGES):
            raise AwsError("InvalidParameterValueException", f"MaxResults must be from 1 to {_MOST_LANGUAGES}.")
        if not (isinstance(start, str) and start.isdecimal()):
            raise AwsError("InvalidParameterValueException", "NextToken is not valid.")
        codes = self.language_codes()
        end = int(start) + most
        page = [{"LanguageName": name(code), "LanguageCode": code} for code in codes[int(start) : end]]
        more = {"NextToken": str(end)} if end < len(codes) else {}
        return Answer({"Languages": page, "DisplayLanguageCode": display, **more})

    def detect_dominant_language(self, request: Mapping[str, Any]) -> Answer:
        """DetectDominantLanguage: languages with scores, best first."""
        guesses = self._detector.rank(text_of(request, COMPREHEND_BYTES))
        return Answer({"Languages": [{"LanguageCode": guess.language, "Score": guess.score} for guess in guesses]})

    def language_codes(self) -> list[str]:
        """AWS's codes of all languages that some route starts or ends with, sorted by name as AWS sorts them."""
        have = set(self._translator.routes.languages())
        codes = [code for code in NAMES if {source_model_code(code), target_model_code(code)} & have]
        return sorted(codes, key=name)

    def sentiment_languages(self) -> list[str]:
        """AWS's codes of the languages whose sentiment can be told, English first."""
        return self._sentiments.languages()

    def _detected(self, text: str) -> str:
        guesses = self._detector.rank(text)
        if not self._detector.unsure(text, guesses):
            return guesses[0].language
        among = self._detector.among(text, self.language_codes())
        if among is None:
            raise low_confidence(guesses[0].language)
        return among

    def _translated(self, text: str, source: str, target: str) -> tuple[Route, str]:
        if source == target:
            return Route(()), text
        try:
            translation = self._translator.translate(text, source_model_code(source), target_model_code(target))
        except EngineError as failed:
            raise AwsError("InternalServerException", f"The local model failed: {failed}") from failed
        if translation is None:
            raise unsupported_pair(source, target)
        return translation.route, translation.text


def _translation_request(request: Mapping[str, Any]) -> tuple[str, str, str]:
    source = code_of(request, "SourceLanguageCode")
    target = code_of(request, "TargetLanguageCode")
    text = text_of(request, TRANSLATE_BYTES)
    _check_settings(request.get("Settings") or {})
    if request.get("TerminologyNames"):
        raise AwsError("ResourceNotFoundException", "The terminology was not found: there are none here.")
    return text, source, target


def _check_settings(settings: Any) -> None:
    """Settings are checked but not applied, and so `AppliedSettings` is never in the answer."""
    if not isinstance(settings, dict):
        raise AwsError("SerializationException", "Settings must be a structure.")
    for key, allowed in _SETTINGS.items():
        if settings.get(key) is not None and settings[key] not in allowed:
            constraint = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
            raise validation(f"'{settings[key]}'", f"settings.{field(key)}", constraint)


def _known_or_unsupported(source: str, target: str) -> None:
    for side, code in (("Target", target), ("Source", source)):
        if code not in NAMES and not (side == "Source" and code == AUTO):
            raise unsupported_pair(source, target, f" {side} language '{code}' is not supported")
