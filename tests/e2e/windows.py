"""Browser windows that are watched: whatever the browser complains about fails the test that did not expect it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

from infra.local import config

ROOT: Final = config.ROOT
SCREENSHOTS: Final = ROOT / "build" / "screenshots"
WIDE: Final = (1280, 860)
NARROW: Final = (360, 740)
THEMES: Final = ("light", "dark")
_AXE: Final = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
# An init script is not the page's own: the policy that it watches over does not apply to it.
_VIOLATIONS: Final = """
window.__violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));
"""
OFFLINE: Final = re.compile(r"ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_CONNECTION|WebSocket connection to")


def axe_script() -> Path:
    """The accessibility checker, which came with the console's packages."""
    assert _AXE.exists(), f"{_AXE} is missing: `python -m infra.site` builds the console and fetches it"
    return _AXE


@dataclass
class Windows:
    """Opens windows for one test and remembers what went wrong in them."""

    browser: Browser
    problems: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, theme: str = "light", size: tuple[int, int] = WIDE, *, axe: bool = False, **options: Any) -> Page:
        """A window of its own, with nothing in its storage."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
            locale="en-US",
            **options,
        )
        self.contexts.append(context)
        context.add_init_script(_VIOLATIONS)
        if axe:
            context.add_init_script(path=axe_script())
        page = context.new_page()
        self._watch(page)
        return page

    def expect(self, *patterns: str | re.Pattern[str]) -> None:
        """Complaints that this test provokes."""
        self.expected += [re.compile(pattern) for pattern in patterns]

    def _watch(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"error in the page: {error}"))
        page.on("dialog", self._on_dialog)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _on_dialog(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def complaints(self) -> list[str]:
        """What nobody expected, Content-Security-Policy violations included."""
        found = list(self.problems)
        for page in self.pages():
            found += [f"policy violated: {each}" for each in page.evaluate("window.__violations ?? []")]
        return [each for each in found if not any(pattern.search(each) for pattern in self.expected)]

    def pages(self) -> list[Page]:
        """The windows still open."""
        return [page for context in self.contexts for page in context.pages if not page.is_closed()]

    def photograph(self, name: str) -> None:
        """A picture of every window still open."""
        for number, page in enumerate(self.pages()):
            picture(page, f"{name}-{number}")

    def close(self) -> None:
        """Closes them all."""
        for context in self.contexts:
            context.close()


def picture(page: Page, name: str) -> None:
    """Writes what the window shows to build/screenshots/<name>.png."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled", full_page=True)


def overflow(page: Page) -> list[str]:
    """What is wider than the window, where the page as a whole can be scrolled sideways."""
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [`the page is ${document.documentElement.scrollWidth} px wide`, ...[...document.querySelectorAll("body *")]
          .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
          .map((each) => `${each.tagName} ${each.className}`).slice(0, 5)]"""
    )
    return found


def tallness(page: Page) -> list[str]:
    """How high the page is, for those that fill the window and scroll inside."""
    high, window = page.evaluate("[document.documentElement.scrollHeight, innerHeight]")
    return [f"the page is {high} px high in a window of {window}"] if high > window else []


def accessibility(page: Page) -> list[str]:
    """axe-core's violations of the serious and critical kind, as text; the window was opened with `axe`."""
    result: dict[str, Any] = page.evaluate(
        "() => axe.run(document, { resultTypes: ['violations'], elementRef: false })"
    )
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]} {node['failureSummary'][:240]}"
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"][:3]
    ]


def settle(page: Page, ready: Callable[[], Any]) -> None:
    """Waits until a page shows what it should and its pictures are there."""
    ready()
    # wait_for_function evaluates its text in the page again and again, which the page's policy rightly forbids.
    while not page.evaluate("[...document.images].every((image) => image.complete)"):
        page.wait_for_timeout(20)
