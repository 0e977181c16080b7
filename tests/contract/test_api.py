"""Rules of infra/api.yaml: a valid OpenAPI document whose integrations and mapping templates keep what it promises."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import product
from typing import Any, NamedTuple

from jsonschema import Draft4Validator, Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_30

from infra.openapi import KEY, OPERATOR, PREFIX, split
from tests.contract.definitions import resolved
from tests.contract.flows import known_at, reached
from tests.contract.permissions import index_names, needed_by_integration
from tests.contract.rulebook import Break, Rule, Rulebook, changed, place, rewritten, state_of, without
from tests.contract.shipped import API, TEMPLATE, Json, Shipped, as_sub, machine_of, states, strings, target
from tests.contract.tables import item_calls, key_attributes

rules = Rulebook()

INTEGRATION = "x-amazon-apigateway-integration"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
CONTENT_TYPE = "method.response.header.Content-Type"
PROBLEM_TYPE = "application/problem+json"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: the integration's time-out.
REST_MILLISECONDS = 29_000
# Which gateway responses a route can meet; the others come before any route is found.
ALWAYS = {"INTEGRATION_TIMEOUT"}
WITH_KEY = {"INVALID_API_KEY", "THROTTLED", "QUOTA_EXCEEDED"}
WITH_TOKEN = {"UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED"}
WITH_BODY = {"REQUEST_TOO_LARGE"}
WITH_TEMPLATES_ONLY = {"UNSUPPORTED_MEDIA_TYPE"}
WITH_VALIDATOR = {"parameters": {"BAD_REQUEST_PARAMETERS"}, "body": {"BAD_REQUEST_PARAMETERS", "BAD_REQUEST_BODY"}}
# The statuses of gateway responses that the document leaves to API Gateway:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
USUAL_STATUS = {"ACCESS_DENIED": 403, "UNAUTHORIZED": 401, "THROTTLED": 429, "INTEGRATION_TIMEOUT": 504}
KEY_SCHEME = {"type": "apiKey", "name": "x-api-key", "in": "header"}
TOKEN_SCHEME = {
    "type": "apiKey",
    "name": "Authorization",
    "in": "header",
    "x-amazon-apigateway-authtype": "cognito_user_pools",
    "x-amazon-apigateway-authorizer": {
        "type": "cognito_user_pools",
        "providerARNs": [{"Fn::GetAtt": ["UserPool", "Arn"]}],
    },
}
SCHEMES = {"apiKey": KEY_SCHEME, "operator": TOKEN_SCHEME}
# Statuses that RFC 9110 calls otherwise than Python does before 3.13.
RENAMED = {"413": ("Content Too Large",)}
# What a route answers that goes wrong without its doing: 503 where the service behind it fails.
WORST = "503"
# Where a function fails: docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
WORST_OF_FUNCTION = "502"


class Operation(NamedTuple):
    """One route: where names it for people, wired is its integration."""

    path: str
    method: str
    definition: Json

    @property
    def where(self) -> str:
        return f"{API}, {self.method.upper()} {self.path}"

    @property
    def wired(self) -> Json:
        return self.definition.get(INTEGRATION, {})

    @property
    def function(self) -> str:
        """The package of the function that answers by itself (a proxy integration), if one does."""
        if self.wired.get("type") != "aws_proxy":
            return ""
        name = re.search(r"\$\{(\w+)Function\.Arn\}", as_sub(self.wired["uri"]))
        return re.sub(r"(?<!^)(?=[A-Z])", "_", name[1]).lower() if name else ""

    @property
    def is_webhook(self) -> bool:
        return "twilio" in self.definition.get("tags", [])

    @property
    def wants_key(self) -> bool:
        return KEY in self.definition.get("security", [])

    @property
    def wants_token(self) -> bool:
        return OPERATOR in self.definition.get("security", [])


def operations(shipped: Shipped) -> Iterator[Operation]:
    """Every route of the API as it is written."""
    yield from operations_in(shipped.api)


def deployed(shipped: Shipped) -> Iterator[Operation]:
    """Every route of the API as it is deployed: one that takes a key or a token is two."""
    yield from operations_in(split(shipped.api))


def operations_in(document: Json) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method, definition in item.items():
            if method in ("get", "post", "put", "delete", "patch", "options", "head"):
                yield Operation(path, method, definition)


def dereferenced(shipped: Shipped, value: Json) -> Json:
    """What a local $ref stands for."""
    while "$ref" in value:
        steps = value["$ref"].removeprefix("#/").split("/")
        value = shipped.api
        for step in steps:
            value = value[step]
    return value


GET_REPORT = ("api", "paths", "/reports/{reportId}", "get")
LIST_REPORTS = ("api", "paths", "/reports", "get")
WEBHOOK = ("api", "paths", "/twilio/messages", "post")
TICKETS = ("api", "paths", "/desk/tickets", "post")
GET_ENTRY = ("api", "paths", "/directory/{entryId}", "get")
CHANGE_ENTRY = ("api", "paths", "/directory/{entryId}", "put")
ASK = ("api", "paths", "/questions", "post")
MAPPED = "application/json"


@rules(
    without(*LIST_REPORTS, "responses"), changed("api", "openapi", to="2.0"), changed(*GET_REPORT, "parameter", to=[])
)
def openapi_document_is_valid(shipped: Shipped) -> Iterator[str]:
    found = list(Draft4Validator(OPENAPI_30).iter_errors(shipped.api))
    for error in found or Draft4Validator(OPENAPI_30).iter_errors(split(shipped.api)):
        yield f"{API}, {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"


@rules(
    changed(*LIST_REPORTS, "responses", "200", "content", MAPPED, "schema", "$ref", to="#/components/schemas/Reports")
)
def every_local_reference_leads_somewhere(shipped: Shipped) -> Iterator[str]:
    for text in strings(shipped.api):
        if text.startswith("#/components/"):
            try:
                dereferenced(shipped, {"$ref": text})
            except KeyError:
                yield f"{API}: there is no {text}"


@rules(
    changed(*LIST_REPORTS, "operationId", to="getReportById"),
    changed(*TICKETS, "operationId", to="listReportsAtDesk"),
    changed("api", "paths", "/desk/tickets", "get", to={}),
)
def every_operation_has_an_id_of_its_own(shipped: Shipped) -> Iterator[str]:
    seen: set[str] = set()
    for operation in deployed(shipped):
        name = operation.definition.get("operationId")
        if not name or name in seen:
            yield f"{operation.where}: give it an operationId that no other has (not {name})"
        seen.add(str(name))


@rules(without(*LIST_REPORTS, INTEGRATION), without(*LIST_REPORTS, INTEGRATION, "credentials"))
def every_operation_is_wired(shipped: Shipped) -> Iterator[str]:
    for operation in operations(shipped):
        needed = {"type", "uri", "httpMethod", "credentials"}
        needed |= set() if operation.function else {"requestTemplates", "responses"}
        missing = needed - operation.wired.keys()
        if missing:
            yield f"{operation.where}: its {INTEGRATION} lacks {', '.join(sorted(missing))}"


@rules(
    changed("api", "components", "securitySchemes", "apiKey", "name", to="key"),
    changed("api", "components", "securitySchemes", "operator", "x-amazon-apigateway-authtype", to="custom"),
    without("api", "components", "securitySchemes", "operator", "x-amazon-apigateway-authorizer"),
    changed("api", "components", "securitySchemes", "open", to={"type": "http", "scheme": "basic"}),
)
def every_way_in_is_one_that_api_gateway_checks(shipped: Shipped) -> Iterator[str]:
    declared = shipped.api["components"]["securitySchemes"]
    for name in sorted(declared.keys() | SCHEMES.keys()):
        if declared.get(name) != SCHEMES.get(name):
            yield f"{API}: security scheme {name} should be {SCHEMES.get(name)}, not {declared.get(name)}"


@rules(
    changed(*GET_REPORT, "security", to=[]),
    changed(*GET_REPORT, "security", to=[{"operator": []}]),
    changed(*GET_REPORT, "security", to=[{"apiKey": []}, {}]),
    changed(*TICKETS, "security", to=[]),
    changed(*TICKETS, "security", to=[{"apiKey": []}]),
    changed(*WEBHOOK, "security", to=[{"apiKey": []}]),
    without(*WEBHOOK, "security"),
)
def every_route_but_webhooks_demands_a_key_or_a_token(shipped: Shipped) -> Iterator[str]:
    for operation in deployed(shipped):
        wanted = [OPERATOR] if operation.path.startswith(f"{PREFIX}/") else [KEY]
        if operation.is_webhook:
            wanted = []  # its signature is checked by its machine
        if operation.definition.get("security") != wanted:
            yield f"{operation.where}: its security should be {wanted}: below {PREFIX} a token, elsewhere the key"


def signed_by_nobody(shipped: Shipped) -> None:
    """A webhook whose machine does not look at the signature."""
    place(shipped, *state_of("receipt", "NormaliseReceipt"))["Catch"].pop(0)


@rules(
    signed_by_nobody,
    changed("api", "paths", "/reports", "get", "tags", to=["twilio"]),
)
def every_webhook_is_verified(shipped: Shipped) -> Iterator[str]:
    machines = shipped.resources("AWS::Serverless::StateMachine")
    for operation in operations(shipped):
        if not operation.is_webhook:
            continue
        started = [machine_of(machines[name]["Properties"]) for name in behind(shipped, operation) & machines.keys()]
        firsts = [shipped.machines[name]["States"][shipped.machines[name]["StartAt"]] for name in started]
        errors = [error for first in firsts for clause in first.get("Catch", []) for error in clause["ErrorEquals"]]
        if "SignatureRejected" not in errors:
            yield f"{operation.where}: anybody may post here: its machine must begin with the signature"


def in_request(path: str, method: str, old: str, new: str) -> Break:
    """Rewrites what a route hands on."""

    def damage(shipped: Shipped) -> None:
        templates = shipped.api["paths"][path][method][INTEGRATION]["requestTemplates"]
        name, template = next(iter(templates.items()))
        text = as_sub(template)
        assert old in text, f"{method} {path} no longer hands on {old!r}: choose another example"
        templates[name] = {"Fn::Sub": text.replace(old, new)}

    return damage


@rules(without(*GET_REPORT, "parameters"))
def every_path_parameter_is_declared(shipped: Shipped) -> Iterator[str]:
    for operation in operations(shipped):
        parameters = operation.definition.get("parameters", [])
        declared = {item["name"] for item in parameters if item["in"] == "path" and item.get("required")}
        for name in sorted(declared ^ set(re.findall(r"\{(\w+)\}", operation.path))):
            yield f"{operation.where}: {name} must stand both in the path and among its parameters"


@rules(
    without(*LIST_REPORTS, "parameters", 3),
    changed("api", "paths", "/twilio/status", "post", "parameters", 0, "in", to="header"),
)
def every_parameter_that_is_mapped_is_declared(shipped: Shipped) -> Iterator[str]:
    for operation in operations(shipped):
        if operation.function:
            continue  # it reads its parameters itself
        text = "\n".join(strings(operation.wired.get("requestTemplates", {})))
        parameters = operation.definition.get("parameters", [])
        declared = {item["name"] for item in parameters}
        used = set(re.findall(r"\$input\.params\('(\w+)'\)", text))
        # A header, but one whose absence is nobody's mistake to explain: who signs a webhook knows it.
        used |= {name for name in mapped_headers(text) if name != "X-Twilio-Signature"}
        if "$input.params().querystring" in text:  # all of them, whatever their names
            used |= {item["name"] for item in parameters if item["in"] == "query"}
        for name in sorted(used ^ declared):
            yield f"{operation.where}: {name} must be both a parameter and used by the request template"


def mapped_headers(text: str) -> set[str]:
    """The headers that a request template reads, as HTTP/1.1 clients usually spell them."""
    return {
        name for name in re.findall(r"\$input\.params\(\)\.header\.get\('([\w-]+)'\)", text) if name != name.lower()
    }


@rules(
    in_request("/directory/{entryId}", "put", "get('if-match')", "get('IF-MATCH')"),
    in_request("/directory/{entryId}", "delete", "get('If-Match')", "get('if-match')"),
    in_request("/twilio/messages", "post", "get('x-twilio-signature')", "get('X-Twilio-Signature')"),
    changed(*CHANGE_ENTRY, "parameters", 1, "name", to="If-None-Match"),
)
def every_header_that_is_mapped_is_found_in_either_spelling(shipped: Shipped) -> Iterator[str]:
    """HTTP/2 spells headers in lower case, and the map of a template's headers knows only what the client wrote."""
    for operation in operations(shipped):
        text = "\n".join(strings(operation.wired.get("requestTemplates", {})))
        read = set(re.findall(r"\.header\.get\('([\w-]+)'\)", text))
        declared = {item["name"] for item in operation.definition.get("parameters", []) if item["in"] == "header"}
        for name in sorted({name.lower() for name in read | declared}):
            spellings = {other for other in read if other.lower() == name}
            if not (name in spellings and any(other.title() == other for other in spellings)):
                yield f"{operation.where} reads {name} as {sorted(spellings)}: ask for {name.title()} and for {name}"


