"""Twilio's error codes in plain words, for the people at the desk: https://www.twilio.com/docs/api/errors

One table for receipts and for refusals at once. Twilio warns that causes move between codes, so nothing but what stands
here is decided by them.
"""

from typing import Final, NamedTuple

# The person sent STOP, or a word like it, to the provider.
OPTED_OUT: Final = "21610"


class Explanation(NamedTuple):
    """Why a message did not arrive, and whether it makes sense to send it again."""

    reason: str
    retry: bool


EXPLANATIONS: Final[dict[str, Explanation]] = {
    "20429": Explanation("The provider has too much to do at the moment and did not take the message.", True),
    "21211": Explanation("The provider does not take this for a phone number.", False),
    "21408": Explanation("The provider's account may not send to this country.", False),
    OPTED_OUT: Explanation("This person asked not to be written to. Only they can undo it, by texting START.", False),
    "21612": Explanation("The provider has no way from our number to this one.", False),
    "21614": Explanation("This number is not one of a mobile phone.", False),
    "21617": Explanation("The message is too long.", False),
    "30001": Explanation("Too many messages are waiting at the provider.", True),
    "30002": Explanation("The provider's account is suspended.", False),
    "30003": Explanation("The phone could not be reached. It may be switched off or without a signal.", True),
    "30004": Explanation("The message was blocked: the person or their carrier takes none from us.", False),
    "30005": Explanation("The carrier does not know this number, or it is out of service.", False),
    "30006": Explanation("The number is a landline, or its carrier cannot be reached.", False),
    "30007": Explanation("The message was filtered as unwanted. Other words may get through.", False),
    "30008": Explanation("It was not delivered, and the carrier does not say why.", True),
    "30010": Explanation("The message costs more than the account allows.", False),
    "30011": Explanation("This number takes no pictures.", False),
    "30022": Explanation("More messages a second than the carrier allows our number.", True),
    "30023": Explanation("Our number has sent as much as the carrier allows it a day. Try again tomorrow.", True),
    "30032": Explanation("Our number is not verified yet, so carriers take no messages from it.", False),
    "30036": Explanation("The message could not be delivered in time and has expired.", True),
    "63003": Explanation("The person cannot be reached on this channel.", False),
    "63016": Explanation("WhatsApp allows free answers only within 24 hours of the person's last message.", False),
    "63018": Explanation("More messages than this channel allows us at the moment.", True),
    "63038": Explanation("Our account has sent as many messages as it may in a day. Try again tomorrow.", True),
}
NO_CODE: Final = Explanation("It was not delivered, and nobody said why.", False)
CANCELED: Final = Explanation("The message was withdrawn before it was sent.", True)


def explained(code: str) -> Explanation:
    """What a code means; a code that we do not know is not worth another try."""
    if not code:
        return NO_CODE
    return EXPLANATIONS.get(code) or Explanation(f"The carrier gave the code {code}.", False)
