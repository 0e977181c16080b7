"""Rules of the resources in infra/template.yaml: queues, rules, pipes, roles, logs, tables, API keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tests.contract.permissions import SCHEDULE, integrations, schedules
from tests.contract.rulebook import Break, Rule, Rulebook, changed, rewritten, without
from tests.contract.shipped import Json, Shipped, as_sub, intrinsics, machine_of, many, redriven, target

rules = Rulebook()

FUNCTION, MACHINE = "AWS::Serverless::Function", "AWS::Serverless::StateMachine"
QUEUE, TABLE, PIPE, RULE = "AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Pipes::Pipe", "AWS::Events::Rule"
LOGS, ROLE, ALARM = "AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::CloudWatch::Alarm"
TOPIC, SUBSCRIPTION, BUCKET = "AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::S3::Bucket"

FOURTEEN_DAYS = 14 * 24 * 60 * 60
# AWS's advice for queues with a consumer that has a time-out: six times as long, five deliveries.
VISIBILITY_FACTOR, DELIVERIES = 6, 5

# Tables that may be lost, and why.
CACHES = {
    "TextsTable": "Translate fills it again",
    "ConnectionsTable": "a console that reconnects makes its own item again",
    "TicketsTable": "a console asks for another ticket",
    "IncidentsTable": "it holds what somebody is being asked about; the failures themselves stand in the reports",
}
# Tables whose items stay for ever, and why. No item of theirs may expire.
LASTING = {
    "TextsTable": "it has as many items as languages",
    "IncidentsTable": "an item goes when its question is settled",
    "OptOutsTable": "who opted out is not to be written to, however long ago they said so",
    "SubscriptionsTable": "who is told of the digests, until somebody takes them off",
    **dict.fromkeys(
        ("DirectoryTable", "DirectoryKeywordsTable"), "the desk's own words, which editors alone take away"
    ),
}


def resource(name: str, *path: object) -> tuple[object, ...]:
    """A place in a resource's properties, for the examples."""
    return ("template", "Resources", name, "Properties", *path)


def dead_letter_queues(shipped: Shipped) -> set[str]:
    """The logical ids of the queues behind queues, subscriptions and targets."""
    holders = [*shipped.resources(QUEUE).values(), *shipped.resources(SUBSCRIPTION).values()]
    redrives = [item["Properties"].get("RedrivePolicy", {}) for item in holders]
    targets = [*shipped.resources(RULE).values(), *shipped.resources(SCHEDULE).values()]
    configured = [*intrinsics(targets, "DeadLetterConfig")]
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
    without("template", "Resources", "SchedulesDeadLetterAlarm"),
    without("template", "Resources", "GuardsDeadLetterAlarm"),
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


@rules(
    without("template", "Resources", "ReconcileAlarm"),
    changed(*resource("ReconcileAlarm", "AlarmActions"), to=[]),
    changed(*resource("ReconcileAlarm", "MetricName"), to="ExecutionsStarted"),
    without("template", "Resources", "IncidentFailedAlarm"),
    changed(*resource("TagGuardFailedAlarm", "MetricName"), to="ExecutionsStarted"),
    without("template", "Resources", "DigestAlarm"),
)
def every_scheduled_machine_has_an_alarm(shipped: Shipped) -> Iterator[str]:
    for name, aim in schedules(shipped):
        machine = target(aim["Arn"])
        metrics = {
            alarm["MetricName"]
            for alarm in alarms_of(shipped, machine)
            if alarm["Namespace"] == "AWS/States" and alarm.get("AlarmActions") and alarm.get("TreatMissingData")
        }
        if "ExecutionsFailed" not in metrics:
            yield f"{name}: nobody waits for {machine}, so nobody sees it fail: give it an alarm on ExecutionsFailed"


