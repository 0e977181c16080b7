"""Every page in both themes and two widths: pictures to look at, axe, no sideways scrolling; and the keyboard."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.console import Console, status
from tests.e2e.handset import Handset
from tests.e2e.windows import NARROW, THEMES, WIDE, accessibility, overflow, picture, settle, tallness
from tests.integration.stack import Running
from tests.integration.test_photos import JPEG, send, sign

NUMBER = "+12025550187"
FILLING = ("conversations", "conversation", "room", "handset")
"""Pages that scroll inside, never as a whole."""


@pytest.fixture(scope="module")
def photo(stack: Running) -> str:
    """A conversation with something of everything; the id of its message with a photo."""
    send(stack, NUMBER, "Buenos días, ¿dónde está la clínica, por favor?")
    send(stack, "+12025550188", "Bom dia, gostaria de marcar uma consulta para amanhã.")
    send(stack, "+12025550189", "Stop. Thank you")
    report = send(stack, NUMBER, "¿Qué dice este letrero?", (JPEG, sign("Farmacia abierta", "de 9 a 20 horas")))
    return str(report["reportId"])


def loaded(page: Page, testid: str) -> None:
    """Waits until a part of the page is there with its pictures; those out of sight load when they come into it."""
    pictures = page.get_by_test_id(testid).get_by_test_id("picture")
    expect(pictures.first).to_be_visible()
    for each in pictures.all():
        each.scroll_into_view_if_needed()
        expect(each.locator("img")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "360"])
@pytest.mark.parametrize("theme", THEMES)
def test_every_page_can_be_read_by_everyone(
    console: Callable[..., Console],
    handset: Callable[..., Handset],
    photo: str,
    theme: str,
    size: tuple[int, int],
) -> None:
    found: dict[str, list[str]] = {}

    def look(page: Page, name: str, ready: Callable[[], object]) -> None:
        settle(page, ready)
        picture(page, f"{name}-{theme}-{size[0]}")
        fills = tallness(page) if name in FILLING else []
        found[name] = [*overflow(page), *fills, *accessibility(page)]

    desk = console(theme, size, axe=True)
    page = desk.page
    desk.visit()
    look(page, "sign-in", lambda: expect(page.get_by_label("E-mail address")).to_be_visible())
    desk.enter("desk@example.org", desk.stack.settings.desk_password())
    desk.connected()
    look(page, "conversations", lambda: expect(page.get_by_test_id("conversation").first).to_be_visible())
    desk.open(NUMBER)
    look(page, "conversation", lambda: loaded(page, "messages"))
    desk.messages.get_by_test_id("picture").get_by_role("button").first.click()
    look(page, "picture", lambda: expect(page.get_by_test_id("boxes")).to_be_visible())
    page.keyboard.press("Escape")
    for name, hash_, ready in (
        ("room", "#/room", lambda: expect(page.get_by_role("heading", name="Room desk")).to_be_visible()),
        ("report", f"#/reports/{photo}", lambda: loaded(page, "report")),
        ("day", "#/day", lambda: expect(page.get_by_test_id("day")).to_be_visible()),
        ("pictures", "#/pictures", lambda: loaded(page, "gallery")),
        ("questions", "#/questions", lambda: expect(page.get_by_test_id("ask")).to_be_visible()),
        ("ask", "#/ask", lambda: expect(page.get_by_test_id("question-form")).to_be_visible()),
        ("digest", "#/digest", lambda: expect(page.get_by_test_id("subscriptions-link")).to_be_visible()),
        (
            "subscriptions",
            "#/subscriptions",
            lambda: expect(page.get_by_test_id("subscription-form")).to_be_visible(),
        ),
        ("settings", "#/settings", lambda: expect(page.get_by_test_id("settings-name")).to_be_visible()),
        ("help", "#/help", lambda: expect(page.get_by_role("heading", name="Help")).to_be_visible()),
    ):
        desk.go(hash_)
        look(page, name, ready)
    if size == NARROW:
        page.get_by_test_id("nav-more").click()
        look(page, "more", lambda: expect(page.get_by_role("link", name="Pictures")).to_be_visible())
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="Pictures")).to_be_hidden()
        expect(page.get_by_test_id("nav-more")).to_be_focused()
    phone = handset(NUMBER, theme, size, axe=True)
    look(phone.page, "handset", lambda: expect(phone.log.locator(".message.theirs").first).to_be_visible())
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(("language", "heading"), [("es", "Conversaciones"), ("pt", "Conversas")])
def test_other_languages_of_the_console_fit_a_phone(
    console: Callable[..., Console], photo: str, language: str, heading: str
) -> None:
    desk = console(size=NARROW).sign_in(language=language)
    expect(desk.page.get_by_role("heading", name=heading)).to_be_visible()
    expect(desk.page.locator("html")).to_have_attribute("lang", language)
    found = {}
    for name in ("", "room", f"reports/{photo}", "day", "pictures", "questions", "digest", "settings", "help"):
        desk.go(f"#/{name}")
        expect(desk.page.locator("#content h1, #content h2").first).to_be_attached()
        desk.page.wait_for_timeout(200)
        found[name] = overflow(desk.page)
    desk.go("#/")
    desk.open(NUMBER)
    found["conversation"] = overflow(desk.page)
    assert {name: faults for name, faults in found.items() if faults} == {}


BAR_WIDTHS = (360, 761, 940, 1240, 1241)
"""On both sides of where the bar changes."""


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_navigation_keeps_to_one_line(console: Callable[..., Console], photo: str, language: str) -> None:
    desk = console().sign_in(language=language)
    bar = desk.page.locator("header.bar")
    links = bar.locator("nav > a, .further > button, #further > a")
    for width in BAR_WIDTHS:
        desk.page.set_viewport_size({"width": width, "height": 700})
        boxes = [box for each in links.all() if (box := each.bounding_box())]
        texts = [box for each in links.locator(".nav-text").all() if (box := each.bounding_box())]
        sign_out = desk.page.get_by_test_id("sign-out").bounding_box()
        assert sign_out
        assert len(boxes) >= 5
        assert len({round(box["y"]) for box in boxes}) == 1, width
        assert [box for box in texts if box["height"] > 30] == [], width
        assert width == NARROW[0] or max(box["x"] + box["width"] for box in boxes) <= sign_out["x"], width
        assert overflow(desk.page) == [], width


def tab_to(page: Page, selector: str, limit: int = 60) -> None:
    """Presses Tab until something that matches has the focus."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => Boolean(document.activeElement?.matches(selector))", selector):
            return
    raise AssertionError(f"Tab never came to {selector}")


