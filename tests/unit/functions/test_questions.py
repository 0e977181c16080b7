"""Questions to contacts: what is kept of a request, what is sent, how an answer is recognised, how long to wait."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrange_question.handler import handler as arrange_question
from arrange_question.handler import settings as arrange_settings
from arrange_question.logic import ASKED_BY, NO_NUMBER, arrange
from arrange_question.settings import Settings as ArrangeSettings
from compose_question.errors import InvalidWording
from compose_question.handler import handler as compose_question
from compose_question.handler import settings as compose_settings
from compose_question.logic import compose, delivery_of, put
from compose_question.settings import Settings as ComposeSettings
from dragoman.choices import MAX_BEGINNING, numbered, silencing, worded
from dragoman.errors import ConfigurationError
from dragoman.frames import message_frame
from dragoman.identifiers import CODE_LETTERS, DESK_MESSAGE_ID, conversation_id, question_code, question_message_id
from dragoman.items import plain
from dragoman.recipients import sent_text, with_sent
from dragoman.validation import validator
from tests.unit.functions.samples import context
from tests.unit.functions.test_compose import composed

NUMBER, STARTED_AT = "+12025550199", "2026-11-28T10:49:17.042Z"
CHOICES = [{"value": "redrive", "text": "Send again"}, {"value": "leave", "text": "Leave it"}]
REQUEST = {"address": "sms:+12025550100", "text": "Shall we send it again?", "choices": CHOICES}
SPANISH = ("¿Lo enviamos otra vez?", "Enviar otra vez", "Dejarlo")
SILENCING = silencing(["BAJA", "ALTO"])
ARRANGING = ArrangeSettings("en", NUMBER, 30, SILENCING)
COMPOSING = ComposeSettings(("en", "es", "pt"), "AC" + "0a" * 16, NUMBER, SILENCING)


@pytest.fixture(autouse=True)
def _new_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TWILIO_NUMBER", NUMBER)
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", COMPOSING.account_id)
    for cached in (arrange_settings, compose_settings):
        cached.cache_clear()
    yield
    for cached in (arrange_settings, compose_settings):
        cached.cache_clear()


def arranged(request: Any, question_id: str = "nightly-42", settings: ArrangeSettings = ARRANGING) -> Any:
    return arrange({"questionId": question_id, "request": request, "startedAt": STARTED_AT}, settings)


def words(texts: tuple[str, ...] = SPANISH, translated: bool = True) -> list[dict[str, Any]]:
    return [{"text": text, "translated": translated} for text in texts]


def asking(kind: str = "question", now: str = "2026-11-28T10:49:19.000Z", **changes: Any) -> dict[str, Any]:
    question = arranged({**REQUEST, **changes.pop("request", {})})["question"]
    return {"question": question, "kind": kind, "contactLanguage": "es", "words": words(), "now": now} | changes


# --- what is kept of a request


def test_arrange_open_question_has_what_the_table_needs() -> None:
    made = arranged({**REQUEST, "answerWithinSeconds": 3600, "remindAfterSeconds": 60, "askedBy": " Night\nshift "})
    kept = plain(made["item"])
    assert made["refused"] == ""
    assert made["texts"] == ["Shall we send it again?", "Send again", "Leave it"]
    assert kept["status"] == "open"
    assert kept["list"] == "questions"
    assert kept["askedAt"] == STARTED_AT
    assert kept["deadlineAt"] == "2026-11-28T11:49:17.042Z"
    assert kept["askedBy"] == "Night shift"
    assert kept["expiresAt"] == 1798458557  # thirty days after the deadline
    assert {choice["value"]: choice["words"] for choice in json.loads(kept["choices"])}["leave"] == [
        "leave",
        "leave it",
    ]
    assert made["question"]["remindAfterSeconds"] == 60


def test_arrange_free_question_waits_a_day_in_the_desks_language() -> None:
    question = arranged({"address": "whatsapp:+442079460000", "text": " When?\r\n"})["question"]
    assert (question["text"], question["choices"]) == ("When?", [])
    assert (question["language"], question["askedBy"]) == ("en", ASKED_BY)
    assert question["deadlineAt"] == "2026-11-29T10:49:17.042Z"
    assert question["remindAfterSeconds"] == 0


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (None, "object"),
        ("sms:+12025550100", "object"),
        ({}, "address"),
        ({**REQUEST, "address": "+12025550100"}, "address"),
        ({**REQUEST, "text": " \n "}, "text"),
        ({**REQUEST, "choices": [{"value": "a", "text": "\u202e"}]}, "choices"),
        ({**REQUEST, "choices": [*CHOICES, {"value": "leave", "text": "Stay"}]}, "same value"),
        ({**REQUEST, "choices": [*CHOICES, {"value": "stay", "text": "LEAVE IT."}]}, "same text"),
        ({**REQUEST, "choices": [*CHOICES, {"value": "no", "text": "Cancel!"}]}, "silences"),
        ({**REQUEST, "choices": [*CHOICES, {"value": "low", "text": "Baja"}]}, "silences"),
        ({**REQUEST, "answerWithinSeconds": 60, "remindAfterSeconds": 60}, "remindAfterSeconds"),
        ({**REQUEST, "remindAfterSeconds": 86_400}, "remindAfterSeconds"),
        ({**REQUEST, "token": "x"}, "token"),
    ],
)
def test_arrange_wrong_request_is_a_question_that_failed(request_: Any, reason: str) -> None:
    made = arranged(request_)
    kept = plain(made["item"])
    assert reason in made["refused"]
    assert (kept["status"], kept["reason"]) == ("failed", made["refused"])
    assert "12025550100" not in made["refused"]
    assert kept.get("address") != ""  # a key of an index may not be empty
    validator("question")(printed(kept))


def test_arrange_wrong_request_keeps_what_is_right_of_it() -> None:
    kept = plain(arranged({**REQUEST, "answerWithinSeconds": 1})["item"])
    assert (kept["address"], kept["text"]) == (REQUEST["address"], REQUEST["text"])


def test_arrange_link_to_a_nesting_machine_is_no_part_of_the_question() -> None:
    linked = {**REQUEST, "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:aws:states:…"}
    assert arranged(linked) == arranged(REQUEST)


def test_arrange_seconds_are_whole_numbers_for_the_machine() -> None:
    question = arranged({**REQUEST, "remindAfterSeconds": 60.0})["question"]
    assert json.dumps(question["remindAfterSeconds"]) == "60"


def test_compose_choice_is_never_called_like_a_word_that_silences() -> None:
    made = compose(asking(words=words(("¿La fiebre?", "Alta", "Baja"))), COMPOSING)
    assert made["options"] == "1. Alta\n2. Leave it"
    assert "2. Leave it" in made["message"]["sendAs"]["text"]
    assert made["beginning"] == "¿La fiebre?"


def test_compose_keeps_no_more_of_a_question_than_is_asked_back_with() -> None:
    assert len(compose(asking(words=words(("語" * 1280, "A", "B"))), COMPOSING)["beginning"]) == MAX_BEGINNING


def test_arrange_without_a_number_of_ours_says_so() -> None:
    assert arranged(REQUEST, settings=ArrangeSettings("en", "", 30, SILENCING))["refused"] == NO_NUMBER


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists))
def test_arrange_any_input_is_kept(sent: Any) -> None:
    for request in (sent, {"address": sent, "text": sent, "choices": sent, "askedBy": sent}):
        assert plain(arranged(request)["item"])["status"] == "failed"


@pytest.mark.parametrize("event", [{}, {"questionId": "x", "request": {}, "startedAt": "now"}])
def test_arrange_other_shape_is_a_configuration_error(event: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        arrange(event, ARRANGING)


def printed(kept: dict[str, Any]) -> dict[str, Any]:
    """An item as GET /questions/{questionId} prints it."""
    hidden = {"list", "options", "expiresAt", "token", "choices"}
    choices = [{"value": choice["value"], "text": choice["text"]} for choice in json.loads(kept["choices"])]
    return {"address": "", **{name: value for name, value in kept.items() if name not in hidden}, "choices": choices}


# --- what is sent


def test_compose_question_is_a_message_of_the_desk() -> None:
    message = compose(asking(), COMPOSING)["message"]
    validator("events/message_received")(message)
    code = question_code("nightly-42")
    assert message["messageId"] == question_message_id("nightly-42", 0)
    assert message["text"] == f"Shall we send it again?\n\n1. Send again\n2. Leave it\n\n(#{code})"
    assert message["sendAs"] == {
        "language": "es",
        "text": f"¿Lo enviamos otra vez?\n\n1. Enviar otra vez\n2. Dejarlo\n\n(#{code})",
    }
    assert message["conversationId"] == conversation_id(ours=f"sms:{NUMBER}", theirs="sms:+12025550100")
    assert message["delivery"] == {"to": "+12025550100", "from": NUMBER}
    assert message["question"] == {"questionId": "nightly-42", "kind": "question", "code": code}


def test_compose_reminder_is_another_message_with_the_same_words() -> None:
    first, second = (compose(asking(kind), COMPOSING)["message"] for kind in ("question", "reminder"))
    assert second["messageId"] == question_message_id("nightly-42", 1) != first["messageId"]
    assert second["sendAs"] == first["sendAs"]
    assert second["question"]["kind"] == "reminder"


def test_compose_untranslated_question_is_sent_in_its_own_language() -> None:
    own = ("Shall we send it again?", "Send again", "Leave it")
    message = compose(asking(contactLanguage="und", words=words(own, translated=False)), COMPOSING)["message"]
    assert message["sendAs"] == {"language": "en", "text": message["text"]}
    assert message["recipientLanguage"] == "und"


def test_compose_whatsapp_has_the_channel_in_its_addresses() -> None:
    message = compose(asking(request={"address": "whatsapp:+442079460000"}), COMPOSING)["message"]
    assert message["delivery"] == {"to": "whatsapp:+442079460000", "from": f"whatsapp:{NUMBER}"}
    assert message["conversationId"] == conversation_id(ours=f"whatsapp:{NUMBER}", theirs="whatsapp:+442079460000")


def test_delivery_of_sms_has_bare_numbers() -> None:
    assert delivery_of("sms:+12025550100", NUMBER) == {"to": "+12025550100", "from": NUMBER}


def test_put_free_question_has_no_list() -> None:
    assert put("When?", [], "X2Q") == "When?\n\n(#X2Q)"


@pytest.mark.parametrize(
    "changes",
    [{"words": words()[:2]}, {"kind": "answer"}, {"question": {}}, {"words": [], "contactLanguage": "es"}, {"now": ""}],
)
def test_compose_other_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidWording):
        compose({**asking(), **changes}, COMPOSING)


# --- how long to wait


@pytest.mark.parametrize(
    ("now", "remind", "wait"),
    [
        ("2026-11-28T10:49:17.042Z", 0, (60, False, 0)),
        ("2026-11-28T10:49:19.000Z", 20, (59, True, 20)),
        ("2026-11-28T10:50:00.000Z", 50, (18, True, 17)),
        ("2026-11-28T10:50:16.900Z", 50, (1, False, 0)),
        ("2026-11-28T11:50:00.000Z", 50, (1, False, 0)),
    ],
)
def test_wait_is_what_is_left_and_the_reminder_comes_before(now: str, remind: int, wait: tuple[int, bool, int]) -> None:
    request = {"answerWithinSeconds": 60} | ({"remindAfterSeconds": remind} if remind else {})
    made = compose(asking(now=now, request=request), COMPOSING)["wait"]
    assert (made["seconds"], made["reminds"], made["remindSeconds"]) == wait
    assert made["restSeconds"] == made["seconds"] - made["remindSeconds"] > 0


def test_wait_of_a_reminder_reminds_no_more() -> None:
    wait = compose(asking("reminder", request={"remindAfterSeconds": 60}), COMPOSING)["wait"]
    assert not wait["reminds"]


# --- choices and codes


def test_worded_choice_is_meant_by_value_text_and_translation() -> None:
    made = worded(CHOICES, ("Énviar otra vez!", "Dejarlo"))
    assert made[0]["words"] == ["enviar otra vez", "redrive", "send again"]
    assert made[0]["rendered"] == "Énviar otra vez!"


def test_worded_word_of_two_choices_means_neither() -> None:
    made = worded([{"value": "again", "text": "Send"}, {"value": "anew", "text": "Resend"}], ("Enviar", "Enviar"))
    assert [choice["words"] for choice in made] == [["again", "send"], ["anew", "resend"]]


def test_worded_number_is_always_a_lines() -> None:
    made = worded([{"value": "2", "text": "One"}, {"value": "1", "text": "Two"}], ("1", "dos"))
    assert [choice["words"] for choice in made] == [["one"], ["dos", "two"]]


def test_numbered_counts_from_one() -> None:
    assert (numbered(["a", "b"]), numbered([])) == ("1. a\n2. b", "")


@given(st.text(max_size=80))
def test_codes_and_ids_have_their_form(question_id: str) -> None:
    code = question_code(question_id)
    assert len(code) == 3
    assert set(code) <= set(CODE_LETTERS)
    assert code[0].isalpha()
    assert DESK_MESSAGE_ID.fullmatch(question_message_id(question_id, 0))


# --- the message in its report and on the desk


def test_sent_text_is_what_the_message_says_it_is() -> None:
    message = compose(asking(), COMPOSING)["message"]
    other = [{"language": "es", "status": "translated", "text": "¿Otra cosa?"}]
    assert sent_text(message, {"code": "en"}, other) == message["sendAs"]


@pytest.mark.parametrize("languages", [("en", "es"), ("en", "pt")])
def test_with_sent_stands_for_its_language(languages: tuple[str, ...]) -> None:
    message = compose(asking(), COMPOSING)["message"]
    made = with_sent(message, [{"language": code, "status": "translated", "text": "x"} for code in languages])
    assert [entry["text"] for entry in made if entry["language"] == "es"] == [message["sendAs"]["text"]]
    assert {entry["language"] for entry in made} == {*languages, "es"}


def test_report_of_a_question_has_what_is_sent_and_its_event_exactly_that() -> None:
    message = compose(asking(), COMPOSING)["message"]
    told = {"code": "en", "confidence": 0.99, "method": "comprehend"}
    translations = [{"language": "en", "status": "original", "text": message["text"]}]
    made = composed(message=message, language=told, translations=translations)
    report = plain(made["reportItem"])
    assert json.loads(report["translations"])[0] == {**message["sendAs"], "status": "translated"}
    event = json.loads(report["event"])
    assert (event["language"], event["parts"]) == ("es", [message["sendAs"]["text"]])
    frame = message_frame(made["reportItem"], "en")
    validator("frames/message")(frame)
    assert frame["question"] == message["question"]
    assert frame["sentText"] == message["sendAs"]


# --- the handlers


def test_handlers_answer_and_log_nothing_personal(capsys: pytest.CaptureFixture[str]) -> None:
    event = {"questionId": "nightly-42", "request": REQUEST, "startedAt": STARTED_AT}
    made = arrange_question(event, context())
    compose_question({**asking(), "question": made["question"]}, context())
    text = capsys.readouterr().out
    assert "nightly-42" in text
    assert not any(word in text for word in ("2025550", "send it", "Enviar", "Send again"))


def test_compose_handler_counts_what_it_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidWording):
        compose_question({"question": {}}, context())
    assert "WordingsInvalid" in capsys.readouterr().out
