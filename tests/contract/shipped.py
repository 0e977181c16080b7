"""The shipped files, parsed once: what the rules of this folder look at.

A rule gets a `Shipped` and never opens a file itself, so that a test can hand it a copy that is broken on purpose.
"""

from __future__ import annotations

import ast
import json
import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Json = Any

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE, API = "infra/template.yaml", "infra/api.yaml"
# Of what begins with a dot only this is ours; the rest is git's, an editor's, a tool's, or the local stack's data.
HIDDEN = {".ci", ".github", ".gitignore", ".npmrc"}
# What a build makes: folders, by the end of their path.
BUILT = (f"{ROOT}/build", "__pycache__", "node_modules", "dragoman/validators")
LARGEST_TEXT = 2_000_000
# The fields of an ASL state that hold a state machine of their own.
NESTED = ("ItemProcessor", "Iterator")


@dataclass
class Shipped:
    """texts: every text file by its path; paths: every file; sizes: the bytes of each. machines: definitions by name.
    template and api hold intrinsic functions in their long form. schemas: documents by path below schemas/, without
    the ending; invalid examples are left out."""

    texts: dict[str, str]
    paths: set[str]
    sizes: dict[str, int]
    machines: dict[str, Json]
    template: Json
    api: Json
    schemas: dict[str, Json]

    def resources(self, kind: str) -> dict[str, Json]:
        """The template's resources of one type, such as "AWS::SQS::Queue", by logical id."""
        return {name: resource for name, resource in self.template["Resources"].items() if resource["Type"] == kind}

    def python(self, *folders: str) -> dict[str, ast.Module]:
        """The syntax trees of the Python files below some folders ("" for all), by path."""
        return {
            path: parse(text)
            for path, text in self.texts.items()
            if path.endswith(".py") and path.startswith(folders or ("",))
        }


@dataclass(frozen=True)
class State:
    """One state: path is "machine/state", with the states it is nested in between; level is the machine it "
    "stands in."""

    machine: str
    path: str
    name: str
    definition: Json
    level: Json

    @property
    def type(self) -> str:
        return str(self.definition["Type"])


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, which are read as their long forms."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Json:
    value: Json
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def read_yaml(text: str) -> Json:
    """A CloudFormation document, short forms of intrinsic functions read as their long forms."""
    return yaml.load(text, Loader=_Loader)


@cache
def parse(text: str) -> ast.Module:
    """The syntax tree of Python source."""
    return ast.parse(text)


def _files() -> Iterator[Path]:
    folders = [ROOT]
    while folders:
        for entry in sorted(folders.pop().iterdir()):
            if (entry.name.startswith(".") and entry.name not in HIDDEN) or str(entry).endswith(BUILT):
                continue
            if entry.is_dir() and not entry.is_symlink():
                folders.append(entry)
            elif entry.is_file():
                yield entry


def _text(file: Path) -> str | None:
    if file.stat().st_size > LARGEST_TEXT:
        return None
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@cache
def _pickled() -> bytes:
    files = {file.relative_to(ROOT).as_posix(): file for file in _files()}
    texts = {path: text for path, file in files.items() if (text := _text(file)) is not None}
    machines, schemas = {}, {}
    for path, text in texts.items():
        if match := re.fullmatch(r"statemachines/([\w-]+)\.asl\.json", path):
            machines[match[1]] = json.loads(text)
        if (match := re.fullmatch(r"schemas/(.+)\.json", path)) and not match[1].startswith("invalid/"):
            schemas[match[1]] = json.loads(text)
    sizes = {path: file.stat().st_size for path, file in files.items()}
    shipped = Shipped(texts, set(files), sizes, machines, read_yaml(texts[TEMPLATE]), read_yaml(texts[API]), schemas)
    return pickle.dumps(shipped)


def load() -> Shipped:
    """A copy of the shipped files, for the caller to keep or to break."""
    shipped = pickle.loads(_pickled())
    assert isinstance(shipped, Shipped)
    return shipped


