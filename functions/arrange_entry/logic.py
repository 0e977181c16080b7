"""From a request to write an entry of the directory to the writes of one transaction. Pure: no boto3, no clock."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypedDict

from arrange_entry.errors import InvalidEntry, KeyReused, NotFound, PreconditionFailed, PreconditionRequired
from arrange_entry.settings import Settings
from dragoman.directory import words_of
from dragoman.documents import Entry, EntryRequest
from dragoman.errors import ConfigurationError
from dragoman.identifiers import keyed_entry_id
from dragoman.items import AttributeValue, item, json_text, plain
from dragoman.keywords import MAX_WORDS, keyword, sorting
from dragoman.texts import UNSEEN, WHITE_SPACE, repaired
from dragoman.times import parse, rfc3339
from dragoman.validation import ValidationError, validator

validate_request = validator("directory_entry_request")
validate_entry = validator("directory_entry")

LIST: Final = "directory"
IDEMPOTENCY_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
ONE_LINE: Final = ("name", "phone", "address", "hours", "link")

Json = dict[str, Any]


class Output(TypedDict):
    """What the machine answers. entry: JSON text, as it is now; entry and version are empty when it is gone."""

    entry: str
    entryId: str
    version: int | str
    status: int


class Arranged(TypedDict):
    """transactItems: for TransactWriteItems, in the spelling of Step Functions' SDK integrations."""

    transactItems: list[Json]
    output: Output
    entry: Entry | None
    etag: str
    status: int


def arrange(event: Mapping[str, Any], settings: Settings, new_id: Callable[[], str]) -> Arranged:
    """{"operation", "entryId", "ifMatch", "idempotencyKey", "body", "current"?, "now"} to the writes and the answer.

    Raises InvalidEntry, NotFound, KeyReused, PreconditionRequired, PreconditionFailed, and ConfigurationError when the
    machine hands over something else.
    """
    try:
        operation, now = event["operation"], rfc3339(parse(event["now"]))
        current = plain(event.get("current") or {})
        if operation == "create":
            request, key = request_of(event["body"]), event["idempotencyKey"]
            return _keyed(request, settings, current, key, now) if key else _create(request, settings, new_id(), now)
        _expect(event["ifMatch"], current)
        if operation == "replace":
            return _replace(request_of(event["body"]), settings, current, now)
        if operation == "delete":
            return _delete(settings, current)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"The machine's input has another shape ({type(error).__name__})") from None
    raise ConfigurationError("The machine asks for an unknown operation")


def request_of(body: str) -> EntryRequest:
    """The entry that was sent, as base64 of JSON, cleaned: white space, control characters and keywords that mean the
    same. Raises InvalidEntry."""
    try:
        request: EntryRequest = json.loads(base64.b64decode(body, validate=True))
    except (ValueError, RecursionError):
        raise InvalidEntry("The body is not JSON") from None
    try:
        validate_request(request)
        request = _clean(request)
        validate_request(request)
    except ValidationError as violation:
        raise InvalidEntry(str(violation).replace("data.", "").replace("data", "The body", 1)) from None
    return request


def _clean(request: EntryRequest) -> EntryRequest:
    lines = {name: _one_line(request[name]) for name in ONE_LINE if name in request}
    text = {"text": repaired(request["text"]).strip()} if "text" in request else {}
    unique: dict[str, str] = {}
    for place, written in enumerate(request["keywords"], 1):
        key = keyword(written)
        if not key:
            raise InvalidEntry(f"Keyword {place} has only words that are too common to be looked up")
        if len(key.split()) > MAX_WORDS:
            raise InvalidEntry(f"Keyword {place} has more than {MAX_WORDS} words, common ones not counted")
        unique.setdefault(key, _one_line(written))
    return {**request, **lines, **text, "keywords": list(unique.values())}  # type: ignore[typeddict-item]


def _one_line(text: str) -> str:
    return WHITE_SPACE.sub(" ", UNSEEN.sub(" ", repaired(text))).strip()


def _expect(if_match: str, current: Mapping[str, Any]) -> None:
    """Compares the version that was seen, 3 or "3", with the one there is."""
    if not if_match:
        raise PreconditionRequired("Say in If-Match which version of the entry you have seen")
    if not current:
        raise NotFound("There is no such entry")
    if if_match.strip('"') != str(current["version"]):
        raise PreconditionFailed("The entry was changed meanwhile")


def _keyed(request: EntryRequest, settings: Settings, current: Mapping[str, Any], key: str, now: str) -> Arranged:
    """A new entry, or the one that the same request made before, as it is now; nothing is written then."""
    if not IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidEntry("Idempotency-Key has 1 to 80 letters, digits, - and _")
    sent = _fingerprint(request)
    if not current:
        return _create(request, settings, keyed_entry_id(key), now, sent)
    if current.get("requestHash") != sent:
        raise KeyReused("Another entry was sent with this Idempotency-Key")
    return _arranged([], current["entryId"], _kept(current), 200)