# --- answers


class Answer(NamedTuple):
    """One answer an integration gives: the status with the part of the mapping template that gives it."""

    operation: Operation
    status: str
    headers: dict[str, str]
    part: str

    @property
    def own_headers(self) -> dict[str, str]:
        """The headers that the template sets by itself, Content-Type aside."""
        found = re.findall(r"responseOverride\.header\.([\w-]+) = (.*)\)", self.part)
        return {name: value for name, value in found if name != "Content-Type"}

    @property
    def problems(self) -> list[str]:
        return [line for line in self.part.splitlines() if line.startswith('{"type"')]

    @property
    def content_type(self) -> str:
        override = re.search(r'responseOverride\.header\.Content-Type = "([^"]+)"', self.part)
        return override[1] if override else self.headers.get(CONTENT_TYPE, f"'{MAPPED}'").strip("'")


DIRECTIVE = re.compile(r"#(?:(?P<tested>if|elseif|foreach)\(|else\b|end\b)")


def parts(template: str) -> Iterator[str]:
    """The parts of a mapping template between its branches, so that each holds one answer at the most."""
    start = 0
    for directive in DIRECTIVE.finditer(template):
        if directive.start() >= start:
            yield template[start : directive.start()]
            start = closing(template, directive.end()) if directive["tested"] else directive.end()
    yield template[start:]


def closing(template: str, start: int) -> int:
    """Where the parentheses that were opened just before `start` are closed again."""
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(template[start], 0)
        start += 1
    return start


