"""Who may sign in, against a Cognito that keeps its users in a dictionary."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra import operators, redrive
from infra.local.aws import clients

POOL = "us-east-1_pool"


class FakeCognito:
    """The calls that operators.py makes, with Cognito's own errors."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}

    def admin_create_user(self, **call: Any) -> None:
        if call["Username"] in self.users:
            raise ClientError({"Error": {"Code": "UsernameExistsException"}}, "AdminCreateUser")
        status = "FORCE_CHANGE_PASSWORD"
        self.users[call["Username"]] = {"Attributes": call["UserAttributes"], "UserStatus": status, "call": call}

    def admin_set_user_password(self, **call: Any) -> None:
        self.users[call["Username"]] |= {"password": call["Password"], "UserStatus": "CONFIRMED"}

    def admin_user_global_sign_out(self, **call: Any) -> None:
        if call["Username"] not in self.users:
            raise ClientError({"Error": {"Code": "UserNotFoundException"}}, "AdminUserGlobalSignOut")
        self.users[call["Username"]]["signedOut"] = True

    def admin_delete_user(self, **call: Any) -> None:
        del self.users[call["Username"]]

    def get_paginator(self, _operation: str) -> Any:
        users = [{"Username": name, **user} for name, user in self.users.items()]

        class Paginator:
            def paginate(self, **_call: Any) -> Iterator[dict[str, Any]]:
                yield {"Users": users[:1]}
                yield {"Users": users[1:]}

        return Paginator()


def test_add_without_a_password_lets_cognito_send_an_email() -> None:
    cognito = FakeCognito()
    assert operators.add(cognito, POOL, "ana@example.org")
    call = cognito.users["ana@example.org"]["call"]
    assert call["DesiredDeliveryMediums"] == ["EMAIL"]
    assert "MessageAction" not in call
    assert {"Name": "email_verified", "Value": "true"} in call["UserAttributes"]


def test_add_with_a_password_is_quiet_and_can_be_repeated() -> None:
    cognito = FakeCognito()
    assert operators.add(cognito, POOL, "ana@example.org", "first password")
    assert not operators.add(cognito, POOL, "ana@example.org", "second password")
    user = cognito.users["ana@example.org"]
    assert (user["password"], user["UserStatus"]) == ("second password", "CONFIRMED")
    assert user["call"]["MessageAction"] == "SUPPRESS"


@pytest.mark.parametrize("email", ["", "ana", "ana@", "@example.org", "a na@example.org", "ana@example"])
def test_add_refuses_what_is_no_address(email: str) -> None:
    with pytest.raises(operators.InvalidOperator, match="not an e-mail address"):
        operators.add(FakeCognito(), POOL, email)


def test_add_hands_on_other_errors() -> None:
    class Refusing(FakeCognito):
        def admin_create_user(self, **_call: Any) -> None:
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "AdminCreateUser")

    with pytest.raises(ClientError, match="TooManyRequests"):
        operators.add(Refusing(), POOL, "ana@example.org")


def test_remove_signs_out_first_and_names_a_stranger() -> None:
    cognito = FakeCognito()
    operators.add(cognito, POOL, "ana@example.org")
    ana = cognito.users["ana@example.org"]
    operators.remove(cognito, POOL, "ana@example.org")
    assert ana["signedOut"]
    assert not cognito.users
    with pytest.raises(operators.InvalidOperator, match="is no operator"):
        operators.remove(cognito, POOL, "ana@example.org")


def test_listed_goes_through_all_pages_and_says_who_has_not_signed_in() -> None:
    cognito = FakeCognito()
    operators.add(cognito, POOL, "zoe@example.org", "a password")
    operators.add(cognito, POOL, "ana@example.org")
    assert operators.listed(cognito, POOL) == ["ana@example.org (FORCE_CHANGE_PASSWORD)", "zoe@example.org"]


@pytest.mark.parametrize("command", [operators.main, redrive.main])
def test_command_without_a_running_stack_says_how_to_start_it(
    command: Callable[[list[str]], int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DRAGOMAN_STATE_DIR", str(tmp_path))
    monkeypatch.setattr("infra.local.aws.clients._endpoint", [])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("DRAGOMAN_AWS_PORT", str(taken.getsockname()[1]))
    assert command([]) == 1
    assert capsys.readouterr().err == f"{clients.ABSENT}\n"


def test_trouble_with_aws_is_told_as_it_is() -> None:
    error = EndpointConnectionError(endpoint_url="https://aws.example", error="refused")
    assert "https://aws.example" in clients.trouble(error, aws=True)
    assert clients.trouble(error, aws=False) == clients.ABSENT
