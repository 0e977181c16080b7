"""A digest as an e-mail: plain text, and HTML with charts attached to it. Pure but for the imaging layer."""

from collections.abc import Mapping, Sequence
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from compose_digest_notice import charts
from compose_digest_notice.words import Words
from dragoman.digests import MAX_NAMES
from dragoman.times import parse

MAX_ROWS: Final = 10
UNKNOWN: Final = "und"
SENTIMENTS: Final[dict[str, charts.Colour]] = {
    "positive": (26, 127, 55),
    "neutral": (140, 149, 159),
    "mixed": (191, 135, 0),
    "negative": (207, 34, 46),
}
# The same in every language. What else a message may come by goes by its own name.
CHANNELS: Final = {"sms": "SMS", "mms": "MMS", "rcs": "RCS", "whatsapp": "WhatsApp"}
COUNTED: Final = ("byLanguage", "byChannel", "byLabel", "byEntry", "failures")
# ASCII alone, whatever the words: the text goes through services that make bytes of it.
POLICY: Final = policy.SMTP.clone(cte_type="7bit")
SMALL: Final = "#57606a"
STYLE: Final = "font-family: sans-serif; font-size: 15px; line-height: 1.45; color: #1f2328; max-width: 600px"
CELL: Final = "padding: 2px 16px 2px 0; text-align: left; vertical-align: top"
HEAD: Final = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'

Digest = Mapping[str, Any]


class Row(NamedTuple):
    """language: the value's, where a person wrote it."""

    label: str
    value: str
    language: str = ""


class Section(NamedTuple):
    """more: says that there are more rows than are shown; empty where there are none."""

    heading: str
    rows: list[Row]
    more: str = ""


def mime(digest: Digest, words: Words, address: str, sender: str, at: str) -> str:
    """The e-mail to an address, lines ended by CR and LF. Raises ValueError for an address that is none."""
    mail = EmailMessage(policy=POLICY)
    mail["From"], mail["To"] = sender, address
    mail["Subject"] = subject(digest, words)
    mail["Date"] = format_datetime(parse(at))
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text(digest, words))
    mail.add_alternative(html(digest, words), subtype="html")
    body = list(mail.iter_parts())[1]
    if not isinstance(body, EmailMessage):
        raise TypeError("a part that is no message")
    for name, picture in pictures(digest).items():
        body.add_related(picture, "image", "png", cid=f"<{name}>", disposition="inline", filename=f"{name}.png")
    # Set earlier, it would have become a header of the first part.
    mail["Content-Language"] = words.language
    return mail.as_string()


def subject(digest: Digest, words: Words) -> str:
    """What the e-mail is called."""
    return words.count("subject", digest["messages"]["inbound"], day=words.day(digest["day"]))


def pictures(digest: Digest) -> dict[str, bytes]:
    """The charts, by the names that the HTML shows them by."""
    totals = digest["sentiment"]["totals"]
    return {
        "hours": charts.hours(digest["byHour"]),
        "sentiment": charts.shares([totals[name] for name in SENTIMENTS], list(SENTIMENTS.values())),
    }


def sections(digest: Digest, words: Words) -> list[Section]:
    """Headings and the rows below them: a label and what it says. What there is nothing of is left out."""
    found = [_counted(digest[name], name, words) for name in COUNTED]
    found += [_waiting(digest, words), _cost(digest["cost"], words)]
    return [section for section in found if section.rows]


def _counted(counts: Sequence[Mapping[str, Any]], name: str, words: Words) -> Section:
    """A list of the digest, which itself may have been cut at MAX_NAMES."""
    rows = [Row(_label(name, each["name"], words), words.number(each["count"])) for each in counts[:MAX_ROWS]]
    key = "more" if len(counts) < MAX_NAMES else "moreAtLeast"
    return Section(words.say(name), rows, _more(key, len(counts), words))


def _label(name: str, value: str, words: Words) -> str:
    """A row's label in a list of the digest: languages and channels by their names, all else as it is."""
    if name == "byLanguage":
        return words.say("unknownLanguage") if value == UNKNOWN else words.named(value)
    return CHANNELS.get(value, value) if name == "byChannel" else value


def _waiting(digest: Digest, words: Words) -> Section:
    rows = [Row(_time(each, digest, words), each["preview"], each["language"]) for each in digest["unanswered"]]
    return Section(words.say("unanswered"), rows[:MAX_ROWS], _more("more", digest["answers"]["unanswered"], words))


def _cost(cost: Mapping[str, Any], words: Words) -> Section:
    rows = [Row(item["name"], words.number(item["amount"], 4)) for item in cost["items"]]
    heading = words.say("cost", total=words.number(cost["total"], 2), currency=cost["currency"])
    return Section(heading, rows[:MAX_ROWS], _more("more", len(rows), words))