def answers(operation: Operation) -> Iterator[Answer]:
    """What an integration may answer with; a part without an override has its entry's status."""
    for entry in operation.wired.get("responses", {}).values():
        headers = entry.get("responseParameters", {})
        for template in entry.get("responseTemplates", {"": ""}).values():
            for part in parts(template):
                override = re.search(r"responseOverride\.status = (\d+)", part)
                if part.strip():
                    yield Answer(operation, override[1] if override else entry["statusCode"], headers, part)


def statuses(shipped: Shipped, operation: Operation) -> set[str]:
    """Every status that an integration may give."""
    if operation.function:
        handler = shipped.texts.get(f"functions/{operation.function}/handler.py", "")
        return {WORST_OF_FUNCTION, *re.findall(r"\b(?:answer|problem)\((\d{3}),", handler)}
    return {entry["statusCode"] for entry in operation.wired.get("responses", {}).values()} | {
        answer.status for answer in answers(operation)
    }


@rules(
    changed(*GET_REPORT, INTEGRATION, "responses", "default", "statusCode", to="502"),
    without(*GET_REPORT, "responses", "404"),
    without(*WEBHOOK, "responses", "413"),
    without(*TICKETS, "responses", "201"),
)
def every_status_that_is_answered_is_declared(shipped: Shipped) -> Iterator[str]:
    for operation in deployed(shipped):
        for status in sorted(statuses(shipped, operation) - operation.definition["responses"].keys()):
            yield f"{operation.where} answers {status}, which its responses do not declare"


def gateway_statuses(shipped: Shipped, operation: Operation) -> set[str]:
    """The statuses that API Gateway itself may answer on a route."""
    names = set(ALWAYS)
    names |= WITH_KEY if operation.wants_key else set()
    names |= WITH_TOKEN if operation.wants_token else set()
    names |= WITH_BODY if operation.definition.get("requestBody") else set()
    names |= WITH_TEMPLATES_ONLY if operation.wired.get("passthroughBehavior") == "never" else set()
    names |= WITH_VALIDATOR.get(operation.definition.get("x-amazon-apigateway-request-validator", ""), set())
    responses = shipped.api[GATEWAY_RESPONSES]
    statuses = {name: responses.get(name, {}).get("statusCode", USUAL_STATUS.get(name)) for name in names}
    return {str(status) for status in statuses.values() if status}


@rules(
    without(*LIST_REPORTS, "responses", "429"),
    without(*WEBHOOK, "responses", "415"),
    without(*GET_REPORT, "responses", "403"),
    without(*TICKETS, "responses", "401"),
    without(*TICKETS, "responses", "403"),
)
def every_status_of_the_gateway_is_declared(shipped: Shipped) -> Iterator[str]:
    for operation in deployed(shipped):
        for status in sorted(gateway_statuses(shipped, operation) - operation.definition["responses"].keys()):
            yield (
                f"{operation.where}: API Gateway may answer {status} ({GATEWAY_RESPONSES}), declare it among "
                "the responses"
            )


@rules(
    changed(*GET_REPORT, "responses", "418", to={"description": "Teapot"}),
    changed(*GET_REPORT, "responses", "401", to={"$ref": "#/components/responses/Problem"}),
)
def every_status_that_is_declared_can_be_answered(shipped: Shipped) -> Iterator[str]:
    for operation in deployed(shipped):
        possible = statuses(shipped, operation) | gateway_statuses(shipped, operation)
        for status in sorted(operation.definition["responses"].keys() - possible):
            yield f"{operation.where} declares {status}, which nothing answers: drop it"


@rules(
    changed(*GET_REPORT, "responses", "404", to={"description": "Not there"}), without(*GET_REPORT, "responses", WORST)
)
def every_error_is_declared_as_a_problem(shipped: Shipped) -> Iterator[str]:
    for operation in deployed(shipped):
        responses = operation.definition["responses"]
        worst = WORST_OF_FUNCTION if operation.function else WORST
        if worst not in responses:
            yield f"{operation.where}: say what comes when the service behind it fails ({worst})"
        for status, response in responses.items():
            if status >= "400" and PROBLEM_TYPE not in dereferenced(shipped, response).get("content", {}):
                yield f"{operation.where}: its {status} must be a {PROBLEM_TYPE}: #/components/responses/Problem"


@rules(
    without("api", "components", "responses", "Problem", "headers"),
    without(*WEBHOOK, "responses", "200", "headers"),
    without(*GET_ENTRY, "responses", "200", "headers"),
    without("api", "paths", "/directory", "post", "responses", "201", "headers", "Location"),
)
def every_header_that_is_set_is_declared(shipped: Shipped) -> Iterator[str]:
    for operation in operations(shipped):
        for entry in operation.wired.get("responses", {}).values():
            response = dereferenced(shipped, operation.definition["responses"].get(entry["statusCode"], {}))
            for header in entry.get("responseParameters", {}):
                if header.removeprefix("method.response.header.") not in response.get("headers", {}):
                    yield (
                        f"{operation.where}: {header} is set but not declared in its {entry['statusCode']}, so "
                        "the deployment fails"
                    )
        for answer in answers(operation):
            response = dereferenced(shipped, operation.definition["responses"].get(answer.status, {}))
            for header in sorted(answer.own_headers.keys() - response.get("headers", {}).keys()):
                yield f"{operation.where}: its {answer.status} has the header {header}: declare it there"


@rules(
    changed(*GET_REPORT, INTEGRATION, "responses", "default", "responseParameters", to={}),
    changed(*WEBHOOK, INTEGRATION, "responses", "200", "responseParameters", CONTENT_TYPE, to="'application/xml'"),
)
def every_answer_has_the_content_type_declared(shipped: Shipped) -> Iterator[str]:
    for operation in operations(shipped):
        for answer in answers(operation):
            response = dereferenced(shipped, operation.definition["responses"].get(answer.status, {}))
            says_something = re.sub(r"^#set.*$", "", answer.part, flags=re.MULTILINE).strip()
            if says_something and answer.content_type not in response.get("content", {}):
                yield (
                    f"{operation.where}: its {answer.status} is sent as {answer.content_type}, but declared as "
                    f"{list(response.get('content', {}))}"
                )


# --- problem documents

# Expressions that the error templates use, and text that may stand in their place.
RENDERED = (
    (re.compile(r"\$context\.error\.messageString"), '"Some text"'),
    (re.compile(r"""\$util\.escapeJavaScript\(\$\w+(?:\.\w+)*\)\.replaceAll\("\\\\'", "'"\)"""), "Some text"),
)


def literal(line: str) -> str:
    """A line of a mapping template with text in place of its expressions."""
    for pattern, text in RENDERED:
        line = pattern.sub(text, line)
    return line


def flaw(shipped: Shipped, line: str, status: str | None) -> str:
    """What is wrong with a problem document in a template, if anything; status is the one it is sent with."""
    try:
        problem = json.loads(literal(line))
    except ValueError as error:
        return f"is no JSON ({error})"
    errors = [error.message for error in Draft202012Validator(shipped.schemas["problem"]).iter_errors(problem)]
    if errors:
        return f"does not fit schemas/problem.json ({errors[0]})"
    if status and problem.get("status") != int(status):
        return f"says {problem.get('status')} but is sent with {status}"
    return ""


def in_answer(path: str, method: str, old: str, new: str) -> Break:
    """Rewrites what a route answers."""

    def damage(shipped: Shipped) -> None:
        templates = shipped.api["paths"][path][method][INTEGRATION]["responses"]["200"]["responseTemplates"]
        name, text = next(iter(templates.items()))
        assert old in text, f"{method} {path} no longer answers {old!r}: choose another example"
        templates[name] = text.replace(old, new)

    return damage