def test_keyboard_alone_signs_in_opens_a_conversation_and_answers(
    console: Callable[..., Console], handset: Callable[..., Handset]
) -> None:
    phone = handset("+12025550190")
    phone.say("Good morning, where is the clinic?")
    desk = console()
    desk.visit()
    page, keyboard = desk.page, desk.page.keyboard
    expect(page.get_by_label("E-mail address")).to_be_visible()
    tab_to(page, "#email")
    keyboard.type("desk@example.org")
    tab_to(page, "#password")
    keyboard.type(desk.stack.settings.desk_password())
    keyboard.press("Enter")
    desk.connected()
    conversation = desk.conversation_id("+12025550190")
    expect(desk.item(conversation)).to_be_visible()
    tab_to(page, f"[data-conversation-id={conversation}]")
    keyboard.press("Enter")
    expect(desk.messages.first).to_be_visible()
    tab_to(page, "[data-testid=reply-box]")
    keyboard.type("It is next to the bridge.")
    keyboard.press("Enter")
    expect(status(desk.message("It is next to the bridge."))).to_have_attribute("data-status", "delivered")
    phone.arrived(phone.bubble("It is next to the bridge."))
    keyboard.press("Escape")
    keyboard.press("?")
    expect(page.get_by_test_id("help-dialog")).to_be_visible()
    keyboard.press("Escape")
    expect(page.get_by_test_id("help-dialog")).to_have_count(0)


@pytest.mark.parametrize("address", ["console_url", "handset_url"])
def test_weight_and_first_render_are_measured(
    console: Callable[..., Console], stack: Running, measure: Callable[[str], None], address: str
) -> None:
    page = console().page
    page.goto(getattr(stack.settings, address), wait_until="load")
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_timeout(1000)  # what the page fetches once it has nothing else to do
    painted, loaded_files = page.evaluate(
        """() => {
          const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
          const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
          return [paint, entries.filter((entry) => !entry.name.includes("/_sim/"))
            .map((entry) => [entry.name, entry.responseEnd <= paint])];
        }"""
    )
    sizes = {name: len(gzip.compress(httpx.get(name, timeout=10).content)) for name, _ in loaded_files}
    first = sum(sizes[name] for name, before in loaded_files if before)
    measure(
        f"{address.removesuffix('_url')}: first contentful paint after {painted:.0f} ms and {first / 1024:.0f} KB, "
        f"in all {sum(sizes.values()) / 1024:.0f} KB in {len(sizes)} files (compressed, as CloudFront sends them)"
    )
    assert sum(sizes.values()) < 300 * 1024
