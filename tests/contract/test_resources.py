"""Rules of the resources in infra/template.yaml: queues, rules, pipes, roles, logs, tables, API keys."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.rulebook import Break, Rule, Rulebook, changed, rewritten, without
from tests.contract.shipped import Json, Shipped, as_sub, intrinsics, machine_of, many, redriven, target

rules = Rulebook()

FUNCTION, MACHINE = "AWS::Serverless::Function", "AWS::Serverless::StateMachine"
QUEUE, TABLE, PIPE, RULE = "AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Pipes::Pipe", "AWS::Events::Rule"
LOGS, ROLE, ALARM = "AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::CloudWatch::Alarm"

FOURTEEN_DAYS = 14 * 24 * 60 * 60
# AWS's advice for queues with a consumer that has a time-out: six times as long, five deliveries.
VISIBILITY_FACTOR, DELIVERIES = 6, 5

# Tables that may be lost, and why.
CACHES = {"TextsTable": "Translate fills it again; it has as many items as languages, so none needs to expire"}


def resource(name: str, *path: object) -> tuple[object, ...]:
    """A place in a resource's properties, for the examples."""
    return ("template", "Resources", name, "Properties", *path)


def dead_letter_queues(shipped: Shipped) -> set[str]:
    """The logical ids of the queues behind queues and targets."""
    redrives = [item["Properties"].get("RedrivePolicy", {}) for item in shipped.resources(QUEUE).values()]
    configured = [*intrinsics(list(shipped.resources(RULE).values()), "DeadLetterConfig")]
    return {target(policy["deadLetterTargetArn"]) for policy in redrives if policy} | {
        target(item["Arn"]) for item in configured
    }


def consumers(shipped: Shipped) -> dict[str, str]:
    """Queues and what is fed from each: the target of its pipe, or the function with an event source on it."""
    fed = {
        target(item["Properties"]["Source"]): target(item["Properties"]["Target"])
        for item in shipped.resources(PIPE).values()
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


@rules(
    without(*resource("RepliesQueue", "RedrivePolicy")),
    changed(*resource("RepliesQueue", "RedrivePolicy", "maxReceiveCount"), to=4),
)
def every_queue_with_a_consumer_parks_what_fails(shipped: Shipped) -> Iterator[str]:
    for name in consumers(shipped):
        policy = shipped.resources(QUEUE)[name]["Properties"].get("RedrivePolicy", {})
        if policy.get("maxReceiveCount", 0) < DELIVERIES:
            yield f"{name}: give it a RedrivePolicy with maxReceiveCount {DELIVERIES} or more"


@rules(
    changed(*resource("RepliesQueue", "VisibilityTimeout"), to=599),
    without(*resource("MessagesQueue", "VisibilityTimeout")),
)
def every_queue_waits_for_its_consumer(shipped: Shipped) -> Iterator[str]:
    for name, consumer in consumers(shipped).items():
        properties = shipped.template["Resources"][consumer]["Properties"]
        machine = shipped.machines[machine_of(properties)] if "DefinitionUri" in properties else {}
        least = VISIBILITY_FACTOR * machine.get("TimeoutSeconds", properties.get("Timeout", 3))
        if shipped.resources(QUEUE)[name]["Properties"].get("VisibilityTimeout", 30) < least:
            yield (
                f"{name}: a message becomes visible while {consumer} may still be at it; VisibilityTimeout "
                f"wants {least} or more"
            )


@rules(
    without(*resource("MessagesQueue", "SqsManagedSseEnabled")),
    changed(*resource("RepliesQueue", "MessageRetentionPeriod"), to=345600),
)
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
            if alarm.get("AlarmActions")
            and alarm.get("TreatMissingData")
            and alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        ]
        if not good:
            yield (
                f"{queue}: give it an alarm on ApproximateNumberOfMessagesVisible, with AlarmActions and "
                "TreatMissingData"
            )


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
                yield from (
                    (str(service), action, target(source) if source else None) for action in many(statement["Action"])
                )


