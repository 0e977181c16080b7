"""How many SMS segments a text takes, which is what carriers charge. Pure.

GSM-7 has 160 characters alone or 153 chained, UCS-2 has 70 or 67:
https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding
"""

from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each takes two septets (3GPP TS 23.038).
EXTENDED: Final = frozenset("\f^{}\\[~]|€")


def segments(text: str) -> int:
    """At least 1."""
    if set(text) <= BASIC | EXTENDED:
        septets = len(text) + sum(letter in EXTENDED for letter in text)
        return 1 if septets <= 160 else -(-septets // 153)
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return 1 if units <= 70 else -(-units // 67)
