"""`make operator`: who may sign in to the console. The same calls work on AWS and on the local stack."""

from __future__ import annotations

import argparse
import re
import secrets
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import config
from infra.local.aws import clients

# What Cognito takes for an e-mail address is wide; this only keeps out what cannot be one.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class InvalidOperator(ValueError):
    """What was asked for cannot be done; the text says why."""


def add(cognito: Any, pool_id: str, email: str, password: str = "") -> bool:
    """Lets a person sign in; False if they could already. Without a password Cognito e-mails a temporary one; with a
    password theirs is set to it, and nothing is e-mailed. Raises InvalidOperator."""
    if not EMAIL.fullmatch(email):
        raise InvalidOperator(f"{email!r} is not an e-mail address.")
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    quiet = {"MessageAction": "SUPPRESS"} if password else {"DesiredDeliveryMediums": ["EMAIL"]}
    try:
        cognito.admin_create_user(UserPoolId=pool_id, Username=email, UserAttributes=attributes, **quiet)
        created = True
    except ClientError as error:
        if error.response["Error"]["Code"] != "UsernameExistsException":
            raise
        created = False
    if password:
        cognito.admin_set_user_password(UserPoolId=pool_id, Username=email, Password=password, Permanent=True)
    return created


def remove(cognito: Any, pool_id: str, email: str) -> None:
    """Signs a person out everywhere and forgets them. Raises InvalidOperator if there is no such person."""
    try:
        cognito.admin_user_global_sign_out(UserPoolId=pool_id, Username=email)
        cognito.admin_delete_user(UserPoolId=pool_id, Username=email)
    except ClientError as error:
        if error.response["Error"]["Code"] != "UserNotFoundException":
            raise
        raise InvalidOperator(f"{email} is no operator.") from None


def listed(cognito: Any, pool_id: str) -> list[str]:
    """The e-mail addresses of all operators, with what keeps one from signing in."""
    found = []
    for page in cognito.get_paginator("list_users").paginate(UserPoolId=pool_id):
        for user in page["Users"]:
            email = next((a["Value"] for a in user["Attributes"] if a["Name"] == "email"), user["Username"])
            found.append(email if user["UserStatus"] == "CONFIRMED" else f"{email} ({user['UserStatus']})")
    return sorted(found)


def _clients(aws: bool) -> tuple[Any, Any]:
    if aws:
        import boto3  # noqa: PLC0415 (the local stack has its own clients)

        return boto3.client("cloudformation"), boto3.client("cognito-idp")
    clients.configure(f"http://127.0.0.1:{config.load().ports.aws}")
    return clients.client("cloudformation"), clients.client("cognito-idp")


def main(arguments: list[str] | None = None) -> int:
    """Command line: lists the operators, adds or removes one."""
    parser = argparse.ArgumentParser(prog="make operator", description=__doc__.splitlines()[0])
    parser.add_argument("--email", help="whom to add")
    parser.add_argument("--remove", action="store_true", help="remove them instead")
    parser.add_argument("--aws", action="store_true", help="the stack on AWS, not the local one")
    parser.add_argument("--stack", default="dragoman")
    options = parser.parse_args(arguments)
    try:
        cloudformation, cognito = _clients(options.aws)
        outputs = cloudformation.describe_stacks(StackName=options.stack)["Stacks"][0]["Outputs"]
        pool_id = next(output["OutputValue"] for output in outputs if output["OutputKey"] == "UserPoolId")
        _run(cognito, pool_id, options)
    except InvalidOperator as error:
        print(error, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(clients.trouble(error, options.aws), file=sys.stderr)
        return 1
    return 0


def _run(cognito: Any, pool_id: str, options: argparse.Namespace) -> None:
    if not options.email:
        print("\n".join(listed(cognito, pool_id)) or "There are no operators yet: make operator EMAIL=…")
    elif options.remove:
        remove(cognito, pool_id, options.email)
        print(f"{options.email} cannot sign in any more.")
    elif options.aws:
        added = add(cognito, pool_id, options.email)
        print(f"{options.email} {'gets an e-mail with a password' if added else 'is an operator already'}.")
    else:
        password = secrets.token_urlsafe(12)  # no e-mail leaves this machine
        add(cognito, pool_id, options.email, password)
        print(f"{options.email} signs in with {password}")


if __name__ == "__main__":
    sys.exit(main())
