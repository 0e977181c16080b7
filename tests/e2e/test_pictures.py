"""The page that takes pictures, and its gallery."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.console import Console
from tests.e2e.windows import Windows
from tests.integration.test_photos import sign


def test_uploaded_picture_is_read_and_stands_in_the_gallery(
    console: Callable[..., Console], windows: Windows, tmp_path: Path
) -> None:
    # The page asks until the picture is recognised, and the browser's console reports each "not yet".
    windows.expect(r"status of 404 .*/desk/images/IM")
    photo, notes = tmp_path / "sign.jpg", tmp_path / "notes.txt"
    photo.write_bytes(sign("Farmacia abierta", "de 9 a 20 horas"))
    notes.write_text("no picture")
    desk = console().sign_in()
    desk.go("#/pictures")
    desk.page.get_by_test_id("file").set_input_files([photo, notes])
    uploads = desk.page.get_by_test_id("upload")
    expect(uploads.filter(has_text="sign.jpg")).to_contain_text("Done")
    expect(uploads.filter(has_text="notes.txt")).to_contain_text("not a picture")
    found = desk.page.get_by_test_id("gallery").get_by_test_id("picture").first
    expect(found.get_by_role("button").first).to_be_visible()
    expect(desk.page.get_by_test_id("gallery")).to_contain_text(re.compile("farmacia abierta", re.IGNORECASE))
    found.get_by_role("button").first.click()
    dialog = desk.page.get_by_test_id("picture-dialog")
    expect(dialog.get_by_test_id("boxes")).to_be_visible()
    boxes = dialog.get_by_test_id("boxes")
    dialog.get_by_test_id("toggle-boxes").uncheck()
    expect(boxes).to_have_count(0)
