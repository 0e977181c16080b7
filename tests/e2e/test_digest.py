"""Digests: made of a day, read in the console; and who gets them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from infra.digest import make
from tests.e2e.console import Console
from tests.e2e.windows import NARROW, THEMES, WIDE, Windows, accessibility, overflow, picture, settle
from tests.integration.stack import Running
from tests.integration.test_photos import send

Consoles = Callable[..., Console]
NUMBER = "+12025550166"
WAITING = "¿Dónde está el dentista más cercano?"


@pytest.fixture(scope="module")
def today(stack: Running) -> str:
    """A day that is not over, with its digest: today."""
    send(stack, NUMBER, "Buenos días, muchas gracias por la ayuda.")
    send(stack, "+12025550182", WAITING)
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    make(stack.client, "dragoman", {"day": day}, print)
    return day


def test_digest_is_listed_and_leads_to_what_waits(console: Consoles, today: str) -> None:
    desk = console().sign_in()
    page = desk.page
    desk.go("#/digest")
    page.locator(f"[data-testid=digest-item][data-day='{today}']").get_by_role("link").click()
    digest = page.get_by_test_id("digest")
    expect(digest).to_have_attribute("data-day", today)
    expect(page.get_by_test_id("digest-early")).to_be_visible()
    expect(digest.get_by_text("Cost of the day")).to_be_visible()
    languages = page.get_by_test_id("digest-languages")
    expect(languages).to_contain_text("Spanish")
    languages.get_by_text("As a table").click()
    expect(languages.get_by_role("row", name="Spanish")).to_be_visible()
    expect(page.get_by_test_id("digest-cost").get_by_role("row").filter(has_text="Twilio").first).to_be_visible()
    picture(page, "digest-one-light-1280")
    page.get_by_test_id("digest-unanswered").get_by_role("link", name=WAITING).click()
    expect(page.get_by_test_id("thread")).to_be_visible()
    expect(desk.message(WAITING)).to_have_count(1)


def test_day_without_a_digest_leads_to_its_reports(console: Consoles, windows: Windows) -> None:
    windows.expect("status of 404")
    desk = console().sign_in()
    desk.go("#/digest/2026-01-01")
    expect(desk.page.get_by_text("There is no digest of this day")).to_be_visible()
    desk.page.get_by_role("link", name="Count this day").click()
    expect(desk.page.get_by_text("No messages on this day")).to_be_visible()
    desk.page.get_by_role("link", name="Digest of this day").click()
    expect(desk.page.get_by_text("There is no digest of this day")).to_be_visible()


def test_subscribers_are_added_and_removed(console: Consoles) -> None:
    desk = console().sign_in()
    page = desk.page
    desk.go("#/settings")
    page.get_by_role("link", name="Who gets the digest").click()
    page.get_by_test_id("subscription-address").fill("ana")
    page.get_by_test_id("subscription-add").click()
    expect(page.get_by_test_id("subscription-fault")).to_be_visible()
    expect(page.get_by_test_id("subscription-address")).to_be_focused()
    page.get_by_test_id("subscription-address").fill("ana@example.org")
    page.get_by_test_id("subscription-name").fill("Ana María")
    page.get_by_test_id("subscription-add").click()
    mine = page.get_by_test_id("subscription").filter(has_text="ana@example.org")
    expect(mine).to_contain_text("Ana María")

    page.get_by_test_id("subscription-kind").get_by_role("radio", name="Text message").check()
    page.get_by_test_id("subscription-address").fill("+1 202 555 0183")
    page.get_by_test_id("subscription-language").select_option("es")
    page.get_by_test_id("subscription-add").click()
    texted = page.get_by_test_id("subscription").filter(has_text="+1 202 555 0183")
    expect(texted).to_contain_text("Spanish")

    page.reload()
    desk.connected()
    for subscription in (mine, texted):
        subscription.get_by_test_id("subscription-remove").click()
        page.get_by_test_id("confirm-act").click()
        expect(subscription).to_have_count(0)
    expect(page.get_by_test_id("subscriptions-said")).to_contain_text("+1 202 555 0183")
    page.reload()
    desk.connected()
    expect(page.get_by_test_id("subscription-form")).to_be_visible()
    expect(texted.or_(mine)).to_have_count(0)


def test_address_that_was_refused_is_shown_with_the_subscriber(console: Consoles, stack: Running) -> None:
    made = {"subscriptionId": "refused-once", "list": "subscriptions", "createdAt": "2026-11-28T09:12:44.018Z"}
    made |= {"kind": "email", "address": "bia@exmple.org", "language": "pt"}
    made |= {"refusedAt": "2026-11-29T11:00:09.127Z", "refusal": "SesV2.MessageRejectedException"}
    table, dynamodb = stack.outputs()["SubscriptionsTableName"], stack.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={name: {"S": value} for name, value in made.items()})
    (listed,) = (
        one
        for one in stack.get("/subscriptions", limit=100).json()["subscriptions"]
        if one["subscriptionId"] == made["subscriptionId"]
    )
    assert listed == {name: value for name, value in made.items() if name != "list"}
    desk = console(size=NARROW).sign_in()
    desk.go("#/subscriptions")
    mine = desk.page.get_by_test_id("subscription").filter(has_text="bia@exmple.org")
    refused = mine.get_by_test_id("subscription-refused")
    expect(refused).to_have_text(re.compile(r"^The last e-mail was refused on Nov 29, 2026, .+: check the address\.$"))
    picture(desk.page, "digest-refused-light-360")
    assert overflow(desk.page) == []
    mine.get_by_test_id("subscription-remove").click()
    desk.page.get_by_test_id("confirm-act").click()
    expect(mine).to_have_count(0)


def mail_to(stack: Running, address: str) -> Any:
    """The one e-mail that was sent to an address."""
    files = (stack.settings.state_dir / "mail").glob("*.eml")
    (mail,) = (
        mail for file in files if (mail := message_from_bytes(file.read_bytes(), policy=default))["To"] == address
    )
    return mail


def shown(mail: Any) -> str:
    """An e-mail's page, with the pictures that it brings along in it."""
    page = mail.get_body(("html",)).get_content()
    for part in mail.walk():
        if part.get_content_type() == "image/png":
            data = base64.b64encode(part.get_content()).decode()
            page = page.replace(f"cid:{part['Content-ID'][1:-1]}", f"data:image/png;base64,{data}")
    return str(page)


