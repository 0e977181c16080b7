"""A connection that breaks: the page says so, and afterwards everything is there once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import WebSocketRoute, expect

from tests.e2e.console import Console, status
from tests.e2e.handset import Handset
from tests.e2e.windows import OFFLINE, Windows, picture

Consoles = Callable[..., Console]
Handsets = Callable[..., Handset]


@dataclass
class Line:
    """The console's WebSocket, which can be cut at the server's end."""

    cut: bool = False
    sockets: list[WebSocketRoute] = field(default_factory=list)

    def connect(self, socket: WebSocketRoute) -> None:
        """Hands a new connection through, or breaks it off."""
        if self.cut:
            socket.close(code=1011)
            return
        socket.connect_to_server()
        self.sockets.append(socket)

    def break_off(self) -> None:
        """Ends the connection as a gateway that goes away does, and lets none through."""
        self.cut = True
        for socket in self.sockets:
            socket.close(code=1001)
        self.sockets.clear()


def converse(desk: Console, phone: Handset, away: Callable[[], None], back: Callable[[], None], kind: str) -> None:
    """Two sides talk, the console's connection goes away and comes back, and nothing is lost or doubled."""
    number = phone.page.get_by_role("heading", level=1).inner_text()
    phone.say("This is before the break.")
    desk.open(number)
    expect(desk.message("This is before the break.")).to_have_count(1)
    away()
    desk.state(kind)
    expect(desk.page.get_by_role("status").filter(has_text="Nothing that comes meanwhile is lost")).to_be_visible()
    for words in ("This is the first one.", "This is the second one."):
        phone.say(words)
    own = desk.write("This was written meanwhile.")
    expect(status(own)).to_have_attribute("data-status", "waiting")
    expect(desk.message("This is the first one.")).to_have_count(0)
    picture(desk.page, f"connection-{kind.partition('|')[0]}-light-1280")
    back()
    desk.connected()
    for words in ("before the break", "the first one", "the second one", "written meanwhile"):
        expect(desk.messages.get_by_test_id("message-text").filter(has_text=words)).to_have_count(1)
    expect(status(desk.message("This was written meanwhile."))).to_have_attribute("data-status", "delivered")
    expect(phone.bubble("This was written meanwhile.")).to_have_count(1)
    shown = desk.messages.filter(has_not_text="written meanwhile").get_by_test_id("message-text").all_inner_texts()
    assert shown == ["This is before the break.", "This is the first one.", "This is the second one."]
    phone.say("This is after the break.")
    expect(desk.message("This is after the break.")).to_have_count(1)


def test_network_that_goes_away_loses_nothing(console: Consoles, handset: Handsets, windows: Windows) -> None:
    windows.expect(OFFLINE)
    desk = console().sign_in()
    context = desk.page.context
    away, back = (lambda: context.set_offline(True)), (lambda: context.set_offline(False))
    converse(desk, handset("+12025550176"), away, back, "offline")


def test_server_that_hangs_up_loses_nothing(console: Consoles, handset: Handsets, windows: Windows) -> None:
    windows.expect(OFFLINE)
    desk, line = console(), Line()
    desk.page.route_web_socket("**", line.connect)
    # The waits grow from 2 s to 8 s without chance, so that there is one long enough to press the button in.
    desk.page.add_init_script("Math.random = () => 0.99")
    desk.sign_in()

    def back() -> None:
        expect(desk.page.get_by_test_id("connection")).to_contain_text(re.compile(r"in ([6-9]|1\d|2\d) s"))
        line.cut = False
        desk.page.get_by_role("button", name="Reconnect now").press("Enter")

    converse(desk, handset("+12025550177"), line.break_off, back, "waiting|connecting")
