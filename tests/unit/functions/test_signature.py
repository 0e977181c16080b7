"""Every way in which a webhook is signed, and in which one is forged."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import SignatureRejected
from dragoman.signatures import possible_queries, possible_urls, verify
from tests.unit.functions.samples import BASE_URL, SMS, URL, Fields, FixedTokens, sign, webhook

API = "https://abc123.execute-api.us-east-1.amazonaws.com/prod/twilio/messages"
BLANKS: Fields = {"Body": "", "FromCity": "", "FromZip": ""}


@dataclass(frozen=True)
class Case:
    """What Twilio signed (url, fields, token), and what reaches us."""

    name: str
    url: str = URL
    fields: Fields = field(default_factory=lambda: SMS)
    token: str = "12345"
    tokens: tuple[str, ...] = ("12345",)
    later: tuple[str, ...] = ()
    base_url: str = BASE_URL
    arrives: dict[str, Any] = field(default_factory=dict)
    received: Fields | None = None


ACCEPTED = [
    Case("plain"),
    Case("blank fields", fields={**SMS, **BLANKS}),
    Case("only blank fields", fields=BLANKS),
    Case("no fields at all", fields={}),
    Case("repeated field", fields={**SMS, "Tag": ["b", "a"]}),
    Case("repeated field with equal values", fields={**SMS, "Tag": ["same", "same"]}),
    Case("unknown fields", fields={**SMS, "BrandNew": "{\"a\": 'b'}"}),
    Case("emoji, right-to-left, NUL", fields={**SMS, "Body": "😀 أين أنا؟\x00\x07\r\n"}),
    Case("rotation: the old token still signs", token="old", tokens=("new", "old")),
    Case("rotation: the new token already signs", token="new", tokens=("new", "old")),
    Case("sub-account signs with its own token", token="of-the-sub-account", tokens=("12345", "of-the-sub-account")),
    Case("rotation while the old tokens are cached", token="new", tokens=("old",), later=("new",)),
    Case("signed with the port", url="https://dragoman.example:443/prod/twilio/messages"),
    Case("port in the configured URL, signed without", base_url="https://dragoman.example:443/prod"),
    Case(
        "other port",
        url="https://dragoman.example:8443/prod/twilio/messages",
        base_url="https://dragoman.example:8443/prod",
    ),
    Case("plain http", url="http://127.0.0.1:8080/local/twilio/messages", base_url="http://127.0.0.1:8080/local"),
    Case("custom domain without stage", url="https://sms.example/twilio/messages", base_url="https://sms.example"),
    Case("no base URL: the API's own address and stage path", url=API, base_url=""),
    Case(
        "no base URL: a custom domain's base path",
        url="https://sms.example/v1/twilio/messages",
        base_url="",
        arrives={"domain": "sms.example", "stagePath": "/v1/twilio/messages"},
    ),
    Case("query", url=URL + "?foo=1", arrives={"query": "foo=1"}),
    Case("query: two parameters", url=URL + "?foo=1&bar=2", arrives={"query": "foo=1&bar=2"}),
    Case("query: the gateway changed the order", url=URL + "?foo=1&bar=2", arrives={"query": "bar=2&foo=1"}),
    Case("query: in order of names", url=URL + "?a=1&b=2&c=3&d=4", arrives={"query": "c=3&a=1&d=4&b=2"}),
    Case("query: blank as plus", url=URL + "?desk=north+wing", arrives={"query": "desk=north+wing"}),
    Case("query: blank as %20", url=URL + "?desk=north%20wing", arrives={"query": "desk=north+wing"}),
    Case("query: unescaped apostrophe", url=URL + "?desk=o'neill", arrives={"query": "desk=o%27neill"}),
    Case("query: unescaped @ and :", url=URL + "?via=sip:a@b.example", arrives={"query": "via=sip%3Aa%40b.example"}),
    Case("query: base64 with =", url=URL + "?key=YWI==", arrives={"query": "key=YWI%3D%3D"}),
    Case("query: escaped twice", url=URL + "?desk=caf%C3%A9", arrives={"query": "desk=caf%25C3%25A9"}),
    Case("query: another script", url=URL + "?desk=%D7%A9", arrives={"query": "desk=%D7%A9"}),
    Case("query: empty value", url=URL + "?debug=", arrives={"query": "debug="}),
    Case("override fragment is not sent and not signed", url=(URL + "#rc=5&rp=all").partition("#")[0]),
]

TAMPERED = {**SMS, "Body": "Send money"}
REJECTED = [
    Case("tampered body", received=TAMPERED),
    Case("field added", received={**SMS, "OptOutType": "STOP"}),
    Case("field removed", received={name: value for name, value in SMS.items() if name != "FromCountry"}),
    Case("blank field removed", received={name: value for name, value in SMS.items() if name != "FromCity"}),
    Case("value moved to the next field", received={**SMS, "FromCountry": "", "FromState": "US"}),
    Case("value added to a repeated field", received={**SMS, "From": ["+12025550100", "+12025550111"]}),
    Case("wrong token", token="guess"),
    Case("token removed by rotation", token="old", tokens=("new",), later=()),
    Case("blank token is no token", token="", tokens=("",)),
    Case("other host", url="https://evil.example/prod/twilio/messages"),
    Case("other stage", url="https://dragoman.example/dev/twilio/messages"),
    Case("other path", url="https://dragoman.example/prod/twilio/status"),
    Case("other port", url="https://dragoman.example:8443/prod/twilio/messages"),
    Case("http instead of https", url="http://dragoman.example/prod/twilio/messages"),
    Case("query removed", url=URL + "?desk=1"),
    Case("query added", arrives={"query": "desk=1"}),
    Case("query changed", url=URL + "?desk=1", arrives={"query": "desk=2"}),
    Case("base URL set: the Host header does not count", url=API),
    Case("missing signature", arrives={"signature": ""}),
    Case("signature is a blank", arrives={"signature": "IA=="}),
    Case("signature is no base64 of ours", arrives={"signature": "*"}),
    Case("signature is not ASCII", arrives={"signature": "w6nDqcOp"}),
    Case("body cannot be decoded", arrives={"body": "%%%"}),
    Case("host that is none", base_url="", url=API, arrives={"domain": "[evil"}),
    Case("port that is none", base_url="", url=API, arrives={"domain": "evil:port"}),
]


def attempt(case: Case) -> None:
    signature = sign(case.url, case.fields, case.token)
    received = case.fields if case.received is None else case.received
    verify(webhook(received, signature, **case.arrives), case.base_url, FixedTokens(*case.tokens, later=case.later))


def test_verify_published_vector() -> None:
    """https://www.twilio.com/docs/usage/security: token 12345."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+12349013030",
        "Digits": "1234",
        "From": "+12349013030",
        "To": "+18005551212",
    }
    request = webhook(fields, "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", query="foo=1&bar=2", path="/myapp.php")
    verify(request, "https://mycompany.com", FixedTokens("12345"))


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_verify_accepts(case: Case) -> None:
    attempt(case)


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.name)
def test_verify_rejects(case: Case) -> None:
    with pytest.raises(SignatureRejected):
        attempt(case)


