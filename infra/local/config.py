"""Settings of the local stack, from the environment, with defaults that suit a first run."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DESK_NUMBER = "+15550100100"
# E-mails are kept as files here, so that any address will do.
MAIL_FROM = "dragoman@example.org"
# Who can sign in to a new local console, both with the same password.
OPERATORS = ("desk@example.org", "night@example.org")


@dataclass(frozen=True)
class Ports:
    """TCP ports on 127.0.0.1."""

    gateway: int = 8080
    aws: int = 4566
    ai: int = 4577
    twilio: int = 8090


@dataclass(frozen=True)
class Twilio:
    """The provider: a simulated one unless real credentials stand in the environment."""

    account_sid: str
    auth_tokens: tuple[str, ...] = field(repr=False)
    api_user: str = field(repr=False)
    api_password: str = field(repr=False)
    simulated: bool = True

    def secret(self) -> str:
        """The value of the secret `dragoman/twilio`, as the template describes it."""
        return json.dumps(
            {"authTokens": list(self.auth_tokens), "apiUser": self.api_user, "apiPassword": self.api_password}
        )


@dataclass(frozen=True)
class Settings:
    """Everything that can differ from one local stack to another."""

    state_dir: Path
    models_dir: Path
    ports: Ports
    twilio: Twilio
    stage: str = "local"
    desk_number: str = DESK_NUMBER
    public_base_url: str = ""
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def mail_dir(self) -> Path:
        """Where e-mails land."""
        return self.state_dir / "mail"

    @property
    def gateway_url(self) -> str:
        """The REST API's address on this machine, with its stage and without a slash at the end."""
        return f"http://127.0.0.1:{self.ports.gateway}/{self.stage}"

    @property
    def twilio_url(self) -> str:
        """Where Twilio's REST API answers."""
        return f"http://127.0.0.1:{self.ports.twilio}" if self.twilio.simulated else "https://api.twilio.com"

    @property
    def console_url(self) -> str:
        """The operators' console."""
        return f"http://127.0.0.1:{self.ports.gateway}/console/"

    @property
    def handset_url(self) -> str:
        """The page that texts the number, where the provider is the simulated one."""
        return f"{self.twilio_url}/handset/"

    @property
    def socket_url(self) -> str:
        """The WebSocket API's address on this machine."""
        return f"ws://127.0.0.1:{self.ports.gateway}/{self.stage}"

    def desk_password(self) -> str:
        """The password of OPERATORS; made once and kept with the other local data."""
        path = self.state_dir / "desk-password"
        if not path.exists():
            self.state_dir.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(12), encoding="utf-8")
        return path.read_text(encoding="utf-8").strip()

    def api_key(self) -> str:
        """The integrator's API key of the running stack.

        Raises:
            FileNotFoundError: the stack was never started here.
        """
        return (self.state_dir / "api-key").read_text(encoding="utf-8").strip()

    def template_parameters(self) -> dict[str, str]:
        """The shipped template's parameters for this machine."""
        return {
            "Stage": self.stage,
            "PublicBaseUrl": self.public_base_url or self.gateway_url,
            "TwilioAccountSid": self.twilio.account_sid,
            "TwilioApiUrl": self.twilio_url,
            "TwilioNumber": self.desk_number if self.twilio.simulated else "",
            "MailFrom": MAIL_FROM,
            **self.parameters,
        }


