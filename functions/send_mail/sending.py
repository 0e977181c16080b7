"""SES, which takes an e-mail's bytes."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from send_mail.errors import MailPostponed
from send_mail.logic import Mail, failure

# One try: the machine tries again, later and with more patience. Both timeouts together stay below the function's own.
CLIENT_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})


@cache
def _client() -> Any:
    return boto3.client("sesv2", config=CLIENT_CONFIG)


def send(mail: Mail, sender: str) -> str:
    """Sends an e-mail and returns SES's id of it. Raises MailRefused and MailPostponed; what was postponed since no
    answer came may have gone out."""
    try:
        answer = _client().send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": [mail.address]},
            Content={"Raw": {"Data": mail.content}},
        )
    except ClientError as error:
        told = error.response
        raise failure(told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) from None
    except BotoCoreError as error:
        raise MailPostponed(f"SES was not reached ({type(error).__name__})") from None
    return str(answer["MessageId"])
