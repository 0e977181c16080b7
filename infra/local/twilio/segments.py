"""How many SMS segments a text takes: GSM-7 has 160 alone or 153 chained, UCS-2 has 70 or 67 (Twilio)."""

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Each takes two septets (3GPP TS 23.038)."""


def segment_count(text: str) -> int:
    """At least 1; an empty text is one segment."""
    if all(char in _BASIC or char in _EXTENDED for char in text):
        septets = sum(2 if char in _EXTENDED else 1 for char in text)
        return 1 if septets <= 160 else -(-septets // 153)
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return 1 if units <= 70 else -(-units // 67)