# The template's parameters that a local user may want to set, by environment variable.
PARAMETER_VARIABLES = {
    "DRAGOMAN_DESK_LANGUAGES": "DeskLanguages",
    "DRAGOMAN_RETENTION_DAYS": "RetentionDays",
    "DRAGOMAN_ACKNOWLEDGEMENT_TEXT": "AcknowledgementText",
    "DRAGOMAN_ACKNOWLEDGEMENT_LANGUAGE": "AcknowledgementLanguage",
    "DRAGOMAN_REPLIES_PER_HOUR": "RepliesPerHour",
    "DRAGOMAN_API_REQUESTS_PER_SECOND": "ApiRequestsPerSecond",
    "DRAGOMAN_HELP_TEXT": "HelpText",
    "DRAGOMAN_ANSWER_TEXT": "AnswerText",
    "DRAGOMAN_LATE_ANSWER_TEXT": "LateAnswerText",
    "DRAGOMAN_CLARIFICATION_TEXT": "ClarificationText",
    "DRAGOMAN_OPT_OUT_WORDS": "OptOutWords",
    "DRAGOMAN_OPT_IN_WORDS": "OptInWords",
    "DRAGOMAN_HELP_WORDS": "HelpWords",
    "DRAGOMAN_RECONCILE_AFTER_SECONDS": "ReconcileAfterSeconds",
    "DRAGOMAN_ON_CALL_ADDRESS": "OnCallAddress",
    "DRAGOMAN_INCIDENT_ANSWER_SECONDS": "IncidentAnswerSeconds",
    "DRAGOMAN_INCIDENT_GATHER_SECONDS": "IncidentGatherSeconds",
    "DRAGOMAN_REQUIRED_TAGS": "RequiredTags",
    "DRAGOMAN_TAG_GUARD_ANSWER_SECONDS": "TagGuardAnswerSeconds",
    "DRAGOMAN_MAIL_FROM": "MailFrom",
    "DRAGOMAN_ALARM_EMAIL": "AlarmEmail",
    "DRAGOMAN_DIGEST_TIME_ZONE": "DigestTimeZone",
    "DRAGOMAN_DIGEST_AT": "DigestAt",
    "DRAGOMAN_DIGEST_STATE": "DigestState",
    "DRAGOMAN_DIGEST_SENTIMENT_TEXTS": "DigestSentimentTexts",
    "DRAGOMAN_TWILIO_NUMBER": "TwilioNumber",
}


def port(variable: str, default: int) -> int:
    """A port number from the environment.

    Raises:
        SystemExit: the variable holds something that is not a port.
    """
    value = os.environ.get(variable, str(default))
    if not value.isdigit() or not 1 <= int(value) <= 65535:
        raise SystemExit(f"{variable}={value} is not a port number (1 to 65535).")
    return int(value)


def simulated_twilio(state_dir: Path) -> Twilio:
    """An account at the simulated Twilio; its secrets are made once and kept with the other local data."""
    path = state_dir / "twilio-account.json"
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        account = {"accountSid": f"AC{secrets.token_hex(16)}", "authToken": secrets.token_hex(16)}
        path.touch(mode=0o600)
        path.write_text(json.dumps(account), encoding="utf-8")
    account = json.loads(path.read_text(encoding="utf-8"))
    sid, token = account["accountSid"], account["authToken"]
    return Twilio(account_sid=sid, auth_tokens=(token,), api_user=sid, api_password=token)


def twilio_from_environment() -> Twilio | None:
    """Real Twilio credentials, where TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are set.

    TWILIO_AUTH_TOKEN may name several tokens with commas between (rotation, sub-accounts); TWILIO_API_KEY and
    TWILIO_API_SECRET, where set, are what messages are sent with.
    """
    sid = os.environ.get("TWILIO_ACCOUNT_SID", "")
    tokens = tuple(token for token in os.environ.get("TWILIO_AUTH_TOKEN", "").split(",") if token)
    if not sid or not tokens:
        return None
    user = os.environ.get("TWILIO_API_KEY", sid)
    password = os.environ.get("TWILIO_API_SECRET", tokens[0])
    return Twilio(account_sid=sid, auth_tokens=tokens, api_user=user, api_password=password, simulated=False)


def load() -> Settings:
    """The settings of this environment.

    Raises:
        SystemExit: a setting is unusable; the message says which.
    """
    state_dir = Path(os.environ.get("DRAGOMAN_STATE_DIR", ROOT / ".dragoman")).resolve()
    twilio = twilio_from_environment() or simulated_twilio(state_dir)
    base_url = os.environ.get("DRAGOMAN_PUBLIC_BASE_URL", "").rstrip("/")
    if not twilio.simulated and not base_url:
        raise SystemExit(
            "With real Twilio credentials, DRAGOMAN_PUBLIC_BASE_URL must name your tunnel's public address, with the "
            "stage at its end: https://<your tunnel>/local"
        )
    return Settings(
        state_dir=state_dir,
        models_dir=Path(os.environ.get("DRAGOMAN_MODELS_DIR", ROOT / ".dragoman" / "models")).resolve(),
        ports=Ports(
            gateway=port("DRAGOMAN_GATEWAY_PORT", 8080),
            aws=port("DRAGOMAN_AWS_PORT", 4566),
            ai=port("DRAGOMAN_AI_PORT", 4577),
            twilio=port("DRAGOMAN_TWILIO_PORT", 8090),
        ),
        twilio=twilio,
        public_base_url=base_url,
        parameters={name: os.environ[var] for var, name in PARAMETER_VARIABLES.items() if var in os.environ},
    )
