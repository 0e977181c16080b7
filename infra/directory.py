"""`make directory-import`, `make directory-export`: the directory as a CSV file, over the REST API.

Columns: name, keywords (with semicolons between them), phone, address, hours, text, language, link, entryId (empty for
a new entry), version (which one the row was made from; empty for whichever there is). An import is read and checked as
a whole before anything is sent; rows are numbered as a spreadsheet numbers them, its header is row 1. Only rows that
differ from the directory are sent, so that an exported file can be edited and imported again; a row whose entry
somebody else changed since the export is bad.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import httpx
from jsonschema import Draft202012Validator

from infra.build import Project, load_schemas, resolve
from infra.local import config

COLUMNS: Final = ("name", "keywords", "phone", "address", "hours", "text", "language", "link", "entryId", "version")
FIELDS: Final = COLUMNS[:-2]
NEEDED: Final = ("name", "keywords")
BETWEEN_KEYWORDS: Final = "; "
# What a spreadsheet would take for a formula: an apostrophe before it makes it text.
FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
PAGE: Final = 100
ATTEMPTS: Final = 6

Json = dict[str, Any]
Say = Callable[[str], None]


class DirectoryError(Exception):
    """Nothing more can be done; the text says why."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row; field is a column, or empty."""

    row: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.field}: {self.reason}" if self.field else f"row {self.row}: {self.reason}"


@dataclass(frozen=True)
class Row:
    """One entry as the file has it. entry_id is empty for a new one; version is the one that the file was made from, or
    empty."""

    number: int
    entry_id: str
    request: Json
    version: str = ""


@dataclass(frozen=True)
class Plan:
    """What an import would do: the rows to send, with the version to replace or none, and those that are bad."""

    changes: list[tuple[Row, int | None]] = field(default_factory=list)
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)


