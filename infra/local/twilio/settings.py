"""Settings of the simulated Twilio."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """``auth_tokens``: the first signs, all of them sign in. ``webhook_url`` is where incoming messages are posted, as
    the console of Twilio would have it, connection overrides (``#rc=2&rp=all``) included. ``number`` is the desk's.

    ``state_file`` keeps the conversation over a restart (None: memory only). ``carrier_opt_out`` answers STOP, START
    and HELP as Twilio does by itself; ``advanced_opt_out`` adds ``OptOutType`` to their webhooks.
    ``step_seconds`` lies between the states of a message that is being delivered.
    """

    account_sid: str
    auth_tokens: tuple[str, ...] = field(repr=False)
    webhook_url: str
    number: str
    api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    state_file: Path | None = None
    messaging_service_sid: str = ""
    carrier_opt_out: bool = True
    advanced_opt_out: bool = False
    step_seconds: float = 0.05
