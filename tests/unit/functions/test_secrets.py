"""The auth tokens' cache."""

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from dragoman import secrets
from dragoman.credentials import Credentials, parse_credentials
from dragoman.errors import ConfigurationError
from dragoman.secrets import SecretSource, TokenSource, fetch_secret, parse_tokens


class Vault:
    """Secrets Manager and a clock, both in the test's hand."""

    def __init__(self, *tokens: str) -> None:
        self.secret = json.dumps({"authTokens": tokens, "apiPassword": "unused"})
        self.fetches = 0
        self.down = False
        self.now = 1_000_000.0

    def fetch(self, secret_id: str) -> str:
        assert secret_id == "dragoman/twilio"
        self.fetches += 1
        if self.down:
            raise ConfigurationError("down")
        return self.secret

    def source(self) -> TokenSource:
        return TokenSource("dragoman/twilio", self.fetch, lambda: self.now)

    def rotate(self, *tokens: str) -> None:
        self.secret = json.dumps({"authTokens": tokens})


def test_tokens_not_fetched_before_first_use() -> None:
    vault = Vault("a")
    vault.source()
    assert vault.fetches == 0


def test_tokens_cached_for_five_minutes() -> None:
    vault = Vault("a", " b ", "")
    source = vault.source()
    assert source.current() == ("a", "b")
    vault.rotate("c")
    vault.now += 299
    assert source.current() == ("a", "b")
    vault.now += 1
    assert source.current() == ("c",)
    assert vault.fetches == 2


def test_tokens_refreshed_gives_only_new_ones() -> None:
    vault = Vault("old")
    source = vault.source()
    source.current()
    vault.rotate("new", "old")
    vault.now += 30
    assert source.refreshed() == ("new",)
    assert source.current() == ("new", "old")


def test_tokens_refreshed_at_most_every_30_seconds() -> None:
    vault = Vault("old")
    source = vault.source()
    source.current()
    vault.now += 29
    assert source.refreshed() == ()
    vault.now += 1
    assert [source.refreshed() for _ in range(100)] == [()] * 100
    assert vault.fetches == 2


def test_tokens_last_known_serve_while_vault_is_down() -> None:
    vault = Vault("a")
    source = vault.source()
    source.current()
    vault.down = True
    vault.now += 3599
    assert source.current() == ("a",)
    assert source.current() == ("a",)
    assert source.refreshed() == ()
    assert vault.fetches == 2


def test_tokens_last_known_end_after_an_hour() -> None:
    vault = Vault("a")
    source = vault.source()
    source.current()
    vault.down = True
    vault.now += 3600
    with pytest.raises(ConfigurationError):
        source.current()


def test_tokens_vault_down_from_the_start_then_up() -> None:
    vault = Vault("a")
    vault.down = True
    source = vault.source()
    with pytest.raises(ConfigurationError):
        source.current()
    vault.down = False
    assert source.current() == ("a",)


def test_tokens_emptied_secret_ends_the_old_ones() -> None:
    vault = Vault("a")
    source = vault.source()
    source.current()
    vault.rotate()
    vault.now += 300
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="No auth token"):
            source.current()


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "12345",
        "[]",
        "{}",
        '{"authTokens": "12345"}',
        '{"authTokens": [12345]}',
        '{"authTokens": []}',
        '{"authTokens": [" "]}',
    ],
)
def test_parse_tokens_unusable_secret_is_not_quoted(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_tokens(secret)
    assert "12345" not in str(caught.value)
    assert caught.value.__cause__ is None


class BrokenClient:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_secret_value(self, **_: str) -> None:
        raise self.error


@pytest.fixture
def _fresh_client() -> Iterator[None]:
    secrets._client.cache_clear()
    yield
    secrets._client.cache_clear()


@pytest.mark.usefixtures("_fresh_client")
def test_fetch_secret_unreachable_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="EndpointConnectionError"):
        fetch_secret("dragoman/twilio")


def test_fetch_secret_denied_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue")
    monkeypatch.setattr(secrets, "_client", lambda: BrokenClient(denied))
    with pytest.raises(ConfigurationError, match="ClientError"):
        fetch_secret("dragoman/twilio")


def test_parse_credentials() -> None:
    assert parse_credentials('{"apiUser": " SK1 ", "apiPassword": "p:w", "authTokens": []}') == ("SK1", "p:w")


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "12345",
        "[]",
        "{}",
        '{"apiUser": "12345"}',
        '{"apiUser": "12345", "apiPassword": 12345}',
        '{"apiUser": "12345", "apiPassword": " "}',
    ],
)
def test_parse_credentials_unusable_secret_is_not_quoted(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_credentials(secret)
    assert "12345" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_credentials_renewed_only_when_they_changed() -> None:
    vault = Vault()
    vault.secret = '{"apiUser": "SK1", "apiPassword": "old"}'
    source = SecretSource("dragoman/twilio", parse_credentials, vault.fetch, lambda: vault.now)
    assert source.current() == Credentials("SK1", "old")
    assert source.renewed() is None
    vault.now += 30
    assert source.renewed() is None
    vault.secret = '{"apiUser": "SK2", "apiPassword": "new"}'
    vault.now += 30
    assert source.renewed() == Credentials("SK2", "new")
    assert source.current() == Credentials("SK2", "new")
