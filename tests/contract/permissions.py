"""What each role has to be allowed, derived from what uses it, and what the template allows it.

A grant names an action, a resource (a logical id, "Id.SecretArn", "Id/index/*", "*" or the text of an ARN) and the
condition it stands under.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from botocore import xform_name

from tests.contract.arranged import written_by
from tests.contract.aws_models import Integration, integration, service_model
from tests.contract.shipped import (
    Json,
    Shipped,
    State,
    as_sub,
    intrinsics,
    machine_of,
    machine_resource,
    many,
    parse,
    strings,
    target,
    tasks,
)


class Grant(NamedTuple):
    action: str
    resource: str
    condition: str = ""


Grants = set[Grant]

# Actions that AWS gives no resource to narrow them to, and what needs them.
XRAY = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"}
LOG_DELIVERY = {
    f"logs:{action}"
    for action in (
        *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"),
        *("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
    )
}
UNBOUND = {
    **dict.fromkeys(XRAY, "tracing has no resources"),
    **dict.fromkeys(LOG_DELIVERY, "log delivery is set up for the account"),
    "translate:TranslateText": "Translate has no resources for plain text",
    **dict.fromkeys(
        ("comprehend:DetectDominantLanguage", "comprehend:BatchDetectSentiment"),
        "Comprehend has no resources for plain text",
    ),
    **dict.fromkeys(
        ("rekognition:DetectLabels", "rekognition:DetectText", "rekognition:DetectModerationLabels"),
        "Rekognition has no resources for pictures",
    ),
    "ec2:DescribeInstances": "EC2 describes without looking at resources",
    "cloudtrail:LookupEvents": "CloudTrail's event history has no resources",
}
# Where the pictures that Rekognition looks at lie in their bucket; it reads them with its caller's permissions.
PICTURES = "images/*"
# Where in the media bucket a function's calls go, which its code alone does not tell.
PREFIXES = {
    "fetch_media": {"s3:PutObject": ["originals"]},
    "inspect_image": {"s3:GetObject": ["originals", "uploads"], "s3:PutObject": ["images"]},
    "make_thumbnails": {"s3:GetObject": ["images"], "s3:PutObject": ["images"]},
    "issue_upload": {"s3:PutObject": ["uploads"]},
    "read_image": {"s3:GetObject": ["images"]},
    "compose_digest": {"s3:GetObject": ["digests"]},
}
TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
QUEUE_READER = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def condition_text(condition: Json) -> str:
    """A condition in one form, whatever the order and whether its values are lists."""
    if not condition:
        return ""
    plain = {
        test: {key: sorted(map(as_sub, many(value))) for key, value in keys.items()} for test, keys in condition.items()
    }
    return json.dumps(plain, sort_keys=True)


def named(resource: Json) -> str:
    """A statement's resource: the logical id for its ARN, "Id.Attribute" for another of its attributes."""
    attribute = resource.get("Fn::GetAtt", ["", "Arn"])[1] if isinstance(resource, dict) else "Arn"
    return target(resource) if attribute == "Arn" else f"{target(resource)}.{attribute}"


def statements(shipped: Shipped, role: str) -> Iterator[Json]:
    """The statements of a role's inline policies."""
    properties = shipped.resources("AWS::IAM::Role")[role]["Properties"]
    for policy in properties.get("Policies", []):
        yield from many(policy["PolicyDocument"]["Statement"])


def granted(shipped: Shipped, role: str) -> Grants:
    """What a role is allowed."""
    return {
        Grant(action, named(resource), condition_text(statement.get("Condition")))
        for statement in statements(shipped, role)
        if statement["Effect"] == "Allow"
        for action in many(statement["Action"])
        for resource in many(statement["Resource"])
    }


# --- state machines


