"""The handset's page: many phones, pictures, other channels, and what it says when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Route, expect

from infra.local.twilio.segments import segment_count
from tests.e2e.console import Console
from tests.e2e.handset import Handset
from tests.e2e.windows import NARROW, Windows

Handsets = Callable[..., Handset]


def test_two_phones_side_by_side_hear_only_their_own(handset: Handsets) -> None:
    one, two = handset("+12025550180"), handset("+12025550181")
    one.say("Good morning, this is the first phone.")
    expect(one.log.locator(".message.theirs")).to_have_count(1)
    expect(two.page.get_by_text("No messages yet")).to_be_visible()
    one.page.reload()
    expect(one.bubble("Good morning, this is the first phone.")).to_have_count(1)
    expect(one.log.locator(".message.theirs")).to_have_count(1)


def test_person_number_and_channel_are_chosen_in_the_page(handset: Handsets, console: Callable[..., Console]) -> None:
    desk, phone = console().sign_in(), handset("+12025550167", size=NARROW)
    page = phone.page
    page.get_by_role("button", name="Change who is texting").click()
    page.get_by_label("Any other number").fill("12")
    page.get_by_label("Any other number").press("Enter")
    expect(page.get_by_label("Any other number")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="João").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("João")
    page.get_by_role("button", name="Change who is texting").click()
    page.get_by_label("WhatsApp").check()
    page.get_by_role("button", name="Close").click()
    assert "channel=whatsapp" in page.url
    phone.tap("Bom dia, preciso de um médico.")
    desk.open("+16175550117", "whatsapp")
    expect(desk.message("Bom dia, preciso de um médico.")).to_have_count(1)
    page.go_back()
    expect(page.get_by_text("No messages yet")).to_be_visible()


def test_another_handset_opens_in_a_window_of_its_own(handset: Handsets) -> None:
    phone = handset("+12025550134")
    with phone.page.context.expect_page() as opened:
        phone.page.get_by_role("link", name="Open another handset").click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("João")


def test_file_that_no_message_can_carry_is_refused(handset: Handsets, tmp_path: Path) -> None:
    large, text = tmp_path / "large.jpg", tmp_path / "notes.txt"
    large.write_bytes(b"\xff\xd8\xff" + bytes(5 * 1024 * 1024))
    text.write_text("hello")
    phone = handset("+12025550183")
    phone.attach(large)
    expect(phone.page.get_by_role("alert")).to_contain_text("large.jpg is too large (5.0 MB)")
    phone.attach(text)
    expect(phone.page.get_by_role("alert")).to_contain_text("notes.txt is not a picture")
    expect(phone.page.get_by_role("list", name="Attached pictures")).to_have_count(0)
    phone.sample("a notice")
    expect(phone.page.get_by_role("alert")).to_have_count(0)
    phone.page.get_by_role("button", name="Remove A notice.jpg").click()
    expect(phone.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()


@pytest.mark.parametrize(
    ("status", "advice"), [(503, "send it again in a moment"), (403, "the signature was not accepted")]
)
def test_front_door_that_refuses_is_explained_and_the_message_can_be_sent_again(
    handset: Handsets, status: int, advice: str
) -> None:
    """What the simulator says of a webhook that failed, put in its mouth: the stack's own does not fail on demand."""
    phone = handset("+12025550184")
    answers: list[dict[str, object]] = [
        {"answered": status, "error_code": 11200},
        {"answered": 200, "error_code": None},
    ]
    message: dict[str, object] = {
        "seq": 1, "sid": "SM" + "1" * 32, "direction": "inbound", "sender": "+12025550184", "from": "+12025550184",
        "recipient": "+15550100100", "to": "+15550100100", "body": "Hello?", "status": "received", "media": [],
        "at": "2026-11-21T10:00:00.000+00:00", "updated": "2026-11-21T10:00:00.000+00:00", "carrier": False,
    }  # fmt: skip
    asked: list[Any] = []
    waiting: list[Route] = []

    def news() -> dict[str, object]:
        version = len(asked) + 1
        shown = {**message, **answers[len(asked)], "version": version}
        return {"messages": [shown], "last": 1, "version": version, "optedOut": False, "held": 1}

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            asked.append(route.request.post_data_json)
            route.fulfill(json={})
            waiting.pop().fulfill(json=news())
        elif f"after={len(asked) + 1}" in route.request.url:
            waiting.append(route)
        else:
            route.fulfill(json=news())

    phone.page.route("**/_sim/messages*", answer)
    phone.page.reload()
    expect(phone.log.locator(".message.mine")).to_contain_text(advice)
    phone.page.get_by_role("button", name="Send again").click()
    phone.taken(phone.log.locator(".message.mine"))
    assert (asked[0]["sid"], asked[0]["body"]) == (message["sid"], "Hello?")
    expect(phone.page.get_by_role("button", name="Send again")).to_have_count(0)


def test_simulator_that_is_gone_is_told_and_the_words_are_kept(handset: Handsets, windows: Windows) -> None:
    windows.expect(r"ERR_FAILED|ERR_INTERNET_DISCONNECTED")
    phone = handset("+12025550185")
    phone.page.route("**/_sim/**", lambda route: route.abort())
    phone.page.reload()
    expect(phone.page.get_by_role("status").filter(has_text="Is make run still running?")).to_be_visible()
    phone.page.unroute("**/_sim/**")
    expect(phone.page.get_by_text("No messages yet")).to_be_visible()
    phone.page.context.set_offline(True)
    phone.box.fill("Keep these words.")
    phone.box.press("Enter")
    expect(phone.page.get_by_role("alert")).to_contain_text("Not sent")
    expect(phone.box).to_have_value("Keep these words.")
    phone.page.context.set_offline(False)
    phone.say("Keep these words.")


def test_thread_is_forgotten_with_the_simulators_memory(handset: Handsets) -> None:
    phone = handset("+12025550186")
    phone.say("Good morning, please forget me.")
    url = f"{phone.stack.settings.twilio_url}/_sim/messages"
    expect(phone.log.locator(".message.theirs")).to_have_count(1)
    httpx.delete(url, timeout=10).raise_for_status()
    phone.page.reload()
    expect(phone.page.get_by_text("No messages yet")).to_be_visible()


def test_length_is_counted_as_the_network_counts_it(handset: Handsets) -> None:
    phone = handset("+12025550194")
    for words in ("a" * 160, "a" * 161, "€" * 81, "ж" * 71, "😀" * 36, "a" * 1600):
        phone.box.fill(words)
        expect(phone.page.locator("#count")).to_have_text(re.compile(rf" · {segment_count(words)} SMS$"))
    phone.box.fill("a short one")
    expect(phone.page.locator("#count")).to_be_empty()
