"""Addresses as channel:value, whoever's they are."""

import re
from typing import Final

# Not blank, and no prefix with nothing behind it.
ADDRESS: Final = re.compile(r"(?![A-Za-z][A-Za-z0-9_-]{0,31}:\s*\Z)\s*\S[\s\S]*")
PREFIXED: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,31}):([\s\S]+)")


def address(value: str) -> str:
    """An address as channel:value. Twilio writes 'whatsapp:+1…' and 'rcs:…'; a bare value (a number in E.164, a short
    code, an alphanumeric sender) is SMS, whose addresses MMS shares. A prefix we do not know is kept."""
    match = PREFIXED.fullmatch(value)
    prefix, rest = (match[1].lower(), match[2]) if match else ("sms", value)
    return f"{'sms' if prefix == 'mms' else prefix}:{rest}"
