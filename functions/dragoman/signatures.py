"""Is this webhook from Twilio? https://www.twilio.com/docs/usage/webhooks/webhooks-security

Twilio signs the exact URL it called and every field of the form. A REST API of API Gateway does not hand the raw
query string to a mapping template, only its parameters, so the few ways in which it may have been written are tried.
Every way leads to the same parameters, and each is checked against the HMAC: trying them lets nobody in who could not
sign. Not covered: a parameter that stands in the query twice, of which API Gateway passes on the last one only.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from typing import Protocol
from urllib.parse import quote, quote_plus, unquote_plus

from twilio.request_validator import RequestValidator

from dragoman.errors import SignatureRejected
from dragoman.webhooks import Form, Webhook

# RFC 3986, 3.4: what may stand unescaped in a query, without what would split it (& # and + for a blank).
QUERY_SAFE = "!$'()*,-./:;=?@_~"
# With more parameters only the order given and the order of their names are tried.
MAX_PERMUTED = 2


class Tokens(Protocol):
    """Where the auth tokens come from: dragoman.secrets.TokenSource."""

    def current(self) -> Sequence[str]:
        """The tokens accepted now, at least one."""
        ...

    def refreshed(self) -> Sequence[str]:
        """Tokens that are new since then, if any."""
        ...


def verify(webhook: Webhook, public_base_url: str, tokens: Tokens) -> None:
    """Returns if the webhook is signed with one of the tokens.

    Raises SignatureRejected, and ConfigurationError when there are no tokens. Compares in constant time. A signature
    that matches none makes the tokens be fetched again, so that a rotation works at once.
    """
    if not webhook.signature:
        raise SignatureRejected("The signature is missing")
    urls = list(possible_urls(webhook, public_base_url))
    if _signed_by_one(tokens.current(), urls, webhook):
        return
    if _signed_by_one(tokens.refreshed(), urls, webhook):
        return
    raise SignatureRejected("The signature does not match")


def possible_urls(webhook: Webhook, public_base_url: str) -> Iterator[str]:
    """The URLs Twilio may have called. The validator tries each with and without its port."""
    base = public_base_url + webhook.path if public_base_url else f"https://{webhook.domain}{webhook.stage_path}"
    if not webhook.query:
        yield base
        return
    for query in possible_queries(webhook.query):
        yield f"{base}?{query}"


def possible_queries(query: str) -> list[str]:
    """The raw query strings that may stand behind a rebuilt one, without duplicates, at most 10."""
    pairs = [pair.partition("=")[::2] for pair in query.split("&")]
    return list(dict.fromkeys("&".join(written) for order in _orders(pairs) for written in _writings(order)))


def _orders(pairs: list[tuple[str, str]]) -> Iterable[Sequence[tuple[str, str]]]:
    if len(pairs) <= MAX_PERMUTED:
        return permutations(pairs)
    return (pairs, sorted(pairs))


def _writings(pairs: Sequence[tuple[str, str]]) -> Iterator[list[str]]:
    """One query in every writing: as given (as Java's URLEncoder does), strict (RFC 3986), loose with %20 and with +
    for a blank, and decoded once, for a parameter that was still encoded when the template encoded it."""
    decoded = [(unquote_plus(name), unquote_plus(value)) for name, value in pairs]
    yield [f"{name}={value}" for name, value in pairs]
    yield [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in decoded]
    yield [f"{quote(name, safe='')}={quote(value, safe=QUERY_SAFE)}" for name, value in decoded]
    yield [f"{quote_plus(name)}={quote_plus(value, safe=QUERY_SAFE)}" for name, value in decoded]
    yield [f"{name}={value}" for name, value in decoded]


def _signed_by_one(tokens: Iterable[str], urls: Sequence[str], webhook: Webhook) -> bool:
    validators = [RequestValidator(token) for token in tokens if token]
    return any(_signed(validator, url, webhook.form, webhook.signature) for validator in validators for url in urls)


def _signed(validator: RequestValidator, url: str, form: Form, signature: str) -> bool:
    try:
        return bool(validator.validate(url, form, signature))
    except ValueError:
        # A host or port that is none, in an address made from the request.
        return False