def needed_by_machine(shipped: Shipped, machine: str) -> Grants:
    """What a machine's tasks need, its log and its traces included."""
    _, properties = machine_resource(shipped, machine)
    own = [task for task in tasks(shipped) if task.machine == machine]
    grants = {grant for task in own for grant in needed_by_task(shipped, properties, task)}
    grants |= put_events(properties, own) | callbacks(shipped, own)
    if any("TransactItems.$" in task.definition["Parameters"] for task in own):
        writes = (write for package in invoked(shipped, properties, own) for write in written_by(shipped, package))
        grants |= {Grant(f"dynamodb:{TRANSACTION_ACTIONS[kind]}", table) for kind, table in writes}
    if properties.get("Logging"):
        grants |= {Grant(action, "*") for action in LOG_DELIVERY}
    if properties.get("Tracing", {}).get("Enabled"):
        grants |= {Grant(action, "*") for action in XRAY}
    return grants


def needed_by_task(shipped: Shipped, machine: Json, task: State) -> Iterator[Grant]:
    """What one task needs. Raises LookupError for an integration that is not in the list yet."""
    used, parameters = integration(task), task.definition["Parameters"]
    match used:
        case Integration(service="dynamodb"):
            yield from dynamodb_grants(machine, used, parameters)
        case Integration(service="lambda"):
            yield Grant("lambda:InvokeFunction", substitution(machine, parameters["FunctionName"]))
        case (
            Integration(service="events" | "eventbridge")
            | Integration(service="sfn", action="sendTaskSuccess" | "sendTaskHeartbeat")
        ):
            # See put_events, one statement with all of a machine's detail types, and callbacks: whose token it is
            # stands in no definition.
            return
        case Integration(service="http"):
            yield from http_grants(machine, parameters)
        case Integration(service="apigateway", action="invoke"):
            yield connections_grant(machine, parameters)
        case Integration(service="translate" | "comprehend" | "rekognition"):
            yield from ai_grants(machine, used, parameters)
        case Integration(service="sns", action="publish"):
            yield Grant("sns:Publish", substitution(machine, parameters["TopicArn"]))
        case Integration(service="sfn", action="startSyncExecution"):
            yield Grant("states:StartSyncExecution", substitution(machine, parameters["StateMachineArn"]))
        case Integration(service="states" | "sfn" | "sqs" | "ec2" | "cloudtrail" | "ssm" | "s3" | "sesv2"):
            yield from rarer_grants(shipped, machine, used, parameters)
        case _:
            raise LookupError(
                f"{task.path}: say in tests/contract/permissions.py what {task.definition['Resource']} needs"
            )


def invoked(shipped: Shipped, machine: Json, own: list[State]) -> set[str]:
    """The packages below functions/ of the functions that a machine's tasks invoke."""
    names = [task.definition["Parameters"].get("FunctionName") for task in own]
    functions = shipped.resources("AWS::Serverless::Function")
    handlers = [functions[substitution(machine, name)]["Properties"]["Handler"] for name in names if name]
    return {str(handler).split(".", maxsplit=1)[0] for handler in handlers}


def substitution(machine: Json, text: str) -> str:
    """What "${Name}" in a machine stands for: a logical id."""
    return target(machine["DefinitionSubstitutions"][text.strip("${}")])


# The tag of tag_guard's decisions: without it an instance may be stopped, and no other may be written.
KEEP = "dragoman:keep"
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html, "IAM policies": how Step Functions
# learns of the end of an execution that it waits for.
WAITING_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"


def own_arn(service: str, rest: str) -> str:
    """An ARN in the stack's own region and account."""
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"


def rarer_grants(shipped: Shipped, machine: Json, used: Integration, parameters: Json) -> Iterator[Grant]:
    """What calls need that only a machine or two make. Raises LookupError for another action."""
    match used.service, used.action:
        case "states", "startExecution":
            yield from waiting_grants(shipped, substitution(machine, parameters["StateMachineArn"]))
        case "sfn", "sendTaskSuccess" | "sendTaskHeartbeat":
            return  # see callbacks: whose token it is stands in no definition
        case "sfn", "describeExecution":  # of its own machine, to see whether another execution is at work
            yield Grant("states:DescribeExecution", own_arn("states", f"execution:{as_sub(machine['Name'])}:*"))
        case "sqs", "startMessageMoveTask":
            yield from moving_grants(shipped)
        case ("ec2", "describeInstances") | ("cloudtrail", "lookupEvents"):
            yield Grant(f"{used.service}:{used.operation}", "*")
        case "ec2", "stopInstances" | "createTags":
            yield instance_grant(used)
        case "ssm", "getParameter":
            yield Grant("ssm:GetParameter", own_arn("ssm", f"parameter{formatted(machine, parameters, 'Name')}"))
        case "s3", "putObject":
            yield from object_grants(machine, used, parameters)
        case "sesv2", "sendEmail":
            yield mail_grant(rendered(machine, parameters["FromEmailAddress"]), raw="Raw" in parameters["Content"])
        case _:
            raise LookupError(f"say in tests/contract/permissions.py what {used.service}:{used.action} needs")