def template_of(*path: str) -> tuple[str, ...]:
    return (*GET_REPORT, INTEGRATION, "responses", *path, "responseTemplates", MAPPED)


@rules(
    changed(*template_of("default"), to='{"type": "about:blank", "title": "Oh", "status": 500}'),
    changed(*template_of("default"), to='{"type": "about:blank", "status": 503}'),
    changed(*template_of("default"), to='{"type": "about:blank", "title": $nothing, "status": 503}'),
    changed(*template_of("default"), to="Out of order"),
)
def every_error_answer_is_a_problem(shipped: Shipped) -> Iterator[str]:
    for operation in operations(shipped):
        for answer in answers(operation):
            rest = re.sub(r"^#set.*$", "", answer.part, flags=re.MULTILINE).strip()
            if answer.status >= "400" and rest and len(answer.problems) != 1:
                yield f"{operation.where}: its {answer.status} is no problem document: {rest[:80]}"
            for line in answer.problems:
                if wrong := flaw(shipped, line, answer.status):
                    yield f"{operation.where}: a problem {wrong}: {line[:120]}"


def gateway_template(name: str) -> tuple[str, ...]:
    return ("api", GATEWAY_RESPONSES, name, "responseTemplates", MAPPED)


@rules(
    changed(*gateway_template("THROTTLED"), to='{"message": $context.error.messageString}'),
    changed("api", GATEWAY_RESPONSES, "THROTTLED", "statusCode", to=503),
    changed("api", GATEWAY_RESPONSES, "THROTTLED", "responseParameters", to={}),
    without("api", GATEWAY_RESPONSES, "DEFAULT_5XX"),
)
def every_gateway_response_is_a_problem(shipped: Shipped) -> Iterator[str]:
    responses = shipped.api[GATEWAY_RESPONSES]
    for name in sorted({"DEFAULT_4XX", "DEFAULT_5XX"} - responses.keys()):
        yield f"{API}: without {name} API Gateway answers in its own words: add it to {GATEWAY_RESPONSES}"
    for name, response in responses.items():
        header = response.get("responseParameters", {}).get("gatewayresponse.header.Content-Type")
        if header != f"'{PROBLEM_TYPE}'":
            yield f"{API}, {name}: set gatewayresponse.header.Content-Type to '{PROBLEM_TYPE}'"
        status = str(response["statusCode"]) if "statusCode" in response else None
        for template in response["responseTemplates"].values():
            if wrong := flaw(shipped, template.strip(), status):
                yield f"{API}, {name}: its problem {wrong}"


@rules(
    changed(*template_of("default"), to='{"type": "about:blank", "title": "Out of order", "status": 503}'),
    in_answer("/directory/{entryId}", "put", '"Precondition Failed", "status": 412', '"Conflict", "status": 412'),
)
def every_problem_has_the_title_of_its_status(shipped: Shipped) -> Iterator[str]:
    """RFC 9457, 4.2.1: about:blank means no more than the status itself."""
    for operation in operations(shipped):
        for line in (line for answer in answers(operation) for line in answer.problems):
            told = re.search(r'"title": "([^"]*)", "status": (\d{3})', line)
            if told and told[1] not in (HTTPStatus(int(told[2])).phrase, *RENAMED.get(told[2], ())):
                yield f"{operation.where}: call the problem {told[2]} {HTTPStatus(int(told[2])).phrase}, not {told[1]}"


# --- ends of machines, and what they are answered with

END = re.compile(r'\$execution\.error == "(\w+)"\)\n\s*#set\(\$context\.responseOverride\.status = (\d{3})\)')


def named_ends(operation: Operation) -> list[tuple[str, int]]:
    """The ends of its machine that a route knows by name, and the status that each is answered with."""
    templates = operation.wired.get("responses", {}).get("200", {}).get("responseTemplates", {}).values()
    return [(name, int(status)) for template in templates for name, status in END.findall(template)]


def ends(shipped: Shipped, machine: str) -> set[str]:
    """What an execution can fail with by a state of its own."""
    return {
        str(state.definition.get("Error"))
        for state in states(shipped)
        if (state.machine, state.type) == (machine, "Fail")
    }


def called(status: int) -> str:
    """A status as a machine calls its end: BadRequest."""
    return "".join(word.capitalize() for word in HTTPStatus(status).name.split("_"))


@rules(
    in_answer("/directory/{entryId}", "put", "responseOverride.status = 412", "responseOverride.status = 409"),
    in_answer("/directory/{entryId}", "delete", '$execution.error == "NotFound"', '$execution.error == "Gone"'),
    in_answer("/directory/{entryId}", "delete", '$execution.error == "PreconditionFailed"', '$execution.error == "X"'),
    in_answer("/twilio/messages", "post", '$execution.error == "Forbidden"', '$execution.error == "Refused"'),
    changed(*state_of("directory", "PreconditionRequired"), "Error", to="Unconditional"),
    in_answer("/directory", "post", '$execution.error == "Conflict"', '$execution.error == "X"'),
    in_request("/directory/{entryId}", "put", '\\"idempotencyKey\\": \\"\\"', '\\"idempotencyKey\\": \\"$key\\"'),
)
def every_end_that_a_status_is_called_after_is_answered_with_it(shipped: Shipped) -> Iterator[str]:
    machines = shipped.resources("AWS::Serverless::StateMachine")
    known = {called(status): int(status) for status in HTTPStatus if 400 <= status < 500}
    for operation in operations(shipped):
        for name in sorted(behind(shipped, operation) & machines.keys()):
            machine = machine_of(machines[name]["Properties"])
            for end, status in named_ends(operation):
                if end not in ends(shipped, machine) or known.get(end) != status:
                    yield f"{operation.where} answers {end} with {status}: it never ends so, or with {known.get(end)}"
            # Nothing is there yet that a new item could be compared with.
            possible = ends(shipped, machine) & known.keys() - (ONLY_OVER_OLD if creates(operation) else set())
            possible -= ONLY_UNDER_KEYS if without_key(operation) else set()
            possible -= ONLY_FOR_BODIES if "requestBody" not in operation.definition else set()
            for end in sorted(possible - {end for end, _ in named_ends(operation)}):
                yield f"{operation.where} keeps quiet about {end}: answer it with {known[end]}"


# Ends that need an item that was there before, those that need a body to object to, and those that need an idempotency
# key, under which another request came before.
ONLY_OVER_OLD = {"NotFound", "PreconditionRequired", "PreconditionFailed"}
ONLY_FOR_BODIES = {"BadRequest"}
ONLY_UNDER_KEYS = {"Conflict"}


def without_key(operation: Operation) -> bool:
    """Whether a route hands an empty idempotency key to its machine."""
    return '\\"idempotencyKey\\": \\"\\"' in "\n".join(strings(operation.wired.get("requestTemplates", {})))


def creates(operation: Operation) -> bool:
    """Whether a route makes something new, at an address that it answers with."""
    return operation.method == "post" and "201" in operation.definition["responses"]


# --- whoever changes something has seen it

VERSIONED = {"put", "delete", "patch"}
# Changes that need no version, and why.
UNVERSIONED = {
    "cancelQuestion": "its status is its version: only what is open is closed, and once more does no harm",
    "deleteSubscription": "a subscription never changes, and once more does no harm",
}


def changes(shipped: Shipped, path: str) -> set[str]:
    """The methods of a path that change what has a version, or take it away."""
    methods = shipped.api["paths"][path]
    return {method for method in VERSIONED & methods.keys() if methods[method]["operationId"] not in UNVERSIONED}


