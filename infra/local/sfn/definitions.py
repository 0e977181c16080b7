"""State machine files as the tests deploy them: every ``${Name}`` substituted, Map iterations in order."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/dragoman-tests"

SETTINGS = {
    "DeskLanguages": "en,de",
    "AcknowledgementText": "Thank you. Your message has arrived.",
    "AcknowledgementLanguage": "en",
    "HelpText": "Text STOP to hear no more from us.",
    "AnswerText": "Thank you. Your answer has been recorded.",
    "LateAnswerText": "This question is closed.",
    "ClarificationText": "Please answer with one of these numbers:",
    "RepliesPerHour": "10",
    "ReconcileAfterSeconds": "3600",
    "OnCallAddress": "sms:+12025550177",
    "IncidentAnswerSeconds": "3600",
    "IncidentGatherSeconds": "60",
    "RequiredTags": "Owner,Project",
    "TagGuardAnswerSeconds": "7200",
    "OwnersPath": "/dragoman/owners",
    "AlarmEmail": "alarms@example.org",
    "MailFrom": "desk@example.org",
    "AlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:dragoman-alarms",
    "QueueArnPrefix": f"arn:aws:sqs:{REGION}:{ACCOUNT}",
    "DigestTimeZone": "America/New_York",
    "DigestSentimentTexts": "600",
    "StatusCallbackUrl": "https://api.example.org/prod/twilio/status",
    "TwilioApiUrl": "https://api.twilio.com",
    "TwilioAccountSid": "AC" + "0" * 32,
    "EventBusName": "dragoman",
    "MediaBucketName": "dragoman-media",
    "ImagesTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:dragoman-images",
    "DeskApiEndpoint": f"deskapi.execute-api.{REGION}.amazonaws.com",
    "Stage": "test",
    "TwilioConnectionArn": f"arn:aws:events:{REGION}:{ACCOUNT}:connection/dragoman-twilio/{uuid.UUID(int=0)}",
}
"""Test values for substitutions whose meaning a generic value would break."""

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_SUFFIX = ".asl.json"


class DefinitionError(ValueError):
    """A definition or template that cannot be used, with the file and the reason."""


@dataclass(frozen=True)
class Machine:
    """One state machine: its name, its type (EXPRESS or STANDARD) and its definition as JSON text."""

    name: str
    definition: str
    type: str = "EXPRESS"

    @property
    def arn(self) -> str:
        """The ARN under which every engine knows the machine."""
        return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.name}"


def load(directory: Path, template: Path | None = None, settings: Mapping[str, str] | None = None) -> list[Machine]:
    """Read every ``<name>.asl.json``. Types and substitution names come from the template where it has the machine.

    Raises DefinitionError if a file is not JSON, or uses a substitution that the template does not give it.
    """
    known = _template_machines(template) if template and template.exists() else {}
    values = {**SETTINGS, **(settings or {})}
    return [_machine(file, known.get(file.name), values) for file in sorted(directory.glob("*" + _SUFFIX))]


def sequential(definition: str) -> str:
    """Return the definition with ``MaxConcurrency`` 1 on every Map. (The engines see to the branches of a Parallel.)

    Mock answers are numbered by invocation, so iterations must run in order to get the same answers on every run.
    """
    document = json.loads(definition)
    for _, state in walk(document):
        if state.get("Type") == "Map":
            state["MaxConcurrency"] = 1
    return json.dumps(document, ensure_ascii=False)


def walk(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, state) of every state, those inside Map and Parallel included, outer ones first."""
    for name, state in document.get("States", {}).items():
        yield name, state
        for inner in [state.get("ItemProcessor", {}), state.get("Iterator", {}), *state.get("Branches", [])]:
            yield from walk(inner)


def _machine(file: Path, declared: _Declared | None, values: Mapping[str, str]) -> Machine:
    text = file.read_text("utf-8")
    names = set(_PLACEHOLDER.findall(text))
    if declared and names - declared.substitutions:
        raise DefinitionError(f"{file.name}: the template does not substitute {sorted(names - declared.substitutions)}")
    definition = _PLACEHOLDER.sub(lambda match: values.get(match[1]) or _value(match[1]), text)
    try:
        json.loads(definition)
    except json.JSONDecodeError as error:
        raise DefinitionError(f"{file.name}: {error}") from error
    return Machine(file.name.removesuffix(_SUFFIX), definition, declared.type if declared else "EXPRESS")


def _value(name: str) -> str:
    if name.endswith("FunctionArn"):
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:dragoman-{_kebab(name.removesuffix('FunctionArn'))}"
    if name.endswith("StateMachineArn"):
        return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{_kebab(name.removesuffix('StateMachineArn'))}"
    if name.endswith("Table"):
        return f"dragoman-{_kebab(name.removesuffix('Table'))}"
    return f"dragoman-{_kebab(name)}"


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


@dataclass(frozen=True)
class _Declared:
    substitutions: set[str]
    type: str


class _CloudFormationLoader(yaml.SafeLoader):
    """Reads a template's structure; what the short forms (!Sub, !GetAtt) stand for does not matter here."""


_CloudFormationLoader.add_multi_constructor("!", lambda _loader, tag, node: (tag, node.value))


def _template_machines(template: Path) -> dict[str, _Declared]:
    document = yaml.load(template.read_text("utf-8"), _CloudFormationLoader)  # noqa: S506 (a SafeLoader with short forms)
    machines: dict[str, _Declared] = {}
    for resource in document.get("Resources", {}).values():
        if resource.get("Type") == "AWS::Serverless::StateMachine":
            properties = resource["Properties"]
            file = Path(str(properties["DefinitionUri"])).name
            substitutions = set(properties.get("DefinitionSubstitutions", {}))
            machines[file] = _Declared(substitutions, properties.get("Type", "STANDARD"))
    return machines
