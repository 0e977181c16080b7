"""Rules of infra/template.yaml: what it points at, and how queues, tables, logs and alarms are kept."""

from __future__ import annotations

import ast
import posixpath
import re
import tomllib
from collections.abc import Iterator

import yaml

from tests.contract.rulebook import Break, Rule, Rulebook, changed, rewritten, without
from tests.contract.shipped import (
    API,
    TEMPLATE,
    Json,
    Shipped,
    as_sub,
    intrinsics,
    machine_of,
    many,
    referred,
    strings,
    substituted,
    target,
)

rules = Rulebook()

FUNCTION, MACHINE = "AWS::Serverless::Function", "AWS::Serverless::StateMachine"
QUEUE, TABLE, PIPE, RULE = "AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Pipes::Pipe", "AWS::Events::Rule"
LOGS, ROLE, ALARM = "AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::CloudWatch::Alarm"

FOURTEEN_DAYS = 14 * 24 * 60 * 60
# AWS's advice for queues with a consumer that has a time-out: six times as long, five deliveries.
VISIBILITY_FACTOR, DELIVERIES = 6, 5
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
REST_SECONDS = 29

# Tables that may be lost, and why.
CACHES = {"TextsTable": "Translate fills it again; it has as many items as languages, so none needs to expire"}


def resource(name: str, *path: object) -> tuple[object, ...]:
    """A place in a resource's properties, for the examples."""
    return ("template", "Resources", name, "Properties", *path)


# --- what the template points at ------------------------------------------------------------------------------------------


def locations(shipped: Shipped) -> Iterator[str]:
    """The files that the template needs, from the repository's root. What is built stands for its source."""
    for kind, field in ((MACHINE, "DefinitionUri"), (FUNCTION, "CodeUri"), ("AWS::Serverless::LayerVersion", "ContentUri")):
        for item in shipped.resources(kind).values():
            yield posixpath.normpath(f"infra/{item['Properties'][field]}")
    for include in intrinsics(shipped.template, "Fn::Transform"):
        yield posixpath.normpath(f"infra/{include['Parameters']['Location']}")


def source_of(location: str) -> str:
    """A file that must be in the repository for a location to exist once everything is built."""
    if location == "build/layer":
        return "functions/dragoman/__init__.py"
    return re.sub(r"^build/functions/(\w+)$", r"functions/\1/handler.py", location)


@rules(
    changed(*resource("ReplyStateMachine", "DefinitionUri"), to="../statemachines/answer.asl.json"),
    changed(*resource("ComposeReportFunction", "CodeUri"), to="../build/functions/compose/"),
    changed(*resource("Api", "DefinitionBody", "Fn::Transform", "Parameters", "Location"), to="openapi.yaml"),
)
def every_file_it_points_at_exists(shipped: Shipped) -> Iterator[str]:
    for location in locations(shipped):
        if source_of(location) not in shipped.paths:
            yield f"{TEMPLATE} points at {location}, which does not exist ({source_of(location)} is missing)"


def holes(shipped: Shipped, machine: str) -> set[str]:
    """The names to be substituted in a machine."""
    return set(re.findall(r"\$\{(\w+)\}", " ".join(strings(shipped.machines[machine]))))