def versioned(shipped: Shipped) -> Iterator[Operation]:
    """The routes of paths where something can be changed or taken away."""
    for operation in operations(shipped):
        if changes(shipped, operation.path):
            yield operation


@rules(
    without("api", "paths", "/questions/{questionId}", "delete"),
    without("api", "paths", "/subscriptions/{subscriptionId}", "delete"),
)
def every_change_without_a_version_exists(shipped: Shipped) -> Iterator[str]:
    known = {operation.definition["operationId"] for operation in operations(shipped)}
    for name in sorted(UNVERSIONED.keys() - known):
        yield f"{name} is excused in UNVERSIONED but is no operation: drop it there"


@rules(
    without(*CHANGE_ENTRY, "parameters", 1),
    without("api", "paths", "/directory/{entryId}", "delete", "parameters", 1),
    without(*CHANGE_ENTRY, "responses", "412"),
    without("api", "paths", "/directory/{entryId}", "delete", "responses", "428"),
    in_request("/directory/{entryId}", "put", '\\"ifMatch\\": \\"$version\\"', '\\"ifMatch\\": \\"*\\"'),
)
def every_change_names_the_version_it_has_seen(shipped: Shipped) -> Iterator[str]:
    for operation in versioned(shipped):
        if operation.method not in VERSIONED:
            continue
        asked = [item for item in operation.definition.get("parameters", []) if item["name"] == "If-Match"]
        if not asked or not {"412", "428"} <= operation.definition["responses"].keys():
            yield f"{operation.where}: take If-Match, answer 428 without it and 412 where it is another's"
        if not re.search(r'\\?"ifMatch\\?": \\?"\$', "\n".join(strings(operation.wired.get("requestTemplates", {})))):
            yield f"{operation.where}: hand If-Match to the machine"


@rules(
    in_answer("/directory/{entryId}", "get", "header.ETag", "header.Tag"),
    in_answer("/directory/{entryId}", "put", '"$quote$kept.version$quote"', '"$kept.version"'),
    in_answer("/directory", "post", "header.ETag", "header.Tag"),
    in_answer("/directory", "post", "header.Location", "header.Address"),
)
def every_answer_with_something_that_can_be_changed_names_its_version(shipped: Shipped) -> Iterator[str]:
    makers = [
        item
        for item in operations(shipped)
        if creates(item)
        and any(
            changes(shipped, path) for path in shipped.api["paths"] if re.fullmatch(rf"{item.path}/\{{\w+\}}", path)
        )
    ]
    for operation in (*versioned(shipped), *makers):
        wanted = {"ETag", "Location"} if operation in makers else {"ETag"}
        found = [answer for answer in answers(operation) if answer.status in ("200", "201") and answer.own_headers]
        headers = {name: value for answer in found for name, value in answer.own_headers.items()}
        if operation.method != "delete" and headers.keys() != wanted:
            yield f"{operation.where}: its answer wants {' and '.join(sorted(wanted))}, it has {sorted(headers)}"
        # https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3: an entity tag stands between quotation marks.
        if "ETag" in headers and not re.fullmatch(r'"\$quote\$[\w.]+\$quote"', headers["ETag"]):
            yield f"{operation.where}: its ETag is {headers['ETag']}: the version between quotation marks"


# --- the report, the same everywhere

# What a route prints, by the component of its 200: the schema, and the table it comes from.
KINDS = {
    "Report": ("report", "ReportsTable"),
    "ReportList": ("report", "ReportsTable"),
    "Conversation": ("conversation", "ConversationsTable"),
    "ConversationList": ("conversation", "ConversationsTable"),
    "DirectoryEntry": ("directory_entry", "DirectoryTable"),
    "DirectoryList": ("directory_entry", "DirectoryTable"),
    "Question": ("question", "QuestionsTable"),
    "QuestionList": ("question", "QuestionsTable"),
}


class Printed(NamedTuple):
    """One line of a mapping template that prints an item: each member with the attributes it is printed from."""

    where: str
    schema: str
    table: str
    members: dict[str, set[str]]


def printed(shipped: Shipped) -> Iterator[Printed]:
    """Each line of a mapping template that prints a report, a conversation or an entry of the directory."""
    for operation in operations(shipped):
        content = operation.definition["responses"].get("200", {}).get("content", {}).get(MAPPED, {})
        kind = KINDS.get(str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2])
        templates = operation.wired.get("responses", {}).get("200", {}).get("responseTemplates", {}).values()
        for line in (line for template in templates for line in template.splitlines()):
            if kind and line.startswith("{") and "$item." in line:
                yield Printed(operation.where, *kind, members_of(line))


LOOP = re.compile(r'#foreach\(\$(\w+) in \[((?:"\w+"(?:, )?)+)\]\)')


def unrolled(line: str) -> str:
    """A line of a template with every loop over words written out."""
    while loop := LOOP.search(line):
        depth, end = 1, loop.end()
        for directive in re.finditer(r"#(if|foreach)\(|#end\b", line[loop.end() :]):
            depth += 1 if directive[1] else -1
            if not depth:
                end = loop.end() + directive.start()
                break
        body = line[loop.end() : end].replace(f".get(${loop[1]})", f".${loop[1]}")
        written = "".join(body.replace(f"${loop[1]}", word) for word in re.findall(r"\w+", loop[2]))
        line = line[: loop.start()] + written + line[end:].removeprefix("#end")
    return line


def members_of(line: str) -> dict[str, set[str]]:
    """The members of an object that a template prints, each with the attributes of $item behind it."""
    found: dict[str, set[str]] = {}
    depth, name = 0, ""
    # Whether an attribute is there is asked before the member that it is printed as.
    line = re.sub(r'#if\("\$!item\.(\w+)\.S" != ""\)(?=(?:, )?"\1": )', "", unrolled(line))
    for part in re.findall(r'[{}]|"\w+": |\$!?item\.\w+|.', line):
        depth += {"{": 1, "}": -1}.get(part, 0)
        if depth == 1 and part.endswith(": "):
            name = part.removesuffix(": ").strip('"')
            found[name] = set()
        elif part.startswith("$") and part.rstrip("_")[-1] != "$" and "item." in part:
            found[name].add(part.rpartition(".")[2])
    return found


def in_template(path: str, old: str, new: str) -> Break:
    """Rewrites what a route prints."""

    def damage(shipped: Shipped) -> None:
        responses = shipped.api["paths"][path]["get"][INTEGRATION]["responses"]["200"]["responseTemplates"]
        assert old in responses[MAPPED], f"{path} no longer prints {old!r}: choose another example"
        responses[MAPPED] = responses[MAPPED].replace(old, new)

    return damage


