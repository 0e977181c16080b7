"""What is said of a digest, in each language: the same things, in its own words, plurals and numbers."""

import json
import re
from email import message_from_string
from email.policy import default
from string import Formatter
from typing import Any

import pytest

from compose_digest_notice import words as module
from compose_digest_notice.logic import notice
from compose_digest_notice.mail import MAX_ROWS, html, sections, subject, summary, text
from compose_digest_notice.message import words as sms
from compose_digest_notice.settings import Settings
from compose_digest_notice.words import LANGUAGES, reader_language, words_in
from dragoman.digests import MAX_NAMES
from dragoman.items import item
from infra.build import DATA, ROOT
from infra.site import LANGUAGES as TRANSLATED

EXAMPLE: Any = json.loads((ROOT / "schemas/digest.json").read_text(encoding="utf-8"))["examples"][0]
SETTINGS = Settings("desk@example.org", "+15550100100", "AC" + "0" * 32, ("en", "es"))


def catalogue(language: str) -> Any:
    return json.loads((ROOT / f"functions/compose_digest_notice/{language}.json").read_text(encoding="utf-8"))


def values(text: str) -> set[str]:
    """The names of a text's values."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def digest(**sections: Any) -> Any:
    """The schema's example, with other sections."""
    return {**EXAMPLE, **sections}


def mail(language: str | None, desk: tuple[str, ...] = ("en", "es")) -> Any:
    subscription = {"subscriptionId": "s-1", "kind": "email", "address": "ana@example.org"}
    wanted = {**subscription, **({"language": language} if language else {})}
    kept = {"document": {"S": json.dumps(EXAMPLE)}}
    settings = Settings(SETTINGS.mail_from, SETTINGS.number, SETTINGS.account_id, desk)
    given = {"item": kept, "subscription": item(wanted), "run": "run-1", "now": "2026-11-28T06:00:00.000Z"}
    made = notice(given, settings)
    return made, message_from_string(made["mime"], policy=default)