def test_verify_too_many_fields_is_rejected() -> None:
    fields = {f"Field{number}": "" for number in range(1001)}
    with pytest.raises(SignatureRejected):
        attempt(Case("flood", fields=fields))


def test_possible_urls_without_query_is_one() -> None:
    assert list(possible_urls(webhook(SMS), BASE_URL)) == [URL]


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), min_size=1, max_size=6))
def test_possible_queries_are_few(pairs: list[tuple[str, str]]) -> None:
    rebuilt = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    assert 1 <= len(possible_queries(rebuilt)) <= 10


@given(
    st.dictionaries(st.text("abcdefg", min_size=1, max_size=3), st.text(max_size=10), min_size=1, max_size=5),
    st.sampled_from(["plus", "percent"]),
    st.booleans(),
)
def test_verify_any_query_in_either_writing(pairs: dict[str, str], blank: str, shuffled: bool) -> None:
    write = quote_plus if blank == "plus" else quote
    raw = "&".join(f"{name}={write(pairs[name], safe='')}" for name in sorted(pairs))
    arriving = sorted(pairs, reverse=shuffled)
    rebuilt = "&".join(f"{name}={quote_plus(pairs[name])}" for name in arriving)
    assert dict(parse_qsl(raw, keep_blank_values=True)) == pairs
    verify(webhook(SMS, sign(f"{URL}?{raw}", SMS), query=rebuilt), BASE_URL, FixedTokens("12345"))


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_verify_any_form(fields: dict[str, str]) -> None:
    verify(webhook(fields), BASE_URL, FixedTokens("12345"))