@rules(
    in_template("/reports/{reportId}", ', "reply": $item.reply.S', ""),
    in_template("/reports", "$item.links.S", "$item.timings.S"),
    in_template("/reports", '"deliveries": {', '"sendings": {'),
    in_template("/conversations", ', "language": "$item.language.S"', ""),
    in_template("/conversations/{conversationId}", "$item.lastMessage.S", "$item.firstMessage.S"),
    without(*GET_REPORT, INTEGRATION, "responses", "200"),
    changed("schemas", "report", "properties", "score", to={}),
    changed("schemas", "conversation", "properties", "score", to={}),
    changed("schemas", "directory_entry", "properties", "score", to={}),
    in_template("/directory", '"hours", ', ""),
    in_template("/directory/{entryId}", '"link"]', '"link", "words"]'),
    in_template("/directory/{entryId}", "$item.updatedAt.S", "$item.createdAt.S"),
    in_template(
        "/directory", '"name": "$util.escapeJavaScript($item.name.S)', '"name": "$util.escapeJavaScript($item.text.S)'
    ),
    in_template("/questions/{questionId}", '"answer": $item.answer.S', '"answer": $item.token.S'),
    in_template("/questions", '"reason"]', '"reason", "token"]'),
)
def every_item_that_is_printed_is_the_schemas(shipped: Shipped) -> Iterator[str]:
    lines = list(printed(shipped))
    for schema in sorted({schema for schema, _ in KINDS.values()}):
        if (count := len([line for line in lines if line.schema == schema])) != 2:
            yield f"{API}: two routes should print a {schema} each, {count} were found"
    for line in lines:
        wanted = {name: {name} for name in shipped.schemas[line.schema]["properties"]}
        for member in sorted(wanted.keys() | line.members.keys()):
            if wanted.get(member) != line.members.get(member):
                yield (
                    f"{line.where}: {member} (from {line.members.get(member)}) differs from the properties of "
                    f"schemas/{line.schema}.json"
                )


DELIVERY = re.compile(r'"(\w+)": "?\$!?delivery\.(\w+)\.')


@rules(
    in_template("/reports", '"reason": "$delivery.reason.S"', '"reason": "$delivery.errorCode.S"'),
    in_template("/reports/{reportId}", '"status": "$delivery.status.S", ', ""),
    in_template("/reports", '"retry": $delivery.retry.BOOL', '"again": $delivery.retry.BOOL'),
)
def every_delivery_that_is_printed_is_the_schemas(shipped: Shipped) -> Iterator[str]:
    report = shipped.schemas["report"]
    schema = resolved(shipped, report["properties"]["deliveries"]["additionalProperties"], report)
    for operation in operations(shipped):
        for template in operation.wired.get("responses", {}).get("200", {}).get("responseTemplates", {}).values():
            if "$delivery" not in template:
                continue
            pairs = DELIVERY.findall(template)
            members = {member for member, _ in pairs}
            if any(member != attribute for member, attribute in pairs):
                yield f"{operation.where}: a delivery's members are crossed: {pairs}"
            if not set(schema["required"]) <= members <= schema["properties"].keys():
                yield f"{operation.where}: a delivery has other members than schemas/report.json: {sorted(members)}"


def outermost_keys(node: ast.AST) -> Iterator[str]:
    """The keys of the dictionaries in some code, without those of dictionaries inside them."""
    if isinstance(node, ast.Dict):
        yield from (str(key.value) for key in node.keys if isinstance(key, ast.Constant))
        return
    for child in ast.iter_child_nodes(node):
        yield from outermost_keys(child)


def composed_attributes(shipped: Shipped) -> set[str]:
    """The attributes of the item that compose_report makes of a report, from its source."""
    nodes = [node for tree in shipped.python("functions/compose_report/").values() for node in ast.walk(tree)]
    makers = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == "report_item"]
    return {key for maker in makers for key in outermost_keys(maker)}


def written_attributes(shipped: Shipped, table: str) -> set[str]:
    """The attributes that machines write into a table's items, and its key."""
    found = set(key_attributes(shipped, table))
    for _, used, call in item_calls(shipped):
        if used == table:
            names = call.get("ExpressionAttributeNames", {})
            assigned = re.findall(r"(#?\w+)(?:\.[#\w]+)* = ", call.get("UpdateExpression", ""))
            found |= {*call.get("Item", {}), *(names.get(name, name) for name in assigned)}
    return found


def saved_attributes(shipped: Shipped, table: str) -> set[str]:
    """The attributes that the items of a table may have."""
    composed = composed_attributes(shipped) if table == "ReportsTable" else set()
    arranged = arranged_attributes(shipped) if table == "DirectoryTable" else set()
    arranged |= question_attributes(shipped) if table == "QuestionsTable" else set()
    return composed | arranged | written_attributes(shipped, table)


def arranged_attributes(shipped: Shipped) -> set[str]:
    """The attributes that arrange_entry makes of an entry: its members and what entry_item adds to them, from the
    source."""
    found = set(shipped.schemas["directory_entry"]["properties"])
    for tree in shipped.python("functions/arrange_entry/").values():
        for maker in ast.walk(tree):
            if isinstance(maker, ast.FunctionDef) and maker.name == "entry_item":
                return found | set(outermost_keys(maker))
    return set()


def question_attributes(shipped: Shipped) -> set[str]:
    """The attributes that arrange_question makes of a question, from its source."""
    nodes = [node for tree in shipped.python("functions/arrange_question/").values() for node in ast.walk(tree)]
    makers = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == "item_of"]
    return {key for maker in makers for key in outermost_keys(maker)}


@rules(
    rewritten("functions/compose_report/logic.py", '"timings": json_text(', '"times": json_text('),
    rewritten("functions/compose_report/logic.py", "def report_item(", "def item_of_report("),
    in_template("/conversations", "$!item.optedOut.BOOL", "$!item.silent.BOOL"),
    rewritten("functions/arrange_entry/logic.py", "def entry_item(", "def item_of_entry("),
    in_template("/directory", "$item.version.N", "$item.edition.N"),
    rewritten("functions/arrange_question/logic.py", "def item_of(", "def item_made_of("),
    in_template("/questions", "$item.askedBy.S", "$item.author.S"),
)
def every_attribute_that_is_printed_is_saved(shipped: Shipped) -> Iterator[str]:
    for line in printed(shipped):
        saved = saved_attributes(shipped, line.table)
        for attribute in sorted(set().union(*line.members.values()) - saved):
            yield f"{line.where} prints $item.{attribute}, which nothing saves in {line.table}"


@rules(
    rewritten("functions/compose_report/logic.py", '"day": report', '"date": report'),
    rewritten("functions/arrange_entry/logic.py", '"nameKey": ', '"sorted": '),
    rewritten("functions/arrange_entry/logic.py", '"list": ', '"all": '),
    rewritten("functions/arrange_question/logic.py", '"code": question', '"short": question'),
    changed(*state_of("question", "SaveWording"), "Parameters", "UpdateExpression", to="SET choices = :choices"),
)
def every_item_that_a_function_makes_is_found_by_its_indexes(shipped: Shipped) -> Iterator[str]:
    makers = {
        "ReportsTable": ("report_item in functions/compose_report", composed_attributes(shipped)),
        "DirectoryTable": ("entry_item in functions/arrange_entry", arranged_attributes(shipped)),
        # A question has its message, which a machine writes, only once it is worded.
        "QuestionsTable": (
            "item_of in functions/arrange_question, or a machine,",
            question_attributes(shipped) | written_attributes(shipped, "QuestionsTable"),
        ),
    }
    for name, (maker, saved) in makers.items():
        table = shipped.resources("AWS::DynamoDB::Table")[name]["Properties"]
        for attribute in table["AttributeDefinitions"]:
            if attribute["AttributeName"] not in saved:
                yield f"{name} is searched by {attribute['AttributeName']}, which {maker} does not save"


def index_of(name: str) -> tuple[Any, ...]:
    """The projection of an index of table Questions, for the examples."""
    place_ = {"byAddress": 0, "byList": 1, "byCode": 2, "byMessage": 3}[name]
    return ("template", "Resources", "QuestionsTable", "Properties", "GlobalSecondaryIndexes", place_, "Projection")


