"""Rules of what the state machines call: AWS has it, it takes these parameters, and its errors are called so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from tests.contract.aws_models import (
    CONNECTION_ERRORS,
    HTTP_STATUS,
    RESERVED,
    UNMODELLED,
    error_names,
    integration,
    model,
    objections,
)
from tests.contract.rulebook import Break, Rule, Rulebook, appended, changed, rewritten, without
from tests.contract.shipped import Json, Shipped, State, machine_resource, strings, target, tasks

rules = Rulebook()

# Errors of our functions that no machine catches by name, and why not.
INTERNAL_ERRORS = {
    "ConfigurationError": "the deployment is wrong: States.ALL fails the execution, and an operator has to mend it",
    "InvalidReport": "the machine and the function disagree: States.ALL fails the execution, and the message is parked",
    "InvalidFindings": "the machine and the function disagree: States.ALL fails the execution",
    "InvalidImage": "the machine and the function disagree: States.ALL fails the execution",
    "ImageUnreadable": "a look that fails is recorded, whatever its error: States.ALL ends in NoThumbnails",
}
OWN_ERROR_BASE = "DragomanError"


def message_state(name: str) -> tuple[str, ...]:
    return ("machines", "message", "States", name)


def translate_state(name: str) -> tuple[str, ...]:
    return ("machines", "translate", "States", name)


def reply_state(name: str) -> tuple[str, ...]:
    return ("machines", "reply", "States", name)


@rules(
    changed(*message_state("FindReport"), "Resource", to="arn:aws:states:::dynamodb:fetchItem"),
    changed(
        *translate_state("DetectLanguage"), "Resource", to="arn:aws:states:::aws-sdk:comprehendo:detectDominantLanguage"
    ),
)
def every_call_exists_in_aws(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used is None or (used.service != "http" and model(used) is None):
            yield f"{task.path} calls {task.definition['Resource']}, which botocore does not know"


@rules(
    changed(*message_state("FindReport"), "Parameters", "Keys", to={}),
    without(*reply_state("Claim"), "Parameters", "TableName"),
    changed(*message_state("SaveReport"), "Parameters", "TransactItems", 2, "Update", "Condition", to="x"),
    changed(*reply_state("AnnounceSent"), "Parameters", "Entries", 0, "DetailTypes", to="x"),
)
def every_call_passes_parameters_that_aws_takes(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        operation = model(used) if used else None
        if operation and (found := objections(task.definition.get("Parameters", {}), operation)):
            yield f"{task.path}: {found}"


HTTP_REQUIRED = {"ApiEndpoint", "Method", "Authentication"}
HTTP_TAKES = {*HTTP_REQUIRED, "Headers", "QueryParameters", "RequestBody", "Transform"}


@rules(
    without(*reply_state("Send"), "Parameters", "Authentication"),
    changed(*reply_state("Send"), "Parameters", "Body", to={}),
)
def every_http_task_passes_parameters_that_step_functions_takes(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used and used.service == "http":
            given = {name.removesuffix(".$") for name in task.definition["Parameters"]}
            if given - HTTP_TAKES or HTTP_REQUIRED - given:
                wrong = sorted((given - HTTP_TAKES) | (HTTP_REQUIRED - given))
                yield f"{task.path}: {', '.join(wrong)} should not be there, or is missing"


@rules(changed(*translate_state("DetectLanguage"), "ResultSelector", "languages.$", to="$.DominantLanguages"))
def every_result_selector_reads_what_aws_answers(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        operation = model(used) if used and used.service != "lambda" else None
        members = set(operation.output_shape.members) if operation and operation.output_shape else set()
        for path in strings(list(task.definition.get("ResultSelector", {}).values())):
            first = re.match(r"\$\.(\w+)", path)
            if operation and first and first[1] not in members:
                yield f"{task.path} selects {path}, but {operation.name} answers {', '.join(sorted(members))}"


def named_errors(task: State) -> Iterator[str]:
    """The errors that a task's Retry and Catch name."""
    for clause in (*task.definition.get("Retry", []), *task.definition.get("Catch", [])):
        yield from clause["ErrorEquals"]


