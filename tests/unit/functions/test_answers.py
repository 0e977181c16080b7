"""Which question a message answers, and how: in the words, digits and scripts that people use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from choose_questions.handler import handler as choose_questions
from choose_questions.logic import MAX_OPEN, choose
from dragoman.choices import numbered, worded
from dragoman.codes import coded, without_code
from dragoman.errors import ConfigurationError
from dragoman.validation import validator
from match_answer.errors import InvalidQuestion
from match_answer.handler import handler as match_answer
from match_answer.logic import match
from match_answer.yesno import WORDS, sense
from tests.unit.functions.samples import context

NOW = "2026-11-28T12:00:00.000Z"
TOMORROW = "2026-11-29T12:00:00.000Z"
MESSAGE_ID = "SM0123456789abcdef0123456789abcdef"
SENDER = "sms:+12025550100"
YES_NO = (("yes", "Yes"), ("no", "No"))
REDRIVE = (("redrive", "Send them again"), ("leave", "Leave them"))
SLOTS = (("mon", "Monday 10 am"), ("tue", "Tuesday 2 pm"), ("other", "Another day"))
HELP = (("send", "Yes, send an ambulance"), ("none", "I do not need help"))
SIDES = (("l", "Left"), ("r", "Right"))
COMING = (("in", "Yes, I will come"), ("out", "No, I cannot come"))
validate_event = validator("events/question_answered")


def question(
    offers: tuple[tuple[str, str], ...] = YES_NO,
    rendered: tuple[str, ...] = (),
    *,
    question_id: str = "nightly-42",
    code: str = "X2Q",
    contact: str = "und",
    status: str = "open",
    **more: str,
) -> dict[str, Any]:
    """An item of table Questions, as it is read."""
    offered = [{"value": value, "text": text} for value, text in offers]
    shown = rendered or tuple(text for _, text in offers)
    texts = {
        "questionId": question_id,
        "status": status,
        "code": code,
        "text": "Shall we go on?",
        "language": "en",
        "contactLanguage": contact,
        "choices": json.dumps(worded(offered, shown)),
        "options": numbered(shown),
        "conversationId": "c" + "9" * 32,
        "deadlineAt": TOMORROW,
        **more,
    }
    return {name: {"S": value} for name, value in texts.items()}


def said(
    text: str, *questions: dict[str, Any], language: str = "und", known: str = "", code: str = "", **more: Any
) -> dict[str, Any]:
    """What match_answer makes of a text."""
    strangers = more.pop("strangers", [])
    message = {
        "messageId": MESSAGE_ID,
        "sender": SENDER,
        "conversationId": "c" + "0" * 32,
        "receivedAt": NOW,
        "text": text,
        "translation": text,
        "language": language,
        "knownLanguage": known or language,
        **more,
    }
    event = {"message": message, "code": code, "questions": list(questions), "strangers": strangers}
    found = match(event)
    if found["event"]:
        validate_event(json.loads(found["event"]))
    return dict(found)


def value(found: dict[str, Any]) -> str:
    """The choice that was taken, or the state where none was."""
    section = found["section"]
    return str(section["value"] if section["state"] == "answered" else section["state"])


# language of the sender, what they write, the choice's value or "unclear"
YES_OR_NO = [
    ("en", "yes", "yes"),
    ("en", "Yes!", "yes"),
    ("en", "YES PLEASE", "yes"),
    ("en", "yep", "yes"),
    ("en", "No.", "no"),
    ("en", "no thanks", "no"),
    ("en", "Nope", "no"),
    ("en", "ok", "yes"),
    ("en", "of course", "yes"),
    ("en", "y", "yes"),
    ("en", "yes yes", "yes"),
    ("en", "yesss!", "yes"),
    ("en", "noo", "no"),
    ("en", "yes, but only tomorrow", "unclear"),
    ("en", "yes no", "unclear"),
    ("en", "not yet, I am driving", "unclear"),
    ("en", "no way", "no"),
    ("en", "N", "no"),
    ("es", "Sí", "yes"),
    ("es", "si", "yes"),
    ("es", "¡Sí, gracias!", "yes"),
    ("es", "claro", "yes"),
    ("es", "vale", "yes"),
    ("es", "no gracias", "no"),
    ("es", "Sí señor", "unclear"),
    ("es", "Siii", "yes"),
    ("es", "sí!! sii", "yes"),
    ("es", "claroooo", "yes"),
    ("es", "nooo, gracias", "no"),
    ("pt", "sim", "yes"),
    ("pt", "Não", "no"),
    ("pt", "nao obrigado", "no"),
    ("pt-PT", "Com certeza", "yes"),
    ("fr", "Oui", "yes"),
    ("fr", "ouais", "yes"),
    ("fr", "D'accord", "yes"),
    ("fr", "non merci", "no"),
    ("fr", "si", "yes"),
    ("fr", "ooo", "unclear"),
    ("de", "Ja, bitte", "yes"),
    ("de", "nein danke", "no"),
    ("de", "Nö", "no"),
    ("de", "na klar", "yes"),
    ("it", "certo", "yes"),
    ("it", "no, grazie", "no"),
    ("nl", "Jazeker", "yes"),
    ("nl", "nee bedankt", "no"),
    ("nl", "neee", "no"),
    ("sv", "Japp", "yes"),
    ("sv", "Nej tack", "no"),
    ("da", "nej", "no"),
    ("da", "tak", "unclear"),
    ("nb", "ja takk", "yes"),
    ("fi", "kyllä", "yes"),
    ("fi", "ei kiitos", "no"),
    ("pl", "tak", "yes"),
    ("pl", "nie", "no"),
    ("pl", "no", "unclear"),
    ("pl", "nooo", "unclear"),
    ("cs", "ano", "yes"),
    ("cs", "ne", "no"),
    ("ro", "da", "yes"),
    ("ro", "nu", "no"),
    ("hr", "ne", "no"),
    ("sr", "не", "no"),
    ("ru", "Да, спасибо", "yes"),
    ("ru", "нет", "no"),
    ("ru", "КОНЕЧНО", "yes"),
    ("uk", "так", "yes"),
    ("uk", "ні", "no"),
    ("el", "ΝΑΙ", "yes"),
    ("el", "όχι", "no"),
    ("tr", "Evet", "yes"),
    ("tr", "hayır", "no"),
    ("tr", "ne", "unclear"),
    ("hu", "igen", "yes"),
    ("hu", "nem", "no"),
    ("sq", "po", "yes"),
    ("sq", "jo", "no"),
    ("ar", "نَعَم", "yes"),
    ("ar", "لا", "no"),
    ("ar", "لا شكرا", "no"),
    ("fa", "بله", "yes"),
    ("fa", "نه", "no"),
    ("he", "כן", "yes"),
    ("he", "לא תודה", "no"),
    ("hi", "हाँ", "yes"),
    ("hi", "हां", "yes"),
    ("hi", "नहीं", "no"),
    ("hi", "haan", "yes"),
    ("ur", "نہیں", "no"),
    ("bn", "হ্যাঁ", "yes"),
    ("zh", "是的", "yes"),
    ("zh-TW", "對", "yes"),
    ("zh", "不", "no"),
    ("ja", "はい", "yes"),
    ("ja", "いいえ", "no"),
    ("ko", "네", "yes"),
    ("ko", "아니요", "no"),
    ("vi", "Vâng", "yes"),
    ("vi", "không", "no"),
    ("th", "ใช่ครับ", "yes"),
    ("th", "ไม่", "no"),
    ("id", "ya", "yes"),
    ("id", "tidak", "no"),
    ("tl", "opo", "yes"),
    ("tl", "hindi po", "no"),
    ("sw", "ndiyo", "yes"),
    ("sw", "hapana", "no"),
    ("ht", "wi mesi", "yes"),
    ("so", "haa", "yes"),
    ("so", "maya", "no"),
    ("und", "oui", "yes"),
    ("und", "не", "no"),
    ("und", "ne", "no"),
    ("und", "jo", "unclear"),
    ("es", "yes", "yes"),
    ("ko", "no", "no"),
    ("und", "\U0001f44d", "yes"),
    ("ar", "\U0001f44d\U0001f3fd\U0001f44d\U0001f3fd", "yes"),
    ("en", "\U0001f44e", "no"),
    ("en", "\u2705", "yes"),
    ("en", "\U0001f44d\U0001f44e", "unclear"),
    ("en", "\U0001f600", "unclear"),
]

NUMBERS = [
    ("1", "redrive"),
    ("2", "leave"),
    ("2.", "leave"),
    ("2)", "leave"),
    ("(2)", "leave"),
    (" 2 ", "leave"),
    ("#2", "leave"),
    ("２", "leave"),
    ("②", "leave"),
    ("2\ufe0f\u20e3", "leave"),
    ("٢", "leave"),
    ("۲", "leave"),
    ("२", "leave"),
    ("২", "leave"),
    ("๒", "leave"),
    ("੨", "leave"),
    ("二", "leave"),
    ("第2", "leave"),
    ("2番", "leave"),
    ("2번", "leave"),
    ("第二个", "leave"),
    ("two", "leave"),
    ("Dos", "leave"),
    ("deux, merci", "leave"),
    ("option two", "leave"),
    ("the second", "leave"),
    ("la primera", "redrive"),
    ("el 2", "leave"),
    ("a 1, por favor", "redrive"),
    ("el número 2", "leave"),
    ("the second of May", "unclear"),
    ("2 the", "unclear"),
    ("no la 2", "unclear"),
    ("второй", "leave"),
    ("دو", "unclear"),
    ("three", "unclear"),
    ("no one", "unclear"),
    ("two leave them", "leave"),
    ("one leave them", "unclear"),
    ("option 2", "leave"),
    ("Opción 2, por favor", "leave"),
    ("número 1", "redrive"),
    ("Nr. 1", "redrive"),
    ("2 please", "leave"),
    ("вариант 2", "leave"),
    ("الخيار ٢", "leave"),
    ("2 leave them", "leave"),
    ("2 - Leave them", "leave"),
    ("1 leave them", "unclear"),
    ("3", "unclear"),
    ("0", "unclear"),
    ("12", "unclear"),
    ("1 2", "unclear"),
    ("1 or 2?", "unclear"),
    ("-1", "redrive"),
    ("2 of my children are ill", "unclear"),
    ("I am number 2", "unclear"),
    ("2½", "unclear"),
]

CALLED = [
    (REDRIVE, (), "en", "Send them again", "redrive"),
    (REDRIVE, (), "en", "send them AGAIN!", "redrive"),
    (REDRIVE, (), "en", "redrive", "redrive"),
    (REDRIVE, (), "en", "send", "redrive"),
    (REDRIVE, (), "en", "leave", "leave"),
    (REDRIVE, (), "en", "again", "redrive"),
    (REDRIVE, (), "en", "them", "unclear"),
    (REDRIVE, (), "en", "please leave them, thank you", "leave"),
    (REDRIVE, (), "en", "don't leave them", "unclear"),
    (REDRIVE, ("Enviar otra vez", "Dejarlos"), "es", "¡dejarlos!", "leave"),
    (REDRIVE, ("Enviar otra vez", "Dejarlos"), "es", "enviar", "redrive"),
    (REDRIVE, ("Renvoyer", "Laisser"), "fr", "RENVOYER", "redrive"),
    (REDRIVE, ("再送する", "そのまま"), "ja", "そのまま", "leave"),
    (REDRIVE, ("أعد الإرسال", "اتركها"), "ar", "أعِد الإرسال", "redrive"),
    (REDRIVE, ("Отправить снова", "Оставить"), "ru", "ОСТАВИТЬ", "leave"),
    (REDRIVE, ("Same", "Same"), "en", "same", "unclear"),
    (SLOTS, (), "en", "Monday", "mon"),
    (SLOTS, (), "en", "2 pm", "tue"),
    (SLOTS, (), "en", "10 am", "mon"),
    (SLOTS, (), "en", "tuesday 2 pm", "tue"),
    (SLOTS, (), "en", "another", "other"),
    (SLOTS, (), "en", "3", "other"),
    (SLOTS, (), "en", "10", "mon"),
    ((("b", "The second bus"), ("a", "The first bus")), (), "en", "the second", "unclear"),
    ((("x", "A"), ("y", "B")), (), "en", "a 2", "unclear"),
    (YES_NO, ("Tak", "Nie"), "pl", "Nie", "no"),
    (YES_NO, (), "pl", "no", "no"),
    (SLOTS, (), "en", "tomorrow", "unclear"),
    ((("yes", "Yes"), ("later", "Yes, but later"), ("no", "No")), (), "en", "yes", "yes"),
    ((("yes", "Yes"), ("later", "Yes, but later"), ("no", "No")), (), "en", "yes but later", "later"),
    ((("y", "Agree"), ("n", "Disagree")), (), "es", "agree", "y"),
    ((("a", "\u2160"), ("b", "B")), (), "en", "b", "b"),
    ((("keep", "Keep it running"), ("stop", "Stop it")), ("Dejarlo en marcha", "Detenerlo"), "es", "detenerlo", "stop"),
    ((("send_again", "Once more"), ("leave", "Leave")), (), "en", "send again", "send_again"),
    (HELP, (), "en", "need help", "unclear"),
    (HELP, (), "en", "I need help!", "unclear"),
    (HELP, (), "en", "I do", "unclear"),
    (HELP, (), "en", "send", "send"),
    (HELP, (), "en", "do not need help", "none"),
    (HELP, ("Sí, envíen ayuda", "No necesito ayuda"), "es", "necesito ayuda", "unclear"),
    (SIDES, (), "en", "ok", "unclear"),
    (SIDES, (), "en", "\U0001f44d", "unclear"),
    (SIDES, (), "en", "right", "r"),
    (COMING, (), "en", "yes", "in"),
    (COMING, ("Sí, iré", "No, no puedo"), "es", "sí", "in"),
    (COMING, (), "en", "\U0001f44e", "out"),
    (COMING, (), "en", "no", "out"),
]


@pytest.mark.parametrize(("language", "text", "expected"), YES_OR_NO)
def test_yes_and_no_are_understood_in_the_senders_language(language: str, text: str, expected: str) -> None:
    shown = ("Tak", "Nie") if language == "pl" else ()
    assert value(said(text, question(YES_NO, shown), language=language)) == expected


@pytest.mark.parametrize(("text", "expected"), NUMBERS)
def test_number_is_understood_in_any_script(text: str, expected: str) -> None:
    assert value(said(text, question(REDRIVE), language="en")) == expected


@pytest.mark.parametrize(("choices", "rendered", "language", "text", "expected"), CALLED)
def test_choice_is_understood_by_what_it_is_called(
    choices: tuple[tuple[str, str], ...], rendered: tuple[str, ...], language: str, text: str, expected: str
) -> None:
    assert value(said(text, question(choices, rendered, contact=language), language=language)) == expected


def test_languages_that_are_known_of_the_sender_are_all_theirs() -> None:
    assert value(said("oui", question(contact="fr"), language="en", known="en")) == "yes"
    assert value(said("da", question(), language="ro", known="en")) == "yes"


@pytest.mark.parametrize("language", WORDS)
def test_no_word_means_both_in_one_language(language: str) -> None:
    yes, no = ({word.strip() for word in words.split(",")} for words in WORDS[language])
    assert not yes & no
    assert {sense(word, (language,)) for word in ("", "xyzzy")} == {None}


def test_answer_holds_the_choice_and_the_senders_words() -> None:
    found = said("Sí, gracias", question(), language="es")
    assert (found["action"], found["questionId"], found["ordinary"]) == ("close", "nightly-42", False)
    assert json.loads(found["answer"]) == {"value": "yes", "text": "Yes", "original": "Sí, gracias", "language": "es"}
    assert json.loads(found["event"])["value"] == "yes"
    assert json.loads(found["event"])["conversationId"] == "c" + "9" * 32


def test_words_answer_a_question_without_choices_and_are_in_no_event() -> None:
    found = said("A las nueve #X2Q", question(()), language="es", code="X2Q", translation="At nine # X2Q")
    answer = json.loads(found["answer"])
    assert answer == {"value": "At nine", "text": "At nine", "original": "A las nueve #X2Q", "language": "es"}
    assert found["section"]["text"] == "At nine"
    assert "value" not in found["section"]
    assert "nine" not in found["event"]
    long = said("x" * 1600, question(()), language="en")
    assert len(long["section"]["text"]) == 300
    assert len(json.loads(long["answer"])["original"]) == 1600


def test_code_alone_answers_nothing() -> None:
    assert said("#X2Q", question(()), code="X2Q")["section"]["state"] == "unclear"
    assert said("#X2Q", question(()), code="X2Q")["action"] == "none", "there are no choices to ask back with"
    assert said("#X2Q", question(), code="X2Q")["action"] == "clarify"


TIMES = (("two", "2 pm"), ("three", "3 pm"), ("later", "Another day"))


@pytest.mark.parametrize("text", ["2", "3", "two", "２"])
def test_number_that_another_choice_is_called_by_is_asked_back_about_once(text: str) -> None:
    line = {"2": "three", "two": "three", "２": "three", "3": "later"}[text]
    assert said(text, question(TIMES), language="en")["action"] == "clarify"
    again = said(text, question(TIMES, clarifiedBy="SMother"), language="en")
    assert again["section"]["value"] == line, "they were told to answer with a choice's number"


def test_number_that_only_its_own_choice_is_called_by_is_plain() -> None:
    assert said("1", question(TIMES), language="en")["section"]["value"] == "two"
    assert said("2 pm", question(TIMES), language="en")["section"]["value"] == "two"
    days = (("one", "1 day"), ("two", "2 days"))
    assert said("2", question(days), language="en")["section"]["value"] == "two"


@pytest.mark.parametrize(
    ("offers", "text", "translation", "expected"),
    [
        (REDRIVE, "déjalos por favor", "Please leave them", "leave"),
        (REDRIVE, "mándalos otra vez", "Send them again.", "redrive"),
        (REDRIVE, "no los dejes", "Do not leave them", "unclear"),
        (REDRIVE, "déjalos", "Let them be", "unclear"),
        (REDRIVE, "déjalos", "", "unclear"),
        (YES_NO, "nel", "No", "unclear"),
    ],
)
def test_choice_in_other_words_of_the_contacts_language_is_told_by_the_translation(
    offers: tuple[tuple[str, str], ...], text: str, translation: str, expected: str
) -> None:
    shown = ("Envíelos otra vez", "Déjelos") if offers == REDRIVE else ("Sí", "No")
    found = said(text, question(offers, shown, contact="es"), language="es", translation=translation)
    assert value(found) == expected


def test_question_that_is_not_worded_yet_is_answered_by_nobody() -> None:
    item = question(REDRIVE)
    del item["conversationId"]
    assert said("1", item)["section"]["state"] == "none"
    assert said("#X2Q 1", item, code="X2Q")["section"]["state"] == "none"


def test_unclear_answer_is_asked_back_about_once() -> None:
    first = said("Who is this?", question(REDRIVE, ("Otra vez", "Dejar")), language="en")
    assert (first["action"], first["ordinary"]) == ("clarify", True), "the directory may know what they ask"
    assert first["options"] == "1. Otra vez\n2. Dejar"
    again = said("Who is this?", question(REDRIVE, clarifiedBy="SMother"), language="en")
    assert (again["action"], again["ordinary"], again["options"]) == ("none", True, "")
    assert again["section"]["state"] == "unclear"
    redelivered = said("Who is this?", question(REDRIVE, clarifiedBy=MESSAGE_ID), language="en")
    assert (redelivered["action"], redelivered["ordinary"]) == ("clarify", True)


def test_question_in_answer_to_a_question_for_words_is_the_answer() -> None:
    found = said("¿Dónde está la clínica?", question(()), language="es")
    assert (found["action"], found["ordinary"]) == ("close", False)


def test_of_several_open_the_code_says_which() -> None:
    one, other = question(question_id="one", code="BBB"), question(REDRIVE, question_id="other", code="CC2")
    unclear = said("2", one, other, language="en")
    assert unclear["section"] == {"state": "unclear", "questionId": "one", "code": "BBB"}
    assert unclear["options"].split("\n\n") == [
        "Shall we go on?\n#BBB 1. Yes\n#BBB 2. No",
        "Shall we go on?\n#CC2 1. Send them again\n#CC2 2. Leave them",
    ]
    assert said("yes", one, other, language="en")["section"]["state"] == "unclear", "even where only one would fit"
    for text in ("#cc2 2", "CC2 2", "2 #CC2", "# CC2: 2", "#CC22", "cc2 leave them", "(#CC2) 2"):
        found = said(text, one, other, language="en", code="CC2")
        assert (found["questionId"], value(found)) == ("other", "leave"), text


def test_of_several_open_each_begins_as_it_was_sent() -> None:
    one = question(question_id="one", code="BBB", beginning="¿Seguimos?")
    other = question(REDRIVE, ("Otra vez", "Dejarlos"), question_id="other", code="CC2", beginning="¿Otra vez?")
    assert said("2", one, other, language="es")["options"].split("\n\n") == [
        "¿Seguimos?\n#BBB 1. Yes\n#BBB 2. No",
        "¿Otra vez?\n#CC2 1. Otra vez\n#CC2 2. Dejarlos",
    ]


def test_whoever_wrote_a_code_is_asked_back_with_it() -> None:
    """The other questions that may be open were not read: without the code the next answer would be unclear again."""
    found = said("#CC2 perhaps", question(REDRIVE, code="CC2"), language="en", code="CC2")
    assert found["options"] == "Shall we go on?\n#CC2 1. Send them again\n#CC2 2. Leave them"
    assert said("#CC2", question((), code="CC2"), language="en", code="CC2")["options"] == ""


def test_clarification_is_never_longer_than_a_message_has_room_for() -> None:
    choices = tuple((f"v{number}", "x" * 60) for number in range(9))
    several = [question(choices, question_id=f"q{number}", code=f"BB{number + 2}") for number in range(5)]
    options = said("what?", *several, language="en")["options"]
    assert 0 < len(options) <= 900
    one = said("what?", question(choices, tuple("y" * 120 for _ in choices)), language="en")["options"]
    assert 0 < len(one) <= 900


@pytest.mark.parametrize(
    ("status", "state"), [("answered", "repeated"), ("expired", "late"), ("cancelled", "late"), ("undelivered", "late")]
)
def test_closed_question_is_not_answered_again(status: str, state: str) -> None:
    closed = question(REDRIVE, status=status, answeredBy="SMother", answeredAt=NOW)
    for text, code in (("1", ""), ("#X2Q 1", "X2Q"), ("leave them", ""), ("#X2Q nonsense", "X2Q")):
        found = said(text, closed, language="en", code=code)
        assert (found["section"]["state"], found["action"], found["ordinary"]) == (state, "none", False), text
    assert said("Where is the clinic?", closed, language="en")["section"] == {"state": "none"}


def test_long_after_a_closed_question_its_choices_are_ordinary_words() -> None:
    closed = question(status="expired", deadlineAt="2026-11-20T12:00:00.000Z")
    assert said("yes", closed, language="en")["section"] == {"state": "none"}
    assert said("#X2Q yes", closed, language="en", code="X2Q")["section"]["state"] == "late"
    for text in ("ok", "ok thanks", "OK, thank you!", "vale, gracias", "\U0001f44d", "\U0001f44d gracias"):
        thanks = said(text, question(status="answered", answeredAt=NOW), language="es")
        assert thanks["section"] == {"state": "none"}, text
    for status in ("failed", "opted-out"):
        gone = question(status=status)
        assert said("yes", gone, language="en")["section"] == {"state": "none"}, status
        assert said("#X2Q yes", gone, language="en", code="X2Q")["section"]["state"] == "late", status


def test_question_whose_execution_was_stopped_takes_no_answer_after_its_deadline() -> None:
    lost = question(REDRIVE, deadlineAt="2026-11-28T11:45:00.000Z")
    assert value(said("2", lost, language="en")) == "late"
    assert value(said("hello", lost, language="en")) == "none"
    other = question(REDRIVE, question_id="other", code="K7F")
    assert value(said("2", lost, other, language="en")) == "leave"
    just_now = question(REDRIVE, deadlineAt="2026-11-28T11:59:59.000Z")
    assert value(said("2", just_now, language="en")) == "leave"


def test_redelivery_of_an_answer_answers_again() -> None:
    mine = question(REDRIVE, status="answered", answeredBy=MESSAGE_ID, answeredAt=NOW)
    found = said("2", mine, language="en")
    assert (found["action"], value(found)) == ("close", "leave")


def stranger(address: str, status: str = "open") -> dict[str, Any]:
    texts = {"questionId": "bus-7", "code": "K7F", "askedAt": NOW, "address": address, "status": status}
    return {name: {"S": text} for name, text in texts.items()}


def test_code_of_somebody_elses_question_is_foreign() -> None:
    found = said("#K7F 1", question(), language="en", code="K7F", strangers=[stranger("sms:+12025550177")])
    assert found["section"] == {"state": "foreign", "questionId": "bus-7", "code": "K7F"}
    assert (found["action"], found["ordinary"]) == ("none", True)
    alone = said("#K7F 1", language="en", code="K7F", strangers=[stranger("sms:+12025550177")])
    assert alone["section"]["state"] == "foreign"


@pytest.mark.parametrize(("status", "state"), [("answered", "repeated"), ("expired", "late"), ("undelivered", "late")])
def test_code_of_an_old_question_of_their_own_is_late(status: str, state: str) -> None:
    strangers = [stranger("sms:+12025550177"), stranger(SENDER, status)]
    found = said("#K7F 1", language="en", code="K7F", strangers=strangers)
    assert (found["section"]["state"], found["ordinary"]) == (state, False)


def test_open_question_that_is_older_than_all_that_were_read_is_not_called_closed() -> None:
    found = said("#K7F 1", language="en", code="K7F", strangers=[stranger(SENDER)])
    assert (found["section"]["state"], found["ordinary"]) == ("unclear", True)


def test_code_of_a_question_to_nobody_is_foreign() -> None:
    failed = stranger("", "failed")
    del failed["address"]
    assert said("#K7F 1", language="en", code="K7F", strangers=[failed])["section"]["state"] == "foreign"


def test_code_that_nobody_has_is_a_word() -> None:
    found = said("#TBT was fun", question(()), language="en", code="TBT")
    assert json.loads(found["answer"])["original"] == "#TBT was fun"
    assert said("#TBT was fun", language="en", code="TBT")["section"] == {"state": "none"}


def test_whoever_was_never_asked_answers_nothing() -> None:
    assert said("yes", language="en") == {
        "action": "none",
        "questionId": "",
        "section": {"state": "none"},
        "ordinary": True,
        "options": "",
        "answer": "",
        "event": "",
    }


@pytest.mark.parametrize("damage", [{"choices": "no JSON"}, {"choices": '[{"value": "x"}]'}, {"deadlineAt": "soon"}])
def test_broken_question_is_told_apart_from_a_broken_machine(damage: dict[str, str]) -> None:
    with pytest.raises(InvalidQuestion):
        said("yes", question() | {name: {"S": text} for name, text in damage.items()})
    with pytest.raises(InvalidQuestion):
        said("yes", question(conversationId="elsewhere"))
    with pytest.raises(ConfigurationError):
        match({"message": {}, "code": "", "questions": [], "strangers": []})


def test_handlers_return_what_the_machine_takes_and_log_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    message = {"messageId": MESSAGE_ID, "sender": SENDER, "conversationId": "c" + "0" * 32, "receivedAt": NOW}
    message |= {"text": "leave them", "translation": "leave them", "language": "en", "knownLanguage": "en"}
    event = {"message": message, "code": "", "questions": [question(REDRIVE)], "strangers": []}
    assert match_answer(event, context())["action"] == "close"
    chosen = choose_questions({"text": "leave them", "messageId": MESSAGE_ID, "questions": [row("q1")]}, context())
    assert chosen["any"]
    logged = capsys.readouterr().out
    assert "nightly-42" in logged
    assert not any(word in logged.lower() for word in ("leave", "2025550", "shall"))


# --- which of them are read


def row(question_id: str, status: str = "open", code: str = "X2Q", **more: str) -> dict[str, Any]:
    texts = {"questionId": question_id, "address": SENDER, "askedAt": NOW, "status": status, "code": code, **more}
    return {name: {"S": text} for name, text in texts.items()}


def read(text: str, *rows: dict[str, Any]) -> tuple[list[str], str, bool]:
    chosen = choose({"text": text, "messageId": MESSAGE_ID, "questions": list(rows)})
    assert chosen["any"] == bool(chosen["keys"])
    return [key["questionId"]["S"] for key in chosen["keys"]], chosen["code"], chosen["strange"]


def test_open_questions_are_read_and_else_the_newest() -> None:
    assert read("1") == ([], "", False)
    assert read("1", row("new", "expired"), row("old", "answered")) == (["new"], "", False)
    assert read("1", row("new", "undelivered"), row("old", "answered")) == (["new"], "", False)
    assert read("1", row("new", "expired"), row("open")) == (["open"], "", False)
    many = [row(f"q{number}") for number in range(20)]
    assert read("1", *many) == ([f"q{number}" for number in range(MAX_OPEN)], "", False)


def test_question_that_could_not_be_put_hides_no_older_one() -> None:
    assert read("1", row("broken", "failed"), row("old", "expired")) == (["old"], "", False)
    assert read("1", row("broken", "failed")) == ([], "", False)


def test_code_chooses_an_open_question_before_a_closed_one() -> None:
    rows = row("closed", "answered"), row("open"), row("other", code="K7F")
    assert read("#x2q 1", *rows) == (["open"], "X2Q", False)
    assert read("K7F 1", *rows) == (["other"], "K7F", False)
    assert read("#BBB 1", *rows) == (["open", "other"], "BBB", True)


def test_question_that_this_message_answered_comes_first_and_alone() -> None:
    rows = row("open"), row("mine", "answered", answeredBy=MESSAGE_ID)
    assert read("1", *rows) == (["mine"], "", False)


def test_machine_that_hands_over_something_else_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        choose({"text": "1", "messageId": MESSAGE_ID, "questions": [{"questionId": {"S": "x"}}]})


@pytest.mark.parametrize(
    ("text", "own", "code", "rest"),
    [
        ("#K7F 2", (), "K7F", "2"),
        ("#k7f2", (), "K7F", "2"),
        ("＃Ｋ７Ｆ ２", (), "K7F", "2"),
        ("2 (#K7F)", (), "K7F", "2"),
        ("#AEI 2", (), "", "#AEI 2"),
        ("#K7FF 2", (), "", "#K7FF 2"),
        ("#2", (), "", "#2"),
        ("K7F 2", (), "", "K7F 2"),
        ("K7F 2", ("K7F",), "K7F", "2"),
        ("2, k7f", ("K7F",), "K7F", "2"),
        ("I said K7F to him", ("K7F",), "", "I said K7F to him"),
        ("234", ("234",), "", "234"),
        ("45 Main Street #234", (), "", "45 Main Street #234"),
        ("#2BB 1", (), "", "#2BB 1"),
        ("#BBB and #K7F 1", ("K7F",), "K7F", "#BBB and 1"),
    ],
)
def test_code_is_found_and_taken_out(text: str, own: tuple[str, ...], code: str, rest: str) -> None:
    assert coded(text, own) == (code, rest)


def test_translation_may_have_lost_the_code() -> None:
    assert without_code("At nine", "K7F") == "At nine"
    assert without_code("At nine #K7F", "K7F") == "At nine"
    assert without_code("#TBT at nine ", "") == "#TBT at nine"
