"""What the deployment decides about this function."""

from dataclasses import dataclass
from typing import Self

from dragoman.settings import optional, required, required_words


@dataclass(frozen=True, slots=True)
class Settings:
    """mail_from, number: who e-mails and texts come from; none go out where it is empty. account_id: the Twilio account
    that texts."""

    mail_from: str
    number: str
    account_id: str
    desk_languages: tuple[str, ...]

    @classmethod
    def from_environment(cls) -> Self:
        """Reads MAIL_FROM, TWILIO_NUMBER, TWILIO_ACCOUNT_SID and DESK_LANGUAGES. Raises ConfigurationError."""
        account, languages = required("TWILIO_ACCOUNT_SID"), required_words("DESK_LANGUAGES")
        return cls(optional("MAIL_FROM"), optional("TWILIO_NUMBER"), account, languages)
