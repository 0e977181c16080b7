"""`sam deploy` for the embedded AWS: packages the shipped template, then creates or updates the stack."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from infra.local.aws import clients

Json = Any
BUCKET = "dragoman-artifacts"
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_WAIT_SECONDS = 120
_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# Properties that `sam package` replaces by the S3 address of what they point to, by resource type.
_ARCHIVES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_FILES = {"AWS::Serverless::StateMachine": "DefinitionUri"}
_SKIPPED = ("__pycache__",)


class DeployError(RuntimeError):
    """The stack could not be deployed; the text names the resource and the reason."""


def deploy(template: Path, stack: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Deploy `template` as `stack` and return its outputs. Nothing happens when nothing has changed.

    Raises DeployError, FileNotFoundError when the template points to a file that does not exist.
    """
    body = json.dumps(package(template), indent=1)
    cloudformation = clients.client("cloudformation")
    current = _current(cloudformation, stack)
    if current is not None and current["StackStatus"] == "ROLLBACK_COMPLETE":
        cloudformation.delete_stack(StackName=stack)
        _settle(cloudformation, stack)
        current = None
    if current is None or not _unchanged(cloudformation, current, body, parameters):
        _apply(cloudformation, stack, body, parameters, current)
        current = _settle(cloudformation, stack)
        if current is None or current["StackStatus"] not in _SETTLED:
            raise DeployError(_reason(cloudformation, stack, current))
    return {output["OutputKey"]: output["OutputValue"] for output in current.get("Outputs", ())}


def package(template: Path) -> Json:
    """The template with local code, definitions and includes put into S3, as `sam package` writes it."""
    document = yaml.load(template.read_text(), Loader=_TemplateLoader)  # noqa: S506 - a SafeLoader with tags
    _ensure_bucket()
    for resource in document["Resources"].values():
        properties = resource.get("Properties") or {}
        kind = resource["Type"]
        if (key := _ARCHIVES.get(kind)) and isinstance(properties.get(key), str):
            properties[key] = _upload(_zipped(template.parent / properties[key]), "zip")
        if (key := _FILES.get(kind)) and isinstance(properties.get(key), str):
            properties[key] = _upload((template.parent / properties[key]).read_bytes(), "json")
    _globals_code(document, template.parent)
    _upload_includes(document, template.parent)
    return document


def _globals_code(document: Json, base: Path) -> None:
    function = (document.get("Globals") or {}).get("Function") or {}
    if isinstance(function.get("CodeUri"), str):
        function["CodeUri"] = _upload(_zipped(base / function["CodeUri"]), "zip")


def _upload_includes(node: Json, base: Path) -> None:
    """Put the files that AWS::Include names into S3. They are plain YAML: short tags are refused there as on AWS."""
    if isinstance(node, list):
        for item in node:
            _upload_includes(item, base)
    if not isinstance(node, dict):
        return
    transform = node.get("Fn::Transform")
    if isinstance(transform, dict) and transform.get("Name") == "AWS::Include":
        location = transform["Parameters"]["Location"]
        if isinstance(location, str) and not location.startswith("s3://"):
            included = yaml.safe_load((base / location).read_text())
            transform["Parameters"]["Location"] = _upload(json.dumps(included).encode(), "json")
    for value in node.values():
        _upload_includes(value, base)


class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, written out in their long form."""


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Json:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: str(value).split(".", 1) if name == "Fn::GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise yaml.constructor.ConstructorError(None, None, f"!{suffix} of something that is not a value", node.start_mark)


_TemplateLoader.add_multi_constructor("!", _short_tag)
# Dates stay text: "2010-09-09" is a version, not a day.
_TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _zipped(directory: Path) -> bytes:
    """The directory as a zip that depends on nothing but names and contents."""
    if not directory.is_dir():
        raise FileNotFoundError(f"{directory} does not exist: build the functions first")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in directory.rglob("*") if p.is_file() and not set(_SKIPPED) & set(p.parts)):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _ZIP_DATE)
            entry.external_attr = (0o100755 if path.stat().st_mode & 0o100 else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _ensure_bucket() -> None:
    s3 = clients.client("s3")
    try:
        s3.head_bucket(Bucket=BUCKET)
    except ClientError:
        s3.create_bucket(Bucket=BUCKET)


def _upload(content: bytes, suffix: str) -> str:
    """The s3:// address of `content`, which is its key's hash."""
    key = f"{hashlib.sha256(content).hexdigest()[:32]}.{suffix}"
    s3 = clients.client("s3")
    try:
        s3.head_object(Bucket=BUCKET, Key=key)
    except ClientError:
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    return f"s3://{BUCKET}/{key}"


def _current(cloudformation: Any, stack: str) -> Json | None:
    try:
        stacks = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return stacks[0] if stacks and stacks[0]["StackStatus"] != "DELETE_COMPLETE" else None


def _unchanged(cloudformation: Any, current: Json, body: str, parameters: Mapping[str, str]) -> bool:
    if current["StackStatus"] not in _SETTLED:
        return False
    known = {p["ParameterKey"]: p["ParameterValue"] for p in current.get("Parameters", ())}
    if any(known.get(key) != value for key, value in parameters.items()):
        return False
    answer = cloudformation.get_template(StackName=current["StackName"], TemplateStage="Original")
    original = answer["TemplateBody"]
    return bool((original if isinstance(original, dict) else json.loads(original)) == json.loads(body))


def _apply(cloudformation: Any, stack: str, body: str, parameters: Mapping[str, str], current: Json | None) -> None:
    """Create or update; parameters that are not given keep their values, as `sam deploy` does it."""
    key = _upload(body.encode(), "template").rpartition("/")[2]
    operation = cloudformation.create_stack if current is None else cloudformation.update_stack
    declared = json.loads(body).get("Parameters") or {}
    kept = [p["ParameterKey"] for p in (current or {}).get("Parameters", ()) if p["ParameterKey"] in declared]
    values: list[Json] = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
    values += [{"ParameterKey": name, "UsePreviousValue": True} for name in kept if name not in parameters]
    try:
        operation(
            StackName=stack,
            TemplateURL=f"{clients.endpoint()}/{BUCKET}/{key}",
            Parameters=values,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise DeployError(f"{stack}: {error.response['Error']['Message']}") from error


def _settle(cloudformation: Any, stack: str) -> Json | None:
    """The stack once nothing is in progress. Raises DeployError after two minutes."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        current = _current(cloudformation, stack)
        if current is None or not current["StackStatus"].endswith("_IN_PROGRESS"):
            return current
        time.sleep(0.05)
    raise DeployError(f"{stack}: still in progress after {_WAIT_SECONDS} s")


def _reason(cloudformation: Any, stack: str, current: Json | None) -> str:
    """The first failure of the last operation: resource, type and reason."""
    if current is None:
        return f"{stack}: the stack is gone"
    events = cloudformation.describe_stack_events(StackName=current["StackId"])["StackEvents"]
    for event in reversed(events):
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
            return f"{stack}: {event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
    return f"{stack}: {current['StackStatus']}: {current.get('StackStatusReason', '')}"
