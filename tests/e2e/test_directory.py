"""The directory: kept in the console, asked from a handset in another language."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from infra.local.config import OPERATORS
from tests.e2e.console import Console
from tests.e2e.handset import Handset
from tests.e2e.windows import NARROW, OFFLINE, THEMES, WIDE, Windows, accessibility, overflow, picture, settle

Consoles = Callable[..., Console]
Handsets = Callable[..., Handset]
ANA = "+12025550161"
REFUSED = re.compile(r"status of 412")

TABLE = """\ufeffname;keywords;phone;address;hours;text;language;link;entryId\r
"Night; shelter";"shelter; place to sleep";'+1 202 555 0171;1 Long Road;"8 to 20";"Bring nothing.
Ask for Maria.";en;https://shelter.example.org;\r
;food;;;;;xx;http://food.example.org;\r
Food bank;food;;2 Long Road;;;;;\r
"""


def added(desk: Console, name: str, **fields: str) -> str:
    """Adds an entry by the form; gives its id."""
    desk.edit("new")
    desk.fill_in(name=name, **fields)
    desk.said(name)
    return str(desk.entries(name).get_attribute("data-entry-id"))


def test_entry_is_added_and_answers_a_question_in_spanish(console: Consoles, handset: Handsets) -> None:
    desk, phone = console().sign_in(), handset(ANA)
    entry_id = added(
        desk,
        "Riverside Library",
        keywords="library, books",
        address="12 Bridge Street",
        phone="+1 202 555 0170",
        hours="Open every day.",
    )
    phone.say("¿Dónde está la biblioteca?")
    answer = phone.bubble(re.compile("12 Bridge Street"))
    expect(answer).to_have_count(1)
    phone.arrived(answer)
    expect(answer).to_contain_text("Riverside Library")
    expect(answer).to_contain_text(re.compile("abiert[oa]", re.IGNORECASE))
    desk.go("#/")
    desk.open(ANA)
    message = desk.message("¿Dónde está la biblioteca?")
    found = message.get_by_test_id("directory-found")
    expect(message.get_by_test_id("automatic-reply")).to_contain_text("12 Bridge Street")
    expect(found).to_have_attribute("data-state", "found")
    picture(desk.page, "directory-answered-light-1280")
    picture(phone.page, "handset-directory-light-1280")

    phone.say("¿Dónde está el dentista?")
    nothing = desk.message("¿Dónde está el dentista?").get_by_test_id("directory-found")
    expect(nothing).to_have_attribute("data-state", "none")

    desk.go(f"#/reports/{message.get_attribute('data-message-id')}")
    desk.page.get_by_test_id("report-directory").get_by_role("link", name="Riverside Library").click()
    expect(desk.page.get_by_test_id("entry-address")).to_have_value("12 Bridge Street")
    desk.delete_entry(entry_id)
    desk.said("Riverside Library")
    expect(desk.entries("Riverside Library")).to_have_count(0)


def test_second_editor_gets_the_conflict_and_decides(console: Consoles, windows: Windows) -> None:
    windows.expect(REFUSED)
    one, two = console().sign_in(), console().sign_in(OPERATORS[1])
    entry_id = added(one, "Harbour School", keywords="school", address="2 Quay")
    for desk in (one, two):
        desk.edit(entry_id)
    one.fill_in(address="3 Quay")
    one.said("Harbour School")
    two.fill_in(hours="8 to 16")
    conflict = two.page.get_by_test_id("conflict")
    expect(conflict).to_have_attribute("data-kind", "changed")
    expect(conflict).to_contain_text("3 Quay")
    expect(two.page.get_by_test_id("entry-save")).to_be_disabled()
    two.page.get_by_test_id("conflict-theirs").click()
    expect(two.page.get_by_test_id("entry-address")).to_have_value("3 Quay")
    two.fill_in(hours="8 to 16")
    two.said("Harbour School")

    for desk in (one, two):
        desk.edit(entry_id)
    two.fill_in(address="4 Quay")
    two.said("Harbour School")
    one.page.get_by_test_id("entry-delete").click()
    one.page.get_by_test_id("confirm-act").click()
    expect(one.page.get_by_test_id("conflict")).to_have_attribute("data-kind", "deleting")
    one.page.get_by_test_id("conflict-mine").click()
    one.said("Harbour School")
    expect(one.entries("Harbour School")).to_have_count(0)


def test_save_whose_answer_is_lost_makes_one_entry_when_saved_again(console: Consoles, windows: Windows) -> None:
    windows.expect(OFFLINE.pattern)
    windows.expect("ERR_FAILED")
    windows.expect("status of 409")
    desk = console().sign_in()
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(str(route.fetch().json()["entryId"]))
            route.abort()
        else:
            route.continue_()

    desk.page.route("**/desk/directory", lose)
    desk.edit("new")
    desk.fill_in(name="Lost Property", keywords="lost property")
    expect(desk.page.get_by_role("alert")).to_be_visible()
    desk.fill_in(name="Lost and Found")
    expect(desk.page.get_by_role("alert")).to_contain_text("An earlier attempt to save this form did arrive")
    desk.fill_in(name="Lost Property")
    desk.said("Lost Property")
    expect(desk.entries("Lost Property")).to_have_count(1)
    desk.delete_entry(lost[0])
    desk.said("Lost Property")


def test_table_with_a_bad_row_is_reported_and_the_rest_imported(console: Consoles, tmp_path: Path) -> None:
    desk = console().sign_in()
    desk.go("#/directory")
    expect(desk.page.get_by_test_id("directory-new")).to_be_visible()
    desk.page.get_by_test_id("directory-import").click()
    content = TABLE.encode()
    desk.page.get_by_test_id("import-file").set_input_files(
        {"name": "places.csv", "mimeType": "text/csv", "buffer": content}
    )
    report = desk.page.get_by_test_id("import-report").locator("tbody tr")
    expect(report).to_have_count(3)
    expect(report.nth(0)).to_have_text(re.compile(r"^3\s*Name"))
    expect(report.nth(1)).to_have_text(re.compile(r"^3\s*Language"))
    expect(report.nth(2)).to_have_text(re.compile(r"^3\s*Web address"))
    expect(desk.page.get_by_test_id("import-tally").get_by_role("listitem").nth(2)).to_have_text("1 bad row")
    desk.page.get_by_test_id("import-start").click()
    desk.said("2 entries")
    expect(desk.entries("Night; shelter")).to_contain_text("+1 202 555 0171")

    with desk.page.expect_download() as download:
        desk.page.get_by_test_id("directory-export").click()
    exported = tmp_path / "directory.csv"
    download.value.save_as(exported)
    text = exported.read_bytes().decode("utf-8-sig")
    assert "'+1 202 555 0171" in text
    exported.write_text(text.replace("2 Long Road", "5 Long Road"), encoding="utf-8-sig")
    desk.page.get_by_test_id("directory-import").click()
    desk.page.get_by_test_id("import-file").set_input_files(exported)
    tally = desk.page.get_by_test_id("import-tally").get_by_role("listitem")
    expect(tally.nth(0)).to_have_text("0 new entries")
    expect(tally.nth(2)).to_have_text("0 bad rows")
    desk.page.get_by_test_id("import-start").click()
    desk.said("imported")
    expect(desk.entries("Food bank")).to_contain_text("5 Long Road")
    for name in ("Night; shelter", "Food bank"):
        desk.delete_entry(str(desk.entries(name).get_attribute("data-entry-id")))
        desk.said(name)
        expect(desk.entries(name)).to_have_count(0)


def test_table_is_not_written_over_what_another_editor_changed_since_its_export(
    console: Consoles, windows: Windows, tmp_path: Path
) -> None:
    windows.expect(REFUSED)
    one, two = console().sign_in(), console().sign_in(OPERATORS[1])
    entry_id = added(one, "Ferry Pier", keywords="ferry", address="1 Pier Road")
    with one.page.expect_download() as download:
        one.page.get_by_test_id("directory-export").click()
    exported = tmp_path / "directory.csv"
    download.value.save_as(exported)
    two.edit(entry_id)
    two.fill_in(hours="8 to 16")
    two.said("Ferry Pier")
    text = exported.read_bytes().decode("utf-8-sig").replace("1 Pier Road", "2 Pier Road")
    exported.write_text(text, encoding="utf-8-sig", newline="")
    one.page.get_by_test_id("directory-import").click()
    one.page.get_by_test_id("import-file").set_input_files(exported)
    one.page.get_by_test_id("import-start").click()
    expect(one.page.get_by_test_id("import-report")).to_contain_text("Somebody else changed the entry meanwhile.")
    one.edit(entry_id)
    expect(one.page.get_by_test_id("entry-address")).to_have_value("1 Pier Road")
    expect(one.page.get_by_test_id("entry-hours")).to_have_value("8 to 16")
    one.delete_entry(entry_id)
    one.said("Ferry Pier")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "360"])
@pytest.mark.parametrize("theme", THEMES)
def test_pages_of_the_directory_can_be_read_by_everyone(console: Consoles, theme: str, size: tuple[int, int]) -> None:
    found: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        settle(page, lambda: None)
        picture(page, f"directory-{name}-{theme}-{size[0]}")
        found[name] = [*overflow(page), *accessibility(page)]

    desk = console(theme, size, axe=True).sign_in()
    page = desk.page
    entry_id = added(desk, f"Clothes {theme} {size[0]}", keywords="clothes", address="Oberer Mühlenpfad 1 " * 4)
    look(page, "list")
    desk.edit("new")
    desk.fill_in(link="http://example.org")
    expect(page.get_by_test_id("entry-name-fault")).to_be_visible()
    expect(page.get_by_test_id("entry-name")).to_be_focused()
    look(page, "form")
    desk.go("#/directory/import")
    page.get_by_test_id("import-file").set_input_files(
        {"name": "places.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    )
    expect(page.get_by_test_id("import-report")).to_be_visible()
    look(page, "import")
    desk.edit(entry_id)
    page.get_by_test_id("entry-delete").click()
    expect(page.get_by_test_id("confirm")).to_be_visible()
    look(page, "delete")
    page.get_by_test_id("confirm-act").click()
    desk.said("Clothes")
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(("language", "heading"), [("es", "Directorio"), ("pt", "Diretório")])
def test_directory_in_other_languages_fits_a_phone(console: Consoles, language: str, heading: str) -> None:
    desk = console(size=NARROW).sign_in(language=language)
    found = {}
    for name in ("directory", "directory/new", "directory/import"):
        desk.go(f"#/{name}")
        expect(desk.page.locator("#content h1")).to_be_visible()
        desk.page.wait_for_timeout(200)
        found[name] = overflow(desk.page)
    desk.go("#/directory")
    expect(desk.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    assert {name: faults for name, faults in found.items() if faults} == {}
