"""Lambda `send_mail`, called by the machine `digest`."""

from functools import cache
from typing import Any

from dragoman.observability import count, logger, observed
from send_mail.logic import Mail
from send_mail.sending import send
from send_mail.settings import Settings

settings = cache(Settings.from_environment)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"address", "mime"} to {"mailId": SES's id of the e-mail}.

    Raises MailRefused, MailPostponed and ConfigurationError.
    """
    mail_id = send(Mail.from_event(event), settings().mail_from)
    count("MailsSent")
    logger.info("Mail sent", mail_id=mail_id)
    return {"mailId": mail_id}
