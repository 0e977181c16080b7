"""Rules of the events: what is put on the bus has a schema, rules match it, and machines get from pipes what "
"they read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.contract.aws_models import integration
from tests.contract.event_patterns import UnsupportedPatternError, matches
from tests.contract.rulebook import Break, Rule, Rulebook, changed, without
from tests.contract.shipped import Json, Shipped, State, as_sub, followers, machine_of, states, strings, target, tasks

rules = Rulebook()

# What S3 puts on the default bus when an upload is there:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
UPLOADED = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {
        "bucket": {"name": "${MediaBucket}"},
        "object": {"key": "uploads/IM0", "size": 1},
        "reason": "PostObject",
    },
}
RULE, PIPE = "AWS::Events::Rule", "AWS::Pipes::Pipe"
SOURCE = "dragoman"


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def schema_of(shipped: Shipped, detail_type: str) -> Json | None:
    """The schema of an event by its detail type."""
    return shipped.schemas.get(f"events/{snake_case(detail_type)}")


def validator(shipped: Shipped, schema: Json) -> Draft202012Validator:
    """A validator that finds our other schemas by their ids."""
    registry: Registry[Json] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in shipped.schemas.values()
    )
    return Draft202012Validator(schema, registry=registry)


def resolved(shipped: Shipped, schema: Json) -> Json:
    """A schema behind its $ref, if it is one."""
    while "$ref" in schema and "properties" not in schema:
        identifier, _, pointer = schema["$ref"].partition("#")
        schema = next(document for document in shipped.schemas.values() if document["$id"] == identifier)
        for step in filter(None, pointer.split("/")):
            schema = schema[step]
    return schema


def entries(shipped: Shipped) -> Iterator[tuple[State, Json]]:
    """Every event that a machine puts on a bus."""
    for task in tasks(shipped):
        used = integration(task)
        if used and used.service in ("events", "eventbridge"):
            for entry in task.definition["Parameters"]["Entries"]:
                yield task, entry


def samples(shipped: Shipped) -> Iterator[Json]:
    """Each event as EventBridge delivers it, from the examples of its schema."""
    for path, schema in shipped.schemas.items():
        if path.startswith("events/"):
            for example in schema.get("examples", []):
                yield {"version": "0", "source": SOURCE, "detail-type": schema["title"], "detail": example}


def reply_state(name: str) -> tuple[str, ...]:
    return ("machines", "reply", "States", name)


@rules(
    changed(*reply_state("AnnounceSent"), "Parameters", "Entries", 0, "DetailType", to="MessageDispatched"),
    changed("schemas", "events/message_sent", "title", to="Sent"),
)
def every_event_put_has_a_schema_of_its_name(shipped: Shipped) -> Iterator[str]:
    for task, entry in entries(shipped):
        schema = schema_of(shipped, entry["DetailType"])
        if schema is None or schema["title"] != entry["DetailType"]:
            yield (
                f"{task.path} puts {entry['DetailType']}: write "
                f"schemas/events/{snake_case(entry['DetailType'])}.json with that title"
            )


@rules(changed(*reply_state("AnnounceSent"), "Parameters", "Entries", 0, "Source", to="dragoman.reply"))
def every_event_put_comes_from_dragoman(shipped: Shipped) -> Iterator[str]:
    for task, entry in entries(shipped):
        if entry["Source"] != SOURCE:
            yield f"{task.path} puts an event with the source {entry['Source']}: no rule takes that, write {SOURCE}"


@rules(without("machines", "reply", "States", "AnnounceSent"))
def every_event_schema_is_put_by_a_machine(shipped: Shipped) -> Iterator[str]:
    put = {snake_case(entry["DetailType"]) for _, entry in entries(shipped)}
    for path in shipped.schemas:
        if path.startswith("events/") and path.removeprefix("events/") not in put:
            yield f"schemas/{path}.json describes an event that no machine puts: drop it until one does"


@rules(
    without(*reply_state("AnnounceSent"), "Parameters", "Entries", 0, "Detail", "providerId.$"),
    changed(*reply_state("AnnounceSent"), "Parameters", "Entries", 0, "Detail", "colour", to="red"),
    changed(*reply_state("AnnounceSent"), "Parameters", "Entries", 0, "Detail", "schemaVersion", to="2"),
)
def every_event_written_in_a_machine_fits_its_schema(shipped: Shipped) -> Iterator[str]:
    for task, entry in entries(shipped):
        schema = schema_of(shipped, entry["DetailType"])
        detail = entry.get("Detail")
        if schema is None or not isinstance(detail, dict):
            continue  # a detail that comes whole from elsewhere
        given = {name.removesuffix(".$") for name in detail}
        wrong = (given ^ set(schema["required"])) - (given & schema["properties"].keys())
        for name in sorted(wrong):
            yield (
                f"{task.path}: {name} is {'unknown to' if name in given else 'required by'} the schema of "
                f"{entry['DetailType']}"
            )
        for name, value in detail.items():
            if name in schema["properties"] and not validator(shipped, schema["properties"][name]).is_valid(value):
                yield f"{task.path}: {name} may not be {value!r}"


def patterns(shipped: Shipped) -> Iterator[tuple[str, Json]]:
    """Every event pattern in the template: rules, archives and the filters of pipes."""
    for name, resource in shipped.template["Resources"].items():
        if resource["Type"] in (RULE, "AWS::Events::Archive") and "EventPattern" in resource["Properties"]:
            yield name, resource["Properties"]["EventPattern"]


def rendered(value: Json) -> Json:
    """A pattern with its references to resources as text."""
    if isinstance(value, list):
        return [rendered(item) for item in value]
    if isinstance(value, dict):
        reference = value and value.keys() <= {"Ref", "Fn::Sub", "Fn::GetAtt"}
        return as_sub(value) if reference else {key: rendered(item) for key, item in value.items()}
    return value


def rule_pattern(name: str) -> tuple[str, ...]:
    return ("template", "Resources", name, "Properties", "EventPattern")


@rules(
    changed(*rule_pattern("RepliesRule"), "detail-type", to=["ReportMade"]),
    changed(*rule_pattern("RepliesRule"), "detail", "direction", to=["in"]),
    changed(*rule_pattern("MessagesRule"), "source", to=["aws.events"]),
    changed(*rule_pattern("MessagesRule"), "source", to=[{"cidr": "10.0.0.0/24"}]),
)
def every_pattern_matches_an_event_that_is_put(shipped: Shipped) -> Iterator[str]:
    for name, pattern in patterns(shipped):
        try:
            found = any(matches(rendered(pattern), sample) for sample in [*samples(shipped), UPLOADED])
        except UnsupportedPatternError as error:
            yield f"{name}: tests/contract/event_patterns.py does not know {error}"
            continue
        if not found:
            yield f"{name}: {json.dumps(pattern)} matches no example in schemas/events/, so nothing would ever arrive"


def unruly_event(shipped: Shipped) -> None:
    shipped.schemas["events/report_created"]["examples"].append({"reportId": "x"})


@rules(unruly_event)
def every_sample_that_rules_are_tried_on_is_valid(shipped: Shipped) -> Iterator[str]:
    for sample in samples(shipped):
        schema = schema_of(shipped, sample["detail-type"])
        if schema is None or not validator(shipped, schema).is_valid(sample["detail"]):
            yield (
                f"An example of {sample['detail-type']} is not valid by its own schema: "
                f"{json.dumps(sample['detail'])[:120]}"
            )


# --- from rule to queue to pipe to machine


def fed_by(shipped: Shipped, queue: str) -> Iterator[str]:
    """The detail types that rules send to a queue."""
    for item in shipped.resources(RULE).values():
        if any(target(aim["Arn"]) == queue for aim in item["Properties"]["Targets"]):
            yield from item["Properties"]["EventPattern"].get("detail-type", [])


def handed_over(pipe: Json) -> dict[str, str]:
    """What a pipe's InputTemplate gives: each key with the path it is filled from. Raises ValueError when it "
    "is no JSON."""
    text = re.sub(r"<([^>]+)>", r'"\1"', pipe["TargetParameters"]["InputTemplate"])
    return dict(json.loads(text))