@rules(
    without("template", "Resources", "QuestionFailedAlarm"),
    without("template", "Resources", "QuestionTimedOutAlarm"),
    changed(*resource("QuestionTimedOutAlarm", "MetricName"), to="ExecutionsAborted"),
    without(*resource("QuestionStateMachine", "Tracing")),
    changed(*resource("QuestionStateMachine", "Logging", "Level"), to="OFF"),
)
def every_standard_machine_is_watched(shipped: Shipped) -> Iterator[str]:
    """Nobody waits for it, and no queue keeps what it could not do."""
    for name, item in shipped.resources(MACHINE).items():
        properties = item["Properties"]
        if properties["Type"] != "STANDARD":
            continue
        watched = {alarm["MetricName"] for alarm in alarms_of(shipped, name) if alarm.get("AlarmActions")}
        for metric in sorted({"ExecutionsFailed", "ExecutionsTimedOut"} - watched):
            yield f"{name}: give it an alarm on {metric}"
        if properties.get("Tracing", {}).get("Enabled") is not True or properties["Logging"]["Level"] == "OFF":
            yield f"{name}: trace it, and log its errors"


def rule_targets(shipped: Shipped) -> Iterator[tuple[str, Json]]:
    for name, item in shipped.resources(RULE).items():
        for aim in item["Properties"]["Targets"]:
            yield name, aim


@rules(
    without(*resource("RepliesRule", "Targets", 0, "DeadLetterConfig")),
    without(*resource("ReconcileSchedule", "Targets", 0, "DeadLetterConfig")),
    without(*resource("InstancesRule", "Targets", 0, "DeadLetterConfig")),
    without(*resource("DigestSchedule", "Target", "DeadLetterConfig")),
)
def every_target_of_a_rule_or_schedule_has_a_dead_letter_queue(shipped: Shipped) -> Iterator[str]:
    aims = {id(aim): (name, aim) for name, aim in (*rule_targets(shipped), *schedules(shipped))}
    for name, aim in aims.values():
        if "DeadLetterConfig" not in aim:
            yield f"{name}: EventBridge drops what it cannot deliver to its target: give that a DeadLetterConfig"