def instance_grant(used: Integration) -> Grant:
    """To stop an instance that nobody decided to keep, or to write that decision as its tag and no other."""
    condition: Json = {"Null": {f"aws:ResourceTag/{KEEP}": "true"}}
    if used.action == "createTags":
        condition = {"ForAllValues:StringEquals": {"aws:TagKeys": KEEP}, "Null": {"aws:TagKeys": "false"}}
    return Grant(f"ec2:{used.operation}", own_arn("ec2", "instance/*"), condition_text(condition))


def waiting_grants(shipped: Shipped, nested: str) -> Iterator[Grant]:
    """To start an execution of a machine, by its logical id, and to wait for its end."""
    name = as_sub(shipped.template["Resources"][nested]["Properties"]["Name"])
    yield Grant("states:StartExecution", nested)
    for action in ("DescribeExecution", "StopExecution"):
        yield Grant(f"states:{action}", own_arn("states", f"execution:{name}:*"))
    for action in ("PutTargets", "PutRule", "DescribeRule"):
        yield Grant(f"events:{action}", own_arn("events", f"rule/{WAITING_RULE}"))


def moving_grants(shipped: Shipped) -> Iterator[Grant]:
    """To put parked messages back, where a pipe reads what is not parked.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html"""
    for pipe in shipped.resources("AWS::Pipes::Pipe").values():
        queue = target(pipe["Properties"]["Source"])
        parked = target(
            shipped.resources("AWS::SQS::Queue")[queue]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]
        )
        yield Grant("sqs:SendMessage", queue)
        for action in ("StartMessageMoveTask", *(action.split(":")[1] for action in QUEUE_READER)):
            yield Grant(f"sqs:{action}", parked)


def ai_grants(machine: Json, used: Integration, parameters: Json) -> Iterator[Grant]:
    yield Grant(f"{used.service}:{used.operation}", "*")
    if parameters.get("SourceLanguageCode") == "auto":
        yield Grant("comprehend:DetectDominantLanguage", "*")
    if used.service == "rekognition":
        bucket = substitution(machine, parameters["Image"]["S3Object"]["Bucket"])
        yield Grant("s3:GetObject", f"${{{bucket}.Arn}}/{PICTURES}")


def dynamodb_grants(machine: Json, used: Integration, parameters: Json) -> Iterator[Grant]:
    items = parameters.get("TransactItems")
    for table in parameters.get("RequestItems", {}):
        yield Grant(f"dynamodb:{used.operation}", substitution(machine, table))
    if "TableName" in parameters:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield Grant(f"dynamodb:{used.operation}", f"{substitution(machine, parameters['TableName'])}{index}")
    for item in items or []:
        for kind, part in item.items():
            yield Grant(f"dynamodb:{TRANSACTION_ACTIONS[kind]}", substitution(machine, part["TableName"]))


def put_events(machine: Json, own: list[State]) -> Grants:
    """One grant for each bus, with the sources and the detail types that the machine puts there."""
    entries = [entry for task in own for entry in task.definition.get("Parameters", {}).get("Entries", [])]
    grants = set()
    for bus in {entry["EventBusName"] for entry in entries}:
        here = [entry for entry in entries if entry["EventBusName"] == bus]
        condition = {
            "events:source": sorted({entry["Source"] for entry in here}),
            "events:detail-type": sorted({entry["DetailType"] for entry in here}),
        }
        grants.add(Grant("events:PutEvents", substitution(machine, bus), condition_text({"StringEquals": condition})))
    return grants


