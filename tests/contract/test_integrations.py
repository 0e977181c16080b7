"""Rules of what the state machines call: AWS has it, it takes these parameters, and its errors are called so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from tests.contract.arranged import answered, keys_made, written_by
from tests.contract.aws_models import (
    API_STATUS,
    CONNECTION_ERRORS,
    HTTP_STATUS,
    RESERVED,
    UNMODELLED,
    binary_members,
    calls_an_address,
    ends_with_an_execution,
    error_names,
    integration,
    model,
    objections,
    service_model,
)
from tests.contract.definitions import resolved
from tests.contract.permissions import imported_modules
from tests.contract.rulebook import Break, Rule, Rulebook, appended, changed, rewritten, state_of, without
from tests.contract.shipped import Json, Shipped, State, machine_resource, strings, target, tasks
from tests.contract.tables import item_calls, key_attributes

rules = Rulebook()

# Errors of our functions that no machine catches by name, and why not.
INTERNAL_ERRORS = {
    "ConfigurationError": "the deployment is wrong: States.ALL fails the execution, and an operator has to mend it",
    "InvalidReport": "the machine and the function disagree: States.ALL fails the execution, and the message is parked",
    "InvalidFindings": "the machine and the function disagree: States.ALL fails the execution",
    "InvalidImage": "the machine and the function disagree: States.ALL fails the execution",
    "InvalidBroadcast": "the machine and the function disagree: States.ALL fails the execution, the event is parked",
    "InvalidMessage": "the machine and the function disagree: States.ALL fails the execution, the console is told so",
    "InvalidPage": "the machine and the function disagree: States.ALL fails the execution, the console is told so",
    "InvalidDigest": "the machine and the function disagree: States.ALL fails the execution, and an alarm says so",
    "RowsMissing": "the bucket has lost what a slice wrote: States.ALL fails the execution; a new one writes it again",
    "InvalidNotice": "one subscriber who cannot be told is recorded, whatever the error: States.ALL ends in NotTold",
    "InvalidWording": "the machine and the function disagree: States.ALL ends in a question that failed",
    "ImageUnreadable": "a look that fails is recorded, whatever its error: States.ALL ends in NoThumbnails",
}
OWN_ERROR_BASE = "DragomanError"
SEND_TEXT = state_of("digest", "SendText")


@rules(
    changed(*state_of("message", "FindReport"), "Resource", to="arn:aws:states:::dynamodb:fetchItem"),
    changed(
        *state_of("translate", "DetectLanguage"),
        "Resource",
        to="arn:aws:states:::aws-sdk:comprehendo:detectDominantLanguage",
    ),
)
def every_call_exists_in_aws(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used is None or (not calls_an_address(used) and model(used) is None):
            yield f"{task.path} calls {task.definition['Resource']}, which botocore does not know"


@rules(
    changed(*state_of("message", "FindReport"), "Parameters", "Keys", to={}),
    without(*state_of("reply", "Claim"), "Parameters", "TableName"),
    changed(*state_of("message", "SaveReport"), "Parameters", "TransactItems", 2, "Update", "Condition", to="x"),
    changed(*state_of("reply", "AnnounceSent"), "Parameters", "Entries", 0, "DetailTypes", to="x"),
)
def every_call_passes_parameters_that_aws_takes(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        operation = model(used) if used else None
        if operation and (found := objections(task.definition.get("Parameters", {}), operation)):
            yield f"{task.path}: {found}"


# Binary members that a machine may hand a text to, since it is known what AWS makes of it.
BINARY_TEXTS = {
    "s3:putObject": "JSON text with its quotes, recorded from AWS; who reads the object takes both forms",
}


@rules(
    changed(*SEND_TEXT, "Parameters", "Content", to={"Raw": {"Data.$": "$.notice.mime"}}),
    changed(*SEND_TEXT, "Parameters", "Content", to={"Raw": {"Data": "x"}}),
    changed(*state_of("image", "DetectLabels"), "Parameters", "Image", to={"Bytes.$": "$.text"}),
)
def no_call_leaves_it_to_step_functions_to_make_bytes_of_a_text(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        operation = model(used) if used and used.sdk else None
        if used and operation and f"{used.service}:{used.action}" not in BINARY_TEXTS:
            for member in binary_members(task.definition.get("Parameters", {}), operation.input_shape):
                yield f"{task.path}: nobody knows what bytes {member} becomes: let a function call {used.service}"


# What a call of an address needs and what it takes besides. For apigateway:
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html; without AuthType it is not signed.
NEEDED = {"http": {"ApiEndpoint", "Method", "Authentication"}, "apigateway": {"ApiEndpoint", "Method", "AuthType"}}
TAKEN = {
    "http": {"Headers", "QueryParameters", "RequestBody", "Transform"},
    "apigateway": {"Headers", "Stage", "Path", "QueryParameters", "RequestBody", "AllowNullValues"},
}


@rules(
    without(*state_of("reply", "Send"), "Parameters", "Authentication"),
    changed(*state_of("reply", "Send"), "Parameters", "Body", to={}),
    without(*state_of("broadcast", "Push"), "Parameters", "AuthType"),
    changed(*state_of("broadcast", "Push"), "Parameters", "Body", to={}),
)
def every_call_of_an_address_passes_parameters_that_step_functions_takes(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used and calls_an_address(used):
            given = {name.removesuffix(".$") for name in task.definition["Parameters"]}
            needed = NEEDED[used.service]
            wrong = sorted((given - needed - TAKEN[used.service]) | (needed - given))
            if wrong:
                yield f"{task.path}: {', '.join(wrong)} should not be there, or is missing"


@rules(
    changed(*state_of("broadcast", "Push"), "Parameters", "AuthType", to="NO_AUTH"),
    changed(*state_of("broadcast", "Push"), "Parameters", "ApiEndpoint", to="https://${DeskApiEndpoint}/${Stage}"),
)
def every_call_of_an_api_is_signed_and_names_a_host(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used and used.service == "apigateway":
            parameters = task.definition["Parameters"]
            if parameters.get("AuthType") != "IAM_ROLE":
                yield f"{task.path} calls the API as nobody: AuthType IAM_ROLE"
            if "/" in parameters.get("ApiEndpoint", "/"):
                yield f"{task.path}: ApiEndpoint is a host alone; stage and path are parameters of their own"


@rules(
    changed(*state_of("translate", "DetectLanguage"), "ResultSelector", "languages.$", to="$.DominantLanguages"),
    changed(*state_of("reconcile", "ApplyReceipt"), "ResultSelector", to={"status.$": "$.status"}),
    changed(*state_of("incident", "Ask"), "ResultSelector", to={"output.$": "$.Answer"}),
)
def every_result_selector_reads_what_aws_answers(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        operation = model(used) if used and used.service != "lambda" else None
        waits = used is not None and ends_with_an_execution(used, task)
        if waits:
            operation = service_model("stepfunctions").operation_model("DescribeExecution")
        members = set(operation.output_shape.members) if operation and operation.output_shape else set()
        if waits or (used and used.sdk):  # which writes every member in PascalCase
            members = {name[0].upper() + name[1:] for name in members}
        for path in strings(list(task.definition.get("ResultSelector", {}).values())):
            first = re.match(r"\$\.(\w+)", path)
            if operation and first and first[1] not in members:
                yield f"{task.path} selects {path}, but {operation.name} answers {', '.join(sorted(members))}"


def named_errors(task: State) -> Iterator[str]:
    """The errors that a task's Retry and Catch name."""
    for clause in (*task.definition.get("Retry", []), *task.definition.get("Catch", [])):
        yield from clause["ErrorEquals"]


