"""Questions: asked in the console, answered on a handset in another language."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from infra.local.config import OPERATORS
from tests.e2e.console import Console
from tests.e2e.handset import Handset
from tests.e2e.windows import NARROW, THEMES, WIDE, Windows, accessibility, overflow, picture, settle
from tests.integration.test_photos import send

Consoles = Callable[..., Console]
Handsets = Callable[..., Handset]
ANA, BENITO, CARLA, DORA, EVA = "+12025550162", "+12025550163", "+12025550164", "+12025550165", "+12025550141"
GREETING = "Buenos días, ¿dónde está la clínica, por favor?"
CODE = re.compile(r"\(#([A-Z0-9]{3})\)")


@pytest.fixture
def ana(console: Consoles, handset: Handsets) -> tuple[Console, Handset]:
    """A desk, and a person known to it who writes Spanish."""
    return acquainted(console, handset, ANA)


def acquainted(console: Consoles, handset: Handsets, number: str) -> tuple[Console, Handset]:
    """A signed-in desk with the conversation open, and the phone behind it."""
    desk, phone = console().sign_in(), handset(number)
    phone.say(GREETING)
    desk.open(number)
    expect(desk.message(GREETING)).to_have_count(1)
    return desk, phone


def asked(phone: Handset, *words: str) -> tuple[Locator, str]:
    """The question as it came on the phone, and its code."""
    bubble = phone.bubble(CODE).last
    phone.arrived(bubble)
    for word in words:
        expect(bubble).to_contain_text(word)
    found = CODE.search(bubble.inner_text())
    assert found
    return bubble, found[1]


def test_question_is_asked_from_a_conversation_and_answered_live(ana: tuple[Console, Handset]) -> None:
    desk, phone = ana
    page = desk.page
    page.get_by_test_id("thread-ask").click()
    expect(page.get_by_test_id("ask-number")).to_have_value(ANA)
    desk.question("Shall we send it again?", "Send it again", "Leave it", deadline="3600", reminder="1800")
    expect(page.get_by_test_id("ask-size")).to_contain_text("1 segment")
    picture(page, "question-form-light-1280")
    page.get_by_test_id("ask-send").click()
    details = page.get_by_test_id("question-details")
    expect(details).to_have_attribute("data-status", "open")
    expect(details).to_contain_text("Waiting for the answer")

    _, code = asked(phone, "1.", "2.")
    expect(details).to_contain_text(f"#{code}")
    phone.say("2")
    expect(details).to_have_attribute("data-status", "answered")
    expect(page.get_by_test_id("question-answer-text")).to_have_text("Leave it")
    picture(page, "question-answered-light-1280")
    phone.arrived(phone.bubble(re.compile("Gracias.*respuesta")))

    desk.go("#/")
    desk.open(ANA)
    outbound = desk.message("Shall we send it again?").get_by_test_id("message-question")
    expect(outbound).to_have_text(f"Question #{code}")
    inbound = desk.messages.filter(has=page.get_by_test_id("message-text").get_by_text("2", exact=True))
    answered = inbound.get_by_test_id("message-question")
    expect(answered).to_have_text(f"Answers question #{code}: Leave it")
    picture(page, "conversation-question-light-1280")
    desk.go(f"#/reports/{inbound.get_attribute('data-message-id')}")
    expect(page.get_by_test_id("report-question")).to_have_text(f"Answers question #{code}: Leave it")

    desk.go("#/questions")
    listed = desk.asked("Shall we send it again?").filter(has_text=f"#{code}")
    expect(listed).to_have_attribute("data-status", "answered")
    expect(listed.get_by_test_id("question-answer")).to_contain_text("Leave it")
    desk.filter_questions("Open")
    expect(listed).to_have_count(0)
    desk.filter_questions("Answered")
    expect(listed).to_have_count(1)


def test_lost_answer_and_a_second_click_ask_once(console: Consoles, handset: Handsets, windows: Windows) -> None:
    windows.expect("net::ERR_FAILED")
    desk, phone = acquainted(console, handset, BENITO)
    page = desk.page
    desk.page.get_by_test_id("thread-ask").click()
    desk.question("When do you come?")
    keys: list[str | None] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/desk/questions", lose)
    page.get_by_test_id("ask-send").click()
    expect(page.get_by_test_id("question-form").get_by_role("alert")).to_be_visible()
    page.get_by_test_id("ask-send").click()
    expect(page.get_by_test_id("question-details")).to_have_attribute("data-status", "open")
    assert keys[0]
    assert keys == [keys[0]] * 2
    asked(phone)
    phone.say("El martes a las nueve de la mañana.")
    expect(page.get_by_test_id("question-details")).to_have_attribute("data-status", "answered")
    expect(page.get_by_test_id("question-answer-text")).to_contain_text("Tuesday")
    expect(phone.bubble(CODE)).to_have_count(1)


def test_unclear_words_are_asked_about_and_a_cancelled_question_is_closed(console: Consoles, handset: Handsets) -> None:
    desk, phone = acquainted(console, handset, CARLA)
    page = desk.page
    page.get_by_test_id("thread-ask").click()
    desk.question("Can you come tomorrow?", yes_no=True)
    page.get_by_test_id("ask-send").click()
    _, code = asked(phone, "Sí", "No")
    phone.say("Quizás por la tarde")
    numbered = phone.bubble(re.compile("1\\..*2\\.", re.DOTALL))
    expect(numbered).to_have_count(2)
    phone.arrived(numbered.last)
    expect(page.get_by_test_id("question-details")).to_have_attribute("data-status", "open")
    page.get_by_test_id("question-cancel").click()
    page.get_by_test_id("confirm-act").click()
    expect(page.get_by_test_id("question-details")).to_have_attribute("data-status", "cancelled")
    phone.say("Sí")
    desk.go("#/")
    desk.open(CARLA)
    states = {"Quizás por la tarde": "unclear", "Sí": "late"}
    for words, state in states.items():
        message = desk.messages.and_(page.locator("[data-direction=inbound]")).filter(
            has=page.get_by_text(words, exact=True)
        )
        note = message.get_by_test_id("message-question")
        expect(note).to_have_attribute("data-state", state)
        expect(note).to_contain_text(f"#{code}")
    picture(page, "conversation-late-light-1280")

    page.get_by_test_id("message-question").first.get_by_role("link").click()
    page.get_by_test_id("ask-again").click()
    expect(page.get_by_test_id("ask-text")).to_have_value("Can you come tomorrow?")
    expect(page.get_by_test_id("ask-choice-1")).to_have_value("No")


def test_form_says_what_is_wrong(console: Consoles) -> None:
    desk = console().sign_in()
    page = desk.page
    desk.go("#/ask")
    page.get_by_test_id("ask-send").click()
    expect(page.get_by_test_id("ask-number-fault")).to_be_visible()
    expect(page.get_by_test_id("ask-number")).to_be_focused()
    page.get_by_test_id("ask-number").fill("555 0100")
    desk.question("Which?", "One", "one")
    page.get_by_test_id("ask-send").click()
    expect(page.get_by_test_id("ask-number-fault")).to_contain_text("country code")
    expect(page.get_by_test_id("ask-choice-1-fault")).to_contain_text("twice")
    page.get_by_test_id("ask-remove-1").click()
    expect(page.get_by_test_id("ask-choice-0")).to_be_focused()
    expect(page.get_by_test_id("ask-choice-1")).to_have_count(0)
    for _ in range(8):
        page.get_by_test_id("ask-add").click()
    expect(page.get_by_test_id("ask-add")).to_be_disabled()
    page.get_by_test_id("ask-text").fill("x" * 641)
    page.get_by_test_id("ask-send").click()
    expect(page.get_by_test_id("ask-text-fault")).to_contain_text("640")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "360"])
@pytest.mark.parametrize("theme", THEMES)
def test_pages_of_questions_can_be_read_by_everyone(console: Consoles, theme: str, size: tuple[int, int]) -> None:
    found: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        settle(page, lambda: None)
        picture(page, f"questions-{name}-{theme}-{size[0]}")
        found[name] = [*overflow(page), *accessibility(page)]

    desk = console(theme, size, axe=True)
    send(desk.stack, DORA, GREETING)
    desk.sign_in()
    page = desk.page
    desk.go("#/ask")
    page.get_by_test_id("ask-number").fill(DORA)
    desk.question("Can you come to the clinic tomorrow at nine instead of ten?", yes_no=True)
    page.get_by_test_id("ask-add").click()
    page.get_by_test_id("ask-send").click()
    expect(page.get_by_test_id("ask-choice-2-fault")).to_be_visible()
    look(page, "form")
    page.get_by_test_id("ask-remove-2").click()
    page.get_by_test_id("ask-send").click()
    expect(page.get_by_test_id("question-details")).to_have_attribute("data-status", "open")
    look(page, "open")
    page.get_by_test_id("question-cancel").click()
    expect(page.get_by_test_id("confirm")).to_be_visible()
    look(page, "cancel")
    page.get_by_test_id("confirm-act").click()
    expect(page.get_by_test_id("question-details")).to_have_attribute("data-status", "cancelled")
    desk.go("#/questions")
    expect(desk.asked("Can you come to the clinic").first).to_be_visible()
    look(page, "list")
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(("language", "heading"), [("es", "Preguntas"), ("pt", "Perguntas")])
def test_questions_in_other_languages_fit_a_phone(console: Consoles, language: str, heading: str) -> None:
    desk = console(size=NARROW).sign_in(language=language)
    found = {}
    for name in ("questions", "ask"):
        desk.go(f"#/{name}")
        expect(desk.page.locator("#content h1")).to_be_visible()
        desk.page.wait_for_timeout(200)
        found[name] = overflow(desk.page)
    desk.page.get_by_test_id("ask-yes-no").click()
    desk.page.get_by_test_id("ask-send").click()
    found["ask"] += overflow(desk.page)
    desk.go("#/questions")
    expect(desk.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_question_that_does_not_arrive_says_so_at_once_and_can_be_asked_again(
    console: Consoles, handset: Handsets, callbacks: Callable[..., None]
) -> None:
    desk, phone = acquainted(console, handset, EVA)
    page, text = desk.page, "Is somebody at the clinic now?"
    other = console().sign_in(OPERATORS[1])
    other.go("#/questions")
    callbacks(fail=30003)
    page.get_by_test_id("thread-ask").click()
    desk.question(text, yes_no=True)
    page.get_by_test_id("ask-send").click()
    details = page.get_by_test_id("question-details")
    expect(details).to_have_attribute("data-status", "undelivered")
    expect(details.get_by_test_id("question-status")).to_have_text("Not delivered")
    expect(details.get_by_test_id("question-reason")).to_contain_text("could not be reached")
    picture(page, "question-undelivered-light-1280")
    listed = other.asked(text)
    expect(listed).to_have_attribute("data-status", "undelivered")
    other.filter_questions("No answer")
    expect(listed.get_by_test_id("question-reason")).to_contain_text("switched off")
    picture(other.page, "questions-undelivered-light-1280")

    callbacks()
    page.get_by_test_id("ask-again").click()
    expect(page.get_by_test_id("ask-text")).to_have_value(text)
    page.get_by_test_id("ask-send").click()
    expect(details).to_have_attribute("data-status", "open")
    asked(phone, "1.", "2.")
    other.filter_questions("Open")
    expect(listed).to_have_count(1)
    page.get_by_test_id("question-cancel").click()
    page.get_by_test_id("confirm-act").click()
    expect(listed).to_have_count(0)
