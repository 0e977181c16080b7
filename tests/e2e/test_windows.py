"""The watch over the windows itself: what it must not miss."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.e2e.windows import Windows, accessibility, overflow, tallness
from tests.integration.stack import Running, until


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.error('broken')", "console error: broken"),
        ("setTimeout(() => { throw new Error('lost') })", "error in the page: lost"),
        ("setTimeout(() => alert('hello'))", "dialog: hello"),
        ("new Image().src = 'http://127.0.0.1:9/x.png'", "policy violated: img-src"),
        ("document.body.setAttribute('style', 'color: red')", "policy violated: style-src-attr"),
    ],
)
def test_complaint_of_the_browser_is_noticed(browser: Browser, stack: Running, script: str, complaint: str) -> None:
    windows = Windows(browser)
    page = windows.open()
    page.goto(stack.settings.handset_url)
    assert windows.complaints() == []
    page.evaluate(f"() => {{ {script} }}")
    until(lambda: any(each.startswith(complaint) for each in windows.complaints()) or None)
    windows.expect(".")
    assert windows.complaints() == []
    windows.close()


def test_faults_of_a_page_are_found(windows: Windows, stack: Running) -> None:
    page = windows.open(axe=True)
    page.goto(stack.settings.handset_url)
    assert [*overflow(page), *tallness(page), *accessibility(page)] == []
    page.evaluate(
        """() => {
          const [image, wide] = [document.createElement("img"), document.createElement("div")];
          image.src = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==";
          wide.style.cssText = "width: 3000px; height: 3000px";
          document.body.append(image, wide);
        }"""
    )
    assert "3000" in overflow(page)[0]
    assert tallness(page)
    assert any(each.startswith("image-alt") for each in accessibility(page))
