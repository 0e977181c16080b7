"""`make run`: starts everything, says where it is, and stops on Ctrl-C."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time

from infra.local import config
from infra.local.aws.deploy import DeployError
from infra.local.serving import PortInUse
from infra.local.stack import LocalStack


def summary(settings: config.Settings, stack: LocalStack, seconds: float) -> str:
    """What a newcomer wants to know, with examples that can be pasted."""
    key = settings.api_key()
    lines = [
        "",
        f"Dragoman is ready ({seconds:.1f} s). It listens on 127.0.0.1 only.",
        "",
        f"  Console    {settings.console_url}   (sign in as {config.OPERATORS[0]} with {settings.desk_password()})",
        *(
            [f"  Handset    {settings.handset_url}   (a phone to text the number with)"]
            if settings.twilio.simulated
            else []
        ),
        f"  REST API   {settings.gateway_url}   (x-api-key: {key})",
        f"  Webhook    {settings.template_parameters()['PublicBaseUrl']}/twilio/messages",
        f"  AWS        http://127.0.0.1:{settings.ports.aws}   (aws --endpoint-url …, region us-east-1)",
        f"  Twilio     {settings.twilio_url}   ({'simulated' if settings.twilio.simulated else 'the real one'})",
        f"  Mail       {settings.mail_dir}   (what would have been e-mailed)",
        f"  Data       {settings.state_dir}",
        "",
        *(f"  {line}" for line in stack.languages.splitlines()),
        "",
    ]
    if settings.twilio.simulated:
        lines += [
            "Open the console and a handset side by side, or text the number from another terminal:",
            "",
            "  make text FROM=+12025550100 BODY='¿Dónde está la clínica?'",
            "",
            "and fetch a report by its id, as an integrator does:",
            "",
            f"  curl -s -H 'x-api-key: {key}' {settings.gateway_url}/reports/SM…",
            "",
        ]
    return "\n".join([*lines, "Ctrl-C stops it; the data stays."])


def main() -> int:
    """Runs until Ctrl-C or SIGTERM. Exit status 1 when it could not start, with the reason on stderr."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for name in ("httpx", "httpcore"):  # they log whole addresses
        logging.getLogger(name).setLevel(logging.WARNING)
    started = time.monotonic()
    settings = config.load()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stack = LocalStack(settings, lambda line: print(f"  {line} …", flush=True))
    try:
        stack.start()
        print(summary(settings, stack, time.monotonic() - started), flush=True)
        # The signal may reach another thread, but its handler runs in this one: once a second it looks.
        while not stop.wait(1):
            pass
    except (PortInUse, DeployError, RuntimeError) as error:
        print(f"Dragoman could not start. {error}", file=sys.stderr)
        return 1
    finally:
        if stop.is_set():
            print("\nStopping …", flush=True)
        stack.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