@rules(
    without(*resource("DigestSchedule", "ScheduleExpressionTimezone")),
    without(*resource("DigestSchedule", "Target", "RetryPolicy")),
    changed(*resource("DigestSchedule", "Target", "Input"), to='{"notify": true}'),
)
def every_schedule_says_whose_clock_and_how_long_it_tries(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(SCHEDULE).items():
        if "ScheduleExpressionTimezone" not in item["Properties"]:
            yield f"{name}: say in ScheduleExpressionTimezone whose clock it goes by"
        if "RetryPolicy" not in item["Properties"]["Target"]:
            yield f"{name}: give its Target a RetryPolicy, or it is tried for a day and does another day's work"
        if "<aws.scheduler.scheduled-time>" not in str(item["Properties"]["Target"].get("Input")):
            yield f"{name}: say when it was due in its Input, or tried again after midnight it does another day's work"


def admitted(statement: Json) -> Iterator[tuple[str, str, str | None]]:
    """Whom a statement of a resource's policy admits: service, action, and the source it is narrowed to."""
    principal, condition = statement["Principal"], statement.get("Condition", {})
    sources = many(condition.get("ArnEquals", {}).get("aws:SourceArn"))
    service = principal if isinstance(principal, str) else principal.get("Service", repr(principal))
    for action in many(statement["Action"]):
        yield from ((str(service), action, target(source) if source else None) for source in sources)


def admissions(shipped: Shipped, queue: str) -> Iterator[tuple[str, str, str | None]]:
    """Who may do what to a queue."""
    for item in shipped.resources("AWS::SQS::QueuePolicy").values():
        for statement in item["Properties"]["PolicyDocument"]["Statement"]:
            if queue in map(target, many(statement["Resource"])) and queue in map(target, item["Properties"]["Queues"]):
                yield from admitted(statement)


@rules(
    without("template", "Resources", "MessagesQueuePolicy"),
    without(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Condition")),
    changed(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Principal"), to="*"),
    changed(*resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Action"), to="sqs:*"),
    changed(
        *resource("RepliesQueuePolicy", "PolicyDocument", "Statement", 0, "Resource"),
        to=[{"Fn::GetAtt": ["RepliesQueue", "Arn"]}],
    ),
    without(*resource("ConsolesQueuePolicy", "PolicyDocument", "Statement", 0)),
    without(*resource("ConsolesQueuePolicy", "PolicyDocument", "Statement", 1)),
    without("template", "Resources", "SchedulesQueuePolicy"),
    without(
        *resource("GuardsQueuePolicy", "PolicyDocument", "Statement", 0, "Condition", "ArnEquals", "aws:SourceArn", 2)
    ),
)
def every_queue_admits_its_rule_alone(shipped: Shipped) -> Iterator[str]:
    wanted: dict[str, set[tuple[str, str, str | None]]] = {name: set() for name in shipped.resources(QUEUE)}
    for service, source, arn in senders(shipped):
        if target(arn) in wanted:
            wanted[target(arn)].add((service, "sqs:SendMessage", source))
    for queue, expected in wanted.items():
        found = set(admissions(shipped, queue))
        if found != expected:
            yield f"{queue}: its policy should admit {sorted(map(str, expected))}, it admits {sorted(map(str, found))}"


def senders(shipped: Shipped) -> Iterator[tuple[str, str, Json]]:
    """Who sends to what: the service, the rule or topic it does so for, and the ARN, that of dead letters included."""
    for name, aim in rule_targets(shipped):
        if "RoleArn" not in aim:  # else it is the role that must be allowed to
            yield "events.amazonaws.com", name, aim["Arn"]
        if "DeadLetterConfig" in aim:
            yield "events.amazonaws.com", name, aim["DeadLetterConfig"]["Arn"]
    for item in shipped.resources(SUBSCRIPTION).values():
        properties = item["Properties"]
        if properties["Protocol"] == "sqs":
            yield "sns.amazonaws.com", target(properties["TopicArn"]), properties["Endpoint"]
        if "RedrivePolicy" in properties:
            yield (
                "sns.amazonaws.com",
                target(properties["TopicArn"]),
                properties["RedrivePolicy"]["deadLetterTargetArn"],
            )


@rules(
    without(*resource("ConsolesSubscription", "RawMessageDelivery")),
    without(*resource("ConsolesSubscription", "RedrivePolicy")),
    changed(*resource("ConsolesSubscription", "Protocol"), to="http"),
)
def every_subscription_of_ours_is_raw_and_parks_what_fails(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(SUBSCRIPTION).items():
        properties = item["Properties"]
        if properties["Protocol"] == "email":
            continue  # a person's, who is told of alarms
        if properties["Protocol"] != "sqs" or target(properties["Endpoint"]) not in shipped.resources(QUEUE):
            yield f"{name}: machines are fed from a queue, which keeps what they cannot take yet"
        if properties.get("RawMessageDelivery") is not True:
            yield f"{name}: the pipe reads the event itself, not SNS's envelope around it: RawMessageDelivery: true"
        if "deadLetterTargetArn" not in properties.get("RedrivePolicy", {}):
            yield f"{name}: SNS drops what it cannot deliver: give it a RedrivePolicy"


def published_to(shipped: Shipped) -> Iterator[tuple[str, str, str]]:
    """The topics that AWS's services publish to: topic, service, the rule or alarm it does so for."""
    for name, aim in rule_targets(shipped):
        if target(aim["Arn"]) in shipped.resources(TOPIC):
            yield target(aim["Arn"]), "events.amazonaws.com", name
    for name, item in shipped.resources(ALARM).items():
        for action in (*item["Properties"].get("AlarmActions", []), *item["Properties"].get("OKActions", [])):
            yield target(action), "cloudwatch.amazonaws.com", name


@rules(
    changed(*resource("ConsolesTopic", "KmsMasterKeyId"), to="alias/aws/sns"),
    changed(*resource("AlarmTopic", "KmsMasterKeyId"), to="alias/aws/sns"),
    changed(*resource("SchedulesDeadLetterAlarm", "AlarmActions"), to=[{"Ref": "ImagesTopic"}]),
)
def no_topic_of_a_service_has_the_key_that_services_may_not_use(shipped: Shipped) -> Iterator[str]:
    for topic, service, name in published_to(shipped):
        if shipped.resources(TOPIC)[topic]["Properties"].get("KmsMasterKeyId") == "alias/aws/sns":
            yield f"{topic}: {service} (for {name}) may not use alias/aws/sns: no key, or one of ours that lets it"


@rules(
    without("template", "Resources", "ConsolesTopicPolicy"),
    without(*resource("ConsolesTopicPolicy", "PolicyDocument", "Statement", 0, "Condition")),
    changed(*resource("ConsolesTopicPolicy", "PolicyDocument", "Statement", 0, "Principal"), to="*"),
    changed(*resource("ConsolesTopicPolicy", "PolicyDocument", "Statement", 0, "Action"), to="sns:*"),
)
def every_topic_admits_its_rule_alone(shipped: Shipped) -> Iterator[str]:
    policies = [item["Properties"] for item in shipped.resources("AWS::SNS::TopicPolicy").values()]
    wanted: dict[str, set[tuple[str, str, str | None]]] = {}
    for topic, service, name in published_to(shipped):
        if service == "events.amazonaws.com":  # alarms publish by the default policy, which is for the account's own
            wanted.setdefault(topic, set()).add((service, "sns:Publish", name))
    for topic in shipped.resources(TOPIC):
        statements = [
            statement
            for policy in policies
            if topic in map(target, policy["Topics"])
            for statement in policy["PolicyDocument"]["Statement"]
        ]
        found = {admission for statement in statements for admission in admitted(statement)}
        if found != wanted.get(topic, set()):
            expected = sorted(map(str, wanted.get(topic, set())))
            yield f"{topic}: its policy should admit {expected}, it admits {sorted(map(str, found))}"


@rules(
    without(*resource("ReconcileSchedule", "Targets", 0, "RoleArn")),
    changed(*resource("ReconcileSchedule", "ScheduleExpression"), to="rate(4 minutes)"),
    changed(*resource("ReconcileSchedule", "Targets", 0, "Arn"), to={"Ref": "RepliesQueue"}),
)
def every_schedule_starts_a_machine_that_ends_before_the_next(shipped: Shipped) -> Iterator[str]:
    machines = shipped.resources(MACHINE)
    for name, item in shipped.resources(RULE).items():
        if "ScheduleExpression" not in item["Properties"]:
            continue
        rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", item["Properties"]["ScheduleExpression"])
        every = int(rate[1]) * {"minute": 60, "hour": 3600, "day": 86400}[rate[2]] if rate else 0
        for aim in item["Properties"]["Targets"]:
            machine = machines.get(target(aim["Arn"]))
            if machine is None or "RoleArn" not in aim:
                yield f"{name} should start a machine, with a role"
            elif shipped.machines[machine_of(machine["Properties"])]["TimeoutSeconds"] >= every:
                yield f"{name}: executions of {target(aim['Arn'])} may overlap: end it sooner or start it less often"


@rules(changed(*resource("ReconcileStateMachine", "Type"), to="STANDARD"))
def no_machine_with_a_history_talks_to_the_provider(shipped: Shipped) -> Iterator[str]:
    """A Standard machine's history keeps for 90 days what each task was given and answered, before any selector."""
    for name, item in shipped.resources(MACHINE).items():
        definition = json.dumps(shipped.machines[machine_of(item["Properties"])])
        if item["Properties"]["Type"] == "STANDARD" and ":http:invoke" in definition:
            yield f"{name} keeps people's numbers and words in its history: make it Express"


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
    changed(*resource("ReconcileSchedule", "Targets", 0, "RoleArn"), to={"Fn::GetAtt": ["ReconcileRole", "Arn"]}),
    changed(*resource("DeskIntegration", "CredentialsArn"), to={"Fn::GetAtt": ["ApiRole", "Arn"]}),
)
def every_function_machine_and_pipe_has_a_role_of_its_own(shipped: Shipped) -> Iterator[str]:
    owners: dict[str, list[str]] = {}
    for kind, field in ((FUNCTION, "Role"), (MACHINE, "Role"), (PIPE, "RoleArn")):
        for name, item in shipped.resources(kind).items():
            owners.setdefault(target(item["Properties"].get(field, "no role")), []).append(name)
    for name, aim in schedules(shipped):
        owners.setdefault(target(aim["RoleArn"]), []).append(name)
    for api, role in sorted(set(api_roles(shipped))):
        owners.setdefault(role, []).append(api)
    for role, users in owners.items():
        if role not in shipped.resources(ROLE) or len(users) > 1:
            yield f"{' and '.join(users)} run with {role}: each wants an AWS::IAM::Role of its own"


def api_roles(shipped: Shipped) -> Iterator[tuple[str, str]]:
    """Each API with the role of each of its integrations."""
    for name, wired in integrations(shipped):
        item = shipped.resources("AWS::ApiGatewayV2::Integration").get(name)
        yield target(item["Properties"]["ApiId"]) if item else "Api", target(wired["credentials"])


PRINCIPALS = {FUNCTION: "lambda.amazonaws.com", MACHINE: "states.amazonaws.com", PIPE: "pipes.amazonaws.com"}


@rules(
    changed(
        *resource("ReplyRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal", "Service"),
        to="lambda.amazonaws.com",
    ),
    changed(
        *resource("DeskApiRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal", "Service"),
        to="lambda.amazonaws.com",
    ),
    changed(*resource("ReconcileScheduleRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal"), to="*"),
    changed(
        *resource("DigestScheduleRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal", "Service"),
        to="events.amazonaws.com",
    ),
)
def every_role_trusts_the_service_that_uses_it_alone(shipped: Shipped) -> Iterator[str]:
    for name, role, service in sorted(set(role_users(shipped))):
        statements = shipped.resources(ROLE).get(role, {"Properties": {"AssumeRolePolicyDocument": {"Statement": []}}})
        trusted = [
            statement["Principal"] for statement in statements["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        ]
        if trusted != [{"Service": service}]:
            yield f"{name}: {role} trusts {trusted}, it should trust {service} alone"


def role_users(shipped: Shipped) -> Iterator[tuple[str, str, str]]:
    """Who runs with a role: its name, the role, the service that takes it on."""
    for kind, service in PRINCIPALS.items():
        for name, item in shipped.resources(kind).items():
            yield name, target(item["Properties"].get("Role", item["Properties"].get("RoleArn", ""))), service
    for name, aim in schedules(shipped):
        service = "scheduler" if name in shipped.resources(SCHEDULE) else "events"
        yield name, target(aim["RoleArn"]), f"{service}.amazonaws.com"
    yield from ((api, role, "apigateway.amazonaws.com") for api, role in api_roles(shipped))


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


@rules(
    changed(*resource("Api", "MethodSettings", 0, "DataTraceEnabled"), to=True),
    changed(*resource("DeskApiStage", "DefaultRouteSettings", "DataTraceEnabled"), to=True),
    without(*resource("DeskApiStage", "DefaultRouteSettings")),
    changed(*resource("DeskApiStage", "RouteSettings"), to={"ping": {"DataTraceEnabled": True}}),
)
def no_api_logs_its_data(shipped: Shipped) -> Iterator[str]:
    for name, settings in api_settings(shipped):
        if settings.get("DataTraceEnabled") is not False:
            yield f"{name}: numbers and words would stand in its log: DataTraceEnabled: false"


def api_settings(shipped: Shipped) -> Iterator[tuple[str, Json]]:
    """The settings of every API's methods or routes."""
    for name, item in shipped.resources("AWS::Serverless::Api").items():
        yield from ((name, settings) for settings in item["Properties"].get("MethodSettings", [{}]))
    for name, item in shipped.resources("AWS::ApiGatewayV2::Stage").items():
        yield name, item["Properties"].get("DefaultRouteSettings", {})
        yield from ((name, settings) for settings in item["Properties"].get("RouteSettings", {}).values())


@rules(
    without(*resource("Api", "MethodSettings", 0, "ThrottlingRateLimit")),
    without(*resource("DeskApiStage", "DefaultRouteSettings", "ThrottlingBurstLimit")),
)
def every_api_is_throttled(shipped: Shipped) -> Iterator[str]:
    for name, settings in api_settings(shipped):
        if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= settings.keys():
            yield f"{name}: without limits of its own it may use up the account's: ThrottlingRateLimit and BurstLimit"


@rules(
    without(*resource("ReportsTable", "PointInTimeRecoverySpecification")),
    changed(*resource("ReportsTable", "SSESpecification", "SSEEnabled"), to=False),
    without(*resource("OutboundTable", "TimeToLiveSpecification")),
    without("template", "Resources", "ContactsTable", "DeletionPolicy"),
    changed("template", "Resources", "MessagesTable", "UpdateReplacePolicy", to="Delete"),
    changed(*resource("MessagesTable", "BillingMode"), to="PROVISIONED"),
    without(*resource("TicketsTable", "TimeToLiveSpecification")),
    without(*resource("ConnectionsTable", "TimeToLiveSpecification")),
    changed(*resource("OptOutsTable", "TimeToLiveSpecification"), to={"AttributeName": "expiresAt", "Enabled": True}),
    changed("template", "Resources", "OptOutsTable", "DeletionPolicy", to="Delete"),
    changed(*resource("DirectoryTable", "TimeToLiveSpecification"), to={"AttributeName": "expiresAt", "Enabled": True}),
    without(*resource("DirectoryKeywordsTable", "PointInTimeRecoverySpecification")),
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
            f"{'no ' if name in LASTING else ''}TimeToLiveSpecification (or a reason in LASTING)": (name in LASTING)
            != bool(properties.get("TimeToLiveSpecification", {}).get("Enabled")),
            f"DeletionPolicy and UpdateReplacePolicy: {policy}": item.get("DeletionPolicy")
            == policy
            == item.get("UpdateReplacePolicy"),
            "BillingMode: PAY_PER_REQUEST": properties.get("BillingMode") == "PAY_PER_REQUEST",
        }
        for wanted, found in checks.items():
            if not found:
                yield f"{name} wants {wanted}"


@rules(
    changed(*resource("MediaBucket", "PublicAccessBlockConfiguration", "BlockPublicPolicy"), to=False),
    without(*resource("ConsoleBucket", "PublicAccessBlockConfiguration")),
    changed(*resource("ConsoleBucket", "OwnershipControls", "Rules", 0, "ObjectOwnership"), to="ObjectWriter"),
    without(*resource("MediaBucket", "BucketEncryption")),
    changed(*resource("ConsoleBucket", "WebsiteConfiguration"), to={"IndexDocument": "index.html"}),
    without("template", "Resources", "ConsoleBucket", "UpdateReplacePolicy"),
)
def no_bucket_is_public(shipped: Shipped) -> Iterator[str]:
    closed = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    for name, item in shipped.resources(BUCKET).items():
        properties = item["Properties"]
        owners = properties.get("OwnershipControls", {}).get("Rules")
        checks = {
            f"PublicAccessBlockConfiguration: {closed}": properties.get("PublicAccessBlockConfiguration") == closed,
            "ObjectOwnership: BucketOwnerEnforced": owners == [{"ObjectOwnership": "BucketOwnerEnforced"}],
            "BucketEncryption": "BucketEncryption" in properties,
            "no WebsiteConfiguration or AccessControl": not {"WebsiteConfiguration", "AccessControl"}
            & properties.keys(),
            "DeletionPolicy and UpdateReplacePolicy: Retain": item.get("DeletionPolicy")
            == "Retain"
            == item.get("UpdateReplacePolicy"),
        }
        for wanted, found in checks.items():
            if not found:
                yield f"{name} wants {wanted}"


@rules(
    changed(*resource("ConsoleBucketPolicy", "PolicyDocument", "Statement", 0, "Principal"), to="*"),
    without(*resource("ConsoleBucketPolicy", "PolicyDocument", "Statement", 0, "Condition")),
    changed(*resource("ConsoleBucketPolicy", "PolicyDocument", "Statement", 0, "Action"), to="s3:*"),
    changed(
        *resource("ConsoleBucketPolicy", "PolicyDocument", "Statement", 0, "Condition", "StringEquals"),
        to={"AWS:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/*"}},
    ),
)
def every_bucket_policy_admits_one_distribution_to_read(shipped: Shipped) -> Iterator[str]:
    distributions = {
        f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/${{{name}}}"
        for name in shipped.resources("AWS::CloudFront::Distribution")
    }
    for name, item in shipped.resources("AWS::S3::BucketPolicy").items():
        for statement in item["Properties"]["PolicyDocument"]["Statement"]:
            condition = statement.get("Condition", {}).get("StringEquals", {})
            reads = statement["Principal"] == {"Service": "cloudfront.amazonaws.com"} and many(statement["Action"]) == [
                "s3:GetObject"
            ]
            if not reads or as_sub(condition.get("AWS:SourceArn", "")) not in distributions:
                yield f"{name}: let cloudfront.amazonaws.com get objects for our distribution (AWS:SourceArn) alone"


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


@rules(
    rewritten("infra/redrive.py", 'QUEUES = ("messages", "uploads", "replies", "consoles")', 'QUEUES = ("messages",)')
)
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