def piped(shipped: Shipped) -> Iterator[tuple[str, Json, str, list[str]]]:
    """Every pipe into a machine: its name, its properties, the machine's name, and the detail types of its events."""
    for name, item in shipped.resources(PIPE).items():
        properties = item["Properties"]
        machine = shipped.template["Resources"][target(properties["Target"])]["Properties"]
        yield name, properties, machine_of(machine), list(fed_by(shipped, target(properties["Source"])))


def input_template(name: str) -> tuple[str, ...]:
    return ("template", "Resources", name, "Properties", "TargetParameters", "InputTemplate")


@rules(
    changed(*input_template("RepliesPipe"), to='{"event": <$.body.detail>, "receiveCount": "1"}'),
    changed("machines", "reply", "States", "TakeReport", "Parameters", "attempt.$", to="$.attempt"),
    changed("machines", "reply", "States", "TakeReport", "InputPath", to="$"),
)
def every_machine_gets_from_its_pipe_what_it_reads(shipped: Shipped) -> Iterator[str]:
    for name, pipe, machine, _ in piped(shipped):
        level = shipped.machines[machine]["States"]
        first = level[shipped.machines[machine]["StartAt"]]
        # Where a machine is also started in another way, a Choice stands first.
        ahead = [level[after] for after in followers(first)] if first["Type"] == "Choice" else []
        start: Json = next((state for state in [first, *ahead] if state.get("InputPath") == "$[0]"), first)
        if start.get("InputPath") != "$[0]":
            yield (
                f"{machine}/{shipped.machines[machine]['StartAt']}: a pipe hands over a batch, so begin with "
                "InputPath $[0]"
            )
        read = {match[1] for text in strings(start.get("Parameters", {})) if (match := re.match(r"\$\.(\w+)", text))}
        for key in sorted(read - handed_over(pipe).keys()):
            yield f"{machine} reads $.{key} in its first state, but {name} hands over {sorted(handed_over(pipe))}"