@rules(
    appended(*state_of("message", "FindReport"), "Retry", 0, "ErrorEquals", item="DynamoDb.ThrottlingException"),
    appended(*state_of("message", "SaveReport"), "Retry", 1, "ErrorEquals", item="DynamoDB.ThrottlingException"),
    appended(*state_of("translate", "AskTranslate"), "Retry", 0, "ErrorEquals", item="TooManyRequestsException"),
    changed(*state_of("message", "FindReport"), "Resource", to="arn:aws:states:::aws-sdk:ecr:getLifecyclePolicy"),
)
def every_error_has_its_services_prefix(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used is None or (calls_an_address(used) and used.service == "http"):
            continue
        if used.prefix is None:
            yield f"{task.path}: add the error prefix of {task.definition['Resource']} to tests/contract/aws_models.py"
        for error in named_errors(task):
            own = used.service == "lambda" and "." not in error
            if error not in RESERVED and not own and not error.startswith(f"{used.prefix}."):
                yield (
                    f"{task.path} names {error}, but errors of {task.definition['Resource']} begin with {used.prefix}."
                )


@rules(
    appended(
        *state_of("message", "FindReport"), "Retry", 0, "ErrorEquals", item="DynamoDB.ConditionalCheckFailedException"
    ),
    appended(*state_of("translate", "AskTranslate"), "Retry", 0, "ErrorEquals", item="Translate.SlowDownException"),
    appended(*state_of("message", "SaveReport"), "Retry", 1, "ErrorEquals", item="DynamoDb.InternalServerError"),
)
def every_error_of_a_call_exists(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used is None or calls_an_address(used) or used.prefix is None:
            continue
        known = error_names(used) | UNMODELLED.keys() | RESERVED
        for error in named_errors(task):
            if "." in error and error not in known:
                yield f"{task.path} waits for {error}, which {used.operation} does not raise: correct it or drop it"


@rules(
    appended(*state_of("broadcast", "Push"), "Catch", 0, "ErrorEquals", item="ApiGateway.GoneException"),
    appended(*state_of("broadcast", "Disconnect"), "Retry", 0, "ErrorEquals", item="ApiGateway.5XX"),
)
def every_error_of_a_called_api_is_named_after_its_status(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used is None or used.service != "apigateway":
            continue
        for error in named_errors(task):
            if error not in RESERVED and not API_STATUS.fullmatch(error):
                yield f"{task.path} waits for {error}: apigateway:invoke names its errors ApiGateway.404, .410, .429 …"


@rules(
    appended(*state_of("reply", "Send"), "Catch", 0, "ErrorEquals", item="States.Http.StatusCode.4XX"),
    appended(*state_of("reply", "Send"), "Catch", 0, "ErrorEquals", item="Events.ConnectionResource.Unknown"),
)
def every_error_of_an_http_task_exists(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used is None or used.service != "http":
            continue
        for error in named_errors(task):
            if error not in RESERVED | CONNECTION_ERRORS and not HTTP_STATUS.fullmatch(error):
                yield (
                    f"{task.path} waits for {error}, which http:invoke does not raise: its connection's errors "
                    f"are {sorted(CONNECTION_ERRORS)}"
                )


# --- our functions' own errors


def function_package(shipped: Shipped, task: State) -> str | None:
    """The folder below functions/ of the function that a task invokes."""
    if not task.definition["Resource"].endswith("lambda:invoke"):
        return None
    substitutions = machine_resource(shipped, task.machine)[1]["DefinitionSubstitutions"]
    function = target(substitutions[task.definition["Parameters"]["FunctionName"].strip("${}")])
    handler = shipped.resources("AWS::Serverless::Function")[function]["Properties"]["Handler"]
    return str(handler).split(".", maxsplit=1)[0]


def classes(shipped: Shipped, package: str) -> dict[str, set[str]]:
    """The classes of a package below functions/, each with the names of its bases."""
    return {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in shipped.python(f"functions/{package}/").values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def derived(found: Mapping[str, set[str]], base: str) -> set[str]:
    """The classes that come from a base, directly or not."""
    direct = {name for name, bases in found.items() if base in bases}
    return direct.union(*(derived(found, name) for name in direct))


def made(shipped: Shipped, package: str) -> set[str]:
    """What a function's modules raise by its name or call: those of the layer that it imports included."""
    trees = shipped.python("functions/")
    nodes = [
        node.func if isinstance(node, ast.Call) else node.exc
        for module in imported_modules(shipped, f"functions/{package}/handler.py")
        for node in ast.walk(trees[module])
        if isinstance(node, ast.Call | ast.Raise)
    ]
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def typed_errors(shipped: Shipped, package: str) -> set[str]:
    """The errors that a function may raise to its machine: its own package's, and those of the layer that the modules
    it imports make."""
    own, shared = classes(shipped, package), classes(shipped, "dragoman")
    ours = derived({**shared, **own}, OWN_ERROR_BASE)
    return ours & (own.keys() | made(shipped, package))


@rules(
    changed("machines", "intake", "States", "NormaliseWebhook", "Catch", 0, "ErrorEquals", to=["SignatureRefused"]),
    rewritten("functions/dragoman/errors.py", "class InvalidWebhook", "class UnreadableWebhook"),
    changed(*state_of("message", "ComposeReport"), "Catch", 0, "ErrorEquals", to=["SignatureRejected"]),
)
def every_error_caught_by_name_is_a_class_of_the_function(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        package = function_package(shipped, task)
        for error in named_errors(task):
            if package and "." not in error and error not in typed_errors(shipped, package):
                yield f"{task.path} waits for {error}, but functions/{package} has no class {error}({OWN_ERROR_BASE})"


@rules(
    rewritten(
        "functions/fetch_media/errors.py",
        "class MediaForged",
        "class MediaTooOld(DragomanError):\n    pass\n\n\nclass MediaForged",
    ),
    rewritten("functions/dragoman/signatures.py", "raise SignatureRejected(", "raise InvalidFrame("),
    without("machines", "intake", "States", "NormaliseWebhook", "Catch", 0),
)
def every_error_of_a_function_is_caught_by_name_or_internal(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        package = function_package(shipped, task)
        missing = typed_errors(shipped, package) - set(named_errors(task)) - INTERNAL_ERRORS.keys() if package else ()
        for error in sorted(missing):
            yield (
                f"{task.path} does not catch {error}, which functions/{package} raises: catch it or list it in "
                "INTERNAL_ERRORS"
            )


# The functions whose answers are documents of more than one shape: what is read from them has tests of its own.
MANIFOLD = {"read_frame"}


@rules(
    changed(*state_of("directory", "ArrangeEntry"), "ResultSelector", "output.$", to="$.Payload.entryItem"),
    changed(*state_of("message", "ChooseEntries"), "ResultSelector", "any.$", to="$.Payload.some"),
    changed(*state_of("image", "ComposeImage"), "ResultSelector", "item.$", to="$.Payload.picture"),
    rewritten("functions/arrange_keywords/logic.py", "    any: bool\n", "    some: bool\n"),
    rewritten("functions/plan_reconciliation/handler.py", '{"before": ', '{"until": '),
)
def every_answer_of_a_function_that_is_read_is_given(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        package = function_package(shipped, task)
        read = " ".join(strings(list(task.definition.get("ResultSelector", {}).values())))
        for member in sorted(set(re.findall(r"\$\.Payload\.(\w+)", read))) if package else ():
            if package not in MANIFOLD and member not in (given := answered(shipped, str(package))):
                yield f"{task.path} reads {member}, but functions/{package} answers {', '.join(sorted(given))}"


# --- DynamoDB


@rules(
    changed(*state_of("message", "FindReport"), "Parameters", "Key", to={"messageId": {"S": "x"}}),
    changed(*state_of("reply", "FindText"), "Parameters", "Key", "language", to={"N.$": "$.x"}),
    without(*state_of("reply", "Claim"), "Parameters", "Item", "messageId"),
)
def every_item_has_its_tables_key(shipped: Shipped) -> Iterator[str]:
    for task, table, call in item_calls(shipped):
        given = call.get("Key") or call.get("Item")
        if given is None:
            continue  # an item that comes whole from a function
        key = key_attributes(shipped, table)
        types = {name: next(iter(value)).removesuffix(".$") for name, value in given.items()}
        wrong = types != key if "Key" in call else not key.items() <= types.items()
        if wrong:
            yield f"{task.path}: {table} has the key {key}, the call gives {types}"


@rules(
    rewritten("functions/arrange_keywords/logic.py", 'item({"keyword": ', 'item({"word": '),
    rewritten("functions/choose_entries/logic.py", 'item({"entryId": ', 'item({"id": '),
    changed(
        *state_of("message", "FindEntries"),
        *("Parameters", "RequestItems", "${DirectoryTable}", "Keys.$"),
        to="$.asked.keys",
    ),
    changed(*state_of("message", "FindRest"), "Parameters", "RequestItems.$", to="$.asked.keys"),
    changed(*state_of("message", "FindKeywords"), "ResultPath", to="$.found"),
)
def every_batch_asks_for_its_tables_keys_or_for_what_another_left(shipped: Shipped) -> Iterator[str]:
    made = {(task.machine, task.definition.get("ResultPath")): task for task in tasks(shipped)}
    for task in tasks(shipped):
        parameters = task.definition.get("Parameters", {})
        if left := parameters.get("RequestItems.$"):
            before = made.get((task.machine, left.removesuffix(".UnprocessedKeys")))
            if not before or before.definition["Resource"] != task.definition["Resource"] or before is task:
                yield f"{task.path} asks for {left}: take the UnprocessedKeys of the batch before"
    for task, table, call in item_calls(shipped):
        if "Keys.$" in call:
            source = made.get((task.machine, call["Keys.$"].removesuffix(".keys")))
            package = function_package(shipped, source) if source else None
            keys = list(keys_made(shipped, package)) if package else []
            if not keys or any(key != key_attributes(shipped, table).keys() for key in keys):
                yield f"{task.path} asks {table} for {call['Keys.$']} of functions/{package}, with the keys {keys}"


@rules(without(*state_of("reply", "Claim"), "Parameters", "Item", "expiresAt"))
def every_item_that_is_put_expires(shipped: Shipped) -> Iterator[str]:
    for task, table, call in item_calls(shipped):
        lifetime = shipped.resources("AWS::DynamoDB::Table")[table]["Properties"].get("TimeToLiveSpecification")
        if lifetime and "Item" in call and lifetime["AttributeName"] not in call["Item"]:
            yield f"{task.path} puts an item into {table} that stays for ever: add {lifetime['AttributeName']}"


# Updates that may make an item of their own without saying when it expires, and why.
UPSERTS = {
    "message/FlagConversation": "TouchConversation says it in the same execution, or in the next delivery's",
    "message/UnflagConversation": "TouchConversation says it in the same execution, or in the next delivery's",
}


def with_names(call: Json, text: str) -> str:
    """An expression with the attributes' own names."""
    names = call.get("ExpressionAttributeNames", {})
    return re.sub(r"#\w+", lambda found: str(names.get(found[0], found[0])), text)


@rules(
    changed(*state_of("message", "TouchConversation"), "Parameters", "UpdateExpression", to="SET lastMessageAt = :at"),
    without(*state_of("reply", "RecordReply"), "Parameters", "ConditionExpression"),
    changed(
        *state_of("reply", "RecordReply"),
        "Parameters",
        "ConditionExpression",
        to="attribute_exists(reportId) OR attribute_not_exists(reply)",
    ),
)
def every_update_that_may_make_an_item_says_when_it_expires(shipped: Shipped) -> Iterator[str]:
    for task, table, call in item_calls(shipped):
        lifetime = shipped.resources("AWS::DynamoDB::Table")[table]["Properties"].get("TimeToLiveSpecification")
        if not lifetime or "UpdateExpression" not in call or task.path in UPSERTS:
            continue
        condition = call.get("ConditionExpression", "")
        # What is missing compares with nothing, so an item is made only where its absence is asked for, or nothing is.
        makes = not condition or "attribute_not_exists" in re.sub(
            r"^attribute_exists\(#?\w+\) AND \(.*\)$", "", condition
        )
        if makes and f"{lifetime['AttributeName']} = " not in with_names(call, call["UpdateExpression"]):
            yield (
                f"{task.path} may make an item of {table} that stays for ever: begin its condition with "
                f"attribute_exists(…) AND (…), or set {lifetime['AttributeName']}"
            )


def expressions(call: Json) -> str:
    return " ".join(text for name, text in call.items() if name.endswith("Expression"))


@rules(
    changed(*state_of("reply", "FindOptOut"), "Parameters", "ProjectionExpression", to="#optedOut"),
    without(*state_of("reply", "RecordOutcome"), "Parameters", "ExpressionAttributeValues", ":state"),
    changed(*state_of("receipt", "RecordDelivery"), "Parameters", "ExpressionAttributeNames", to={"#piece.$": "$.x"}),
    changed(*state_of("reply", "CountReply"), "Parameters", "ExpressionAttributeNames", to={"#unused": "x"}),
)
def every_placeholder_is_given_and_used(shipped: Shipped) -> Iterator[str]:
    for task, _, call in item_calls(shipped):
        used = set(re.findall(r"[#:]\w+", expressions(call)))
        placeholders = [*call.get("ExpressionAttributeNames", {}), *call.get("ExpressionAttributeValues", {})]
        given = {name.removesuffix(".$") for name in placeholders}
        for name in sorted(used ^ given):
            yield (
                f"{task.path}: {name} is {'not given' if name in used else 'given for nothing'}, which DynamoDB refuses"
            )


@rules(
    changed(*state_of("broadcast", "FindConnections"), "Parameters", "IndexName", to="byHouse"),
    changed(
        *state_of("broadcast", "FindConnections"),
        "Parameters",
        "KeyConditionExpression",
        to="desk = :desk AND operatorId BETWEEN :from AND :to",
    ),
    changed(*state_of("desk", "QueryDay"), "Parameters", "ExpressionAttributeNames", to={"#day": "date"}),
)
def every_query_asks_by_the_key_of_its_index(shipped: Shipped) -> Iterator[str]:
    for task, table, call in item_calls(shipped):
        if "KeyConditionExpression" not in call:
            continue
        properties = shipped.resources("AWS::DynamoDB::Table")[table]["Properties"]
        indexes = {index["IndexName"]: index for index in properties.get("GlobalSecondaryIndexes", [])}
        asked = indexes.get(call["IndexName"]) if "IndexName" in call else properties
        if asked is None:
            yield f"{task.path} asks {table} by {call['IndexName']}, which it does not have"
            continue
        names = call.get("ExpressionAttributeNames", {})
        words = re.findall(r"(?<![:\w])#?[A-Za-z]\w*", call["KeyConditionExpression"])
        used = {names.get(word, word) for word in words} - KEYWORDS - FUNCTIONS
        key = [part["AttributeName"] for part in asked["KeySchema"]]
        if key[0] not in used or not used <= set(key):
            yield f"{task.path} asks {table} by {', '.join(sorted(used))}, but the key there is {' and '.join(key)}"


KEYWORDS = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"}
FUNCTIONS = {
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
    "size",
    "if_not_exists",
    "list_append",
}


@rules(changed(*state_of("reply", "FindOptOut"), "Parameters", "ProjectionExpression", to="state, language"))
def no_expression_names_a_reserved_word(shipped: Shipped) -> Iterator[str]:
    reserved = {word.upper() for word in ReservedKeywords.get_reserved_keywords()}
    for task, _, call in item_calls(shipped):
        words = set(re.findall(r"(?<![#:\w])[A-Za-z]\w*", expressions(call))) - KEYWORDS - FUNCTIONS
        for word in sorted(word for word in words if word.upper() in reserved):
            yield (
                f"{task.path}: {word} is a reserved word of DynamoDB, write #{word} and give it in "
                "ExpressionAttributeNames"
            )


FRAMES = "functions/dragoman/frames.py"
# What is read of a report beside the frame that is made of it.
BESIDES = {"reportId", "createdAt"}


def shown_attributes(shipped: Shipped) -> set[str]:
    """The attributes of a report that frames are made of, from the source."""
    text = shipped.texts[FRAMES]
    listed = re.search(r"json\.loads\(kept\[name\]\) for name in \(([^)]*)\)", text)
    found = set(re.findall(r"\bkept(?:\[|\.get\()\"(\w+)\"", text))
    return found | set(re.findall(r"\w+", listed[1] if listed else ""))


@rules(
    rewritten(FRAMES, 'kept["pictures"]', 'kept["images"]'),
    rewritten(FRAMES, 'kept.get("directory", "{}")', 'kept.get("entries", "{}")'),
    rewritten(FRAMES, 'kept.get("question", "{}")', 'kept.get("questions", "{}")'),
    changed(*state_of("broadcast", "FindReport"), "Parameters", "ProjectionExpression", to="reportId, message"),
)
def every_report_for_the_console_is_read_with_what_frames_show(shipped: Shipped) -> Iterator[str]:
    for task, table, call in item_calls(shipped):
        if task.machine in ("desk", "broadcast") and table == "ReportsTable" and "ProjectionExpression" in call:
            given = set(re.findall(r"\w+", with_names(call, call["ProjectionExpression"])))
            for name in sorted((shown_attributes(shipped) ^ given) - BESIDES):
                yield f"{task.path}: {name} is {'never shown' if name in given else 'not asked for'}: see {FRAMES}"


def written_expressions(shipped: Shipped) -> Iterator[tuple[str, str]]:
    """The expressions that functions write for DynamoDB, what is filled in left out: where they stand, the text."""
    for path, tree in shipped.python("functions/").items():
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.Dict)):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and str(key.value).endswith("Expression"):
                    texts = [str(part.value) for part in ast.walk(value) if isinstance(part, ast.Constant)]
                    yield f"{path}:{value.lineno}", " ".join(texts)


@rules(rewritten("functions/arrange_entry/logic.py", "attribute_not_exists(entryId)", "attribute_not_exists(name)"))
def no_expression_of_a_function_names_a_reserved_word(shipped: Shipped) -> Iterator[str]:
    reserved = {word.upper() for word in ReservedKeywords.get_reserved_keywords()}
    for where, text in written_expressions(shipped):
        words = set(re.findall(r"(?<![#:\w])[A-Za-z]\w*", text)) - KEYWORDS - FUNCTIONS
        for word in sorted(word for word in words if word.upper() in reserved):
            yield f"{where}: {word} is a reserved word of DynamoDB, write #{word} and name it"


# Types of attributes that DynamoDB spells otherwise than the integrations by SDK, which take the Java SDK's names.
SPELLED = {"SS": "Ss", "NS": "Ns", "BS": "Bs", "BOOL": "Bool", "NULL": "Nul"}


@rules(rewritten("functions/arrange_entry/logic.py", '{"Ss": [entry_id]}', '{"SS": [entry_id]}'))
def every_value_for_a_transaction_is_spelled_as_sdk_integrations_do(shipped: Shipped) -> Iterator[str]:
    for path, tree in shipped.python("functions/").items():
        if any(written_by(shipped, path.split("/")[1])):
            keys = [key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys]
            spelled = {str(key.value) for key in keys if isinstance(key, ast.Constant)}
            for name in sorted(spelled & SPELLED.keys()):
                yield f"{path}: transactWriteItems of Step Functions spells {name} {SPELLED[name]}"


# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
TRANSACTION_ITEMS = 100


@rules(
    changed("schemas", "directory_entry_request", "properties", "keywords", "maxItems", to=50),
    changed("schemas", "directory_entry", "properties", "version", "minimum", to=0),
)
def every_entry_fits_into_one_transaction(shipped: Shipped) -> Iterator[str]:
    entry, request = (shipped.schemas[name]["properties"] for name in ("directory_entry", "directory_entry_request"))
    keywords = resolved(shipped, request["keywords"], shipped.schemas["directory_entry_request"])["maxItems"]
    # The entry, a keyword for each that it gets, and one for each that it had.
    if (items := 1 + 2 * keywords) > TRANSACTION_ITEMS:
        yield f"an entry with other keywords takes {items} writes, a transaction {TRANSACTION_ITEMS} at most"
    if resolved(shipped, entry["version"], shipped.schemas["directory_entry"]).get("minimum", 0) < 1:
        yield "version 0 is what the API makes of an If-Match that no entry ever had: begin with 1"


@rules.each
def test_integrations_keep_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_integration_rule_complains_about_broken_call(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
