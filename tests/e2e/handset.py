"""The handset's page as the person with the phone uses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

from tests.integration.stack import Running


@dataclass(eq=False)
class Handset:
    """One phone in one window."""

    page: Page
    stack: Running

    def open(self, me: str, **query: str) -> Handset:
        """Opens it as somebody."""
        self.page.goto(f"{self.stack.settings.handset_url}?{urlencode({'me': me, **query})}")
        expect(self.page.get_by_role("heading", level=1)).not_to_have_text("Handset")
        return self

    @property
    def box(self) -> Locator:
        """Where the person writes."""
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def log(self) -> Locator:
        """The conversation."""
        return self.page.get_by_role("log", name="Messages")

    def bubble(self, text: str | re.Pattern[str]) -> Locator:
        """The messages whose words hold the text."""
        return self.log.locator(".message").filter(has=self.page.locator(".bubble").get_by_text(text))

    def say(self, text: str) -> None:
        """Texts the desk and waits until it was taken."""
        self.box.fill(text)
        self.box.press("Enter")
        self.taken(self.log.locator(".message.mine").last)

    def attach(self, *files: Path) -> None:
        """Attaches pictures from files."""
        self.page.get_by_label("Attach a picture").click()
        self.page.get_by_label("A picture from a file").set_input_files(files)

    def sample(self, label: str) -> None:
        """Attaches one of the pictures that the page draws itself."""
        self.page.get_by_label("Attach a picture").click()
        self.page.get_by_role("button", name=f"Sample: {label}").click()
        expect(self.page.get_by_role("list", name="Attached pictures").get_by_role("listitem")).not_to_have_count(0)

    def tap(self, word: str) -> None:
        """Taps STOP, START, HELP or a sentence."""
        self.page.get_by_role("button", name=word, exact=True).click()

    @staticmethod
    def taken(message: Locator) -> None:
        """Waits until the desk's webhook has taken the message."""
        expect(message).to_have_attribute("data-state", "taken")

    @staticmethod
    def arrived(message: Locator) -> None:
        """Waits until a message from the desk is on the phone."""
        expect(message).to_have_attribute("data-state", "delivered")