@rules(
    without("template", "Resources", "MessagesQueuePolicy"),
    without(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Condition")),
    changed(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Principal"), to="*"),
    changed(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Action"), to="sqs:*"),
    changed(
        *resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Resource"),
        to=[{"Fn::GetAtt": ["RepliesQueue", "Arn"]}],
    ),
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
    changed(
        *resource("RepliesPipe", "TargetParameters", "StepFunctionStateMachineParameters", "InvocationType"),
        to="FIRE_AND_FORGET",
    ),
)
def every_pipe_hands_over_one_message_and_waits(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(PIPE).items():
        properties = item["Properties"]
        size = properties["SourceParameters"]["SqsQueueParameters"].get("BatchSize")
        kind = properties["TargetParameters"].get("StepFunctionStateMachineParameters", {}).get("InvocationType")
        if size != 1 or kind != "REQUEST_RESPONSE":
            yield (
                f"{name}: its machine reads $[0] alone, and a failure must leave the message in the queue: "
                "BatchSize 1, REQUEST_RESPONSE"
            )


# --- logs, tables, API


@rules(
    changed(*resource("ComposeReportFunction", "Role"), to={"Fn::GetAtt": ["NormaliseWebhookRole", "Arn"]}),
    without(*resource("ReplyStateMachine", "Role")),
)
def every_function_machine_and_pipe_has_a_role_of_its_own(shipped: Shipped) -> Iterator[str]:
    owners: dict[str, list[str]] = {}
    for kind, field in ((FUNCTION, "Role"), (MACHINE, "Role"), (PIPE, "RoleArn")):
        for name, item in shipped.resources(kind).items():
            owners.setdefault(target(item["Properties"].get(field, "no role")), []).append(name)
    for role, users in owners.items():
        if role not in shipped.resources(ROLE) or len(users) > 1:
            yield f"{' and '.join(users)} run with {role}: each wants an AWS::IAM::Role of its own"


PRINCIPALS = {FUNCTION: "lambda.amazonaws.com", MACHINE: "states.amazonaws.com", PIPE: "pipes.amazonaws.com"}


@rules(
    changed(
        *resource("ReplyRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal", "Service"),
        to="lambda.amazonaws.com",
    )
)
def every_role_trusts_the_service_that_uses_it_alone(shipped: Shipped) -> Iterator[str]:
    for kind, service in PRINCIPALS.items():
        for name, item in shipped.resources(kind).items():
            role = target(item["Properties"].get("Role", item["Properties"].get("RoleArn", "")))
            statements = shipped.resources(ROLE).get(
                role, {"Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}
            )
            trusted = [
                statement["Principal"]
                for statement in statements["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            ]
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
            yield (
                f"{name}: give it the log group {wanted} with RetentionInDays, or Lambda makes one that is kept "
                "for ever"
            )


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
            if not properties.get("RetentionInDays") or not as_sub(properties["LogGroupName"]).startswith(
                "/aws/vendedlogs/"
            ):
                yield f"{name} logs to {group}: it wants one below /aws/vendedlogs/ with RetentionInDays"


@rules(
    changed(*resource("ReplyStateMachine", "Logging", "IncludeExecutionData"), to=True),
    without(*resource("ReplyStateMachine", "Logging", "IncludeExecutionData")),
)
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
            "PointInTimeRecoveryEnabled: true": properties.get("PointInTimeRecoverySpecification", {}).get(
                "PointInTimeRecoveryEnabled"
            ),
            "SSEEnabled: true": properties.get("SSESpecification", {}).get("SSEEnabled"),
            "TimeToLiveSpecification (or a reason in CACHES)": name in CACHES
            or properties.get("TimeToLiveSpecification", {}).get("Enabled"),
            f"DeletionPolicy and UpdateReplacePolicy: {policy}": item.get("DeletionPolicy")
            == policy
            == item.get("UpdateReplacePolicy"),
            "BillingMode: PAY_PER_REQUEST": properties.get("BillingMode") == "PAY_PER_REQUEST",
        }
        for wanted, found in checks.items():
            if not found:
                yield f"{name} wants {wanted}"


@rules(
    without(*resource("UsagePlan", "Quota")),
    without(*resource("UsagePlan", "Throttle")),
    without("template", "Resources", "UsagePlanKey"),
)
def every_api_key_is_bound_to_a_plan_with_limits(shipped: Shipped) -> Iterator[str]:
    links = [item["Properties"] for item in shipped.resources("AWS::ApiGateway::UsagePlanKey").values()]
    for name in shipped.resources("AWS::ApiGateway::ApiKey"):
        plans = [
            shipped.template["Resources"][target(link["UsagePlanId"])]
            for link in links
            if target(link["KeyId"]) == name
        ]
        if not plans or not all({"Throttle", "Quota"} <= plan["Properties"].keys() for plan in plans):
            yield f"{name}: bind it to a usage plan with Throttle and Quota"


@rules(rewritten("infra/redrive.py", 'QUEUES = ("messages", "uploads", "replies")', 'QUEUES = ("messages",)'))
def every_queue_can_be_redriven(shipped: Shipped) -> Iterator[str]:
    for queue in consumers(shipped):
        name = queue.removesuffix("Queue").lower()
        if name not in redriven(shipped):
            yield (
                f"{queue}: add {name!r} to QUEUES in infra/redrive.py, or nobody can put back what is parked behind it"
            )


@rules.each
def test_resources_keep_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_resource_rule_complains_about_broken_resource(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