def _fingerprint(request: EntryRequest) -> str:
    """The same for requests that say the same, however they are written; no words can be read from it."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:32]


def _create(request: EntryRequest, settings: Settings, entry_id: str, now: str, sent: str = "") -> Arranged:
    entry = _entry(request, settings, entry_id, 1, (now, now))
    put = {"ConditionExpression": "attribute_not_exists(entryId)"}
    writes = [_put(entry, settings, put, sent), *_links(settings, entry_id, _keys(entry), ())]
    return _arranged(writes, entry_id, entry, 201)


def _replace(request: EntryRequest, settings: Settings, current: Mapping[str, Any], now: str) -> Arranged:
    version, entry_id = current["version"], current["entryId"]
    entry = _entry(request, settings, entry_id, version + 1, (current["createdAt"], max(now, current["updatedAt"])))
    before, after = set(current["keys"]), _keys(entry)
    put = _put(entry, settings, _unchanged(version), current.get("requestHash", ""))
    writes = [put, *_links(settings, entry_id, after - before, before - after)]
    return _arranged(writes, entry_id, entry, 200)


def _delete(settings: Settings, current: Mapping[str, Any]) -> Arranged:
    entry_id = current["entryId"]
    key = {"TableName": settings.directory_table, "Key": item({"entryId": entry_id})}
    writes = [{"Delete": {**key, **_unchanged(current["version"])}}]
    return _arranged([*writes, *_links(settings, entry_id, (), current["keys"])], entry_id, None, 204)


def _arranged(writes: list[Json], entry_id: str, entry: Entry | None, status: int) -> Arranged:
    output: Output = {
        "entry": json_text(entry) if entry else "",
        "entryId": entry_id,
        "version": entry["version"] if entry else "",
        "status": status,
    }
    etag = f'"{entry["version"]}"' if entry else ""
    return {"transactItems": writes, "output": output, "entry": entry, "etag": etag, "status": status}


def _entry(request: EntryRequest, settings: Settings, entry_id: str, version: int, times: tuple[str, str]) -> Entry:
    entry: Entry = {
        **request,
        "entryId": entry_id,
        "language": request.get("language", settings.language),
        "version": version,
        "createdAt": times[0],
        "updatedAt": times[1],
    }
    validate_entry(entry)
    return entry


def _kept(current: Mapping[str, Any]) -> Entry:
    """The entry of an item."""
    kept: Any = {name: current[name] for name in Entry.__annotations__ if name in current}
    entry: Entry = kept
    validate_entry(entry)
    return entry


def _put(entry: Entry, settings: Settings, condition: Json, sent: str) -> Json:
    return {"Put": {"TableName": settings.directory_table, "Item": entry_item(entry, sent), **condition}}


def entry_item(entry: Entry, sent: str = "") -> dict[str, AttributeValue]:
    """The entry in table Directory. nameKey sorts the list of all; words is what is translated of it; keys are those
    of table DirectoryKeywords, to be found again however keywords are folded by then. sent: the fingerprint of the
    request that made the entry under an idempotency key, kept as long as the entry."""
    texts = {name: value for name, value in entry.items() if isinstance(value, str | int)}
    more = {"list": LIST, "nameKey": f"{sorting(entry['name'])}#{entry['entryId']}"}
    words = {"words": words_of(entry)} if words_of(entry) else {}
    made = {"requestHash": sent} if sent else {}
    lists = {"keywords": _texts(entry["keywords"]), "keys": _texts(sorted(_keys(entry)))}
    return {**item({**texts, **more, **words, **made}), **lists}


def _texts(texts: Iterable[str]) -> AttributeValue:
    return {"L": [{"S": text} for text in texts]}


def _unchanged(version: int) -> Json:
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def _keys(entry: Entry) -> set[str]:
    return {keyword(written) for written in entry["keywords"]}


def _links(settings: Settings, entry_id: str, added: Iterable[str], removed: Iterable[str]) -> list[Json]:
    """Puts the entry's id to new keywords, and takes it from those that are gone."""
    updates = [("ADD", key) for key in sorted(added)] + [("DELETE", key) for key in sorted(removed)]
    return [
        {
            "Update": {
                "TableName": settings.keywords_table,
                "Key": item({"keyword": key}),
                "UpdateExpression": f"{action} entryIds :entry",
                # A set, as SDK integrations spell it.
                "ExpressionAttributeValues": {":entry": {"Ss": [entry_id]}},
            }
        }
        for action, key in updates
    ]
