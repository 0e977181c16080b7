"""Who gets into the console, and how."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from infra.local.config import OPERATORS
from tests.e2e.console import Console
from tests.e2e.windows import Windows


def test_wrong_password_is_told_and_the_right_one_lets_in(console: Callable[..., Console], windows: Windows) -> None:
    # Cognito answers 400, which the browser's console reports.
    windows.expect(r"status of 400")
    desk = console()
    desk.visit()
    desk.enter(OPERATORS[0], "not the password")
    expect(desk.page.get_by_test_id("sign-in-error")).to_have_text("The e-mail address or the password is wrong.")
    expect(desk.page.get_by_test_id("connection")).to_have_count(0)
    desk.enter(OPERATORS[0], desk.stack.settings.desk_password())
    desk.connected()
    expect(desk.page.get_by_role("heading", name="Conversations")).to_be_visible()


def test_signing_out_ends_the_session_also_after_a_reload(console: Callable[..., Console]) -> None:
    desk = console().sign_in()
    desk.page.reload()
    desk.connected()
    desk.page.get_by_test_id("sign-out").click()
    expect(desk.page.get_by_role("heading", name="Sign in to the desk")).to_be_visible()
    desk.page.reload()
    expect(desk.page.get_by_role("heading", name="Sign in to the desk")).to_be_visible()


def test_neither_ticket_nor_token_stands_in_the_address(console: Callable[..., Console]) -> None:
    desk = console()
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    desk.page.on("websocket", lambda socket: asked.append(socket.url))
    desk.sign_in()
    assert desk.page.url.startswith(desk.stack.settings.console_url)
    assert "eyJ" not in " ".join(asked), "a JWT begins so"
    sockets = [url for url in asked if url.startswith("ws")]
    assert sockets
    assert all("ticket=" in url for url in sockets)


def test_new_password_is_asked_to_be_as_long_as_the_pool_wants(console: Callable[..., Console]) -> None:
    desk = console()
    desk.visit()
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.headers.get("x-amz-target", "")))
    desk.page.get_by_role("button", name="I forgot my password").click()
    desk.page.get_by_test_id("email").fill(OPERATORS[0])
    desk.page.get_by_test_id("sign-in-submit").click()
    password = desk.page.get_by_test_id("new-password")
    expect(password).to_have_accessible_description("At least 12 characters.")
    desk.page.get_by_test_id("code").fill("123456")
    password.press_sequentially("eleven char")
    desk.page.get_by_test_id("sign-in-submit").click()
    assert password.evaluate("field => field.validity.tooShort")
    assert "AWSCognitoIdentityProviderService.ConfirmForgotPassword" not in asked