PIPE_SOURCES = re.compile(r"\$\.(body\.(detail|id|time|detail-type)(\.\w+)*|messageId|attributes\.\w+)")


@rules(
    changed(
        *input_template("MessagesPipe"),
        to='{"message": <$.detail>, "receiveCount": <$.attributes.ApproximateReceiveCount>}',
    )
)
def every_pipe_takes_from_an_event_in_a_queue(shipped: Shipped) -> Iterator[str]:
    for name, pipe, _, _ in piped(shipped):
        for path in handed_over(pipe).values():
            if path.startswith("$") and not PIPE_SOURCES.fullmatch(path):
                yield (
                    f"{name} takes {path}, which an event in an SQS message does not have: its detail is $.body.detail"
                )


def paths_into(shipped: Shipped, machine: str, root: str) -> Iterator[tuple[str, str]]:
    """Every path "$.root.…" that a machine reads, with the state that reads it."""
    for state in states(shipped):
        if state.machine == machine:
            for text in strings(
                {name: value for name, value in state.definition.items() if name not in ("ItemProcessor", "Comment")}
            ):
                yield from ((state.path, found) for found in re.findall(rf"(?<!\$)\$\.({root}(?:\.\w+)+)", text))


def is_there(shipped: Shipped, schema: Json, path: list[str]) -> bool:
    """Whether a schema requires everything on a path."""
    for name in path:
        schema = resolved(shipped, schema)
        if name not in schema.get("required", []):
            return False
        schema = schema["properties"][name]
    return True


@rules(
    changed("machines", "reply", "States", "Claim", "Parameters", "Item", "reportId", to={"S.$": "$.report.id"}),
    changed("machines", "message", "States", "DescribeText", "Parameters", "text.$", to="$.message.profileName"),
)
def every_path_into_an_event_is_one_its_schema_requires(shipped: Shipped) -> Iterator[str]:
    for _, pipe, machine, detail_types in piped(shipped):
        roots = [key for key, path in handed_over(pipe).items() if path == "$.body.detail"]
        for root in roots:
            for state, path in paths_into(shipped, machine, root):
                for detail_type in detail_types:
                    schema = schema_of(shipped, detail_type)
                    if schema is None or not is_there(shipped, schema, path.split(".")[1:]):
                        yield (
                            f"{state} reads $.{path}, which the schema of {detail_type} does not require: no "
                            "such path fails the execution"
                        )


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["dragoman"]}, True),
        ({"source": ["other"]}, False),
        ({"detail": {"state": ["sent", "failed"]}}, True),
        ({"detail": {"state": [{"prefix": "se"}]}}, True),
        ({"detail": {"state": [{"suffix": "ed"}]}}, False),
        ({"detail": {"state": [{"equals-ignore-case": "SENT"}]}}, True),
        ({"detail": {"state": [{"anything-but": ["sent"]}]}}, False),
        ({"detail": {"state": [{"anything-but": "failed"}]}}, True),
        ({"detail": {"error": [{"exists": False}]}}, True),
        ({"detail": {"error": [{"exists": True}]}}, False),
        ({"detail": {"tags": ["b"]}}, True),
        ({"detail": {"missing": {"deeper": ["x"]}}}, False),
    ],
)
def test_event_pattern_matches_as_eventbridge_does(pattern: Json, expected: bool) -> None:
    assert matches(pattern, {"source": "dragoman", "detail": {"state": "sent", "tags": ["a", "b"]}}) is expected


def test_event_pattern_with_unknown_operator_is_refused() -> None:
    with pytest.raises(UnsupportedPatternError, match="cidr"):
        matches({"source": [{"cidr": "10.0.0.0/24"}]}, {"source": "x"})


@rules.each
def test_events_keep_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_event_rule_complains_about_broken_event(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