def callbacks(shipped: Shipped, own: list[State]) -> Grants:
    """A token is of an execution of a machine that waits for one; AWS asks for the permission on that machine (seen in
    its refusals), though the service authorization reference names no resource."""
    waiting = {
        task.machine for task in tasks(shipped) if str(task.definition["Resource"]).endswith(".waitForTaskToken")
    }
    sent = {used.operation for task in own if (used := integration(task)) and used.operation.startswith("SendTask")}
    return {Grant(f"states:{call}", machine_resource(shipped, machine)[0]) for call in sent for machine in waiting}


def rendered(machine: Json, text: str) -> str:
    """A text of a machine with what the template puts in its holes."""
    return re.sub(r"\$\{(\w+)\}", lambda match: as_sub(machine["DefinitionSubstitutions"][match[1]]), text)


def formatted(machine: Json, parameters: Json, name: str) -> str:
    """A parameter that is a text, or made by States.Format: there a * takes the place of what is only known later."""
    if name in parameters:
        return rendered(machine, parameters[name])
    made = re.fullmatch(r"States\.Format\('([^']*)',.*\)", parameters[f"{name}.$"])
    if not made:
        raise LookupError(f"say in tests/contract/permissions.py what {name} = {parameters[f'{name}.$']} can be")
    return rendered(machine, made[1]).replace("{}", "*")


def http_grants(machine: Json, parameters: Json) -> Iterator[Grant]:
    """https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html, "IAM permissions"."""
    own = f"arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{as_sub(machine['Name'])}"
    address = formatted(machine, parameters, "ApiEndpoint")
    condition = {"StringEquals": {"states:HTTPMethod": parameters["Method"]}}
    condition.setdefault("StringLike" if "*" in address else "StringEquals", {})["states:HTTPEndpoint"] = address
    yield Grant("states:InvokeHTTPEndpoint", own, condition_text(condition))
    connection = substitution(machine, parameters["Authentication"]["ConnectionArn"])
    yield Grant("events:RetrieveConnectionCredentials", connection)
    yield Grant("secretsmanager:GetSecretValue", f"{connection}.SecretArn")
    yield Grant("secretsmanager:DescribeSecret", f"{connection}.SecretArn")


def connections_grant(machine: Json, parameters: Json) -> Grant:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html: the
    API behind the host, its stage, the method and the path."""
    host, stage = (rendered(machine, parameters[name]) for name in ("ApiEndpoint", "Stage"))
    path = formatted(machine, parameters, "Path")
    if not path.startswith("/@connections/"):
        raise LookupError(f"say in tests/contract/permissions.py what a call of {path} needs")
    api = f"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:{host.split('.execute-api.')[0]}"
    return Grant("execute-api:ManageConnections", f"{api}/{stage}/{parameters['Method']}{path}")


# Where in the bucket a machine writes, which its definition alone does not tell: the key comes with its input.
OBJECTS = {"digest_slice": "digests/*"}


def object_grants(machine: Json, used: Integration, parameters: Json) -> Iterator[Grant]:
    """The machine's own part of the bucket. Raises KeyError for a machine that is not in the list yet."""
    bucket = substitution(machine, parameters["Bucket"])
    yield Grant(f"s3:{used.operation}", f"${{{bucket}.Arn}}/{OBJECTS[machine_of(machine)]}")


def mail_grant(sender: str, raw: bool) -> Grant:
    """https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html: SendRawEmail is for a raw message, by the
    one sender there is. The identity may be the address or its domain."""
    condition = condition_text({"StringEquals": {"ses:FromAddress": sender}})
    return Grant("ses:SendRawEmail" if raw else "ses:SendEmail", own_arn("ses", "identity/*"), condition)


# --- pipes, the API, functions


def needed_by_pipe(pipe: Json) -> Grants:
    """A pipe reads its queue and starts its machine."""
    source, machine = target(pipe["Source"]), target(pipe["Target"])
    return {*(Grant(action, source) for action in QUEUE_READER), Grant("states:StartSyncExecution", machine)}


