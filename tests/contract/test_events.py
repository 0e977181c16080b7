"""Rules of the events: what is put on the bus has a schema, rules match it, and machines get from pipes what "
"they read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.contract.aws_models import integration
from tests.contract.definitions import resolved, validator
from tests.contract.event_patterns import UnsupportedPatternError, matches
from tests.contract.flows import Known, asked, judged, known_at
from tests.contract.rulebook import Break, Rule, Rulebook, appended, changed, state_of, without
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
# What AWS puts there when an alarm goes off, and when an instance starts:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html and
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-instance-state-changes.html
ALARM_WENT_OFF = {
    "source": "aws.cloudwatch",
    "detail-type": "CloudWatch Alarm State Change",
    "detail": {
        "alarmName": "${RepliesDeadLetterAlarm}",
        "configuration": {
            "metrics": [{"metricStat": {"metric": {"dimensions": {"QueueName": "dragoman-replies-dlq"}}}}]
        },
        "state": {"value": "ALARM"},
    },
}
INSTANCE_STARTED = {
    "source": "aws.ec2",
    "detail-type": "EC2 Instance State-change Notification",
    "detail": {"instance-id": "i-0123456789abcdef0", "state": "running"},
}
FROM_AWS = (UPLOADED, ALARM_WENT_OFF, INSTANCE_STARTED)
RULE, PIPE = "AWS::Events::Rule", "AWS::Pipes::Pipe"
SOURCE = "dragoman"


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def schema_of(shipped: Shipped, detail_type: str) -> Json | None:
    """The schema of an event by its detail type."""
    return shipped.schemas.get(f"events/{snake_case(detail_type)}")


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


@rules(
    changed(*state_of("reply", "AnnounceSent"), "Parameters", "Entries", 0, "DetailType", to="MessageDispatched"),
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


@rules(changed(*state_of("reply", "AnnounceSent"), "Parameters", "Entries", 0, "Source", to="dragoman.reply"))
def every_event_put_comes_from_dragoman(shipped: Shipped) -> Iterator[str]:
    for task, entry in entries(shipped):
        if entry["Source"] != SOURCE:
            yield f"{task.path} puts an event with the source {entry['Source']}: no rule takes that, write {SOURCE}"


@rules(without(*state_of("reply", "AnnounceSent")))
def every_event_schema_is_put_by_a_machine(shipped: Shipped) -> Iterator[str]:
    put = {snake_case(entry["DetailType"]) for _, entry in entries(shipped)}
    for path in shipped.schemas:
        if path.startswith("events/") and path.removeprefix("events/") not in put:
            yield f"schemas/{path}.json describes an event that no machine puts: drop it until one does"


@rules(
    without(*state_of("reply", "AnnounceSent"), "Parameters", "Entries", 0, "Detail", "providerId.$"),
    changed(*state_of("reply", "AnnounceSent"), "Parameters", "Entries", 0, "Detail", "colour", to="red"),
    changed(*state_of("reply", "AnnounceSent"), "Parameters", "Entries", 0, "Detail", "schemaVersion", to="2"),
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


def resource(name: str, *path: object) -> tuple[object, ...]:
    """A place in a resource's properties, for the examples."""
    return ("template", "Resources", name, "Properties", *path)


@rules(
    changed(*rule_pattern("RepliesRule"), "detail-type", to=["ReportMade"]),
    changed(*rule_pattern("RepliesRule"), "detail", "direction", to=["in"]),
    changed(*rule_pattern("MessagesRule"), "source", to=["aws.events"]),
    changed(*rule_pattern("MessagesRule"), "source", to=[{"cidr": "10.0.0.0/24"}]),
    changed(*rule_pattern("ParkedRule"), "detail", "state", to={"value": ["INSUFFICIENT"]}),
    changed(*rule_pattern("InstancesRule"), "detail", "state", to=["started"]),
)
def every_pattern_matches_an_event_that_is_put(shipped: Shipped) -> Iterator[str]:
    for name, pattern in patterns(shipped):
        try:
            found = any(matches(rendered(pattern), sample) for sample in [*samples(shipped), *FROM_AWS])
        except UnsupportedPatternError as error:
            yield f"{name}: tests/contract/event_patterns.py does not know {error}"
            continue
        if not found:
            yield f"{name}: {json.dumps(pattern)} matches no example in schemas/events/, so nothing would ever arrive"