def _more(key: str, total: int, words: Words) -> str:
    return words.count(key, total - MAX_ROWS) if total > MAX_ROWS else ""


def summary(digest: Digest, words: Words) -> list[str]:
    """The first sentences."""
    messages, answers, questions = digest["messages"], digest["answers"], digest["questions"]
    directory, waiting = words.number(answers["byDirectory"]), words.number(answers["unanswered"])
    lines = [
        words.say("traffic", **words.traffic(messages), stayed=words.count("stayed", messages["internal"])),
        words.answered(answers),
        words.say("directory", directory=directory, waiting=waiting),
    ]
    if questions["asked"] or questions["answered"]:
        lines.append(words.say("questions", **{name: words.number(value) for name, value in questions.items()}))
    if judged := digest["sentiment"]["judged"]:
        lines.append(words.count("judged", judged, sounds=", ".join(_sounds(digest, words).values())))
    if not digest["complete"]:
        lines.append(words.say("early"))
    return lines


def text(digest: Digest, words: Words) -> str:
    """The whole in plain words."""
    title = words.say("title", day=words.day(digest["day"], "dayOfWeek"), zone=digest["timeZone"])
    lines = [title, "", *summary(digest, words)]
    for heading, rows, more in sections(digest, words):
        lines += ["", heading, *(f"  {row.label}: {row.value}" for row in rows)]
        lines += [f"  {more}"] if more else []
    lines += ["", words.say("stop")]
    return "\n".join(lines) + "\n"


def html(digest: Digest, words: Words) -> str:
    """The same as a page, with the charts."""
    day = words.day(digest["day"], "dayOfWeek")
    parts = [f"<h1>{escape(day[:1].upper() + day[1:])}</h1>"]
    parts += [f"<p>{escape(line)}</p>" for line in summary(digest, words)]
    hours, values = words.say("byHour"), ", ".join(map(words.number, digest["byHour"]))
    parts += [f"<h2>{escape(hours)}</h2>", _picture("hours", f"{hours}: {values}")]
    if digest["sentiment"]["judged"]:
        parts += _sentiment(digest, words)
    parts += [_table(section) for section in sections(digest, words)]
    parts.append(f'<p style="color: {SMALL}">{escape(words.say("stop"))}</p>')
    body = f'<body style="{STYLE}">{"".join(parts)}</body>'
    title = f"<title>{escape(subject(digest, words))}</title>"
    return f'<!doctype html><html lang="{words.language}">{HEAD}{title}{body}</html>'


def _sentiment(digest: Digest, words: Words) -> list[str]:
    """The bar, and which of its colours is what and how many."""
    sounds = _sounds(digest, words)
    marks = (
        f'<span style="white-space: nowrap"><span style="color: #{bytes(colour).hex()}">&#9632;</span> '
        f"{escape(sounds[name])}</span>"
        for name, colour in SENTIMENTS.items()
    )
    alternative = words.say("soundsChart", sounds=", ".join(sounds.values()))
    heading = f"<h2>{escape(words.say('sounds'))}</h2>"
    return [heading, _picture("sentiment", alternative), f"<p>{' &nbsp; '.join(marks)}</p>"]


def _sounds(digest: Digest, words: Words) -> dict[str, str]:
    """How many messages sound how, in words."""
    return {name: words.count(name, digest["sentiment"]["totals"][name]) for name in SENTIMENTS}


def _picture(name: str, words: str) -> str:
    return f'<p><img src="cid:{name}" alt="{escape(words)}" width="{charts.WIDTH}" style="max-width: 100%"></p>'


def _table(section: Section) -> str:
    cells = "".join(
        f'<tr><th scope="row" style="{CELL}; font-weight: normal">{escape(row.label)}</th>'
        f'<td style="{CELL}"{_written(row.language)}>{escape(row.value)}</td></tr>'
        for row in section.rows
    )
    more = f'<p style="color: {SMALL}">{escape(section.more)}</p>' if section.more else ""
    return f"<h2>{escape(section.heading)}</h2><table>{cells}</table>{more}"


def _written(language: str) -> str:
    """The attributes of what a person wrote: its language, where it is known, and that it has its own direction."""
    if not language:
        return ""
    return ' dir="auto"' if language == UNKNOWN else f' lang="{escape(language)}" dir="auto"'


def _time(waiting: Mapping[str, Any], digest: Digest, words: Words) -> str:
    """When it came by the digest's clock, with the date where it is another's; and in which language."""
    moment = parse(waiting["receivedAt"]).astimezone(ZoneInfo(digest["timeZone"]))
    day, language = moment.date().isoformat(), waiting["language"]
    parts = ["" if day == digest["day"] else words.day(day, "dayOfYear"), f"{moment:%H:%M}"]
    return ", ".join(part for part in (*parts, "" if language == UNKNOWN else words.named(language)) if part)
