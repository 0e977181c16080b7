"""Import and export of the directory, against an API that keeps its entries in a dictionary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import directory
from infra.directory import Api, DirectoryError, decoded, export_text, guarded, import_file, read, unguarded

ENTRY_ID = "e0123456789abcdef"
CLINIC = {
    "entryId": ENTRY_ID,
    "name": "Clinic",
    "keywords": ["clinic", "doctor"],
    "phone": "+1 202 555 0142",
    "text": "Walk in,\nor call.",
    "language": "en",
    "version": 3,
    "createdAt": "2026-11-21T10:49:17.000Z",
    "updatedAt": "2026-11-21T10:49:17.000Z",
}
NEW = "name,keywords\nLibrary,library; books\n"


class FakeApi:
    """The routes of the directory, one entry a page; answers: statuses to give before anything else, by method."""

    def __init__(self, *entries: dict[str, Any], **answers: list[int]) -> None:
        self.entries = list(entries)
        self.answers = answers
        self.written: list[tuple[str, str, str, Any]] = []
        self.slept: list[float] = []
        self.client = httpx.Client(base_url="https://api.example", transport=httpx.MockTransport(self.handle))
        self.api = Api(self.client, self.slept.append)

    def handle(self, request: httpx.Request) -> httpx.Response:
        if waiting := self.answers.get(request.method):
            return httpx.Response(waiting.pop(0), json={"title": "Refused", "detail": "Not so."})
        if request.method == "GET":
            at = int(request.url.params.get("cursor", "0"))
            more = {"cursor": str(at + 1)} if at + 1 < len(self.entries) else {}
            return httpx.Response(200, json={"entries": self.entries[at : at + 1], **more})
        body, match = json.loads(request.content), request.headers.get("If-Match", "")
        self.written.append((request.method, request.url.path, match, body))
        return httpx.Response(201 if request.method == "POST" else 200, json=body)

    def imported(self, text: str, partial: bool = False) -> tuple[int, list[str]]:
        said: list[str] = []
        return import_file(self.api, text.encode(), partial, said.append), said


def test_import_new_entry() -> None:
    api = FakeApi()
    assert api.imported(NEW) == (0, ["1 new, 0 changed, 0 as they are, 0 bad", "1 saved"])
    assert api.written == [("POST", "/directory", "", {"name": "Library", "keywords": ["library", "books"]})]


def test_import_takes_commas_between_keywords_where_there_are_no_semicolons() -> None:
    api = FakeApi()
    assert api.imported('name,keywords\nLibrary,"library, books"\nInn,"inn; a, b"\n')[0] == 0
    assert [body["keywords"] for _, _, _, body in api.written] == [["library", "books"], ["inn", "a, b"]]


def test_import_takes_headings_however_they_are_capitalised() -> None:
    api = FakeApi()
    assert api.imported("Name,KEYWORDS,entryid\nLibrary,library; books,\n")[0] == 0
    assert api.written[0][3] == {"name": "Library", "keywords": ["library", "books"]}


def test_import_changed_entry_says_which_version_it_saw() -> None:
    api = FakeApi(CLINIC)
    status, said = api.imported(
        f"entryId;name;keywords\n{ENTRY_ID};Clinic;'=clinic\n".replace("'=clinic", '"clinic;x"')
    )
    assert (status, said[0]) == (0, "0 new, 1 changed, 0 as they are, 0 bad")
    body = {"name": "Clinic", "keywords": ["clinic", "x"], "language": "en"}
    assert api.written == [("PUT", f"/directory/{ENTRY_ID}", '"3"', body)]


def test_import_of_an_export_changes_nothing() -> None:
    other = {**CLINIC, "entryId": "e" + "f" * 16, "name": '-1 Ä; "x"', "link": "https://example.org/a"}
    api = FakeApi(CLINIC, other)
    status, said = api.imported(export_text(api.api.entries()))
    assert (status, said) == (0, ["0 new, 0 changed, 2 as they are, 0 bad", "0 saved"])
    assert api.written == []


def test_import_writes_over_nothing_that_somebody_else_changed_since_the_export() -> None:
    exported = export_text([CLINIC, {**CLINIC, "entryId": "e" + "f" * 16}])
    api = FakeApi({**CLINIC, "hours": "9 to 5", "version": 4}, {**CLINIC, "entryId": "e" + "f" * 16})
    status, said = api.imported(exported.replace("Clinic,", "Clinics,"), partial=True)
    told = "the entry was changed since, to version 4: export it again, or empty this cell to write over it"
    assert (status, said[0], said[-1]) == (1, f"row 2, version: {told}", "1 saved")
    assert [path for _, path, _, _ in api.written] == ["/directory/e" + "f" * 16]


def test_import_of_a_row_that_says_what_is_there_needs_no_version() -> None:
    api = FakeApi({**CLINIC, "version": 9})
    assert api.imported(export_text([CLINIC]))[1][0] == "0 new, 0 changed, 1 as they are, 0 bad"


def test_import_with_the_version_taken_out_writes_over_what_is_there() -> None:
    api = FakeApi({**CLINIC, "version": 4})
    assert api.imported(export_text([CLINIC]).replace(f"{ENTRY_ID},3", f"{ENTRY_ID},").replace("Walk", "Come"))[0] == 0
    assert api.written[0][2] == '"4"'


def test_import_of_a_copied_row_is_a_new_entry_whatever_version_stands_there() -> None:
    api = FakeApi(CLINIC)
    assert api.imported("name,keywords,entryId,version\nLibrary,library,,3\n")[0] == 0
    assert api.written[0][0] == "POST"


BAD = [
    (",library", ["row 2, name: is missing"]),
    ("x,", ["row 2, keywords: is missing"]),
    (",", []),
    ("x" * 81 + ",x", ["row 2, name: is longer than 80 characters"]),
    ("x," + ";".join(f"w{n}" for n in range(21)), ["row 2, keywords: has more than 20"]),
    ("x," + "y" * 61, ["row 2, keywords: is longer than 60 characters"]),
    ("x,where is the", ['row 2, keywords: "where is the" has only words that are too common to be looked up']),
    ("x,one big red bus", ['row 2, keywords: "one big red bus" has more than 3 words, common ones not counted']),
    ("x,z,http://example.org", ["row 2, link: is not a web address that begins with https://"]),
    ("x,z,,English", ["row 2, language: is not the code of a language, such as en or pt-BR"]),
    ("x,z,,,e1", ["row 2, entryId: is not the id of an entry"]),
    ("x,z,,,e" + "0" * 16, ["row 2, entryId: there is no such entry"]),
    (f"x,z,,,{ENTRY_ID}\nx,z,,,{ENTRY_ID}", ["row 3, entryId: is that of row 2"]),
    (f"x,z,,,{ENTRY_ID},v1", ["row 2, version: is not the version of an entry"]),
    ("x,z,,,,,more", ["row 2: 7 cells where there are 6 columns"]),
    ('"a\nb",z\n\nx,', ["row 4, keywords: is missing"]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "told"), BAD)
def test_import_bad_rows_are_named_and_nothing_is_sent(rows: str, told: list[str]) -> None:
    api = FakeApi(CLINIC)
    status, said = api.imported(f"name,keywords,link,language,entryId,version\n{rows}\n")
    assert [line for line in said if line.startswith("row")] == told
    assert status == (1 if told else 0)
    assert api.written == []


def test_import_partial_saves_the_good_rows() -> None:
    api = FakeApi()
    status, said = api.imported(NEW + ",nameless\n", partial=True)
    assert (status, said[0], said[-1]) == (1, "row 3, name: is missing", "1 saved")
    assert len(api.written) == 1


@pytest.mark.parametrize(
    "text", ["", "name\nx\n", "name,keywords,colour\n", "name,keywords,name\n", "name,keywords,\n", "a\x00b"]
)
def test_import_of_another_table(text: str) -> None:
    with pytest.raises(DirectoryError, match=r"^The file .*(name, keywords, phone|comma-separated)"):
        FakeApi().imported(text)


def test_import_of_a_mended_file_saves_no_row_twice() -> None:
    api = FakeApi(
        {**CLINIC, "phone": "1", "text": "Walk in."}, {**CLINIC, "name": "Library", "entryId": "e" + "1" * 16}
    )
    row = "Clinic,clinic; Doctors; doctor,{},Walk in.\n"
    text = "name,keywords,phone,text\n" + row.format(1) + row.format(2)
    status, said = api.imported(text)
    assert (status, said) == (0, ["1 new, 0 changed, 1 as they are, 0 bad", "1 saved"])
    assert [body["phone"] for _, _, _, body in api.written] == ["2"]


def test_import_refused_row_is_named() -> None:
    assert FakeApi(POST=[400]).imported(NEW) == (
        1,
        ["1 new, 0 changed, 0 as they are, 0 bad", "row 2: Not so.", "0 saved"],
    )


def test_import_waits_while_there_are_too_many_requests() -> None:
    api = FakeApi(POST=[429, 429])
    assert api.imported(NEW)[0] == 0
    assert api.slept == [0.5, 1.0]


@pytest.mark.parametrize("answers", [{"GET": [403]}, {"POST": [503] * 6}, {"POST": [500]}, {"POST": [429] * 6}])
def test_import_ends_when_the_api_does_not_work(answers: dict[str, list[int]]) -> None:
    with pytest.raises(DirectoryError, match=r"The API answered .*: Not so\."):
        FakeApi(**answers).imported(NEW)


def test_import_whose_answers_are_lost_names_its_request_each_time() -> None:
    keys: list[str] = []

    def lose(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"entries": []})
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            raise httpx.ReadTimeout("lost")
        return httpx.Response(504 if len(keys) == 2 else 200, json={})

    api = Api(httpx.Client(base_url="https://api.example", transport=httpx.MockTransport(lose)), lambda _seconds: None)
    assert import_file(api, (NEW + "Pharmacy,pharmacy\n").encode(), False, print) == 0
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert len(keys) == 4


def test_import_shows_how_far_it_is_and_says_so_when_it_ends_early() -> None:
    api, said, shown = FakeApi(), list[str](), list[str]()
    content = (NEW + "Inn,inn\nBar,bar\n").encode()

    def progress(line: str) -> None:
        shown.append(line)
        if len(shown) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(api.api, content, False, said.append, progress)
    assert shown == ["0 of 3 saved", "1 of 3 saved", "2 of 3 saved"]
    assert said[-1] == "2 of 3 saved. Import the file once more for the rest: no row is saved twice."


def test_command_line_that_is_stopped_is_quiet_about_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(directory, "open_api", lambda aws, stack: FakeApi().client)
    monkeypatch.setattr(directory, "import_file", stop)
    (tmp_path / "entries.csv").write_text(NEW)
    assert directory.main(["import", str(tmp_path / "entries.csv")]) == 1


def test_import_without_an_api() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    api = Api(
        httpx.Client(base_url="https://api.example", transport=httpx.MockTransport(refuse)), lambda _seconds: None
    )
    with pytest.raises(DirectoryError, match="does not answer"):
        import_file(api, NEW.encode(), False, print)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_import_reads_what_spreadsheets_write(encoding: str, delimiter: str) -> None:
    text = "phone,name,keywords\r\n'+1 202,Clínica,clínica\r\n".replace(",", delimiter)
    rows, faults = read(decoded(text.encode(encoding)))
    assert faults == []
    assert rows[0].request == {"name": "Clínica", "keywords": ["clínica"], "phone": "+1 202"}


def test_export_is_what_a_spreadsheet_reads() -> None:
    text = export_text([CLINIC])
    assert text.startswith("\ufeffname,keywords,phone,address,hours,text,language,link,entryId,version\r\n")
    assert text.endswith(f'Clinic,clinic; doctor,\'+1 202 555 0142,,,"Walk in,\nor call.",en,,{ENTRY_ID},3\r\n')


@given(st.text())
def test_guarded_cell_is_no_formula_and_comes_back(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_command_line_exports_and_imports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    api = FakeApi(CLINIC)
    monkeypatch.setattr(directory, "open_api", lambda aws, stack: api.client)
    file = tmp_path / "entries.csv"
    assert directory.main(["export", str(file)]) == 0
    assert file.read_bytes().startswith(b"\xef\xbb\xbfname,")
    api.client = httpx.Client(base_url="https://api.example", transport=httpx.MockTransport(api.handle))
    assert directory.main(["import", str(file)]) == 0


def test_command_line_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRAGOMAN_STATE_DIR", str(tmp_path))
    assert directory.main(["import", str(tmp_path / "none.csv")]) == 1
    assert "never started" in capsys.readouterr().err
    monkeypatch.setattr(directory, "open_api", lambda aws, stack: FakeApi().client)
    assert directory.main(["import", str(tmp_path / "none.csv")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'none.csv'}: No such file or directory\n"


@pytest.mark.parametrize("action", ["import", "export"])
def test_command_line_without_a_file_asks_for_one(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert directory.main([action, ""]) == 2
    assert capsys.readouterr().err == f"Say which file: make directory-{action} FILE=entries.csv\n"