def directions_answered(shipped: Shipped) -> set[str]:
    """The directions of the reports that the rule for replies takes, of those that its schema's examples have."""
    rule = shipped.resources(RULE)["RepliesRule"]["Properties"]["EventPattern"]
    return {
        sample["detail"]["direction"]
        for sample in samples(shipped)
        if sample["detail-type"] == "ReportCreated" and matches(rule, sample)
    }


def no_internal_example(shipped: Shipped) -> None:
    schema = shipped.schemas["events/report_created"]
    schema["examples"] = [detail for detail in schema["examples"] if detail["direction"] != "internal"]


@rules(
    changed(*rule_pattern("RepliesRule"), "detail", "direction", to=["inbound", "outbound", "internal"]),
    changed(*rule_pattern("RepliesRule"), "detail", "direction", to=["inbound"]),
    without(*rule_pattern("RepliesRule"), "detail"),
    no_internal_example,
)
def every_report_but_a_rooms_is_answered(shipped: Shipped) -> Iterator[str]:
    examples = {
        sample["detail"].get("direction") for sample in samples(shipped) if sample["detail-type"] == "ReportCreated"
    }
    known = {"inbound", "outbound", "internal"}
    if not known <= examples:
        yield f"schemas/events/report_created.json wants an example of {', '.join(sorted(known - examples))} too"
    if (found := directions_answered(shipped)) != {"inbound", "outbound"}:
        yield f"RepliesRule takes {sorted(found)}: a line to a room is for nobody outside, all else is answered"


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


def topics_of(shipped: Shipped, queue: str) -> set[str]:
    """The topics that a queue is subscribed to."""
    return {
        target(item["Properties"]["TopicArn"])
        for item in shipped.resources("AWS::SNS::Subscription").values()
        if item["Properties"]["Protocol"] == "sqs" and target(item["Properties"]["Endpoint"]) == queue
    }


def fed_by(shipped: Shipped, queue: str) -> Iterator[str]:
    """The detail types that rules send to a queue, by themselves or through a topic."""
    aims = {queue, *topics_of(shipped, queue)}
    for item in shipped.resources(RULE).values():
        if any(target(aim["Arn"]) in aims for aim in item["Properties"]["Targets"]):
            yield from item["Properties"].get("EventPattern", {}).get("detail-type", [])


@rules(
    changed(*resource("ConsolesSubscription", "Endpoint"), to={"Fn::GetAtt": ["RepliesQueue", "Arn"]}),
    without("template", "Resources", "MessagesRule"),
)
def every_pipe_is_fed(shipped: Shipped) -> Iterator[str]:
    for name, pipe, _, detail_types in piped(shipped):
        if not detail_types:
            yield f"{name}: no rule sends anything to {target(pipe['Source'])}, so its machine never starts"


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
    changed(*state_of("reply", "TakeReport"), "Parameters", "attempt.$", to="$.attempt"),
    changed(*state_of("reply", "TakeReport"), "InputPath", to="$"),
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


def start_of(shipped: Shipped, machine: str) -> Json:
    """A machine's first state."""
    return shipped.machines[machine]["States"][shipped.machines[machine]["StartAt"]]


