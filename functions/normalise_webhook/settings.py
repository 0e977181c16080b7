"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import base_url, required, words
from normalise_webhook.consent import Keywords


@dataclass(frozen=True, slots=True)
class Settings:
    """public_base_url: what stands before /twilio/messages in the URL that Twilio calls, without a slash at its end;
    empty when that is the API's own address. secret_id: the secret in Secrets Manager that holds the auth tokens.
    keywords: the words that say something about being written to."""

    public_base_url: str
    secret_id: str
    keywords: Keywords

    @classmethod
    def from_environment(cls) -> Self:
        """Reads PUBLIC_BASE_URL, TWILIO_SECRET_ID, OPT_OUT_WORDS, OPT_IN_WORDS and HELP_WORDS; of the lists that are
        missing or blank, Twilio's own words stand. Raises ConfigurationError."""
        keywords = Keywords.of(words("OPT_OUT_WORDS"), words("OPT_IN_WORDS"), words("HELP_WORDS"))
        return cls(base_url("PUBLIC_BASE_URL"), required("TWILIO_SECRET_ID"), keywords)