@rules(
    without(*resource("ReplyStateMachine", "DefinitionSubstitutions", "TwilioApiUrl")),
    changed(*resource("IntakeStateMachine", "DefinitionSubstitutions", "ReportsTable"), to="x"),
)
def every_substitution_is_given_and_used(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(MACHINE).items():
        machine = machine_of(item["Properties"])
        given = set(item["Properties"].get("DefinitionSubstitutions", {}))
        for hole in sorted(holes(shipped, machine) ^ given):
            yield f"{name}: {hole} is {'given but not used by' if hole in given else 'not given, but used by'} {machine}.asl.json"


def unused_machine(shipped: Shipped) -> None:
    shipped.machines["forgotten"] = shipped.machines["intake"]


@rules(unused_machine)
def every_machine_is_deployed_once(shipped: Shipped) -> Iterator[str]:
    deployed = [machine_of(item["Properties"]) for item in shipped.resources(MACHINE).values()]
    for name in shipped.machines:
        if deployed.count(name) != 1:
            yield f"statemachines/{name}.asl.json is deployed {deployed.count(name)} times: it wants one resource in {TEMPLATE}"


@rules(without("template", "Resources", "IntakeStateMachine", "Properties", "DefinitionSubstitutions", "NormaliseWebhookFunctionArn"))
def every_function_is_used(shipped: Shipped) -> Iterator[str]:
    users = [item["Properties"] for kind in (MACHINE, PIPE, RULE) for item in shipped.resources(kind).values()]
    used = {*referred(users), *referred(shipped.api)}
    for name, item in shipped.resources(FUNCTION).items():
        if name not in used and not item["Properties"].get("Events"):
            yield f"{name} is used by no machine, event or route: wire it or drop it"


@rules(
    changed(*resource("ComposeReportFunction", "Handler"), to="compose_report.handler.main"),
    rewritten("functions/normalise_webhook/handler.py", "def handler(", "def handle("),
)
def every_handler_exists(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(FUNCTION).items():
        module, _, function = item["Properties"]["Handler"].rpartition(".")
        package = posixpath.basename(item["Properties"]["CodeUri"].rstrip("/"))
        tree = shipped.python("functions/").get(f"functions/{module.replace('.', '/')}.py")
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} if tree else set()
        if function not in defined or module.split(".")[0] != package:
            yield f"{name}: there is no {item['Properties']['Handler']} in functions/{package}"


def forgotten_function(shipped: Shipped) -> None:
    shipped.paths.add("functions/forget_me/handler.py")


@rules(forgotten_function)
def every_folder_with_a_handler_is_deployed(shipped: Shipped) -> Iterator[str]:
    deployed = {source_of(location) for location in locations(shipped)}
    for path in sorted(shipped.paths):
        if re.fullmatch(r"functions/\w+/handler\.py", path) and path not in deployed:
            yield f"{path} is in no function of {TEMPLATE}: deploy it or drop it"


@rules(
    changed(*resource("Bus", "Name"), to={"Fn::Sub": "${StackName}"}),
    changed("api", "paths", "/reports", "get", "x-amazon-apigateway-integration", "credentials", to={"Fn::GetAtt": ["Role", "Arn"]}),
)
def every_reference_is_defined(shipped: Shipped) -> Iterator[str]:
    defined = {*shipped.template["Resources"], *shipped.template["Parameters"]}
    for file, document in ((TEMPLATE, shipped.template), (API, shipped.api)):
        for name in sorted(set(referred(document)) - defined):
            yield f"{file} refers to {name}, which is neither a resource nor a parameter"


# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
PSEUDO = {f"AWS::{name}" for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")}


@rules(changed(*resource("Bus", "Name"), to={"Fn::Sub": "${AWS::Stack}"}))
def every_pseudo_parameter_exists(shipped: Shipped) -> Iterator[str]:
    for file, document in ((TEMPLATE, shipped.template), (API, shipped.api)):
        for name in {*intrinsics(document, "Ref"), *substituted(document)}:
            if name.startswith("AWS::") and name not in PSEUDO:
                yield f"{file} uses {name}, which CloudFormation does not know"


# --- parameters and secrets -----------------------------------------------------------------------------------------------


@rules(without("template", "Parameters", "Stage", "Description"))
def every_parameter_is_described(shipped: Shipped) -> Iterator[str]:
    for name, parameter in shipped.template["Parameters"].items():
        if not parameter.get("Description"):
            yield f"Parameter {name} has no Description"


@rules(changed("template", "Parameters", "Colour", to={"Type": "String", "Description": "Unused"}))
def every_parameter_is_used(shipped: Shipped) -> Iterator[str]:
    used = {*referred(shipped.template), *referred(shipped.api)}
    for name in sorted(shipped.template["Parameters"].keys() - used):
        yield f"Parameter {name} is used nowhere: drop it"


@rules(
    changed("template", "Parameters", "Stage", "Default", to="Prod!"),
    changed("template", "Parameters", "RetentionDays", "Default", to=0),
)
def every_default_is_one_that_may_be_given(shipped: Shipped) -> Iterator[str]:
    for name, parameter in shipped.template["Parameters"].items():
        if "Default" not in parameter:
            continue
        default = parameter["Default"]
        if not re.search(parameter.get("AllowedPattern", ""), str(default)):
            yield f"Parameter {name}: its default {default!r} does not match its AllowedPattern"
        if not parameter.get("MinValue", float("-inf")) <= (default if parameter["Type"] == "Number" else 0) <= parameter.get("MaxValue", float("inf")):
            yield f"Parameter {name}: its default {default!r} is outside MinValue and MaxValue"


@rules(without("template", "Parameters", "AcknowledgementText", "AllowedPattern"))
def every_parameter_pasted_into_a_machine_keeps_its_json_whole(shipped: Shipped) -> Iterator[str]:
    pasted = {
        value["Ref"]
        for item in shipped.resources(MACHINE).values()
        for value in item["Properties"].get("DefinitionSubstitutions", {}).values()
        if isinstance(value, dict) and value.get("Ref") in shipped.template["Parameters"]
    }
    for name in sorted(pasted):
        parameter = shipped.template["Parameters"][name]
        start = str(parameter.get("Default", "x"))
        for character in ('"', "\\", "\n"):
            tried = (start[:-1] or "x") + character + "x"
            if parameter["Type"] == "String" and re.search(parameter.get("AllowedPattern", ""), tried):
                yield f"Parameter {name} may hold {character!r}, which breaks the machine it is pasted into: narrow its AllowedPattern"


SECRET_NAME = re.compile(r"(password|token|secret|credential|apikey|api_key)s?$", re.IGNORECASE)


def _secret_value(value: Json) -> bool:
    return any(text.startswith("{{resolve:") or re.search(r"\bSK[0-9a-f]{32}\b|\bAKIA[0-9A-Z]{16}\b", text) for text in strings(value))


@rules(
    changed("template", "Parameters", "TwilioAuthToken", to={"Type": "String", "Description": "x", "Default": "12345"}),
    changed(*resource("NormaliseWebhookFunction", "Environment", "Variables", "TWILIO_AUTH_TOKEN"), to="12345"),
    changed(*resource("NormaliseWebhookFunction", "Environment", "Variables", "PUBLIC_BASE_URL"), to="{{resolve:secretsmanager:x}}"),
)
def no_secret_is_a_parameter_or_in_the_environment(shipped: Shipped) -> Iterator[str]:
    for name, parameter in shipped.template["Parameters"].items():
        if SECRET_NAME.search(name) or _secret_value(parameter):
            yield f"Parameter {name} looks like a secret: keep it in Secrets Manager and pass its name"
    holders = [("Globals", shipped.template["Globals"]["Function"])]
    holders += [(name, item["Properties"]) for name, item in shipped.resources(FUNCTION).items()]
    for name, holder in holders:
        for variable, value in holder.get("Environment", {}).get("Variables", {}).items():
            if SECRET_NAME.search(variable) or _secret_value(value):
                yield f"{name}: {variable} looks like a secret: pass the secret's name and read it at run time"


@rules(changed(*resource("TwilioConnection", "AuthParameters", "BasicAuthParameters", "Password"), to={"Ref": "TwilioApiUrl"}))
def every_connection_takes_its_password_from_secrets_manager(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources("AWS::Events::Connection").items():
        password = as_sub(item["Properties"]["AuthParameters"].get("BasicAuthParameters", {}).get("Password", ""))
        if not password.startswith("{{resolve:secretsmanager:"):
            yield f"{name}: write its password as {{{{resolve:secretsmanager:…}}}}, so that it stands in no template or change set"


# --- queues, rules, pipes -------------------------------------------------------------------------------------------------


def dead_letter_queues(shipped: Shipped) -> set[str]:
    """The logical ids of the queues behind queues and targets."""
    redrives = [item["Properties"].get("RedrivePolicy", {}) for item in shipped.resources(QUEUE).values()]
    configured = [*intrinsics(list(shipped.resources(RULE).values()), "DeadLetterConfig")]
    return {target(policy["deadLetterTargetArn"]) for policy in redrives if policy} | {target(item["Arn"]) for item in configured}


def consumers(shipped: Shipped) -> dict[str, str]:
    """Queues and what is fed from each: the target of its pipe, or the function with an event source on it."""
    fed = {
        target(item["Properties"]["Source"]): target(item["Properties"]["Target"]) for item in shipped.resources(PIPE).values()
    }
    for name, item in shipped.resources(FUNCTION).items():
        for event in item["Properties"].get("Events", {}).values():
            if event["Type"] == "SQS":
                fed[target(event["Properties"]["Queue"])] = name
    return fed


@rules(without("template", "Resources", "RepliesPipe"))
def every_queue_has_a_consumer_or_holds_dead_letters(shipped: Shipped) -> Iterator[str]:
    for name in sorted(shipped.resources(QUEUE).keys() - consumers(shipped).keys() - dead_letter_queues(shipped)):
        yield f"{name} has no consumer and is nobody's dead-letter queue: what is sent there is never read"


@rules(without(*resource("RepliesQueue", "RedrivePolicy")), changed(*resource("RepliesQueue", "RedrivePolicy", "maxReceiveCount"), to=4))
def every_queue_with_a_consumer_parks_what_fails(shipped: Shipped) -> Iterator[str]:
    for name in consumers(shipped):
        policy = shipped.resources(QUEUE)[name]["Properties"].get("RedrivePolicy", {})
        if policy.get("maxReceiveCount", 0) < DELIVERIES:
            yield f"{name}: give it a RedrivePolicy with maxReceiveCount {DELIVERIES} or more"


@rules(changed(*resource("RepliesQueue", "VisibilityTimeout"), to=599), without(*resource("MessagesQueue", "VisibilityTimeout")))
def every_queue_waits_for_its_consumer(shipped: Shipped) -> Iterator[str]:
    for name, consumer in consumers(shipped).items():
        properties = shipped.template["Resources"][consumer]["Properties"]
        machine = shipped.machines[machine_of(properties)] if "DefinitionUri" in properties else {}
        least = VISIBILITY_FACTOR * machine.get("TimeoutSeconds", properties.get("Timeout", 3))
        if shipped.resources(QUEUE)[name]["Properties"].get("VisibilityTimeout", 30) < least:
            yield f"{name}: a message becomes visible while {consumer} may still be at it; VisibilityTimeout wants {least} or more"


@rules(without(*resource("MessagesQueue", "SqsManagedSseEnabled")), changed(*resource("RepliesQueue", "MessageRetentionPeriod"), to=345600))
def every_queue_is_encrypted_and_keeps_for_fourteen_days(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(QUEUE).items():
        properties = item["Properties"]
        if not (properties.get("SqsManagedSseEnabled") or properties.get("KmsMasterKeyId")):
            yield f"{name} is not encrypted: SqsManagedSseEnabled: true"
        if properties.get("MessageRetentionPeriod") != FOURTEEN_DAYS:
            yield f"{name} loses messages early: MessageRetentionPeriod: {FOURTEEN_DAYS}"


def alarms_of(shipped: Shipped, queue: str) -> Iterator[Json]:
    """The properties of the alarms that watch a queue."""
    for item in shipped.resources(ALARM).values():
        if any(target(dimension["Value"]) == queue for dimension in item["Properties"].get("Dimensions", [])):
            yield item["Properties"]


@rules(
    without("template", "Resources", "RepliesDeadLetterAlarm"),
    changed(*resource("RepliesDeadLetterAlarm", "AlarmActions"), to=[]),
    without(*resource("RepliesDeadLetterAlarm", "TreatMissingData")),
    changed(*resource("RepliesDeadLetterAlarm", "MetricName"), to="NumberOfMessagesSent"),
)
def every_dead_letter_queue_has_an_alarm(shipped: Shipped) -> Iterator[str]:
    for queue in sorted(dead_letter_queues(shipped)):
        good = [
            alarm
            for alarm in alarms_of(shipped, queue)
            if alarm.get("AlarmActions") and alarm.get("TreatMissingData") and alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        ]
        if not good:
            yield f"{queue}: give it an alarm on ApproximateNumberOfMessagesVisible, with AlarmActions and TreatMissingData"


def rule_targets(shipped: Shipped) -> Iterator[tuple[str, Json]]:
    for name, item in shipped.resources(RULE).items():
        for aim in item["Properties"]["Targets"]:
            yield name, aim


@rules(without(*resource("RepliesRule", "Targets", 0, "DeadLetterConfig")))
def every_rule_target_has_a_dead_letter_queue(shipped: Shipped) -> Iterator[str]:
    for name, aim in rule_targets(shipped):
        if "DeadLetterConfig" not in aim:
            yield f"{name}: EventBridge drops what it cannot deliver to {aim['Id']}: give the target a DeadLetterConfig"


def admissions(shipped: Shipped, queue: str) -> Iterator[tuple[str, str, str | None]]:
    """Who may do what to a queue: service, action, and the source it is narrowed to."""
    for item in shipped.resources("AWS::SQS::QueuePolicy").values():
        for statement in item["Properties"]["PolicyDocument"]["Statement"]:
            if queue in map(target, many(statement["Resource"])) and queue in map(target, item["Properties"]["Queues"]):
                principal, condition = statement["Principal"], statement.get("Condition", {})
                source = condition.get("ArnEquals", {}).get("aws:SourceArn")
                service = principal if isinstance(principal, str) else principal.get("Service", repr(principal))
                yield from ((str(service), action, target(source) if source else None) for action in many(statement["Action"]))


@rules(
    without("template", "Resources", "MessagesQueuePolicy"),
    without(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Condition")),
    changed(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Principal"), to="*"),
    changed(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Action"), to="sqs:*"),
    changed(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Resource"), to=[{"Fn::GetAtt": ["RepliesQueue", "Arn"]}]),
)
def every_queue_admits_its_rule_alone(shipped: Shipped) -> Iterator[str]:
    wanted: dict[str, set[tuple[str, str, str | None]]] = {name: set() for name in shipped.resources(QUEUE)}
    for name, aim in rule_targets(shipped):
        for arn in (aim["Arn"], aim.get("DeadLetterConfig", {}).get("Arn")):
            if arn and target(arn) in wanted:
                wanted[target(arn)].add(("events.amazonaws.com", "sqs:SendMessage", name))
    for queue, expected in wanted.items():
        found = set(admissions(shipped, queue))
        if found != expected:
            yield f"{queue}: its policy should admit {sorted(map(str, expected))}, it admits {sorted(map(str, found))}"


@rules(
    changed(*resource("RepliesPipe", "SourceParameters", "SqsQueueParameters", "BatchSize"), to=10),
    changed(*resource("RepliesPipe", "TargetParameters", "StepFunctionStateMachineParameters", "InvocationType"), to="FIRE_AND_FORGET"),
)
def every_pipe_hands_over_one_message_and_waits(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(PIPE).items():
        properties = item["Properties"]
        size = properties["SourceParameters"]["SqsQueueParameters"].get("BatchSize")
        kind = properties["TargetParameters"].get("StepFunctionStateMachineParameters", {}).get("InvocationType")
        if size != 1 or kind != "REQUEST_RESPONSE":
            yield f"{name}: its machine reads $[0] alone, and a failure must leave the message in the queue: BatchSize 1, REQUEST_RESPONSE"


# --- logs, tables, API ----------------------------------------------------------------------------------------------------


@rules(changed(*resource("ComposeReportFunction", "Role"), to={"Fn::GetAtt": ["NormaliseWebhookRole", "Arn"]}), without(*resource("ReplyStateMachine", "Role")))
def every_function_machine_and_pipe_has_a_role_of_its_own(shipped: Shipped) -> Iterator[str]:
    owners: dict[str, list[str]] = {}
    for kind, field in ((FUNCTION, "Role"), (MACHINE, "Role"), (PIPE, "RoleArn")):
        for name, item in shipped.resources(kind).items():
            owners.setdefault(target(item["Properties"].get(field, "no role")), []).append(name)
    for role, users in owners.items():
        if role not in shipped.resources(ROLE) or len(users) > 1:
            yield f"{' and '.join(users)} run with {role}: each wants an AWS::IAM::Role of its own"


PRINCIPALS = {FUNCTION: "lambda.amazonaws.com", MACHINE: "states.amazonaws.com", PIPE: "pipes.amazonaws.com"}


@rules(changed(*resource("ReplyRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal", "Service"), to="lambda.amazonaws.com"))
def every_role_trusts_the_service_that_uses_it_alone(shipped: Shipped) -> Iterator[str]:
    for kind, service in PRINCIPALS.items():
        for name, item in shipped.resources(kind).items():
            role = target(item["Properties"].get("Role", item["Properties"].get("RoleArn", "")))
            statements = shipped.resources(ROLE).get(role, {"Properties": {"AssumeRolePolicyDocument": {"Statement": []}}})
            trusted = [statement["Principal"] for statement in statements["Properties"]["AssumeRolePolicyDocument"]["Statement"]]
            if trusted != [{"Service": service}]:
                yield f"{name}: {role} trusts {trusted}, it should trust {service} alone"


def log_groups(shipped: Shipped) -> dict[str, Json]:
    """The log groups' properties by their names, as an Fn::Sub has them."""
    return {as_sub(item["Properties"]["LogGroupName"]): item["Properties"] for item in shipped.resources(LOGS).values()}


@rules(
    without("template", "Resources", "ComposeReportLogs"),
    without(*resource("ComposeReportLogs", "RetentionInDays")),
    changed(*resource("ComposeReportLogs", "LogGroupName"), to="/aws/lambda/compose"),
)
def every_function_has_a_log_group_with_retention(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(FUNCTION).items():
        wanted = f"/aws/lambda/{as_sub(item['Properties']['FunctionName'])}"
        if not log_groups(shipped).get(wanted, {}).get("RetentionInDays"):
            yield f"{name}: give it the log group {wanted} with RetentionInDays, or Lambda makes one that is kept for ever"


@rules(
    without(*resource("IntakeStateMachine", "Logging")),
    without(*resource("IntakeLogs", "RetentionInDays")),
    changed(*resource("IntakeLogs", "LogGroupName"), to="/aws/states/intake"),
)
def every_machine_has_a_log_group_with_retention(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(MACHINE).items():
        destinations = item["Properties"].get("Logging", {}).get("Destinations", [])
        groups = {target(entry["CloudWatchLogsLogGroup"]["LogGroupArn"]) for entry in destinations}
        for group in groups or {"no log group"}:
            properties = shipped.resources(LOGS).get(group, {}).get("Properties", {})
            if not properties.get("RetentionInDays") or not as_sub(properties["LogGroupName"]).startswith("/aws/vendedlogs/"):
                yield f"{name} logs to {group}: it wants one below /aws/vendedlogs/ with RetentionInDays"


@rules(changed(*resource("ReplyStateMachine", "Logging", "IncludeExecutionData"), to=True), without(*resource("ReplyStateMachine", "Logging", "IncludeExecutionData")))
def no_machine_logs_its_data(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(MACHINE).items():
        if item["Properties"].get("Logging", {}).get("IncludeExecutionData") is not False:
            yield f"{name}: numbers and words would stand in its log: IncludeExecutionData: false"


@rules(changed(*resource("Api", "MethodSettings", 0, "DataTraceEnabled"), to=True))
def no_api_logs_its_data(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources("AWS::Serverless::Api").items():
        for settings in item["Properties"].get("MethodSettings", [{}]):
            if settings.get("DataTraceEnabled") is not False:
                yield f"{name}: numbers and words would stand in its log: DataTraceEnabled: false"


@rules(
    without(*resource("ReportsTable", "PointInTimeRecoverySpecification")),
    changed(*resource("ReportsTable", "SSESpecification", "SSEEnabled"), to=False),
    without(*resource("OutboundTable", "TimeToLiveSpecification")),
    without("template", "Resources", "ContactsTable", "DeletionPolicy"),
    changed("template", "Resources", "MessagesTable", "UpdateReplacePolicy", to="Delete"),
    changed(*resource("MessagesTable", "BillingMode"), to="PROVISIONED"),
)
def every_table_is_kept_and_expires(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(TABLE).items():
        properties = item["Properties"]
        policy = "Delete" if name in CACHES else "Retain"
        checks = {
            "PointInTimeRecoveryEnabled: true": properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"),
            "SSEEnabled: true": properties.get("SSESpecification", {}).get("SSEEnabled"),
            "TimeToLiveSpecification (or a reason in CACHES)": name in CACHES
            or properties.get("TimeToLiveSpecification", {}).get("Enabled"),
            f"DeletionPolicy and UpdateReplacePolicy: {policy}": item.get("DeletionPolicy") == policy == item.get("UpdateReplacePolicy"),
            "BillingMode: PAY_PER_REQUEST": properties.get("BillingMode") == "PAY_PER_REQUEST",
        }
        for wanted, found in checks.items():
            if not found:
                yield f"{name} wants {wanted}"


@rules(without(*resource("UsagePlan", "Quota")), without(*resource("UsagePlan", "Throttle")), without("template", "Resources", "UsagePlanKey"))
def every_api_key_is_bound_to_a_plan_with_limits(shipped: Shipped) -> Iterator[str]:
    links = [item["Properties"] for item in shipped.resources("AWS::ApiGateway::UsagePlanKey").values()]
    for name in shipped.resources("AWS::ApiGateway::ApiKey"):
        plans = [shipped.template["Resources"][target(link["UsagePlanId"])] for link in links if target(link["KeyId"]) == name]
        if not plans or not all({"Throttle", "Quota"} <= plan["Properties"].keys() for plan in plans):
            yield f"{name}: bind it to a usage plan with Throttle and Quota"


# --- outputs and deployment -----------------------------------------------------------------------------------------------


def outputs_read(shipped: Shipped) -> Iterator[tuple[str, str]]:
    """The outputs that our tools read: file and name. infra/redrive.py makes its names from a list of queues."""
    for path, tree in shipped.python("infra/").items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "outputs":
                if isinstance(node.slice, ast.Constant):
                    yield path, str(node.slice.value)
    for queue in redriven(shipped):
        yield "infra/redrive.py", f"{queue.capitalize()}QueueUrl"
        yield "infra/redrive.py", f"{queue.capitalize()}DeadLetterQueueUrl"


def redriven(shipped: Shipped) -> tuple[str, ...]:
    """The queues that `make redrive` knows."""
    match = re.search(r"^QUEUES = (\(.*\))$", shipped.texts["infra/redrive.py"], re.MULTILINE)
    return tuple(ast.literal_eval(match[1])) if match else ()


@rules(without("template", "Outputs", "RepliesDeadLetterQueueUrl"))
def every_output_that_is_read_exists(shipped: Shipped) -> Iterator[str]:
    for path, name in outputs_read(shipped):
        if name not in shipped.template["Outputs"]:
            yield f"{path} reads the output {name}, which {TEMPLATE} does not have"


@rules(rewritten("infra/redrive.py", 'QUEUES = ("messages", "replies")', 'QUEUES = ("messages",)'))
def every_queue_can_be_redriven(shipped: Shipped) -> Iterator[str]:
    for queue in consumers(shipped):
        name = queue.removesuffix("Queue").lower()
        if name not in redriven(shipped):
            yield f"{queue}: add {name!r} to QUEUES in infra/redrive.py, or nobody can put back what is parked behind it"


@rules(
    rewritten("infra/samconfig.toml", "CAPABILITY_AUTO_EXPAND", "CAPABILITY_NOTHING"),
    changed(*resource("ReplyRole", "RoleName"), to="reply"),
)
def every_capability_that_a_deployment_needs_is_granted(shipped: Shipped) -> Iterator[str]:
    given = tomllib.loads(shipped.texts["infra/samconfig.toml"])["default"]["deploy"]["parameters"]["capabilities"].split()
    named = any("RoleName" in role["Properties"] for role in shipped.resources(ROLE).values())
    for capability in ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"):
        if capability not in given:
            yield f"infra/samconfig.toml: the deployment needs {capability}"


@rules(rewritten(TEMPLATE, "  SharedLayer:\n", "  SharedLayer: &layer\n"), rewritten(API, "responses:\n    Problem:", "responses:\n    Problem: &problem"))
def no_yaml_anchors_stand_in_what_cloudformation_reads(shipped: Shipped) -> Iterator[str]:
    for file in (TEMPLATE, API):
        for token in yaml.scan(shipped.texts[file]):
            merge = isinstance(token, yaml.ScalarToken) and token.value == "<<"
            if merge or isinstance(token, yaml.AnchorToken | yaml.AliasToken):
                yield f"{file}, line {token.start_mark.line + 1}: CloudFormation takes no YAML anchors, aliases or merge keys; write it out"


@rules(rewritten(API, "credentials: {Fn::GetAtt: [ApiRole, Arn]}", "credentials: !GetAtt ApiRole.Arn"))
def no_short_intrinsics_stand_in_what_is_included(shipped: Shipped) -> Iterator[str]:
    for token in yaml.scan(shipped.texts[API]):
        if isinstance(token, yaml.TagToken):
            yield f"{API}, line {token.start_mark.line + 1}: AWS::Include takes no short forms; write Fn::{''.join(token.value)} in full"


@rules.each
def test_template_keeps_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_template_rule_complains_about_broken_template(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