def moved(parameters: Json, root: str, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Where the first state's Parameters put what came as $.root: "event.detail" for {"event": {"detail.$": …}}."""
    for key, value in parameters.items():
        if isinstance(value, dict):
            yield from moved(value, root, (*path, key))
        elif value == f"$.{root}":
            yield ".".join((*path, key.removesuffix(".$")))


def places(shipped: Shipped, machine: str, root: str) -> list[str]:
    """Where a machine holds what its pipe hands over under a key."""
    parameters = start_of(shipped, machine).get("Parameters")
    return [root] if parameters is None else list(moved(parameters, root))


def levels(shipped: Shipped, machine: str, kinds: frozenset[str], kind_path: str) -> Iterator[tuple[State, Known]]:
    """Every state of a machine with what is known there. Inside a Map nothing is known to be present that was so
    outside, for the Map gives its items a new shape."""
    found: dict[int, dict[str, Known]] = {}
    outer: dict[str, Known] = {}
    for state in states(shipped):
        if state.machine == machine:
            above = outer.get(state.path.rpartition("/")[0], Known(kinds, frozenset()))
            if id(state.level) not in found:
                found[id(state.level)] = known_at(state.level, above.kinds, kind_path)
            known = found[id(state.level)].get(state.name, Known(frozenset(), frozenset()))
            outer[state.path] = known
            yield state, known


def read_by(state: State, known: Known, kind_path: str) -> Iterator[tuple[str, Known]]:
    """The paths "$.…" whose value a state takes, each with what is known when it does."""
    if state.type == "Choice":
        for rule in state.definition["Choices"]:
            yield from asked(rule, known, kind_path)
            _, known = judged(rule, known, kind_path)
        return
    own = {name: value for name, value in state.definition.items() if name not in ("ItemProcessor", "Comment")}
    for text in strings(own):
        yield from ((path, known) for path in re.findall(r"(?<!\$)\$(?:\.\w+)+", text))


def is_there(shipped: Shipped, schema: Json, path: list[str]) -> bool:
    """Whether a schema requires everything on a path."""
    for name in path:
        schema = resolved(shipped, schema)
        if name not in schema.get("required", []):
            return False
        schema = schema["properties"][name]
    return True


def is_known(shipped: Shipped, schema: Json, path: list[str]) -> bool:
    """Whether a schema has everything on a path, required or not."""
    for name in path:
        schema = resolved(shipped, schema)
        if name not in schema.get("properties", {}):
            return False
        schema = schema["properties"][name]
    return True


def unasked(shipped: Shipped, kind: str, path: str, place: str, known: Known) -> bool:
    """Whether a path below a place may be missing from an event of a kind without the machine having asked."""
    schema, steps = schema_of(shipped, kind), path.removeprefix(f"$.{place}").split(".")[1:]
    if schema is not None and path in known.present:
        return not is_known(shipped, schema, steps)
    return schema is None or not is_there(shipped, schema, steps)


@rules(
    changed(*state_of("reply", "Claim"), "Parameters", "Item", "reportId", to={"S.$": "$.report.id"}),
    changed(*state_of("message", "DescribeText"), "Parameters", "text.$", to="$.message.profileName"),
    changed(*state_of("broadcast", "EventMoment"), "InputPath", to="$.event.detail.createdAt"),
    changed(*state_of("broadcast", "Event?"), "Choices", 0, "StringEquals", to="ReportMade"),
    appended(
        *state_of("broadcast", "Room?"),
        "Choices",
        item={"Variable": "$.event.detail.author", "StringEquals": "x", "Next": "OneRoom"},
    ),
)
def every_path_into_an_event_is_one_its_schema_requires_or_that_was_asked_for(shipped: Shipped) -> Iterator[str]:
    for _, pipe, machine, detail_types in piped(shipped):
        handed = handed_over(pipe)
        kind_paths = [
            f"$.{at}"
            for root, path in handed.items()
            if path == "$.body.detail-type"
            for at in places(shipped, machine, root)
        ]
        kind_path = kind_paths[0] if kind_paths else ""
        roots = [
            at for root, path in handed.items() if path == "$.body.detail" for at in places(shipped, machine, root)
        ]
        for state, here in levels(shipped, machine, frozenset(detail_types), kind_path):
            for path, known in read_by(state, here, kind_path):
                for place in roots:
                    if not path.startswith(f"$.{place}."):
                        continue
                    for kind in sorted(known.kinds):
                        if unasked(shipped, kind, path, place, known):
                            yield (
                                f"{state.path} reads {path}, which the schema of {kind} does not require: no "
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