def integrations(shipped: Shipped) -> Iterator[tuple[str, Json]]:
    """The integrations of the REST API by their operationId, and those of the WebSocket API by their logical id, all
    with the REST API's names for what they have. One that calls nothing (MOCK) is left out."""
    for path in shipped.api["paths"].values():
        for operation in path.values():
            yield operation["operationId"], operation["x-amazon-apigateway-integration"]
    for name, item in shipped.resources("AWS::ApiGatewayV2::Integration").items():
        properties = item["Properties"]
        if properties["IntegrationType"] != "MOCK":
            yield (
                name,
                {
                    "uri": properties["IntegrationUri"],
                    "credentials": properties.get("CredentialsArn", "no role"),
                    "requestTemplates": properties.get("RequestTemplates", {}),
                },
            )


def needed_by_api(shipped: Shipped, role: str) -> Grants:
    """What the integrations that run with a role need, read from their addresses and request templates."""
    return {
        grant
        for _, wired in integrations(shipped)
        if target(wired["credentials"]) == role
        for grant in needed_by_integration(shipped, wired)
    }


SCHEDULE = "AWS::Scheduler::Schedule"


def schedules(shipped: Shipped) -> Iterator[tuple[str, Json]]:
    """The targets that EventBridge calls with a role: the rule or the schedule, the target."""
    for name, item in shipped.resources("AWS::Events::Rule").items():
        yield from ((name, aim) for aim in item["Properties"]["Targets"] if "RoleArn" in aim)
    for name, item in shipped.resources(SCHEDULE).items():
        yield name, item["Properties"]["Target"]


def needed_by_schedule(shipped: Shipped, name: str, aim: Json) -> Grants:
    """EventBridge starts a machine; Scheduler parks with the same role what it could not deliver
    (https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html). Raises LookupError for
    another target."""
    machine = target(aim["Arn"])
    if machine not in shipped.resources("AWS::Serverless::StateMachine"):
        raise LookupError(f"say in tests/contract/permissions.py what a rule's target {machine} needs")
    parks = {Grant("sqs:SendMessage", target(item["Arn"])) for item in intrinsics(aim, "DeadLetterConfig")}
    return {Grant("states:StartExecution", machine), *(parks if name in shipped.resources(SCHEDULE) else ())}


def needed_by_integration(shipped: Shipped, wired: Json) -> Iterator[Grant]:
    """What one integration of the API needs."""
    if function := re.search(r":lambda:path/[^$]*\$\{(\w+)\.Arn\}/invocations$", as_sub(wired["uri"])):
        yield Grant("lambda:InvokeFunction", function[1])
        return
    address = re.search(r":([\w-]+):action/(\w+)$", as_sub(wired["uri"]))
    if not address:
        raise LookupError(f"say in tests/contract/permissions.py what an integration with {wired['uri']} needs")
    service, action = address.groups()
    text = " ".join(strings(list(wired["requestTemplates"].values())))
    for resource in re.findall(r'"(?:stateMachineArn|TableName)": "\$\{(\w+)\}"', text):
        indexes = set(re.findall(r'"IndexName": "(\w+)"', text))
        if not indexes:
            yield Grant(f"{service}:{action}", resource)
        elif indexes == index_names(shipped, resource):
            yield Grant(f"{service}:{action}", f"{resource}/index/*")
        else:
            yield from (Grant(f"{service}:{action}", f"{resource}/index/{index}") for index in indexes)


def index_names(shipped: Shipped, table: str) -> set[str]:
    """The names of a table's secondary indexes."""
    properties = shipped.resources("AWS::DynamoDB::Table")[table]["Properties"]
    return {index["IndexName"] for index in properties.get("GlobalSecondaryIndexes", [])}


def needed_by_function(shipped: Shipped, name: str) -> Grants:
    """A function writes its log; calls of boto3 are found in its own modules and in those of the layer that "
    "it imports."""
    function = shipped.resources("AWS::Serverless::Function")[name]["Properties"]
    wanted = f"/aws/lambda/{as_sub(function['FunctionName'])}"
    groups = [
        group
        for group, item in shipped.resources("AWS::Logs::LogGroup").items()
        if as_sub(item["Properties"]["LogGroupName"]) == wanted
    ]
    grants = {Grant(f"logs:{action}", group) for group in groups for action in ("CreateLogStream", "PutLogEvents")}
    package = str(function["Handler"]).split(".", maxsplit=1)[0]
    for module in imported_modules(shipped, f"functions/{package}/handler.py"):
        for action in aws_calls(shipped.texts[module]):
            if action == "sesv2:SendEmail":
                sender = as_sub(function["Environment"]["Variables"]["MAIL_FROM"])
                grants.add(mail_grant(sender, raw='{"Raw": ' in shipped.texts[module]))
            else:
                grants |= {Grant(action, resource) for resource in called_resources(function, package, action)}
    return grants