def states(shipped: Shipped) -> Iterator[State]:
    """Every state of every machine, those inside Map and Parallel included."""
    for name, machine in shipped.machines.items():
        yield from _states_below(name, name, machine)


def _states_below(machine: str, path: str, level: Json) -> Iterator[State]:
    for name, definition in level["States"].items():
        here = f"{path}/{name}"
        yield State(machine, here, name, definition, level)
        inner = [definition[field] for field in NESTED if field in definition]
        for nested in [*inner, *definition.get("Branches", [])]:
            yield from _states_below(machine, here, nested)


def tasks(shipped: Shipped) -> Iterator[State]:
    """Every Task of every machine."""
    return (state for state in states(shipped) if state.type == "Task")


def followers(definition: Json) -> Iterator[str]:
    """The names of the states that may come after a state, those it is caught in included."""
    for holder in (definition, *definition.get("Choices", []), *definition.get("Catch", [])):
        if "Next" in holder:
            yield holder["Next"]
    if "Default" in definition:
        yield definition["Default"]


def strings(value: Json) -> Iterator[str]:
    """Every string inside a document, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def intrinsics(value: Json, name: str) -> Iterator[Json]:
    """The arguments of every use of an intrinsic function (or "Ref") inside a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == name:
                yield item
            yield from intrinsics(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from intrinsics(item, name)


def substituted(value: Json) -> Iterator[str]:
    """The names within "${…}" in every Fn::Sub of a document, attributes ("Queue.Arn") and pseudo parameters "
    "included."""
    for sub in intrinsics(value, "Fn::Sub"):
        text, own = (sub, {}) if isinstance(sub, str) else sub
        yield from (name for name in re.findall(r"\$\{([^!}][^}]*)\}", text) if name not in own)


def referred(value: Json) -> Iterator[str]:
    """The logical ids and parameters that a document refers to by Ref, Fn::GetAtt and Fn::Sub; pseudo "
    "parameters left out."""
    names = [*intrinsics(value, "Ref"), *(item[0] for item in intrinsics(value, "Fn::GetAtt")), *substituted(value)]
    return (name.split(".")[0] for name in names if not name.startswith("AWS::"))


def target(value: Json) -> str:
    """What a reference names: the logical id for a Ref, an ARN by Fn::GetAtt or "${Id.Arn}"; else the text itself."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return str(value["Ref"])
    if "Fn::GetAtt" in value:
        return str(value["Fn::GetAtt"][0])
    return re.sub(r"^\$\{(\w+)(\.Arn)?\}(?=$|/index/)", r"\1", value["Fn::Sub"]) if "Fn::Sub" in value else repr(value)


def as_sub(value: Json) -> str:
    """A reference or a literal as it would stand inside an Fn::Sub."""
    if isinstance(value, dict):
        if "Ref" in value:
            return f"${{{value['Ref']}}}"
        if "Fn::GetAtt" in value:
            return f"${{{'.'.join(value['Fn::GetAtt'])}}}"
        return str(value.get("Fn::Sub", value))
    return str(value)


def many(value: Json) -> list[Json]:
    """A list, or the list of the one thing that may stand in its place."""
    return value if isinstance(value, list) else [value]


def machine_resource(shipped: Shipped, machine: str) -> tuple[str, Json]:
    """The logical id and the properties of a machine in the template. Raises LookupError when it is not deployed."""
    for name, resource in shipped.resources("AWS::Serverless::StateMachine").items():
        if resource["Properties"]["DefinitionUri"] == f"../statemachines/{machine}.asl.json":
            return name, resource["Properties"]
    raise LookupError(f"{TEMPLATE} deploys no machine from statemachines/{machine}.asl.json")


def machine_of(properties: Json) -> str:
    """The name of a machine's definition, from its properties in the template."""
    return Path(properties["DefinitionUri"]).name.removesuffix(".asl.json")


def redriven(shipped: Shipped) -> tuple[str, ...]:
    """The queues that `make redrive` knows."""
    match = re.search(r"^QUEUES = (\(.*\))$", shipped.texts["infra/redrive.py"], re.MULTILINE)
    return tuple(ast.literal_eval(match[1])) if match else ()
