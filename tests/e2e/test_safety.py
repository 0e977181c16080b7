"""What people write stays text, and the pages let nothing in from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.handset import Handset
from tests.integration.stack import Running

MARKUP = (
    "Good morning <b>bold</b> <script>window.pwned=1</script> <img src=x onerror='window.pwned=1'> "
    "<a href='javascript:window.pwned=1'>link</a> <svg/onload=window.pwned=1> {{7*7}} ${7*7} &amp; \" onmouseover=\"x"
)


def test_markup_and_script_in_a_message_stay_text(
    console: Callable[..., Console], handset: Callable[..., Handset]
) -> None:
    """Any dialog, any error and any violation of the policy would fail it besides."""
    desk, phone = console().sign_in(), handset("+12025550178")
    phone.say(MARKUP)
    expect(phone.log.locator(".message.mine .bubble")).to_have_text(MARKUP)
    conversation = desk.open("+12025550178")
    expect(desk.messages.first).to_contain_text(MARKUP)
    expect(desk.item(conversation)).to_contain_text("<b>bold</b>")
    desk.write("<i>Answer</i> <script>window.pwned=1</script>")
    expect(phone.bubble(re.compile("script")).last).to_be_visible()
    desk.go(f"#/reports/{desk.messages.first.get_attribute('data-message-id')}")
    expect(desk.page.get_by_test_id("report")).to_contain_text("<b>bold</b>")
    for page in (desk.page, phone.page):
        assert page.evaluate("window.pwned") is None
        made = page.locator(
            "main b, main i, main script, main img[src=x], a[href^=javascript], [onload], [onerror], [onmouseover]"
        )
        expect(made).to_have_count(0)


@pytest.mark.parametrize("address", ["console_url", "handset_url"])
def test_page_is_served_under_a_strict_policy(stack: Running, address: str) -> None:
    answer = httpx.get(getattr(stack.settings, address), timeout=10)
    assert answer.status_code == 200
    parts = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    policy = {name: sources for name, *sources in parts}
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["form-action"] in (["'self'"], ["'none'"])
    everything = [source for sources in policy.values() for source in sources]
    assert not [source for source in everything if "unsafe" in source or source in ("*", "http:", "https:", "ws:")]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", answer.text), "nothing inline"


def test_page_cannot_be_framed(console: Callable[..., Console]) -> None:
    desk = console()
    answer = httpx.get(desk.stack.settings.console_url, timeout=10)
    assert answer.headers.get("x-frame-options", "").upper() == "DENY"