@rules(
    changed(*index_of("byList"), to={"ProjectionType": "ALL"}),
    changed(*index_of("byCode"), "NonKeyAttributes", to=["token"]),
    changed(*index_of("byList"), "NonKeyAttributes", to=["status"]),
    changed(*index_of("byMessage"), to={"ProjectionType": "ALL"}),
)
def every_index_of_questions_has_what_is_read_and_no_token(shipped: Shipped) -> Iterator[str]:
    """Who has a token can end a wait; and an index that lacks an attribute answers as if the item did."""
    table = shipped.resources("AWS::DynamoDB::Table")["QuestionsTable"]["Properties"]
    for index in table["GlobalSecondaryIndexes"]:
        held = set(index["Projection"].get("NonKeyAttributes", ["token"]))
        if "token" in held:
            yield f"QuestionsTable, {index['IndexName']}: project (INCLUDE) what its readers need, and never token"
        held |= {*key_attributes(shipped, "QuestionsTable"), *(part["AttributeName"] for part in index["KeySchema"])}
        missing = set(shipped.schemas["question"]["properties"]) - held
        if index["IndexName"] == "byList" and missing:
            yield f"QuestionsTable, byList lacks {', '.join(sorted(missing))}, which GET /questions prints"


@rules(
    in_request("/questions/{questionId}", "get", '"ProjectionExpression"', '"Projection"'),
    in_request("/questions/{questionId}", "get", "reason", "token"),
    in_request("/questions/{questionId}", "get", ", remindedAt", ""),
)
def question_that_is_read_leaves_its_token_in_the_table(shipped: Shipped) -> Iterator[str]:
    """The API has no use for a token, not even to leave it out."""
    template = shipped.api["paths"]["/questions/{questionId}"]["get"][INTEGRATION]["requestTemplates"][MAPPED][
        "Fn::Sub"
    ]
    found = re.search(r'"ProjectionExpression": "([^"]*)"', template)
    read = {name.strip(" #") for name in found[1].split(",")} if found else set[str]()
    if read != set(shipped.schemas["question"]["properties"]):
        yield f"{API}: GET /questions/{{questionId}} reads {sorted(read)}, not what schemas/question.json has"


@rules(
    changed("api", "components", "schemas", "Report", "required", to=["reportId"]),
    changed("api", "components", "schemas", "Problem", "properties", "code", to={"type": "string"}),
    changed("api", "components", "schemas", "TicketRequest", "required", to=["name"]),
)
def every_component_agrees_with_its_schema(shipped: Shipped) -> Iterator[str]:
    for name, component in shipped.api["components"]["schemas"].items():
        path = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        schema = shipped.schemas.get(path)
        if schema is None:
            yield f"{API}: component {name} has no schemas/{path}.json"
        elif (
            set(component.get("required", [])) != set(schema.get("required", []))
            or not component["properties"].keys() <= schema["properties"].keys()
        ):
            yield f"{API}: component {name} requires or knows other members than schemas/{path}.json"


# What bounds a value: a route that promises less or more than the function behind it keeps is wrong either way.
BOUNDS = ("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")


