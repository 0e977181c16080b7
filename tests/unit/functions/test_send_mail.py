"""An e-mail as its bytes, through boto3's own writing and reading of what goes over the wire."""

import base64
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from dragoman.errors import ConfigurationError
from send_mail import handler as mail_handler
from send_mail import sending
from send_mail.errors import MailPostponed, MailRefused
from send_mail.logic import Mail, failure
from send_mail.settings import Settings

ADDRESS, SENDER = "ana@example.org", "desk@example.org"
MIME = f'From: {SENDER}\r\nTo: {ADDRESS}\r\nSubject: "x"\r\n\r\nwords\r\n'
EVENT = {"address": ADDRESS, "mime": MIME}
CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="a", aws_request_id="r")


class Ses:
    """SES on the other end of the wire: answers with what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.answer: Callable[[], tuple[int, dict[str, str], Any]] = lambda: (200, {}, {"MessageId": "m-1"})

    def __call__(self, request: Any, **_more: Any) -> AWSResponse:
        self.requests.append(json.loads(request.body))
        status, headers, body = self.answer()
        read = SimpleNamespace(stream=lambda: iter([json.dumps(body).encode()]))
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), read)

    def refuse(self, code: str, status: int) -> None:
        self.answer = lambda: (status, {"x-amzn-errortype": code}, {"message": f"Not verified: {ADDRESS}"})


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ses]:
    wire = Ses()
    client = boto3.client(
        "sesv2", "us-east-1", config=sending.CLIENT_CONFIG, aws_access_key_id="x", aws_secret_access_key="x"
    )
    client.meta.events.register("before-send.sesv2.SendEmail", wire)
    monkeypatch.setattr(sending, "_client", lambda: client)
    monkeypatch.setattr(mail_handler, "settings", lambda: Settings(SENDER))
    yield wire
    assert len(wire.requests) <= 1, "the machine tries again, not the function"


def test_mail_goes_out_as_the_bytes_it_is(ses: Ses) -> None:
    assert mail_handler.handler(EVENT, CONTEXT) == {"mailId": "m-1"}
    assert ses.requests == [
        {
            "FromEmailAddress": SENDER,
            "Destination": {"ToAddresses": [ADDRESS]},
            "Content": {"Raw": {"Data": base64.b64encode(MIME.encode()).decode()}},
        }
    ]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("MessageRejected", 400),
        ("BadRequestException", 400),
        ("MailFromDomainNotVerifiedException", 400),
        ("AccountSuspendedException", 400),
        ("SendingPausedException", 400),
        ("NotFoundException", 404),
        ("AccessDeniedException", 403),
    ],
)
def test_what_ses_will_never_take_is_refused(ses: Ses, code: str, status: int) -> None:
    ses.refuse(code, status)
    with pytest.raises(MailRefused, match=rf"^SES answered {code}$"):
        mail_handler.handler(EVENT, CONTEXT)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("TooManyRequestsException", 429),
        ("LimitExceededException", 400),
        ("ThrottlingException", 400),
        ("Throttling", 400),
        ("InternalFailure", 500),
        ("ServiceUnavailable", 503),
    ],
)
def test_what_ses_may_take_later_is_postponed(ses: Ses, code: str, status: int) -> None:
    ses.refuse(code, status)
    with pytest.raises(MailPostponed, match=rf"^SES answered {code}$"):
        mail_handler.handler(EVENT, CONTEXT)


def test_no_answer_postpones(ses: Ses) -> None:
    def silent() -> Any:
        raise ReadTimeoutError(endpoint_url="x")

    ses.answer = silent
    with pytest.raises(MailPostponed, match="ReadTimeoutError"):
        mail_handler.handler(EVENT, CONTEXT)


def test_no_log_and_no_error_has_the_address_or_the_words(ses: Ses, capsys: pytest.CaptureFixture[str]) -> None:
    mail_handler.handler(EVENT, CONTEXT)
    ses.requests.clear()
    ses.refuse("MessageRejected", 400)
    with pytest.raises(MailRefused) as refused:
        mail_handler.handler(EVENT, CONTEXT)
    assert refused.value.__suppress_context__
    printed = str(refused.value) + "".join(capsys.readouterr())
    assert "MessageRejected" in printed
    assert ADDRESS not in printed
    assert "words" not in printed


@pytest.mark.parametrize(
    "change", [{"address": ""}, {"address": 1}, {"mime": ""}, {"mime": None}, {"mime": "To: ü\r\n\r\n"}]
)
def test_what_is_no_mail_is_a_configuration_error(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"^The machine did not hand over an e-mail$"):
        Mail.from_event({**EVENT, **change})


def test_failure_without_a_reason_of_its_own() -> None:
    assert isinstance(failure("RequestTimeout", 408), MailPostponed)
    assert isinstance(failure("SomethingNew", 400), MailRefused)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", SENDER)
    assert Settings.from_environment() == Settings(SENDER)
    monkeypatch.setenv("MAIL_FROM", "")
    with pytest.raises(ConfigurationError, match="MAIL_FROM"):
        Settings.from_environment()