# --- the catalogues


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogues_say_the_same_things_with_the_same_values(language: str) -> None:
    found, english = catalogue(language), catalogue("en")
    assert {key: values(each) for key, each in found["texts"].items()} == {
        key: values(each) for key, each in english["texts"].items()
    }
    assert [len(found[name]) for name in ("weekdays", "months")] == [7, 12]
    assert found["languages"].keys() == english["languages"].keys()
    assert all(each.strip() == each != "" for each in (*found["texts"].values(), *found["languages"].values()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_said_by_nobody(language: str) -> None:
    code = "".join(file.read_text() for file in (ROOT / "functions/compose_digest_notice").glob("*.py"))
    for key in catalogue(language)["texts"]:
        name = re.sub("_(one|other)$", "", key)
        assert re.search(f"[\"']{name}[\"']", code), key


def test_every_catalogue_is_packaged_and_the_console_has_the_same() -> None:
    assert DATA["compose_digest_notice"] == tuple(
        f"functions/compose_digest_notice/{language}.json" for language in LANGUAGES
    )
    assert {file.stem for file in (ROOT / "functions/compose_digest_notice").glob("*.json")} == set(LANGUAGES)
    assert {file.stem for file in (ROOT / "console/src/i18n").glob("*.json")} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_that_may_be_written_in_has_a_name(language: str) -> None:
    assert set(TRANSLATED) <= catalogue(language)["languages"].keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentence_about_stopping_names_the_consoles_page(language: str) -> None:
    console = json.loads((ROOT / f"console/src/i18n/{language}.json").read_text(encoding="utf-8"))
    assert console["subscriptions"]["title"] in words_in(language).say("stop")


# --- which language


@pytest.mark.parametrize(
    ("wanted", "desk", "language"),
    [
        ("es", ("en",), "es"),
        ("pt-BR", ("en",), "pt"),
        ("fr", ("pt", "en"), "pt"),
        (None, ("es-MX", "en"), "es"),
        (None, ("fr", "es"), "es"),
        ("fr", ("de",), "en"),
        (None, (), "en"),
    ],
)
def test_reader_is_written_to_in_what_comes_nearest(wanted: str | None, desk: tuple[str, ...], language: str) -> None:
    assert reader_language(wanted, desk) == language


@pytest.mark.parametrize(
    ("wanted", "language", "subject", "stop"),
    [
        ("en", "en", "Dragoman: 3 messages, November 27, 2026", "To get no more"),
        ("es-MX", "es", "Dragoman: 3 mensajes, 27 de noviembre de 2026", "Para no recibir más"),
        ("pt-BR", "pt", "Dragoman: 3 mensagens, 27 de novembro de 2026", "Para não receber mais"),
        ("fr", "en", "Dragoman: 3 messages, November 27, 2026", "To get no more"),
    ],
)
def test_mail_is_in_the_subscribers_language(wanted: str, language: str, subject: str, stop: str) -> None:
    made, found = mail(wanted)
    assert made["mime"].isascii()
    assert (found["Content-Language"], found["Subject"], made["subject"]) == (language, subject, subject)
    plain, rich = (found.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert stop in plain
    assert stop in rich
    assert f'<html lang="{language}">' in rich
    assert 'lang="es" dir="auto">¿Puedo venir mañana?' in rich


def test_mail_to_somebody_without_a_language_is_in_the_desks() -> None:
    assert mail(None, ("es-MX", "en"))[1]["Content-Language"] == "es"


# --- what is said


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        ("en", "1 message came in, 1 went out, 1 stayed at the desk.", "2 messages came in, 0 went out, 2 stayed"),
        ("es", "Llegó 1 mensaje, salió 1, se quedó 1 en la mesa.", "Llegaron 2 mensajes, salieron 0, se quedaron 2"),
        ("pt", "Chegou 1 mensagem, saiu 1, ficou 1 no balcão.", "Chegaram 2 mensagens, saiu 0, ficaram 2"),
    ],
)
def test_what_is_counted_is_in_its_singular_or_plural(language: str, one: str, several: str) -> None:
    words = words_in(language)
    first = digest(messages={"inbound": 1, "outbound": 1, "internal": 1})
    assert summary(first, words)[0] == one
    assert summary(digest(messages={"inbound": 2, "outbound": 0, "internal": 2}), words)[0].startswith(several)
    assert subject(first, words).startswith(f"Dragoman: 1 {words.count('subject', 1, day='').split()[2].rstrip(',')},")
    assert "1 messages" not in subject(first, words)


@pytest.mark.parametrize(
    ("language", "seconds", "words"),
    [
        ("en", 45, "45 seconds"),
        ("es", 1, "1 segundo"),
        ("es", 11100, "3 horas y 5 minutos"),
        ("es", 3600, "1 hora"),
        ("pt", 60, "1 minuto"),
        ("pt", 11100, "3 horas e 5 minutos"),
    ],
)
def test_duration_is_in_words(language: str, seconds: float, words: str) -> None:
    assert words_in(language).duration(seconds) == words


@pytest.mark.parametrize(
    ("language", "value", "digits", "written"),
    [
        ("en", 1234.5, 2, "1,234.50"),
        ("en", 999, 0, "999"),
        ("es", 1234.5, 2, "1234,50"),
        ("es", 12345, 0, "12.345"),
        ("pt", 1234.5, 2, "1.234,50"),
        ("pt", 0.0253, 4, "0,0253"),
        ("pt", 1234567, 0, "1.234.567"),
    ],
)
def test_number_is_in_the_languages_notation(language: str, value: float, digits: int, written: str) -> None:
    assert words_in(language).number(value, digits) == written


@pytest.mark.parametrize(
    ("language", "whole", "short"),
    [
        ("en", "Friday, November 27, 2026", "November 27"),
        ("es", "viernes, 27 de noviembre de 2026", "27 de noviembre"),
        ("pt", "sexta-feira, 27 de novembro de 2026", "27 de novembro"),
    ],
)
def test_day_is_in_words(language: str, whole: str, short: str) -> None:
    words = words_in(language)
    assert (words.day("2026-11-27", "dayOfWeek"), words.day("2026-11-27", "dayOfYear")) == (whole, short)
    assert f"<h1>{whole[0].upper()}{whole[1:]}</h1>" in html(EXAMPLE, words)


@pytest.mark.parametrize(
    ("language", "code", "name"),
    [("en", "es", "Spanish"), ("es", "es", "español"), ("pt", "es-AR", "espanhol"), ("es", "tlh", "tlh")],
)
def test_language_goes_by_its_name(language: str, code: str, name: str) -> None:
    assert words_in(language).named(code) == name


EVERYTHING = {
    "es": """Dragoman, viernes, 27 de noviembre de 2026 (America/New_York)

Llegaron 3 mensajes, salieron 2, se quedó 1 en la mesa.
Respondidos por una persona: 1, en 6 minutos.
Respondidos por el directorio: 1. Conversaciones que esperan: 1.
Preguntas hechas: 1, respondidas: 0.
De 2 mensajes valorados: 1 positivo, 0 neutros, 0 mixtos, 1 negativo.

Idiomas
  español: 2
  inglés: 1

Canales
  SMS: 3
""",
    "pt": """Dragoman, sexta-feira, 27 de novembro de 2026 (America/New_York)

Chegaram 3 mensagens, saíram 2, ficou 1 no balcão.
Respondidas por uma pessoa: 1, em 6 minutos.
Respondidas pelo diretório: 1. Conversas que esperam: 1.
Perguntas feitas: 1, respondidas: 0.
De 2 mensagens avaliadas: 1 positiva, 0 neutra, 0 mista, 1 negativa.

Idiomas
  espanhol: 2
  inglês: 1

Canais
  SMS: 3
""",
}


@pytest.mark.parametrize("language", EVERYTHING)
def test_mail_says_it_all_in_its_language(language: str) -> None:
    said = text(EXAMPLE, words_in(language))
    assert said.startswith(EVERYTHING[language])
    assert "11:20, " in said
    assert f"{'Coste' if language == 'es' else 'Custo'}: 0,03 USD\n  Twilio: SMS received: 0,0249\n" in said


@pytest.mark.parametrize(("language", "said"), [("en", "Nobody"), ("es", "Nadie"), ("pt", "Ninguém")])
def test_day_that_nobody_answered_and_that_is_not_over_says_so(language: str, said: str) -> None:
    quiet = digest(answers={**EXAMPLE["answers"], "answered": 0, "medianSeconds": None}, complete=False)
    lines = summary(quiet, words_in(language))
    assert lines[1].startswith(said)
    assert lines[-1] == words_in(language).say("early")


def test_what_nobody_could_tell_has_no_name_of_a_language() -> None:
    (waiting,) = EXAMPLE["unanswered"]
    given = digest(byLanguage=[{"name": "und", "count": 1}], unanswered=[{**waiting, "language": "und"}])
    rows = {section.heading: section.rows for section in sections(given, words_in("es"))}
    assert rows["Idiomas"][0].label == "No se ha podido saber"
    assert rows["Esperan una respuesta"][0].label == "11:20"
    assert '<td style="padding: 2px 16px 2px 0; text-align: left; vertical-align: top" dir="auto">' in html(
        given, words_in("es")
    )


@pytest.mark.parametrize(
    ("names", "more"),
    [
        (MAX_ROWS, ""),
        (MAX_ROWS + 1, "y 1 más"),
        (MAX_NAMES - 1, f"y {MAX_NAMES - 1 - MAX_ROWS} más"),
        (MAX_NAMES, f"y al menos {MAX_NAMES - MAX_ROWS} más"),
    ],
)
def test_rows_that_are_left_out_are_counted(names: int, more: str) -> None:
    words = words_in("es")
    given = digest(byLabel=[{"name": f"Label {number}", "count": 1} for number in range(names)])
    (found,) = (section for section in sections(given, words) if section.heading == "Visto en imágenes")
    assert (len(found.rows), found.more) == (MAX_ROWS, more)
    assert (" más\n" in text(given, words)) == (" más</p>" in html(given, words)) == bool(more)
    assert f"{more}\n" in text(given, words)


def test_who_waits_beyond_those_in_the_digest_is_counted() -> None:
    waits = digest(unanswered=EXAMPLE["unanswered"] * 20, answers={**EXAMPLE["answers"], "unanswered": 1210})
    (found,) = (each for each in sections(waits, words_in("pt")) if each.heading == "Esperam uma resposta")
    assert (len(found.rows), found.more) == (MAX_ROWS, "e mais 1.200")


def test_text_counts_one_as_one() -> None:
    one = sms(digest(messages={"inbound": 1, "outbound": 1, "internal": 0}))
    assert one.startswith("Summary of 2026-11-27: 1 message came in, 1 went out. Answered by a person: 1, within")
    assert sms(EXAMPLE).startswith("Summary of 2026-11-27: 3 messages came in, 2 went out.")
    assert one.endswith("Cost: 0.03 USD.")


def test_words_are_read_once() -> None:
    assert module.words_in("es") is words_in("es")