@rules(
    appended(*message_state("FindReport"), "Retry", 0, "ErrorEquals", item="DynamoDb.ThrottlingException"),
    appended(*message_state("SaveReport"), "Retry", 1, "ErrorEquals", item="DynamoDB.ThrottlingException"),
    appended(*translate_state("AskTranslate"), "Retry", 0, "ErrorEquals", item="TooManyRequestsException"),
    changed(*message_state("FindReport"), "Resource", to="arn:aws:states:::aws-sdk:ecr:getLifecyclePolicy"),
)
def every_error_has_its_services_prefix(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used is None or used.service == "http":
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
    appended(*message_state("FindReport"), "Retry", 0, "ErrorEquals", item="DynamoDB.ConditionalCheckFailedException"),
    appended(*translate_state("AskTranslate"), "Retry", 0, "ErrorEquals", item="Translate.SlowDownException"),
    appended(*message_state("SaveReport"), "Retry", 1, "ErrorEquals", item="DynamoDb.InternalServerError"),
)
def every_error_of_a_call_exists(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        used = integration(task)
        if used is None or used.service == "http" or used.prefix is None:
            continue
        known = error_names(used) | UNMODELLED.keys() | RESERVED
        for error in named_errors(task):
            if "." in error and error not in known:
                yield f"{task.path} waits for {error}, which {used.operation} does not raise: correct it or drop it"


@rules(
    appended(*reply_state("Send"), "Catch", 0, "ErrorEquals", item="States.Http.StatusCode.4XX"),
    appended(*reply_state("Send"), "Catch", 0, "ErrorEquals", item="Events.ConnectionResource.Unknown"),
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


def typed_errors(shipped: Shipped, package: str) -> set[str]:
    """The errors that a function may raise to its machine: its own package's and those it shares."""
    return derived({**classes(shipped, "dragoman"), **classes(shipped, package)}, OWN_ERROR_BASE)


@rules(
    changed("machines", "intake", "States", "NormaliseWebhook", "Catch", 0, "ErrorEquals", to=["SignatureRefused"]),
    rewritten("functions/normalise_webhook/errors.py", "class InvalidWebhook", "class UnreadableWebhook"),
)
def every_error_caught_by_name_is_a_class_of_the_function(shipped: Shipped) -> Iterator[str]:
    for task in tasks(shipped):
        package = function_package(shipped, task)
        for error in named_errors(task):
            if package and "." not in error and error not in typed_errors(shipped, package):
                yield f"{task.path} waits for {error}, but functions/{package} has no class {error}({OWN_ERROR_BASE})"


@rules(
    rewritten(
        "functions/normalise_webhook/errors.py",
        "class InvalidWebhook",
        "class TooOld(DragomanError):\n    pass\n\n\nclass InvalidWebhook",
    ),
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


# --- DynamoDB


def item_calls(shipped: Shipped) -> Iterator[tuple[State, str, Json]]:
    """Every DynamoDB call of the machines and every part of a transaction: the task, the table's logical id, "
    "the parameters."""
    for task in tasks(shipped):
        used = integration(task)
        if used is None or used.service != "dynamodb":
            continue
        substitutions = machine_resource(shipped, task.machine)[1]["DefinitionSubstitutions"]
        parameters = task.definition["Parameters"]
        parts = [part for item in parameters.get("TransactItems", []) for part in item.values()] or [parameters]
        for part in parts:
            yield task, target(substitutions.get(part["TableName"].strip("${}"), "?")), part


def key_attributes(shipped: Shipped, table: str) -> dict[str, str]:
    """A table's key: attribute names and types."""
    properties = shipped.resources("AWS::DynamoDB::Table")[table]["Properties"]
    types = {item["AttributeName"]: item["AttributeType"] for item in properties["AttributeDefinitions"]}
    return {item["AttributeName"]: types[item["AttributeName"]] for item in properties["KeySchema"]}


@rules(
    changed(*message_state("FindReport"), "Parameters", "Key", to={"messageId": {"S": "x"}}),
    changed(*reply_state("FindText"), "Parameters", "Key", "language", to={"N.$": "$.x"}),
    without(*reply_state("Claim"), "Parameters", "Item", "messageId"),
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


@rules(without(*reply_state("Claim"), "Parameters", "Item", "expiresAt"))
def every_item_that_is_put_expires(shipped: Shipped) -> Iterator[str]:
    for task, table, call in item_calls(shipped):
        lifetime = shipped.resources("AWS::DynamoDB::Table")[table]["Properties"].get("TimeToLiveSpecification")
        if lifetime and "Item" in call and lifetime["AttributeName"] not in call["Item"]:
            yield f"{task.path} puts an item into {table} that stays for ever: add {lifetime['AttributeName']}"


def expressions(call: Json) -> str:
    return " ".join(text for name, text in call.items() if name.endswith("Expression"))


@rules(
    changed(*reply_state("FindContact"), "Parameters", "ProjectionExpression", to="#optedOut"),
    without(
        *reply_state("RecordOutcome"), "Parameters", "TransactItems", 0, "Update", "ExpressionAttributeValues", ":at"
    ),
    changed(*reply_state("CountReply"), "Parameters", "ExpressionAttributeNames", to={"#unused": "x"}),
)
def every_placeholder_is_given_and_used(shipped: Shipped) -> Iterator[str]:
    for task, _, call in item_calls(shipped):
        used = set(re.findall(r"[#:]\w+", expressions(call)))
        given = {*call.get("ExpressionAttributeNames", {}), *call.get("ExpressionAttributeValues", {})}
        for name in sorted(used ^ given):
            yield (
                f"{task.path}: {name} is {'not given' if name in used else 'given for nothing'}, which DynamoDB refuses"
            )


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


@rules(changed(*reply_state("FindContact"), "Parameters", "ProjectionExpression", to="optedOut, language"))
def no_expression_names_a_reserved_word(shipped: Shipped) -> Iterator[str]:
    reserved = {word.upper() for word in ReservedKeywords.get_reserved_keywords()}
    for task, _, call in item_calls(shipped):
        words = set(re.findall(r"(?<![#:\w])[A-Za-z]\w*", expressions(call))) - KEYWORDS - FUNCTIONS
        for word in sorted(word for word in words if word.upper() in reserved):
            yield (
                f"{task.path}: {word} is a reserved word of DynamoDB, write #{word} and give it in "
                "ExpressionAttributeNames"
            )


@rules.each
def test_integrations_keep_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_integration_rule_complains_about_broken_call(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
