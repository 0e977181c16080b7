"""Language codes as Amazon Translate spells them, and how they map to what the local models call them."""

from types import MappingProxyType
from typing import Final

AUTO: Final = "auto"

# Amazon Translate Developer Guide, "Supported languages and language codes", read in November 2026.
NAMES: Final = MappingProxyType(
    {
        "af": "Afrikaans",
        "sq": "Albanian",
        "am": "Amharic",
        "ar": "Arabic",
        "hy": "Armenian",
        "az": "Azerbaijani",
        "bn": "Bengali",
        "bs": "Bosnian",
        "bg": "Bulgarian",
        "ca": "Catalan",
        "zh": "Chinese (Simplified)",
        "zh-TW": "Chinese (Traditional)",
        "hr": "Croatian",
        "cs": "Czech",
        "da": "Danish",
        "fa-AF": "Dari",
        "nl": "Dutch",
        "en": "English",
        "et": "Estonian",
        "fa": "Farsi (Persian)",
        "tl": "Filipino, Tagalog",
        "fi": "Finnish",
        "fr": "French",
        "fr-CA": "French (Canada)",
        "ka": "Georgian",
        "de": "German",
        "el": "Greek",
        "gu": "Gujarati",
        "ht": "Haitian Creole",
        "ha": "Hausa",
        "he": "Hebrew",
        "hi": "Hindi",
        "hu": "Hungarian",
        "is": "Icelandic",
        "id": "Indonesian",
        "ga": "Irish",
        "it": "Italian",
        "ja": "Japanese",
        "kn": "Kannada",
        "kk": "Kazakh",
        "ko": "Korean",
        "lv": "Latvian",
        "lt": "Lithuanian",
        "mk": "Macedonian",
        "ms": "Malay",
        "ml": "Malayalam",
        "mt": "Maltese",
        "mr": "Marathi",
        "mn": "Mongolian",
        "no": "Norwegian",
        "ps": "Pashto",
        "pl": "Polish",
        "pt": "Portuguese (Brazil)",
        "pt-PT": "Portuguese (Portugal)",
        "pa": "Punjabi",
        "ro": "Romanian",
        "ru": "Russian",
        "sr": "Serbian",
        "si": "Sinhala",
        "sk": "Slovak",
        "sl": "Slovenian",
        "so": "Somali",
        "es": "Spanish",
        "es-MX": "Spanish (Mexico)",
        "sw": "Swahili",
        "sv": "Swedish",
        "ta": "Tamil",
        "te": "Telugu",
        "th": "Thai",
        "tr": "Turkish",
        "uk": "Ukrainian",
        "ur": "Urdu",
        "uz": "Uzbek",
        "vi": "Vietnamese",
        "cy": "Welsh",
    }
)

# The local models know one variety of each of these. Traditional Chinese is read by the Chinese model, never written.
_VARIETIES: Final = MappingProxyType({"fr-CA": "fr", "es-MX": "es", "pt-PT": "pt"})
_READ_ONLY_VARIETIES: Final = MappingProxyType({"zh-TW": "zh"})


def source_model_code(code: str) -> str:
    """The code under which the models know a source language."""
    return _READ_ONLY_VARIETIES.get(code) or _VARIETIES.get(code, code)


def target_model_code(code: str) -> str:
    """The code under which the models know a target language."""
    return _VARIETIES.get(code, code)


def name(code: str) -> str:
    """The English name AWS gives the language, or the code itself."""
    return NAMES.get(code, code)
