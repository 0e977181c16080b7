"""Folding: what the directory's keywords and messages have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrange_keywords.logic import arrange
from dragoman.errors import ConfigurationError
from dragoman.keywords import MAX_KEYS, STOP_WORDS, folded, keyword, ngrams, sorting

FORMS = [
    ("clinic", "Clinics"),
    ("clínica", "CLINICAS"),
    ("city", "cities"),
    ("library", "libraries"),
    ("voz", "voces"),
    ("office", "offices"),
    ("house", "houses"),
    ("bus", "buses"),
    ("box", "boxes"),
    ("class", "classes"),
    ("address", "adresses"),
    ("autobús", "autobuses"),
    ("mujer", "mujeres"),
    ("dirección", "direcciones"),
    ("informação", "informações"),
    ("informacao", "informacoes"),
    ("pão", "pães"),
    ("hospital", "hospitais"),
    ("hospital", "hospitales"),
    ("papel", "papéis"),
    ("homem", "homens"),
    ("hôpital", "hôpitaux"),
    ("école", "ECOLES"),
    ("bureau", "bureaux"),
    ("centre", "centers"),
    ("colour", "colors"),
    ("immunisation", "immunizations"),
    ("enrolment", "enrollments"),
    ("ＣＬＩＮＩＣ", "clinic."),
    ("Straße", "STRASSE"),
    ("поликлиника", "ПОЛИКЛИНИКА"),
    ("عِيَادَة", "عيادة"),
    ("clin\u200bic", "clinic"),
]
TEXTS = st.text(max_size=80) | st.lists(st.sampled_from([form for pair in FORMS for form in pair])).map(" ".join)
WORDS = st.lists(st.sampled_from([f"{first}{second}" for first in "bdfgk" for second in ("ato", "uli", "iro")]))


@pytest.mark.parametrize(("one", "other"), FORMS)
def test_folded_forms_of_one_word_meet(one: str, other: str) -> None:
    assert folded(one) == folded(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("clinic", "clinica"), ("bus", "but"), ("año", "anillo"), ("school", "shoe"), ("诊所", "医院"), ("1", "2")],
)
def test_folded_other_words_do_not_meet(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@given(TEXTS)
def test_folded_twice_is_folded_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert keyword(keyword(text)) == keyword(text)


@given(TEXTS)
def test_folded_has_one_space_between_words(text: str) -> None:
    assert folded(text) == " ".join(folded(text).split())


@given(TEXTS)
def test_folded_does_not_know_case_and_edges(text: str) -> None:
    assert folded(f"  ¿{text}?\n") == folded(text)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Acta de Nacimiento", "acta nacimiento"),
        ("the clinic's hours", "clinic hour"),
        ("l'hôpital", "hopital"),
        ("where is it?", ""),
        ("¡!", ""),
        ("24/7", "24 7"),
    ],
)
def test_keyword_is_without_common_words(written: str, key: str) -> None:
    assert keyword(written) == key


def test_stop_words_are_folded() -> None:
    assert all(folded(word) == word for word in STOP_WORDS)


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("", []),
        ("Where is it?", []),
        ("¿Dónde está la clínica?", ["clinica"]),
        ("bus to the stop", ["bus stop", "bus", "stop"]),
        ("town hall key", ["town hal key", "town hal", "hal key", "town", "hal", "key"]),
        ("bus, bus, bus!", ["bus bus bus", "bus bus", "bus"]),
    ],
)
def test_ngrams_longest_first_and_once(text: str, runs: list[str]) -> None:
    assert ngrams(text) == runs


@given(WORDS, st.integers(1, 12))
def test_ngrams_are_bounded_distinct_and_of_the_text(words: list[str], most: int) -> None:
    runs = ngrams(" ".join(words), most)
    assert len(runs) == len(set(runs)) <= most
    assert [run.count(" ") for run in runs] == sorted((run.count(" ") for run in runs), reverse=True)
    assert all(run in keyword(" ".join(words)) and len(run.split()) <= 3 for run in runs)


def test_ngrams_of_a_long_text_keep_every_word() -> None:
    words = [f"word{number}x" for number in range(90)]
    runs = ngrams(" ".join(words))
    assert len(runs) == MAX_KEYS
    assert set(words) <= set(runs)


def test_sorting_is_without_case_and_accents_but_whole() -> None:
    assert sorting("  Écoles & Clinics ") == "ecoles clinics"


def test_arrange_keywords_makes_keys_of_the_table() -> None:
    assert arrange({"text": "Where is the clinic?"}) == {"keys": [{"keyword": {"S": "clinic"}}], "any": True}


@pytest.mark.parametrize("text", ["", "Where is it?", "???"])
def test_arrange_keywords_without_words_to_look_up(text: str) -> None:
    assert arrange({"text": text}) == {"keys": [], "any": False}


@pytest.mark.parametrize("event", [{}, {"text": None}, {"text": ["clinic"]}])
def test_arrange_keywords_of_no_text(event: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        arrange(event)