class Api:
    """The directory's routes, with an API key."""

    def __init__(self, client: httpx.Client, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def entries(self) -> Iterator[Json]:
        """All entries, by name. Raises DirectoryError."""
        cursor: Json = {}
        while True:
            page = self._asked(self._send("GET", "/directory", params={"limit": PAGE, **cursor}))
            yield from page["entries"]
            if "cursor" not in page:
                return
            cursor = {"cursor": page["cursor"]}

    def save(self, row: Row, version: int | None) -> str:
        """Writes a row; the reason when it was refused, else empty. Raises DirectoryError when nothing can be written
        at all."""
        if version is None:
            key = {"Idempotency-Key": uuid.uuid4().hex}
            answer = self._send("POST", "/directory", again=True, json=row.request, headers=key)
        else:
            headers = {"If-Match": f'"{version}"'}
            answer = self._send("PUT", f"/directory/{row.entry_id}", json=row.request, headers=headers)
        if answer.is_success:
            return ""
        if answer.status_code in (400, 404, 409, 412, 413):
            return problem(answer)
        raise DirectoryError(f"The API answered {answer.status_code}: {problem(answer)}")

    def _send(self, method: str, path: str, *, again: bool = False, **options: Any) -> httpx.Response:
        """One request, again while there are too many. again: also where no answer came, or one that says to try again,
        because the request does the same however often it is sent. Raises DirectoryError when no answer comes."""
        for attempt in range(ATTEMPTS):
            try:
                answer = self._client.request(method, path, **options)
            except httpx.HTTPError as error:
                if not again or attempt == ATTEMPTS - 1:
                    raise DirectoryError(f"The API does not answer ({type(error).__name__}).") from None
            else:
                if answer.status_code != 429 and not (again and answer.status_code in (503, 504)):
                    break
            self._sleep(0.5 * 2**attempt)
        return answer

    def _asked(self, answer: httpx.Response) -> Json:
        if answer.status_code != 200:
            raise DirectoryError(f"The API answered {answer.status_code}: {problem(answer)}")
        found: Json = answer.json()
        return found


def problem(answer: httpx.Response) -> str:
    """What a problem document says."""
    try:
        document = answer.json()
        return str(document.get("detail") or document["title"])
    except (ValueError, KeyError, AttributeError):
        return answer.reason_phrase


def decoded(content: bytes) -> str:
    """A file's text: UTF-8 with or without a byte order mark, else UTF-16 with one, else Windows' own encoding."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("windows-1252", "replace")


def read(text: str) -> tuple[list[Row], list[Fault]]:
    """The rows of a table, and what is wrong with them. Raises DirectoryError when it is no such table."""
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        header, *table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except (csv.Error, ValueError):
        raise DirectoryError("The file is not a table of comma-separated values.") from None
    names = [_column(unguarded(cell).strip()) for cell in header]
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) != len(names):
        wrong = [f"no column {name}" for name in missing] + [f"a column {name or 'without a name'}" for name in unknown]
        what = ", ".join(wrong) or "two columns of one name"
        raise DirectoryError(f"The file has {what}. Its first row names its columns: {', '.join(COLUMNS)}.")
    rows, faults = list[Row](), list[Fault]()
    for number, cells in enumerate(table, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(names):
            faults.append(Fault(number, "", f"{len(cells)} cells where there are {len(names)} columns"))
            continue
        row = row_of(number, dict(zip(names, map(unguarded, cells), strict=False)))
        found = list(faults_of(row))
        faults += found
        if not found:
            rows.append(row)
    return rows, faults


def _column(heading: str) -> str:
    """A heading as its column is called, however it is capitalised."""
    return next((name for name in COLUMNS if name.lower() == heading.lower()), heading)


def row_of(number: int, cells: Mapping[str, str]) -> Row:
    """A row's entry: empty cells are fields that it does not have."""
    given = {name: cells.get(name, "").replace("\r\n", "\n").strip() for name in FIELDS}
    request: Json = {name: cell for name, cell in given.items() if cell}
    written = request.get("keywords", "")
    # With commas between them they are meant as several all the same: as one they would never be found.
    keywords = [" ".join(keyword.split()) for keyword in written.split(";" if ";" in written else ",")]
    entry_id = cells.get("entryId", "").strip()
    # Of a row that was copied to make a new entry of it, the version is left over.
    version = cells.get("version", "").strip() if entry_id else ""
    return Row(number, entry_id, {**request, "keywords": list(filter(None, keywords))}, version)


def faults_of(row: Row) -> Iterator[Fault]:
    """What the API would refuse, at most one thing a field."""
    told = set[str]()
    for error in schema().iter_errors(row.request):
        name = str(error.path[0]) if error.path else str(error.message.split("'")[1])
        if name not in told:
            yield Fault(row.number, name, _reason(name, error.validator, error.validator_value))
            told.add(name)
    if row.entry_id and not re.fullmatch("e[0-9a-f]{16}", row.entry_id):
        yield Fault(row.number, "entryId", "is not the id of an entry")
    if row.version and not re.fullmatch("[1-9][0-9]{0,8}", row.version):
        yield Fault(row.number, "version", "is not the version of an entry")
    if "keywords" not in told:
        yield from (Fault(row.number, "keywords", reason) for reason in _keyword_faults(row.request["keywords"]))


def _reason(name: str, rule: str, value: Any) -> str:
    reasons = {
        "required": "is missing",
        "minItems": "is missing",
        "maxItems": f"has more than {value}",
        "maxLength": f"is longer than {value} characters",
    }
    patterns = {
        "language": "is not the code of a language, such as en or pt-BR",
        "link": "is not a web address that begins with https://",
    }
    return reasons.get(rule) or patterns.get(name, "is not what this column takes")


def _keyword_faults(keywords: Iterable[str]) -> Iterator[str]:
    """By the rules that the functions look up by: at most one."""
    rules = _rules()
    for written in keywords:
        words = len(rules.keyword(written).split())
        if words > rules.MAX_WORDS:
            yield f'"{written}" has more than {rules.MAX_WORDS} words, common ones not counted'
            return
        if not words:
            yield f'"{written}" has only words that are too common to be looked up'
            return


def _rules() -> Any:
    """The module that the functions fold keywords by."""
    functions = str(config.ROOT / "functions")
    if functions not in sys.path:
        sys.path.append(functions)
    return import_module("dragoman.keywords")


@cache
def schema(name: str = "directory_entry_request") -> Draft202012Validator:
    """The validator of what a route takes, for the directory's POST and PUT unless another schema is named."""
    schemas = load_schemas(Project().schemas)
    request = schemas[name]
    return Draft202012Validator(resolve(request, request, {found["$id"]: found for found in schemas.values()}))


def plan(rows: Iterable[Row], faults: Iterable[Fault], entries: Iterable[Json]) -> Plan:
    """What the rows change in the directory as it is now."""
    known = {entry["entryId"]: entry for entry in entries}
    contents = [_looked_up(_content(entry)) for entry in known.values()]
    changes, bad, unchanged, seen = list[tuple[Row, int | None]](), list(faults), 0, dict[str, int]()
    for row in rows:
        entry = known.get(row.entry_id)
        if not row.entry_id:
            # A file whose good rows were saved before is imported once more when it is mended.
            wanted = _looked_up(row.request)
            there = any({"language": content["language"], **wanted} == content for content in contents)
            unchanged += there
            changes += [] if there else [(row, None)]
        elif entry is None:
            bad.append(Fault(row.number, "entryId", "there is no such entry"))
        elif row.entry_id in seen:
            bad.append(Fault(row.number, "entryId", f"is that of row {seen[row.entry_id]}"))
        else:
            request = {"language": entry["language"], **row.request}
            if request == _content(entry):
                unchanged += 1
            elif row.version not in ("", str(entry["version"])):
                bad.append(Fault(row.number, "version", _overtaken(entry["version"])))
            else:
                changes.append((replace(row, request=request), entry["version"]))
        seen.setdefault(row.entry_id, row.number)
    return Plan(changes, unchanged, sorted(bad, key=lambda fault: fault.row))


def _content(entry: Json) -> Json:
    """An entry without what the API adds to it."""
    return {name: entry[name] for name in FIELDS if name in entry}


def _looked_up(content: Json) -> Json:
    """The same with its keywords as they are looked up by: of those that mean the same the API keeps one."""
    return {**content, "keywords": {_rules().keyword(written) for written in content["keywords"]}}


def _overtaken(version: int) -> str:
    return f"the entry was changed since, to version {version}: export it again, or empty this cell to write over it"


def show(line: str) -> None:
    """Shows progress on a terminal, in the same place."""
    if sys.stdout.isatty():
        print(f"\r\033[K{line}", end="", flush=True)


def tell(line: str) -> None:
    """Says a line that stays."""
    print(f"\r\033[K{line}" if sys.stdout.isatty() else line, flush=True)


def import_file(api: Api, content: bytes, partial: bool, say: Say, progress: Say = show) -> int:
    """Checks a file, says what is wrong with it, and saves it, or with `partial` what is good of it. Returns the exit
    status: 0 when every row is in the directory. Raises DirectoryError."""
    planned = plan(*read(decoded(content)), api.entries())
    for fault in planned.faults:
        say(str(fault))
    new = sum(version is None for _, version in planned.changes)
    say(f"{new} new, {len(planned.changes) - new} changed, {planned.unchanged} as they are, {_bad_rows(planned)} bad")
    if planned.faults and not partial:
        say("Nothing was saved. Mend the file, or save the good rows with PARTIAL=1.")
        return 1
    saved = save_all(api, planned.changes, say, progress)
    say(f"{saved} saved")
    return 1 if planned.faults or saved < len(planned.changes) else 0


def save_all(api: Api, changes: Sequence[tuple[Row, int | None]], say: Say, progress: Say) -> int:
    """Saves rows one by one, and says which are refused. Returns how many were saved. Raises DirectoryError, or what
    else ends it, after saying how far it came."""
    saved = 0
    try:
        for row, version in changes:
            progress(f"{saved} of {len(changes)} saved")
            reason = api.save(row, version)
            saved += not reason
            if reason:
                say(str(Fault(row.number, "", reason)))
    except BaseException:
        say(f"{saved} of {len(changes)} saved. Import the file once more for the rest: no row is saved twice.")
        raise
    return saved


def _bad_rows(planned: Plan) -> int:
    return len({fault.row for fault in planned.faults})


def export_text(entries: Iterable[Json]) -> str:
    """The entries as a table that a spreadsheet reads as it is meant."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for entry in entries:
        cells = {**entry, "keywords": BETWEEN_KEYWORDS.join(entry["keywords"])}
        table.writerow([guarded(str(cells.get(name, ""))) for name in COLUMNS])
    return "\ufeff" + text.getvalue()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet calculates."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The same without its guard."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def open_api(aws: bool, stack: str) -> httpx.Client:
    """A client for the deployed stack, with your credentials to learn its address and key, or for the local one.

    Raises DirectoryError when the local stack was never started.
    """
    if not aws:
        settings = config.load()
        try:
            return httpx.Client(
                base_url=settings.gateway_url, headers={"x-api-key": settings.api_key()}, timeout=30, trust_env=False
            )
        except FileNotFoundError:
            raise DirectoryError("The local stack was never started: make run") from None
    import boto3  # noqa: PLC0415 (the local stack needs none)

    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    key = boto3.client("apigateway").get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)["value"]
    return httpx.Client(base_url=outputs["ApiUrl"], headers={"x-api-key": key}, timeout=30)


def main(arguments: list[str] | None = None) -> int:
    """Command line: imports a file, or exports into one."""
    parser = argparse.ArgumentParser(prog="infra.directory", description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("import", "export"))
    parser.add_argument("file", type=Path, help="the CSV file")
    parser.add_argument("--partial", action="store_true", help="save the good rows although others are bad")
    parser.add_argument("--aws", action="store_true", help="the stack on AWS, not the local one")
    parser.add_argument("--stack", default="dragoman")
    options = parser.parse_args(arguments)
    if options.file == Path():
        print(f"Say which file: make directory-{options.action} FILE=entries.csv", file=sys.stderr)
        return 2
    try:
        with open_api(options.aws, options.stack) as client:
            api = Api(client)
            if options.action == "import":
                return import_file(api, options.file.read_bytes(), options.partial, tell)
            entries = list(api.entries())
        options.file.write_text(export_text(entries), encoding="utf-8", newline="")
    except OSError as error:
        print(f"{options.file}: {error.strerror}", file=sys.stderr)
        return 1
    except DirectoryError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    print(f"{len(entries)} entries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
