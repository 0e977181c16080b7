"""Words that say something about being written to, in every script and spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.optouts import STOP
from normalise_webhook.consent import HELP, MAX_NEAR_MISS_WORDS, START, Keywords, folded
from normalise_webhook.logic import normalise
from normalise_webhook.settings import Settings
from tests.unit.functions.samples import RECEIVED_AT_MS, SMS, form

TWILIOS = Keywords.of()
WORLD = Keywords.of(
    (*STOP, "ARRÊT", "ALTO", "توقف", "إيقاف", "停止", "やめる", "ストップ", "रोको", "СТОП", "ΔΙΑΚΟΠΗ", "הסר"),
    (*START, "INICIAR", "開始"),
    (*HELP, "AYUDA", "मदद"),
)


@pytest.mark.parametrize("word", STOP)
@pytest.mark.parametrize(
    "spell", [str, str.lower, str.title, lambda word: f" {word}\r\n", lambda word: word[0] + " " + word[1:]]
)
def test_consent_stop_in_any_spelling(word: str, spell: type[str]) -> None:
    assert TWILIOS.consent(spell(word)) == "stop"


@pytest.mark.parametrize(
    ("text", "consent"),
    [
        *((word, "start") for word in START),
        *((word.lower(), "help") for word in HELP),
        ("Opt out", "stop"),
        ("o p t\nout", "stop"),
        ("ＳＴＯＰ", "stop"),
        ("𝐒𝐓𝐎𝐏", "stop"),
        ("ST\u200bOP", "stop"),
        ("\u200fSTOP\ufeff", "stop"),
        ("", None),
        (" \n", None),
        ("Where is the clinic?", None),
        ("HELP ME", None),
        ("stopp", None),
        ("yes please", None),
        ("STOP" * 200, None),
    ],
)
def test_consent_twilios_words(text: str, consent: str | None) -> None:
    assert TWILIOS.consent(text) == consent


@pytest.mark.parametrize(
    ("text", "consent"),
    [
        ("ARRET", "stop"),
        ("arrêt", "stop"),
        ("arre\u0302t", "stop"),
        ("alto", "stop"),
        ("ﺗﻮﻗﻒ", "stop"),
        ("تَوَقُّف", "stop"),
        ("تـوقـف", "stop"),
        ("ايقاف", "stop"),
        ("停止", "stop"),
        ("ｽﾄｯﾌﾟ", "stop"),
        ("ストップ", "stop"),
        ("ヤメル", None),
        ("रोको", "stop"),
        ("стоп", "stop"),
        ("διακοπή", "stop"),
        ("הָסֵר", "stop"),
        ("iniciar", "start"),
        ("開始", "start"),
        ("मदद", "help"),
        ("ayuda", "help"),
    ],
)
def test_consent_in_other_scripts(text: str, consent: str | None) -> None:
    assert WORLD.consent(text) == consent


def test_consent_marks_that_make_another_letter_are_not_folded() -> None:
    """が is not か, and बंद is not बद."""
    assert folded("が") != folded("か")
    assert folded("बंद") != folded("बद")


@pytest.mark.parametrize(
    "text",
    [
        "Stop. Thank you",
        "please stop",
        "STOP.",
        "Stop!!!",
        "«stop»",
        "STOP 🙏",
        "ok - stop",
        "opt out please",
        "I want to opt-out",
        "This is not the end",
        "(Unsubscribe)",
        "a b c d e stop",
    ],
)
def test_consent_near_miss(text: str) -> None:
    assert TWILIOS.consent(text) == "near-miss"


@pytest.mark.parametrize(
    "text",
    ["I cannot stop laughing", "The bus stop is closed", "a b c d e f stop", "Start. Thank you", "please help", "..."],
)
def test_consent_is_not_near_enough(text: str) -> None:
    assert TWILIOS.consent(text) is None


@pytest.mark.parametrize(
    ("text", "consent"), [("توقف من فضلك", "near-miss"), ("arrêt, merci", "near-miss"), ("कृपया रोको!", "near-miss")]
)
def test_consent_near_miss_in_other_scripts(text: str, consent: str) -> None:
    assert WORLD.consent(text) == consent


@pytest.mark.parametrize(("kind", "consent"), [("STOP", "stop"), ("START", "start"), ("HELP", "help")])
def test_consent_the_providers_word_wins(kind: str, consent: str) -> None:
    for text in ("", "STOP", "START", "please stop", "Bonjour"):
        assert TWILIOS.consent(text, kind) == consent
    assert TWILIOS.consent("Bonjour", "MAYBE") is None


def test_consent_a_word_in_two_lists_counts_for_the_first() -> None:
    words = Keywords.of(["no"], ["no", "yes"], ["yes"])
    assert (words.consent("no"), words.consent("yes")) == ("stop", "start")


def test_consent_lists_that_are_empty_are_twilios() -> None:
    words = Keywords.of([], [], ["AYUDA"])
    assert (words.consent("stop"), words.consent("unstop"), words.consent("help"), words.consent("ayuda")) == (
        "stop",
        "start",
        None,
        "help",
    )


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(alphabet=st.characters(categories=["Ll", "Lu", "Lo", "Mn", "Cf", "Zs"]), max_size=20))
def test_folding_ignores_case_and_white_space(text: str) -> None:
    assert folded(f" {text}\n") == folded(text)
    assert not any(letter.isspace() for letter in folded(text))


@given(st.text(max_size=400))
def test_consent_any_text_is_judged(text: str) -> None:
    found = WORLD.consent(text)
    assert found in (None, "stop", "start", "help", "near-miss")
    if found == "near-miss":
        assert len(text.split()) <= MAX_NEAR_MISS_WORDS


@pytest.mark.parametrize(
    ("changes", "consent"),
    [({"Body": "stop"}, "stop"), ({"OptOutType": "HELP"}, "help"), ({"Body": "Stop, thanks"}, "near-miss"), ({}, None)],
)
def test_normalise_sets_consent(changes: dict[str, str], consent: str | None) -> None:
    assert normalise(form({**SMS, **changes}), RECEIVED_AT_MS).get("consent") == consent


def test_settings_read_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPT_OUT_WORDS", "STOP, ARRÊT,, ")
    monkeypatch.setenv("HELP_WORDS", " ")
    keywords = Settings.from_environment().keywords
    assert [keywords.consent(word) for word in ("arret", "quit", "help", "start")] == ["stop", None, "help", "start"]
