"""`make ask`: puts a question to a contact over the REST API, and waits for the answer.

What to ask comes in environment variables, so that make hands words over as they were written: TO (a number in E.164,
or whatsapp: before it), TEXT, CHOICES ("value=text;value=text", or texts alone), WITHIN and REMIND (seconds),
QUESTION_LANGUAGE, BY, KEY (the question's id).
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from infra.directory import DirectoryError, open_api, schema, show, tell

# How often is asked, in seconds, in the first minute and after it: a day of asking each second would use up most of the
# requests that a key has a day.
EVERY: Final = 1.0
SELDOM: Final = 10.0
QUICK_SECONDS: Final = 60.0
# How long a question that was accepted may take to be there, and how long the API may fail to answer after that.
APPEARS_WITHIN: Final = 15.0
PATIENCE: Final = 120.0
ANSWERED, UNANSWERED, REFUSED = 0, 1, 2
# By a member of schemas/question_request.json, what the variable that it comes from takes.
TAKES: Final = {
    "address": "TO is a phone number with its country code, such as +12025550100 or whatsapp:+12025550100",
    "text": "TEXT has at most 640 characters",
    "choices": "CHOICES are at most nine of 60 characters; their values have at most 40 letters, digits, - _ and .",
    "answerWithinSeconds": "WITHIN is a number of seconds from 10 to 2592000, which is 30 days",
    "remindAfterSeconds": "REMIND is a number of seconds from 5 to 2592000, less than WITHIN",
    "language": "LANGUAGE is the code of a language, such as en or pt-BR",
    "askedBy": "BY has at most 60 characters",
}

Json = dict[str, Any]
Say = Callable[[str], None]


class AskError(Exception):
    """The question cannot be put or followed; the text says why."""


class NotNow(AskError):
    """It cannot be read at the moment; it may be in another."""


class Clock:
    """The time, so that tests need not wait."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def request_of(given: Mapping[str, str]) -> Json:
    """What POST /questions takes, from the environment. Raises AskError."""
    to, text = given.get("TO", "").strip(), given.get("TEXT", "").strip()
    if not to or not text:
        raise AskError("Say whom and what to ask: make ask TO=+12025550100 TEXT='Send it again?'")
    request: Json = {"address": address_of(to), "text": text}
    if choices := choices_of(given.get("CHOICES", "")):
        request["choices"] = choices
    for name, member in (("WITHIN", "answerWithinSeconds"), ("REMIND", "remindAfterSeconds")):
        if seconds := given.get(name, "").strip():
            if not seconds.isdigit():
                raise AskError(f"{name} is a number of seconds")
            request[member] = int(seconds)
    named = (("QUESTION_LANGUAGE", "language"), ("BY", "askedBy"))
    request |= {member: given[name].strip() for name, member in named if given.get(name, "").strip()}
    for error in schema("question_request").iter_errors(request):
        raise AskError(TAKES[str(error.path[0])])
    return request


def address_of(to: str) -> str:
    """ "+12025550100" or "whatsapp:+12025550100" as an address; blanks, hyphens and brackets may stand in a number."""
    channel, _, number = to.rpartition(":")
    return f"{channel or 'sms'}:{re.sub(r'[ ()-]', '', number)}"


def choices_of(text: str) -> list[dict[str, str]]:
    """ "redrive=Send again;Leave it" as choices; a value that is not given is made of the text."""
    choices: list[dict[str, str]] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        value, given, words = part.partition("=")
        words = words.strip() if given else part
        value = value.strip() if given else re.sub(r"[^A-Za-z0-9_.-]+", "-", part).strip("-").lower()[:40]
        choices.append({"value": value or str(len(choices) + 1), "text": words})
    return choices


def asked(client: httpx.Client, request: Json, key: str) -> str:
    """Puts the question and returns its id. Raises AskError."""
    headers = {"Idempotency-Key": key} if key else {}
    try:
        answer = client.post("/questions", json=request, headers=headers)
    except httpx.HTTPError as error:
        raise AskError(f"The API does not answer ({type(error).__name__}).") from None
    if answer.status_code != 202:
        raise AskError(f"The question was not accepted ({answer.status_code}): {_detail(answer)}")
    return str(answer.json()["questionId"])


