"""The operators' console as an operator uses it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from infra.local.config import OPERATORS
from tests.integration.stack import Running, until


@dataclass
class Console:
    """One operator's window."""

    page: Page
    stack: Running

    def visit(self, hash_: str = "") -> None:
        """Opens a page of the console by its fragment."""
        self.page.goto(f"{self.stack.settings.console_url}{hash_}")

    def go(self, hash_: str) -> None:
        """Goes to another page of the console without loading it anew."""
        self.page.evaluate("(to) => { location.hash = to }", hash_)

    def sign_in(self, email: str = OPERATORS[0], password: str | None = None, **details: str) -> Console:
        """Signs in and waits for the connection; `details` are what the operator chose before: language, room, name."""
        if details:
            self.page.add_init_script(f"localStorage['dragoman.settings'] ??= {json.dumps(json.dumps(details))}")
        self.visit()
        self.enter(email, self.stack.settings.desk_password() if password is None else password)
        self.connected()
        return self

    def enter(self, email: str, password: str) -> None:
        """Fills the form in, in whichever language it is, and sends it."""
        self.page.get_by_test_id("email").fill(email)
        self.page.get_by_test_id("password").fill(password)
        self.page.get_by_test_id("sign-in-submit").click()

    def connected(self) -> None:
        """Waits until the live connection is there."""
        self.state("connected")

    def state(self, kind: str) -> None:
        """Waits for a state of the connection: connected, waiting, offline."""
        expect(self.page.get_by_test_id("connection")).to_have_attribute("data-state", re.compile(kind))

    # --- conversations ------------------------------------------------------------------------------------------------
    def conversation_id(self, number: str, channel: str = "sms") -> str:
        """The conversation with a number, once there is one."""
        return str(until(lambda: self._listed(number, channel))["conversationId"])

    def opted_out(self, number: str) -> None:
        """Waits until the desk knows that a number opted out, whatever this window knows."""
        until(lambda: (self._listed(number, "sms") or {}).get("optedOut") or None)

    def _listed(self, number: str, channel: str) -> dict[str, Any] | None:
        listed: dict[str, Any] = self.stack.get("/conversations", limit=100).json()
        address = f"{channel}:{number}"
        return next((one for one in listed["conversations"] if one["contact"] == address), None)

    def item(self, conversation_id: str) -> Locator:
        """A conversation in the list."""
        return self.page.locator(f"[data-testid=conversation][data-conversation-id={conversation_id}]")

    def open(self, number: str, channel: str = "sms") -> str:
        """Opens the conversation with a number, and gives its id."""
        conversation_id = self.conversation_id(number, channel)
        self.item(conversation_id).click()
        expect(self.page.locator(f"[data-testid=thread][data-conversation-id={conversation_id}]")).to_be_visible()
        return conversation_id

    @property
    def messages(self) -> Locator:
        """The messages of the open conversation."""
        return self.page.get_by_test_id("messages").get_by_test_id("message")

    def message(self, text: str) -> Locator:
        """The messages of the open conversation whose words hold the text, in whichever language."""
        return self.messages.filter(has_text=text)

    # --- writing ------------------------------------------------------------------------------------------------------
    @property
    def reply_box(self) -> Locator:
        """Where the operator writes."""
        return self.page.get_by_test_id("reply-box")

    def write(self, text: str) -> Locator:
        """Writes to the open conversation; gives the message as it appears."""
        self.reply_box.fill(text)
        self.page.get_by_test_id("send").click()
        own = self.messages.filter(has=self.page.get_by_test_id("message-text").get_by_text(text, exact=True))
        expect(own).to_have_count(1)
        return own

    # --- the directory ------------------------------------------------------------------------------------------------
    def entries(self, text: str) -> Locator:
        """The entries of the list whose words hold the text."""
        return self.page.get_by_test_id("entry").filter(has_text=text)

    def edit(self, entry_id: str) -> None:
        """Opens an entry's form; `new` for an empty one."""
        self.go(f"#/directory/{entry_id}")
        expect(self.page.get_by_test_id("entry-form")).to_be_visible()

    def fill_in(self, **fields: str) -> None:
        """Writes into the entry's fields, by their names, and saves."""
        for name, value in fields.items():
            self.page.get_by_test_id(f"entry-{name}").fill(value)
        self.page.get_by_test_id("entry-save").click()

    def said(self, text: str) -> None:
        """Waits until the list says what was done."""
        expect(self.page.get_by_test_id("directory-said")).to_contain_text(text)

    def delete_entry(self, entry_id: str) -> None:
        """Deletes an entry, and says yes when asked."""
        self.edit(entry_id)
        self.page.get_by_test_id("entry-delete").click()
        self.page.get_by_test_id("confirm-act").click()

    # --- questions ----------------------------------------------------------------------------------------------------
    def question(
        self, text: str, *choices: str, yes_no: bool = False, deadline: str = "86400", reminder: str = "0"
    ) -> None:
        """Fills the form in, whose number is there already; deadline and reminder in seconds as offered."""
        self.page.get_by_test_id("ask-text").fill(text)
        if yes_no:
            self.page.get_by_test_id("ask-yes-no").click()
        for number, choice in enumerate(choices):
            self.page.get_by_test_id("ask-add").click()
            self.page.get_by_test_id(f"ask-choice-{number}").fill(choice)
        self.page.get_by_test_id("ask-deadline").select_option(deadline)
        self.page.get_by_test_id("ask-remindAfter").select_option(reminder)

    def asked(self, text: str) -> Locator:
        """The questions of the list whose words hold the text."""
        return self.page.get_by_test_id("question").filter(has_text=text)

    def filter_questions(self, label: str) -> None:
        """Shows the questions of one kind, by the filter's own words."""
        self.page.get_by_test_id("question-filter").get_by_role("radio", name=label, exact=True).check()


def status(message: Locator) -> Locator:
    """The ticks of an operator's message; their `data-status` is the furthest state."""
    return message.get_by_test_id("ticks").first
