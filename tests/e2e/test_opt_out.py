"""Whoever says stop is left alone at once, and the desk sees it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.handset import Handset
from tests.e2e.windows import OFFLINE, Windows, picture

Consoles = Callable[..., Console]
Handsets = Callable[..., Handset]
GREETING = "Good morning, where is the clinic?"


def test_stop_closes_the_box_at_once_and_start_opens_it(console: Consoles, handset: Handsets, windows: Windows) -> None:
    windows.expect(OFFLINE)
    desk, phone = console().sign_in(), handset("+12025550175")
    phone.say(GREETING)
    desk.open("+12025550175")
    expect(desk.reply_box).to_be_enabled()

    # A line written while the connection is away meets the opt-out that came meanwhile.
    desk.page.context.set_offline(True)
    desk.state("offline")
    waiting = desk.write("One more thing.")
    phone.tap("STOP")
    carrier = phone.log.locator(".message.carrier")
    expect(carrier).to_contain_text("Answered by the carrier")
    expect(phone.page.get_by_role("status").filter(has_text="until it texts START")).to_be_visible()
    desk.opted_out("+12025550175")
    desk.page.context.set_offline(False)
    expect(waiting).to_have_attribute("data-pending", "refused")
    expect(waiting).to_contain_text("START")
    expect(desk.page.get_by_test_id("opted-out")).to_be_visible()
    expect(desk.reply_box).to_be_disabled()
    expect(desk.page.get_by_test_id("consent-stop")).to_be_visible()
    picture(desk.page, "opted-out-light-1280")
    picture(phone.page, "handset-stopped-light-1280")

    phone.tap("START")
    expect(desk.page.get_by_test_id("opted-out")).to_have_count(0)
    expect(desk.reply_box).to_be_enabled()
    desk.write("Welcome back.")
    phone.arrived(phone.bubble("Welcome back."))
    expect(phone.bubble("One more thing.")).to_have_count(0)


def test_help_is_answered_by_the_carrier_and_by_the_desk(console: Consoles, handset: Handsets) -> None:
    desk, phone = console().sign_in(), handset("+12025550193")
    phone.tap("HELP")
    expect(phone.log.locator(".message.carrier")).to_contain_text("Reply STOP to unsubscribe")
    answer = phone.log.locator(".message.theirs")
    expect(answer).to_contain_text("STOP")
    desk.open("+12025550193")
    expect(desk.messages.first.get_by_test_id("consent-help")).to_be_visible()


def test_near_miss_is_flagged_and_not_acted_on(console: Consoles, handset: Handsets) -> None:
    desk, phone = console().sign_in(), handset("+12065550111")
    phone.tap("Stop. Thank you")
    desk.open("+12065550111")
    expect(desk.message("Stop. Thank you").get_by_test_id("near-miss")).to_be_visible()
    expect(desk.page.get_by_test_id("opted-out")).to_have_count(0)
    expect(desk.reply_box).to_be_enabled()
    expect(phone.log.locator(".message.carrier")).to_have_count(0)
