"""A conversation between people of different languages, with the real stack between their browsers."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from infra.local.config import OPERATORS
from tests.e2e.console import Console, status
from tests.e2e.handset import Handset
from tests.e2e.windows import picture

Consoles = Callable[..., Console]
Handsets = Callable[..., Handset]
ANA = "+12025550134"


def test_conversation_in_two_languages_with_a_photo(console: Consoles, handset: Handsets) -> None:
    """Spanish and a photo go in, an operator reads English and answers in English, Spanish comes out."""
    desk, phone = console().sign_in(), handset(ANA)
    phone.tap("Hola, ¿dónde está la clínica?")
    phone.arrived(phone.log.locator(".message.theirs").first)
    conversation = desk.open(ANA)
    first = desk.messages.first
    expect(first.get_by_test_id("message-text")).to_contain_text(re.compile("clinic", re.IGNORECASE))
    expect(first.get_by_test_id("message-original")).to_have_text("Hola, ¿dónde está la clínica?")

    phone.sample("a pharmacy's sign")
    phone.say("¿Qué dice este letrero?")
    second = desk.message("¿Qué dice este letrero?")
    photo = second.get_by_test_id("picture")
    expect(photo.get_by_test_id("picture-words")).to_contain_text(re.compile("farmacia", re.IGNORECASE))
    expect(photo.get_by_test_id("picture-translation")).to_contain_text(re.compile("pharmacy", re.IGNORECASE))
    expect(photo.locator("img")).to_have_js_property("complete", True)
    assert photo.locator("img").evaluate("image => image.naturalWidth") > 0
    photo.get_by_role("button").click()
    dialog = desk.page.get_by_test_id("picture-dialog")
    expect(dialog.get_by_test_id("boxes")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    own = desk.write("The clinic is open until six in the evening.")
    answer = phone.bubble(re.compile("seis", re.IGNORECASE))
    expect(answer).to_have_count(1)
    phone.arrived(answer)
    expect(status(own)).to_have_attribute("data-status", "delivered")
    expect(own.get_by_test_id("message-sent")).to_contain_text("seis")
    assert conversation in desk.page.url
    picture(desk.page, "answered-light-1280")
    picture(phone.page, "handset-answered-light-1280")


def test_second_operator_reads_and_chats_in_another_language(console: Consoles, handset: Handsets) -> None:
    one = console().sign_in(name="Alice")
    two = console().sign_in(OPERATORS[1])
    two.go("#/settings")
    two.page.get_by_test_id("settings-name").fill("Beatriz")
    two.page.get_by_test_id("settings-language").select_option("pt")
    two.page.get_by_test_id("settings-save").click()
    expect(two.page.get_by_test_id("settings-said")).not_to_be_empty()
    phone = handset("+12025550171")
    phone.say("Good morning, where is the clinic?")
    for desk, words in ((one, "where is the clinic"), (two, "clínica")):
        desk.go("#/")
        desk.open("+12025550171")
        expect(desk.messages.first.get_by_test_id("message-text")).to_contain_text(re.compile(words, re.IGNORECASE))

    for desk in (one, two):
        desk.page.get_by_test_id("room").click()
    one.write("Who takes the next call?")
    heard = two.message("Who takes the next call?")
    expect(heard).to_have_attribute("data-direction", "internal")
    expect(heard.get_by_test_id("message-text")).to_contain_text(re.compile("quem|chamada", re.IGNORECASE))
    expect(heard).to_contain_text("Alice")
    two.write("Eu atendo a próxima chamada.")
    back = one.message("Eu atendo a próxima chamada.")
    expect(back.get_by_test_id("message-text")).to_contain_text(re.compile("next|call", re.IGNORECASE))
    expect(back).to_contain_text("Beatriz")
    expect(phone.log.locator(".message.mine")).to_have_count(1)


def test_two_phones_in_two_languages_and_one_console(console: Consoles, handset: Handsets) -> None:
    desk = console().sign_in()
    phones = {
        handset("+12025550191"): ("Buenos días, ¿dónde está la clínica, por favor?", "puente"),
        handset("+16175550192"): ("Bom dia, gostaria de marcar uma consulta para amanhã.", "ponte"),
    }
    for phone, (words, _) in phones.items():
        phone.say(words)
    for phone, (words, bridge) in phones.items():
        desk.open(phone.page.get_by_role("heading", level=1).inner_text())
        expect(desk.messages.first.get_by_test_id("message-original")).to_have_text(words)
        desk.write("It is next to the bridge.")
        phone.arrived(phone.bubble(re.compile(bridge, re.IGNORECASE)))


def test_words_that_nobody_can_translate_are_shown_as_they_are(console: Consoles, handset: Handsets) -> None:
    desk, phone = console().sign_in(), handset("+13135550128")
    words = "مرحبا، أين العيادة من فضلك؟"
    phone.say(words)
    desk.open("+13135550128")
    text = desk.messages.first.get_by_test_id("message-text")
    expect(text).to_have_text(words)
    expect(text).to_have_attribute("lang", "ar")
    expect(desk.messages.first).to_contain_text("Could not be translated. This is the original.")
    for shown in (text, phone.bubble(words).locator(".bubble")):
        expect(shown).to_have_css("direction", "rtl")


def test_new_message_is_unread_until_it_is_looked_at(console: Consoles, handset: Handsets) -> None:
    desk = console().sign_in()
    handset("+12025550172").say("Is somebody there?")
    item = desk.item(desk.conversation_id("+12025550172"))
    expect(item).to_have_attribute("data-unread", "true")
    expect(desk.page).to_have_title(re.compile(r"^\(\d+\)"))
    item.click()
    expect(item).to_have_attribute("data-unread", "false")
    desk.page.get_by_test_id("search").fill("nobody has this")
    expect(desk.page.get_by_text("Nothing found", exact=True)).to_be_visible()
    desk.page.get_by_test_id("search").fill("0172")
    expect(item).to_be_visible()


def test_message_that_fails_says_why_and_can_be_sent_again(
    console: Consoles, handset: Handsets, callbacks: Callable[..., None]
) -> None:
    desk, phone = console().sign_in(), handset("+12025550173")
    phone.say("Good morning, where is the clinic?")
    desk.open("+12025550173")
    callbacks(fail=30003)
    own = desk.write("It is next to the bridge.")
    expect(status(own)).to_have_attribute("data-status", "failed")
    expect(status(own).locator(".reason")).not_to_be_empty()
    lost = phone.bubble("It is next to the bridge.")
    expect(lost).to_have_attribute("data-state", "undelivered")
    callbacks(reverse=True, twice=True)
    own.get_by_test_id("retry").click()
    expect(phone.bubble("It is next to the bridge.")).to_have_count(2)
    again = desk.message("It is next to the bridge.").last
    expect(status(again)).to_have_attribute("data-status", "delivered")


def test_long_answer_arrives_in_parts(console: Consoles, handset: Handsets) -> None:
    desk, phone = console().sign_in(), handset("+12025550174")
    phone.say("Good morning, where is the clinic?")
    desk.open("+12025550174")
    text = " ".join(f"This is sentence number {number} of a long answer to you." for number in range(1, 81))
    desk.reply_box.fill(text)
    expect(desk.page.get_by_test_id("reply-size")).to_contain_text("messages")
    desk.page.get_by_test_id("send").click()
    parts = phone.bubble(re.compile("^This is sentence"))
    expect(parts).to_have_count(3)
    sent = " ".join(part.locator(".bubble").inner_text() for part in parts.all())
    assert sent == text
