"""A digest as an e-mail: plain text, and HTML with charts attached to it. Pure but for the imaging layer."""

from collections.abc import Iterable, Mapping
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

from compose_digest_notice import charts
from compose_digest_notice.words import answered_words
from dragoman.times import parse

MAX_ROWS: Final = 10
SENTIMENTS: Final[dict[str, charts.Colour]] = {
    "positive": (26, 127, 55),
    "neutral": (140, 149, 159),
    "mixed": (191, 135, 0),
    "negative": (207, 34, 46),
}
# There is no address that a List-Unsubscribe could name: MailFrom may read nothing, and the API asks for a key.
STOP: Final = (
    "To get no more of these e-mails, ask the desk: who has its console or an API key can take your address off under "
    "“Who gets the digest”."
)
# ASCII alone, whatever the words: the text goes through services that make bytes of it.
POLICY: Final = policy.SMTP.clone(cte_type="7bit")
SMALL: Final = "#57606a"
STYLE: Final = "font-family: sans-serif; font-size: 15px; line-height: 1.45; color: #1f2328; max-width: 600px"
CELL: Final = "padding: 2px 16px 2px 0; text-align: left; vertical-align: top"

Digest = Mapping[str, Any]
Rows = list[tuple[str, str]]
Section = tuple[str, Rows]


def mime(digest: Digest, subscription: Mapping[str, Any], sender: str, at: str) -> str:
    """The e-mail to a subscription of kind email, lines ended by CR and LF. Raises ValueError for an address that is
    none."""
    mail = EmailMessage(policy=POLICY)
    mail["From"], mail["To"] = sender, subscription["address"]
    mail["Subject"] = subject(digest)
    mail["Date"] = format_datetime(parse(at))
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text(digest))
    mail.add_alternative(html(digest), subtype="html")
    body = list(mail.iter_parts())[1]
    if not isinstance(body, EmailMessage):
        raise TypeError("a part that is no message")
    for name, picture in pictures(digest).items():
        body.add_related(picture, "image", "png", cid=f"<{name}>", disposition="inline", filename=f"{name}.png")
    return mail.as_string()


def subject(digest: Digest) -> str:
    """What the e-mail is called."""
    return f"Dragoman: {digest['day']}, {digest['messages']['inbound']} messages"


def pictures(digest: Digest) -> dict[str, bytes]:
    """The charts, by the names that the HTML shows them by."""
    totals = digest["sentiment"]["totals"]
    return {
        "hours": charts.hours(digest["byHour"]),
        "sentiment": charts.shares([totals[name] for name in SENTIMENTS], list(SENTIMENTS.values())),
    }


def sections(digest: Digest) -> list[Section]:
    """Headings and the rows below them: a label and what it says. What there is nothing of is left out."""
    tables = [
        ("Languages", "byLanguage"),
        ("Channels", "byChannel"),
        ("Seen in pictures", "byLabel"),
        ("Answered from the directory", "byEntry"),
        ("Not delivered", "failures"),
    ]
    found = [(heading, _counts(digest[name])) for heading, name in tables]
    found.append(
        (
            "Waiting for an answer",
            [(_time(each, digest), each["preview"]) for each in digest["unanswered"][:MAX_ROWS]],
        )
    )
    items = [(item["name"], f"{item['amount']:.4f}") for item in digest["cost"]["items"][:MAX_ROWS]]
    found.append((f"Cost: {digest['cost']['total']:.2f} {digest['cost']['currency']}", items))
    return [(heading, rows) for heading, rows in found if rows]


def summary(digest: Digest) -> list[str]:
    """The first sentences."""
    messages, answers, sentiment = digest["messages"], digest["answers"], digest["sentiment"]
    came, went, stayed = (messages[name] for name in ("inbound", "outbound", "internal"))
    lines = [
        f"{came} messages came in, {went} went out, {stayed} stayed at the desk.",
        answered_words(answers),
        f"Answered by the directory: {answers['byDirectory']}. Conversations that wait: {answers['unanswered']}.",
    ]
    if digest["questions"]["asked"] or digest["questions"]["answered"]:
        lines.append(f"Questions put: {digest['questions']['asked']}, answered: {digest['questions']['answered']}.")
    if sentiment["judged"]:
        lines.append(f"Of {sentiment['judged']} messages judged: {_sounds(digest)}.")
    if not digest["complete"]:
        lines.append("The day was not over when this was written.")
    return lines


def text(digest: Digest) -> str:
    """The whole in plain words."""
    lines = [f"Dragoman, {digest['day']} ({digest['timeZone']})", "", *summary(digest)]
    for heading, rows in sections(digest):
        lines += ["", heading, *(f"  {label}: {value}" for label, value in rows)]
    lines += ["", STOP]
    return "\n".join(lines) + "\n"


def html(digest: Digest) -> str:
    """The same as a page, with the charts."""
    parts = [f"<h1>{escape(digest['day'])}</h1>", *(f"<p>{escape(line)}</p>" for line in summary(digest))]
    parts.append(_picture("hours", "Messages by the hour: " + ", ".join(map(str, digest["byHour"]))))
    if digest["sentiment"]["judged"]:
        parts += ["<h2>How the messages sound</h2>", _picture("sentiment", f"From left to right: {_sounds(digest)}")]
        parts.append(_legend(digest))
    parts += [_table(heading, rows) for heading, rows in sections(digest)]
    parts.append(f'<p style="color: {SMALL}">{escape(STOP)}</p>')
    body = "".join(parts)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><body style="{STYLE}">{body}</body></html>'


def _sounds(digest: Digest) -> str:
    return ", ".join(f"{digest['sentiment']['totals'][name]} {name}" for name in SENTIMENTS)


def _legend(digest: Digest) -> str:
    """Which colour of the bar is what, and how many."""
    totals = digest["sentiment"]["totals"]
    marks = (
        f'<span style="color: #{bytes(colour).hex()}">&#9632;</span> {name}: {totals[name]}'
        for name, colour in SENTIMENTS.items()
    )
    return f"<p>{' &nbsp; '.join(marks)}</p>"


def _picture(name: str, words: str) -> str:
    return f'<p><img src="cid:{name}" alt="{escape(words)}" width="{charts.WIDTH}" style="max-width: 100%"></p>'


def _table(heading: str, rows: Rows) -> str:
    cells = "".join(
        f'<tr><th style="{CELL}; font-weight: normal">{escape(label)}</th><td style="{CELL}">{escape(value)}</td></tr>'
        for label, value in rows
    )
    return f"<h2>{escape(heading)}</h2><table>{cells}</table>"


def _counts(found: Iterable[Mapping[str, Any]]) -> Rows:
    return [(each["name"], str(each["count"])) for each in list(found)[:MAX_ROWS]]


def _time(waiting: Mapping[str, Any], digest: Digest) -> str:
    """When it came by the digest's clock, with the date where it is another than the digest's."""
    moment = parse(waiting["receivedAt"]).astimezone(ZoneInfo(digest["timeZone"]))
    day = "" if moment.date().isoformat() == digest["day"] else f"{moment.date().isoformat()} "
    return f"{day}{moment:%H:%M}, {waiting['language']}"