def followed(client: httpx.Client, question_id: str, say: Say, progress: Say, clock: Clock) -> Json:
    """The question once it is closed. What happens until then is said, how long is left shown. Raises AskError."""
    quick_until, patient_until, told = clock.now() + QUICK_SECONDS, clock.now() + APPEARS_WITHIN, set[str]()
    while True:
        try:
            question = looked(client, question_id)
        except NotNow:
            if clock.now() > patient_until:
                raise
        else:
            patient_until = clock.now() + PATIENCE
            for line in news(question):
                if line not in told:
                    say(line)
                    told.add(line)
            if question["status"] != "open":
                return question
            progress(f"Waiting for the answer, {left(question, clock.now())} left")
        clock.sleep(EVERY if clock.now() < quick_until else SELDOM)


def looked(client: httpx.Client, question_id: str) -> Json:
    """The question as it stands. Raises NotNow while it is not there, the API does not answer or there are too many
    requests; AskError."""
    try:
        answer = client.get(f"/questions/{question_id}")
    except httpx.HTTPError as error:
        raise NotNow(f"The API does not answer ({type(error).__name__}).") from None
    if answer.status_code == 200:
        question: Json = answer.json()
        return question
    kind = NotNow if answer.status_code in (404, 429) or answer.status_code >= 500 else AskError
    raise kind(f"The question cannot be read ({answer.status_code}): {_detail(answer)}")


def news(question: Json) -> list[str]:
    """What has happened to a question so far, a line each."""
    lines = []
    if "messageId" in question:
        language = question["contactLanguage"]
        lines.append(
            f"Asked with the code #{question['code']}" + (f", in {language}" if language != "und" else "") + "."
        )
    if "remindedAt" in question:
        lines.append(f"Reminded at {question['remindedAt']}.")
    return lines


def left(question: Json, now: float) -> str:
    """How long there is until the deadline, such as 59:58 or 23:59:58."""
    deadline = datetime.fromisoformat(question["deadlineAt"].replace("Z", "+00:00")).astimezone(UTC).timestamp()
    minutes, seconds = divmod(max(0, round(deadline - now)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def ended(question: Json) -> tuple[str, int]:
    """What became of a question, and the exit status that says so."""
    answer = question.get("answer", {})
    if question["status"] == "answered":
        own = "" if answer["original"] == answer["text"] else f" (they wrote: {answer['original']})"
        value = "" if answer["value"] == answer["text"] else f"{answer['value']}: "
        return f"Answered: {value}{answer['text']}{own}", ANSWERED
    if question["status"] == "failed":
        return f"It could not be asked: {question['reason']}", REFUSED
    if question["status"] == "undelivered":
        return f"It did not arrive: {question['reason']}", UNANSWERED
    reasons = {
        "expired": "Nobody answered in time.",
        "opted-out": "The contact does not want to be written to.",
        "cancelled": "The question was taken back.",
    }
    return reasons[question["status"]], UNANSWERED


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", ""))
    except ValueError:
        return answer.text[:200]


def stays(question_id: str) -> None:
    """Says where a question is that is followed no longer."""
    if question_id:
        tell(f"The question stays open: GET /questions/{question_id}")


def main(arguments: list[str] | None = None) -> int:
    """Command line: asks, and waits."""
    parser = argparse.ArgumentParser(prog="infra.questions", description=__doc__.splitlines()[0])
    parser.add_argument("--aws", action="store_true", help="the stack on AWS, not the local one")
    parser.add_argument("--stack", default="dragoman")
    options = parser.parse_args(arguments)
    question_id = ""
    try:
        request = request_of(os.environ)
        with open_api(options.aws, options.stack) as client:
            question_id = asked(client, request, os.environ.get("KEY", "").strip())
            tell(f"Question {question_id}")
            line, status = ended(followed(client, question_id, tell, show, Clock()))
    except (AskError, DirectoryError) as error:
        print(error, file=sys.stderr)
        stays(question_id)
        return REFUSED
    except KeyboardInterrupt:
        stays(question_id)
        return UNANSWERED
    tell(line)
    return status


if __name__ == "__main__":
    sys.exit(main())