def called_resources(function: Json, package: str, action: str) -> Iterator[str]:
    """What a function's call is for. Raises LookupError for a call that is not in the list yet."""
    variables = function.get("Environment", {}).get("Variables", {})
    match action.split(":", maxsplit=1)[0]:
        case "secretsmanager":
            yield secret_arn(function)
        case "dynamodb" if len(tables := [name for name in variables if name.endswith("_TABLE")]) == 1:
            yield target(variables[tables[0]])
        case "s3" if action in PREFIXES.get(package, {}):
            bucket = target(variables["MEDIA_BUCKET"])
            yield from (f"${{{bucket}.Arn}}/{prefix}/*" for prefix in PREFIXES[package][action])
        case _:
            raise LookupError(f"functions/{package}: say in tests/contract/permissions.py what {action} is for")


def secret_arn(function: Json) -> str:
    """The ARN of the one secret whose name a function is given, with the ending that Secrets Manager adds to names."""
    name = as_sub(function["Environment"]["Variables"]["TWILIO_SECRET_ID"])
    return f"arn:${{AWS::Partition}}:secretsmanager:${{AWS::Region}}:${{AWS::AccountId}}:secret:{name}-*"


def imported_modules(shipped: Shipped, path: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """The modules below functions/ that a module imports, directly or not, itself included."""
    if path in seen or path not in shipped.texts:
        return seen
    seen |= {path}
    for node in ast.walk(parse(shipped.texts[path])):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            seen = imported_modules(shipped, f"functions/{name.replace('.', '/')}.py", seen)
    return seen


def aws_calls(source: str) -> set[str]:
    """The IAM actions of the calls that a module makes, or signs, with boto3.client("service"). A module uses one
    service."""
    services = re.findall(r"boto3\.client\(\s*[\"']([\w-]+)[\"']", source)
    services += ["s3"] * ("from dragoman.presigning import signer" in source)
    calls = [
        node for node in ast.walk(parse(source)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    called = {operation for call in calls for operation in methods(call)}
    if len(services) > 1:
        raise LookupError(
            "a module with clients of two services: tell tests/contract/permissions.py which call is whose"
        )
    return {f"{service}:{action}" for service in services for action in operations(service, called)}


def methods(call: ast.Call) -> Iterator[str]:
    """The client's method that a call uses, or that it signs for somebody else to use."""
    assert isinstance(call.func, ast.Attribute)
    yield call.func.attr
    if call.func.attr == "generate_presigned_post":
        yield "put_object"
    if call.func.attr == "generate_presigned_url" and isinstance(call.args[0], ast.Constant):
        yield str(call.args[0].value)


def operations(service: str, called: set[str]) -> Iterator[str]:
    """Those of the methods called that are operations of a service, by their names in its API."""
    yield from (name for name in service_model(service).operation_names if xform_name(name) in called)


def needs(shipped: Shipped) -> Iterator[tuple[str, str, Grants]]:
    """Every user of a role: its name, the role, and what it needs."""
    for name, item in shipped.resources("AWS::Serverless::StateMachine").items():
        yield name, target(item["Properties"]["Role"]), needed_by_machine(shipped, machine_of(item["Properties"]))
    for name, item in shipped.resources("AWS::Serverless::Function").items():
        yield name, target(item["Properties"]["Role"]), needed_by_function(shipped, name)
    for name, item in shipped.resources("AWS::Pipes::Pipe").items():
        yield name, target(item["Properties"]["RoleArn"]), needed_by_pipe(item["Properties"])
    for name, aim in schedules(shipped):
        yield name, target(aim["RoleArn"]), needed_by_schedule(shipped, name, aim)
    for role in sorted({target(wired["credentials"]) for _, wired in integrations(shipped)}):
        yield "the API", role, needed_by_api(shipped, role)