MAILS = [
    ("en", "English", r"^Dragoman: \d+ messages?, [A-Z][a-z]+ \d+, \d{4}$"),
    ("es", "Spanish", r"^Dragoman: \d+ mensajes?, \d+ de [a-z]+ de \d{4}$"),
    ("pt", "Portuguese", r"^Dragoman: \d+ mensage(m|ns), \d+ de [a-zç]+ de \d{4}$"),
]


def test_subscribers_get_the_mail_in_the_language_that_was_chosen(
    console: Consoles, windows: Windows, stack: Running, today: str
) -> None:
    desk = console().sign_in(language="fr")
    page = desk.page
    desk.go("#/subscriptions")
    # Nobody wrote mails in French, so the desk's first language is offered.
    expect(page.get_by_test_id("subscription-language")).to_have_value("en")
    for language, name, _ in MAILS:
        page.get_by_test_id("subscription-address").fill(f"mail-{language}@example.org")
        page.get_by_test_id("subscription-language").select_option(language)
        page.get_by_test_id("subscription-add").click()
        mine = page.get_by_test_id("subscription").filter(has_text=f"mail-{language}@example.org")
        expect(mine).to_contain_text(name)
    page.reload()
    desk.connected()
    make(stack.client, "dragoman", {"day": today, "notify": True, "again": True}, print)
    for language, name, subject in MAILS:
        mail = mail_to(stack, f"mail-{language}@example.org")
        assert re.search(subject, mail["Subject"])
        assert mail["Content-Language"] == language
        for size in (NARROW, (600, 900)):
            reader = windows.open(size=size, axe=True)
            reader.set_content(shown(mail))
            settle(reader, lambda: None)
            assert reader.evaluate("document.documentElement.lang") == language
            assert reader.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
            picture(reader, f"digest-mail-{language}-{size[0]}")
            assert [*overflow(reader), *accessibility(reader)] == []
        mine = page.get_by_test_id("subscription").filter(has_text=f"mail-{language}@example.org")
        expect(mine).to_contain_text(name)
        mine.get_by_test_id("subscription-remove").click()
        page.get_by_test_id("confirm-act").click()
        expect(mine).to_have_count(0)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "360"])
@pytest.mark.parametrize("theme", THEMES)
def test_pages_of_the_digest_can_be_read_by_everyone(
    console: Consoles, today: str, theme: str, size: tuple[int, int]
) -> None:
    found: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        settle(page, lambda: None)
        picture(page, f"digest-{name}-{theme}-{size[0]}")
        found[name] = [*overflow(page), *accessibility(page)]

    desk = console(theme, size, axe=True).sign_in()
    page = desk.page
    desk.go("#/digest")
    expect(page.get_by_test_id("digest-item").first).to_be_visible()
    look(page, "list")
    desk.go(f"#/digest/{today}")
    expect(page.get_by_test_id("digest")).to_be_visible()
    look(page, "day")
    desk.go("#/subscriptions")
    address = f"desk-{theme}-{size[0]}@example.org"
    page.get_by_test_id("subscription-address").fill(address)
    page.get_by_test_id("subscription-add").click()
    mine = page.get_by_test_id("subscription").filter(has_text=address)
    expect(mine).to_be_visible()
    look(page, "subscriptions")
    mine.get_by_test_id("subscription-remove").click()
    expect(page.get_by_test_id("confirm")).to_be_visible()
    look(page, "remove")
    page.get_by_test_id("confirm-act").click()
    expect(mine).to_have_count(0)
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(("language", "heading"), [("es", "Resúmenes"), ("pt", "Resumos")])
def test_digest_in_other_languages_fits_a_phone(
    console: Consoles, windows: Windows, today: str, language: str, heading: str
) -> None:
    windows.expect("status of 404")
    desk = console(size=NARROW).sign_in(language=language)
    found = {}
    for name in (f"digest/{today}", "digest/2026-01-01", "subscriptions", "digest"):
        desk.go(f"#/{name}")
        expect(desk.page.locator("#content h1")).to_be_visible()
        desk.page.wait_for_timeout(200)
        found[name] = overflow(desk.page)
    expect(desk.page.get_by_role("heading", name=re.compile(heading), level=1)).to_be_visible()
    assert {name: faults for name, faults in found.items() if faults} == {}