def bounds(schema: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """What bounds a schema's values, by their places."""
    yield from ((f"{path} {bound}".strip(), schema[bound]) for bound in BOUNDS if bound in schema)
    for name, part in schema.get("properties", {}).items():
        yield from bounds(part, f"{path}/{name}")
    if "items" in schema:
        yield from bounds(schema["items"], f"{path}/*")


@rules(
    changed("api", "components", "schemas", "DirectoryEntryRequest", "properties", "name", "maxLength", to=81),
    changed("api", "components", "schemas", "DirectoryEntryRequest", "properties", "keywords", "maxItems", to=30),
    changed("schemas", "directory_entry_request", "properties", "text", "maxLength", to=300),
)
def every_bound_of_a_component_is_its_schemas(shipped: Shipped) -> Iterator[str]:
    for name, component in shipped.api["components"]["schemas"].items():
        path = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        schema = shipped.schemas.get(path, {})
        parts = {key: resolved(shipped, part, schema) for key, part in schema.get("properties", {}).items()}
        kept = dict(bounds({**schema, "properties": parts}))
        for place_, bound in bounds(component):
            if kept.get(place_) != bound:
                yield f"{API}: component {name} says {place_} {bound}, schemas/{path}.json {kept.get(place_)}"


# What a body must be, without what OpenAPI 3.0 has no words for (if, then, else) and what only people read.
DEMANDS = (*BOUNDS, "type", "pattern", "enum", "additionalProperties")


def demands(shipped: Shipped, schema: Json, base: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """What a body must be, by places in it, references followed; base is the document that the schema stands in."""
    found = resolved(shipped, schema, base)
    yield from ((f"{path} {demand}".strip(), found[demand]) for demand in DEMANDS if demand in found)
    if found.get("required"):
        yield f"{path} required".strip(), sorted(found["required"])
    for name, part in found.get("properties", {}).items():
        yield from demands(shipped, part, base, f"{path}/{name}")
    if "items" in found:
        yield from demands(shipped, found["items"], base, f"{path}/*")


def request(*path: Any, to: Json = None) -> Break:
    """A model of a request, changed, or without something."""
    whole = ("api", "components", "schemas", *path)
    return without(*whole) if to is None else changed(*whole, to=to)


@rules(
    request("SubscriptionRequest", "properties", "address", "pattern", to="@"),
    request("SubscriptionRequest", "properties", "kind", "enum", to=["email", "sms", "pigeon"]),
    request("SubscriptionRequest", "properties", "name"),
    request("SubscriptionRequest", "required"),
    request("SubscriptionRequest", "additionalProperties"),
    request("QuestionRequest", "properties", "choices", "items", "properties", "text", "minLength"),
    request("QuestionRequest", "properties", "choices", "items", "required", to=["value"]),
    request("DirectoryEntryRequest", "properties", "keywords", "items", "pattern"),
    request("TicketRequest", "properties", "room", "pattern", to="^[a-z0-9][a-z0-9-]{0,31}$"),
    changed("schemas", "upload_request", "properties", "contentType", "enum", to=["image/png"]),
)
def every_request_demands_what_its_schema_does(shipped: Shipped) -> Iterator[str]:
    """API Gateway refuses by the model what the function behind it would have to refuse by the schema."""
    for name, component in shipped.api["components"]["schemas"].items():
        path = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        if name.endswith("Request") and path in shipped.schemas:
            said = dict(demands(shipped, component, shipped.api))
            kept = dict(demands(shipped, shipped.schemas[path], shipped.schemas[path]))
            for each in sorted(said.keys() | kept.keys()):
                if said.get(each) != kept.get(each):
                    yield f"{API}: component {name} says {each} {said.get(each)}, schemas/{path}.json {kept.get(each)}"


# --- what stands behind


def behind(shipped: Shipped, operation: Operation) -> set[str]:
    """The resources that an integration uses."""
    return {grant.resource.split("/")[0] for grant in needed_by_integration(shipped, operation.wired)}


def queries(text: str) -> Iterator[tuple[str, str]]:
    """The indexes that a request template asks, each with the template as it is then: $partition is the attribute that
    the branch with the index sets it to. A branch that sets none asks nothing."""
    for part in parts(text):
        index = re.search(r'"IndexName": "(\w+)"', part)
        partition = re.search(r'#set\(\$partition = "(\w+)"\)', part)
        if index and (partition or "$partition" not in text):
            yield index[1], text.replace("$partition", partition[1] if partition else "")


@rules(
    in_request("/directory", "get", '"list": {"S": "directory"}, "nameKey"', '"nameKey"'),
    in_request("/directory", "get", '"entryId": {"S": "$entryId"}', '"id": {"S": "$entryId"}'),
    in_request("/directory", "get", '{"#list": "list"}', '{"#list": "name"}'),
    in_request("/reports", "get", '"ExclusiveStartKey": {', '"ExclusiveStartKey": {"status": {"S": ""}, '),
    in_request("/reports", "get", '#set($partition = "day")', '#set($partition = "date")'),
)
def every_query_asks_and_goes_on_by_the_keys_of_its_index(shipped: Shipped) -> Iterator[str]:
    tables = shipped.resources("AWS::DynamoDB::Table")
    for operation in operations(shipped):
        whole = "\n".join(strings(operation.wired.get("requestTemplates", {})))
        for table, (index, text) in product(sorted(behind(shipped, operation) & tables.keys()), queries(whole)):
            indexes = {item["IndexName"]: item for item in tables[table]["Properties"]["GlobalSecondaryIndexes"]}
            asked = [part["AttributeName"] for part in indexes[index]["KeySchema"]]
            names = dict(re.findall(r'"(#\w+)": "(\w+)"', text))
            condition = re.search(r'"KeyConditionExpression": "(#?\w+) = ', text)
            if not condition or names.get(condition[1], condition[1]) != asked[0]:
                yield f"{operation.where} asks {table} by {condition and condition[1]}, not by {asked[0]}"
            for line in re.findall(r'"ExclusiveStartKey": (\{.*\})', text):
                if (given := members_of(line).keys()) != {*asked, *key_attributes(shipped, table)}:
                    yield f"{operation.where} goes on in {table} after {sorted(given)}: all keys of index and table"


def rename_index(shipped: Shipped) -> None:
    shipped.template["Resources"]["ReportsTable"]["Properties"]["GlobalSecondaryIndexes"][0]["IndexName"] = "byPerson"


@rules(rename_index)
def every_index_that_is_queried_exists(shipped: Shipped) -> Iterator[str]:
    for operation in operations(shipped):
        wanted = set(
            re.findall(r'"IndexName": "(\w+)"', "\n".join(strings(operation.wired.get("requestTemplates", {}))))
        )
        for table in behind(shipped, operation):
            for index in sorted(wanted - (index_names(shipped, table) if wanted else set())):
                yield f"{operation.where} queries {table} by {index}, which {TEMPLATE} does not give it"


@rules(
    changed(*WEBHOOK, INTEGRATION, "timeoutInMillis", to=13_000),
    changed(*WEBHOOK, INTEGRATION, "timeoutInMillis", to=30_000),
    changed(*TICKETS, INTEGRATION, "timeoutInMillis", to=6_000),
    changed(*ASK, INTEGRATION, "uri", to={"Fn::Sub": "arn:x:states:action/StartSyncExecution"}),
)
def every_integration_waits_for_its_machine(shipped: Shipped) -> Iterator[str]:
    machines = shipped.resources("AWS::Serverless::StateMachine")
    functions = shipped.resources("AWS::Serverless::Function")
    usual = shipped.template["Globals"]["Function"]["Timeout"]
    for operation in operations(shipped):
        if as_sub(operation.wired["uri"]).endswith(":states:action/StartExecution"):
            continue  # it is answered when the execution has begun
        waits = operation.wired.get("timeoutInMillis", REST_MILLISECONDS)
        for name in sorted(behind(shipped, operation) & (machines.keys() | functions.keys())):
            if name in machines:
                needs = shipped.machines[machine_of(machines[name]["Properties"])]["TimeoutSeconds"] * 1000
            else:
                needs = functions[name]["Properties"].get("Timeout", usual) * 1000
            if not needs < waits <= REST_MILLISECONDS:
                yield (
                    f"{operation.where} waits {waits} ms for {name}, which may take {needs}: choose more, up to "
                    f"{REST_MILLISECONDS}"
                )


def handed_to_machine(operation: Operation) -> set[str]:
    """The members of the input that a route starts its machine with."""
    text = "\n".join(strings(operation.wired.get("requestTemplates", {})))
    return set(re.findall(r'\\"(\w+)\\": ', text)) if '"stateMachineArn"' in text else set()


def asked_for(operation: Operation) -> str:
    """The operation that a route asks its machine for, where it says so; else empty."""
    text = "\n".join(strings(operation.wired.get("requestTemplates", {})))
    found = re.search(r'\\"operation\\": \\"(\w+)\\"', text)
    return found[1] if found else ""


def entered(shipped: Shipped, machine: str, asked: str) -> set[str]:
    """The states that an execution may enter, of those that do what is asked for."""
    level = shipped.machines[machine]
    return set(known_at(level, frozenset({asked}), "$.operation")) if asked else reached(level, level["StartAt"])


def read_from_input(shipped: Shipped, machine: str, asked: str) -> set[str]:
    """The members of its input that a machine reads: what it reads and does not make by itself."""
    read: set[str] = set()
    made: set[str] = set()
    for name in entered(shipped, machine, asked):
        definition = shipped.machines[machine]["States"][name]
        own = [part for key, part in definition.items() if key not in ("Comment", "ResultPath", "ResultSelector")]
        own = [part for part in own if not (isinstance(part, dict) and "States" in part)]
        read |= {found for text in strings(own) for found in re.findall(r"(?<!\$)\$\.(\w+)", text)}
        made |= set(re.findall(r"^\$\.(\w+)", definition.get("ResultPath") or ""))
        made |= {re.sub(r"\W", "", key) for key in definition.get("ResultSelector", {})}
        made |= {clause.get("ResultPath", "$.").removeprefix("$.") for clause in definition.get("Catch", [])}
    return read - made


@rules(
    in_request("/directory", "post", '\\"operation\\": ', '\\"action\\": '),
    in_request("/directory/{entryId}", "delete", '\\"ifMatch\\": \\"$version\\", ', ""),
    in_request("/questions/{questionId}", "delete", '\\"questionId\\": ', '\\"id\\": '),
    changed(*state_of("directory", "ArrangeEntry"), "Parameters", "Payload", "body.$", to="$.text"),
)
def every_machine_gets_from_its_route_what_it_reads(shipped: Shipped) -> Iterator[str]:
    machines = shipped.resources("AWS::Serverless::StateMachine")
    for operation in operations(shipped):
        for name in sorted(behind(shipped, operation) & machines.keys()):
            machine, given = machine_of(machines[name]["Properties"]), handed_to_machine(operation)
            for member in sorted(read_from_input(shipped, machine, asked_for(operation)) - given):
                yield f"{operation.where}: {machine} reads $.{member}, the route hands over {sorted(given)}"


def other_partition(shipped: Shipped) -> None:
    wired = shipped.api["paths"]["/reports"]["get"][INTEGRATION]
    wired["uri"] = {"Fn::Sub": "arn:aws:apigateway:us-east-1:dynamodb:action/Query"}


@rules(other_partition)
def every_integration_works_in_any_region(shipped: Shipped) -> Iterator[str]:
    for operation in operations(shipped):
        if not as_sub(operation.wired["uri"]).startswith("arn:${AWS::Partition}:apigateway:${AWS::Region}:"):
            yield f"{operation.where}: begin its uri with arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:"
        if target(operation.wired["credentials"]) not in shipped.resources("AWS::IAM::Role"):
            yield f"{operation.where}: its credentials are no role of {TEMPLATE}"


@rules.each
def test_api_keeps_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_api_rule_complains_about_broken_api(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
