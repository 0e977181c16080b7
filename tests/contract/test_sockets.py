"""Rules of the WebSocket API: every route has its integration, its answers are frames, and nobody comes in unasked.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from arrange_broadcast.logic import arrange
from tests.contract.definitions import validator
from tests.contract.permissions import imported_modules, needed_by_integration
from tests.contract.rulebook import Break, Rule, Rulebook, changed, rewritten, state_of, without
from tests.contract.shipped import TEMPLATE, Json, Shipped, as_sub, load, machine_of, parse, strings, target
from tests.contract.tables import key_attributes
from tests.contract.test_functions import code_words

rules = Rulebook()

PREFIX = "AWS::ApiGatewayV2::"
# Routes that API Gateway calls by itself, and the one for frames that name none of ours.
OWN, UNNAMED = {"$connect", "$disconnect"}, "$default"
# Selects the entry "$default"; unescaped it would be a variable.
DEFAULT = r"\$default"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
SOCKET_MILLISECONDS = 29_000


def resource(name: str, *path: object) -> tuple[object, ...]:
    """A place in a resource's properties, for the examples."""
    return ("template", "Resources", name, "Properties", *path)


def routes(shipped: Shipped) -> dict[str, Json]:
    """The routes' properties by their logical ids."""
    return {name: item["Properties"] for name, item in shipped.resources(f"{PREFIX}Route").items()}


def integrated(route: Json) -> str:
    """The logical id of a route's integration; whatever else its target is, where it is none."""
    text = as_sub(route.get("Target", ""))
    found = re.fullmatch(r"integrations/\$\{(\w+)\}", text)
    return found[1] if found else text


def integrations(shipped: Shipped) -> dict[str, Json]:
    """The integrations' properties by their logical ids."""
    return {name: item["Properties"] for name, item in shipped.resources(f"{PREFIX}Integration").items()}


def responses(shipped: Shipped, integration: str) -> list[Json]:
    """The properties of an integration's responses."""
    found = [item["Properties"] for item in shipped.resources(f"{PREFIX}IntegrationResponse").values()]
    return [properties for properties in found if target(properties["IntegrationId"]) == integration]


@rules(
    changed(*resource("DeskApi", "ProtocolType"), to="HTTP"),
    changed(*resource("DeskApi", "RouteSelectionExpression"), to="$request.body.type"),
    changed(*resource("PingRoute", "ApiId"), to={"Ref": "Api"}),
    without("template", "Resources", "DeskApiStage"),
)
def every_part_belongs_to_one_socket_that_chooses_by_action(shipped: Shipped) -> Iterator[str]:
    apis = shipped.resources(f"{PREFIX}Api")
    for name, item in apis.items():
        properties = item["Properties"]
        if properties["ProtocolType"] != "WEBSOCKET":
            yield f"{name}: ProtocolType: WEBSOCKET"
        if properties.get("RouteSelectionExpression") != "$request.body.action":
            yield f"{name}: frames name their action: RouteSelectionExpression: $request.body.action"
        stages = [stage["Properties"] for stage in shipped.resources(f"{PREFIX}Stage").values()]
        if not any(target(stage["ApiId"]) == name and stage.get("AutoDeploy") is True for stage in stages):
            yield f"{name}: a stage with AutoDeploy, or nothing of it is ever deployed"
    for name, item in shipped.template["Resources"].items():
        ours = item["Type"].startswith(PREFIX) and "ApiId" in item["Properties"]
        if ours and target(item["Properties"]["ApiId"]) not in apis:
            yield f"{name}: its ApiId is none of {', '.join(apis)}"


@rules(
    changed(*resource("PingRoute", "Target"), to={"Fn::Sub": "integrations/${GetMessagesRoute}"}),
    without(*resource("DefaultRoute", "Target")),
    changed("template", "Resources", "SpareIntegration", to={"Type": f"{PREFIX}Integration", "Properties": {}}),
)
def every_route_has_its_integration(shipped: Shipped) -> Iterator[str]:
    wired = {name: integrated(route) for name, route in routes(shipped).items()}
    for name, integration in wired.items():
        if integration not in integrations(shipped):
            yield f"{name}: its Target is {integration or 'missing'}: write integrations/${{…Integration}}"
    for name in sorted(integrations(shipped).keys() - wired.values()):
        yield f"{name} is no route's integration: drop it"


@rules(
    without(*resource("DeskIntegration", "RequestTemplates")),
    changed(*resource("DeskIntegration", "TemplateSelectionExpression"), to="$default"),
    changed(*resource("ConnectIntegration", "PassthroughBehavior"), to="WHEN_NO_MATCH"),
    without(*resource("DisconnectIntegration", "CredentialsArn")),
    changed(*resource("DeskIntegration", "IntegrationType"), to="AWS_PROXY"),
    changed(
        *resource("DeskIntegration", "IntegrationUri"), to="arn:aws:apigateway:us-east-1:states:action/StartExecution"
    ),
)
def every_integration_has_a_template_that_is_chosen(shipped: Shipped) -> Iterator[str]:
    for name, properties in integrations(shipped).items():
        if properties.get("TemplateSelectionExpression") != DEFAULT or "$default" not in properties.get(
            "RequestTemplates", {}
        ):
            yield f"{name}: give it RequestTemplates with $default, chosen by TemplateSelectionExpression: {DEFAULT}"
        if properties.get("IntegrationType") not in ("AWS", "MOCK"):
            yield f"{name}: frames go through our templates: IntegrationType AWS (or MOCK)"
        if properties.get("IntegrationType") != "AWS":
            continue
        if properties.get("PassthroughBehavior") != "NEVER":
            yield f"{name}: a frame that no template takes must not pass as it is: PassthroughBehavior: NEVER"
        if target(properties.get("CredentialsArn", "")) not in shipped.resources("AWS::IAM::Role"):
            yield f"{name}: its CredentialsArn is no role of {TEMPLATE}"
        if not as_sub(properties["IntegrationUri"]).startswith("arn:${AWS::Partition}:apigateway:${AWS::Region}:"):
            yield f"{name}: begin its IntegrationUri with arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:"


@rules(
    without(*resource("SendMessageRoute", "RouteResponseSelectionExpression")),
    without("template", "Resources", "PingRouteResponse"),
    changed(*resource("GetMessagesRouteResponse", "RouteId"), to={"Ref": "PingRoute"}),
    without("template", "Resources", "DefaultIntegrationResponse"),
    without(*resource("DeskIntegrationResponse", "ResponseTemplates")),
    changed(*resource("PingIntegrationResponse", "IntegrationResponseKey"), to=r"/5\d\d/"),
)
def every_route_whose_client_waits_gets_an_answer(shipped: Shipped) -> Iterator[str]:
    answered = [
        target(item["Properties"]["RouteId"])
        for item in shipped.resources(f"{PREFIX}RouteResponse").values()
        if item["Properties"]["RouteResponseKey"] == "$default"
    ]
    for name, route in routes(shipped).items():
        if route["RouteKey"] in OWN:
            continue
        if route.get("RouteResponseSelectionExpression") != "$default" or answered.count(name) != 1:
            yield f"{name}: without RouteResponseSelectionExpression $default and one RouteResponse nobody is answered"
        default = [
            response
            for response in responses(shipped, integrated(route))
            if response["IntegrationResponseKey"] == "$default"
        ]
        chosen = [
            "$default" in response.get("ResponseTemplates", {})
            and response.get("TemplateSelectionExpression") == DEFAULT
            for response in default
        ]
        if chosen != [True]:
            yield f"{name}: its integration needs one IntegrationResponse for $default, with a template that is chosen"


@rules(
    changed(*resource("ConnectIntegrationResponse", "IntegrationResponseKey"), to="$default"),
    without("template", "Resources", "ConnectIntegrationResponse"),
)
def no_connection_opens_that_was_not_written_down(shipped: Shipped) -> Iterator[str]:
    for name, route in routes(shipped).items():
        if route["RouteKey"] == "$connect":
            keys = [response["IntegrationResponseKey"] for response in responses(shipped, integrated(route))]
            if keys != [r"/2\d\d/"]:
                yield f"{name}: let its one IntegrationResponse be for /2\\d\\d/, so that a failure ends the handshake"


# --- who comes in


@rules(
    changed(*resource("ConnectRoute", "AuthorizationType"), to="NONE"),
    without(*resource("ConnectRoute", "AuthorizerId")),
    without(*resource("DeskAuthorizer", "IdentitySource")),
    changed(*resource("DeskAuthorizer", "IdentitySource"), to=["route.request.header.Cookie"]),
    changed(*resource("DeskAuthorizer", "AuthorizerType"), to="JWT"),
    without("template", "Resources", "ConnectRoute"),
)
def every_connection_is_authorized_by_a_ticket(shipped: Shipped) -> Iterator[str]:
    authorizers = {name: item["Properties"] for name, item in shipped.resources(f"{PREFIX}Authorizer").items()}
    doors = [route for route in routes(shipped).values() if route["RouteKey"] == "$connect"]
    if len(doors) != len(shipped.resources(f"{PREFIX}Api")):
        yield f"{TEMPLATE}: without a route $connect everybody is let in"
    for route in doors:
        authorizer = authorizers.get(target(route.get("AuthorizerId", "")))
        if route.get("AuthorizationType") != "CUSTOM" or authorizer is None:
            yield "$connect lets everybody in: AuthorizationType CUSTOM, with our authorizer"
        elif authorizer["AuthorizerType"] != "REQUEST" or authorizer.get("IdentitySource") != [
            "route.request.querystring.ticket"
        ]:
            yield "The authorizer reads the ticket from the address: REQUEST, route.request.querystring.ticket"


def function_of(properties: Json) -> str:
    """The logical id of an authorizer's function."""
    found = re.fullmatch(
        r"arn:.*:lambda:path/2015-03-31/functions/\$\{(\w+)\.Arn\}/invocations", as_sub(properties["AuthorizerUri"])
    )
    return found[1] if found else ""


@rules(
    without("template", "Resources", "DeskAuthorizerPermission"),
    without(*resource("DeskAuthorizerPermission", "SourceArn")),
    changed(*resource("DeskAuthorizerPermission", "Principal"), to="*"),
    changed(*resource("DeskAuthorizerPermission", "FunctionName"), to={"Ref": "IssueTicketFunction"}),
    changed(
        *resource("DeskAuthorizerPermission", "SourceArn"),
        to={"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${DeskApi}/*"},
    ),
)
def every_authorizer_alone_may_invoke_its_function(shipped: Shipped) -> Iterator[str]:
    wanted = set()
    for name, item in shipped.resources(f"{PREFIX}Authorizer").items():
        api = target(item["Properties"]["ApiId"])
        account = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
        source = f"{account}:${{{api}}}/authorizers/${{{name}}}"
        wanted.add((function_of(item["Properties"]), "lambda:InvokeFunction", "apigateway.amazonaws.com", source))
    given = {
        (
            target(item["Properties"]["FunctionName"]),
            item["Properties"]["Action"],
            item["Properties"]["Principal"],
            as_sub(item["Properties"].get("SourceArn", "")),
        )
        for item in shipped.resources("AWS::Lambda::Permission").values()
    }
    for permission in sorted(wanted ^ given):
        yield f"AWS::Lambda::Permission {'missing' if permission in wanted else 'too much'}: {', '.join(permission)}"


AUTHORIZER = "functions/authorize_connection/logic.py"


@rules(
    changed(
        *resource("ConnectIntegration", "RequestTemplates", "$default"),
        to={"Fn::Sub": '{"TableName": "${ConnectionsTable}", "Item": {}}'},
    ),
    rewritten(AUTHORIZER, '"connectedAt": ', '"since": '),
    rewritten(AUTHORIZER, '"room")', '"house")'),
)
def every_connection_is_kept_as_its_authorizer_says(shipped: Shipped) -> Iterator[str]:
    words = {word for _, word in code_words(parse(shipped.texts.get(AUTHORIZER, "")))}
    for name, route in routes(shipped).items():
        if route["RouteKey"] != "$connect":
            continue
        properties = integrations(shipped)[integrated(route)]
        text = " ".join(strings(properties["RequestTemplates"]))
        for member in sorted(set(re.findall(r"\$context\.authorizer\.(\w+)", text)) - words):
            yield f"{name} uses $context.authorizer.{member}, which functions/authorize_connection does not give"
        given = set(re.findall(r'"(\w+)": \{"[SN]":', text))
        for grant in needed_by_integration(
            shipped, {"uri": properties["IntegrationUri"], "requestTemplates": properties["RequestTemplates"]}
        ):
            table = shipped.resources("AWS::DynamoDB::Table")[grant.resource]["Properties"]
            needed = {item["AttributeName"] for item in table["AttributeDefinitions"]}
            needed |= {*key_attributes(shipped, grant.resource), table["TimeToLiveSpecification"]["AttributeName"]}
            for attribute in sorted(needed - given):
                yield f"{name} does not write {attribute}, which {grant.resource} is read or emptied by"


# --- frames


def asked_by(shipped: Shipped) -> dict[str, str]:
    """The actions of the frames that clients send: action and schema."""
    return {
        schema["properties"]["action"]["const"]: path
        for path, schema in shipped.schemas.items()
        if path.startswith("frames/") and "action" in schema["properties"]
    }


def frame_types(shipped: Shipped) -> dict[str, str]:
    """The types of the frames that clients get: type and schema."""
    return {
        schema["properties"]["type"]["const"]: path
        for path, schema in shipped.schemas.items()
        if path.startswith("frames/") and "type" in schema["properties"]
    }


@rules(
    changed(*resource("PingRoute", "RouteKey"), to="pong"),
    without("schemas", "frames/ping"),
    changed("schemas", "frames/ping", "properties", "action", "const", to="hello"),
)
def every_route_is_a_frame_with_a_schema(shipped: Shipped) -> Iterator[str]:
    keys = {route["RouteKey"] for route in routes(shipped).values()} - OWN - {UNNAMED}
    for action in sorted(keys ^ asked_by(shipped).keys()):
        yield f"{action} should be both a route of {TEMPLATE} and the action of a schema in schemas/frames"
    for action, path in asked_by(shipped).items():
        if "action" not in shipped.schemas[path]["required"]:
            yield f"schemas/{path}.json: {action} is chosen by its action, so require it"


def strange_frame(shipped: Shipped) -> None:
    shipped.schemas["frames/spare"] = {"type": "object", "properties": {"neither": {"type": "string"}}}


@rules(strange_frame, without("schemas", "frames/pong", "properties", "type", "const"))
def every_frame_has_an_action_or_a_type(shipped: Shipped) -> Iterator[str]:
    for path, schema in shipped.schemas.items():
        named = (
            [schema["properties"].get(name, {}).get("const") for name in ("action", "type")]
            if path.startswith("frames/")
            else ["no frame"]
        )
        if not any(named):
            yield f"schemas/{path}.json: a frame has an action (from a console) or a type (to one), which is a const"


def constant_frames(shipped: Shipped) -> Iterator[tuple[str, str]]:
    """The frames that stand in the templates of responses, each as text."""
    for name, item in shipped.resources(f"{PREFIX}IntegrationResponse").items():
        for template in item["Properties"].get("ResponseTemplates", {}).values():
            yield from ((name, text) for text in re.findall(r"\{(?=\"|\s).*?\}", as_sub(template), re.DOTALL))


def flaw(shipped: Shipped, text: str) -> str:
    """What is wrong with a frame, if anything."""
    try:
        frame = json.loads(text)
    except ValueError as error:
        return f"is no JSON ({error})"
    path = frame_types(shipped).get(frame.get("type"))
    if path is None:
        return f"is of no type in schemas/frames ({frame.get('type')})"
    errors = [error.message for error in validator(shipped, shipped.schemas[path]).iter_errors(frame)]
    return f"does not fit schemas/{path}.json ({errors[0]})" if errors else ""


@rules(
    changed(*resource("PingIntegrationResponse", "ResponseTemplates", "$default"), to='{"type": "gnop"}'),
    changed(*resource("PingIntegrationResponse", "ResponseTemplates", "$default"), to='{"type": "pong", "at": 1}'),
    changed(
        *resource("DefaultIntegrationResponse", "ResponseTemplates", "$default"),
        to='{"type": "error", "code": "what", "detail": "x"}',
    ),
    changed(*resource("DefaultIntegrationResponse", "ResponseTemplates", "$default"), to='{"type": "error",}'),
    changed("schemas", "frames/error", "required", to=["type", "code", "detail", "ref"]),
)
def every_frame_in_a_template_fits_its_schema(shipped: Shipped) -> Iterator[str]:
    for name, text in constant_frames(shipped):
        if wrong := flaw(shipped, text):
            yield f"{name}: the frame {wrong}: {text[:100]}"


@rules(
    changed(
        *resource("DefaultIntegrationResponse", "ResponseTemplates", "$default"),
        to='{"type": "error", "code": "unknown-action", "detail": "Write ping."}',
    )
)
def every_action_is_named_to_whoever_asks_for_another(shipped: Shipped) -> Iterator[str]:
    for route in routes(shipped).values():
        if route["RouteKey"] == UNNAMED:
            told = " ".join(
                as_sub(template)
                for response in responses(shipped, integrated(route))
                for template in response.get("ResponseTemplates", {}).values()
            )
            for action in sorted(set(asked_by(shipped)) - set(re.findall(r"\w+", told))):
                yield f"$default does not tell of {action}: name every action there"


# What makes frames: machines by their Parameters, functions by their code, templates.
MAKERS = ("read_frame", "compose_message", "arrange_messages", "arrange_broadcast")


def made_types(shipped: Shipped) -> set[str]:
    """The words that stand as a frame's type in a machine or a template, or as any text in a function that makes
    frames."""
    states = [
        *(shipped.machines[name] for name in ("desk", "broadcast")),
        shipped.resources(f"{PREFIX}IntegrationResponse"),
    ]
    made = set(re.findall(r'"type\\*": \\*"([\w-]+)\\*"', json.dumps(states)))
    for package in MAKERS:
        for module in imported_modules(shipped, f"functions/{package}/handler.py"):
            made |= {word for _, word in code_words(parse(shipped.texts[module]))}
    return made


@rules(
    changed(*state_of("desk", "Details"), "Parameters", "type", to="particulars"),
    changed(*resource("PingIntegrationResponse", "ResponseTemplates", "$default"), to='{"type": "gnop"}'),
)
def every_frame_to_a_console_is_made_by_something(shipped: Shipped) -> Iterator[str]:
    for kind in sorted(frame_types(shipped).keys() - made_types(shipped)):
        yield f"schemas/{frame_types(shipped)[kind]}.json describes frames of type {kind}, which nothing makes"


@rules(
    changed("schemas", "frames/error", "properties", "code", "enum", to=["unavailable", "broken"]),
    rewritten("functions/read_frame/history.py", '"too-old"', '"stale"'),
    changed(*state_of("desk", "OptedOut"), "Parameters", "code", to="silent"),
)
def every_code_of_an_error_is_made_by_something(shipped: Shipped) -> Iterator[str]:
    known = set(shipped.schemas["frames/error"]["properties"]["code"]["enum"])
    states = [shipped.machines["desk"], shipped.resources(f"{PREFIX}IntegrationResponse")]
    written = set(re.findall(r'"code\\*": \\*"([\w-]+)\\*"', json.dumps(states)))
    for code in sorted(written - known):
        yield f"desk or a template answers with the code {code}, which schemas/frames/error.json does not have"
    for code in sorted(known - written - made_types(shipped)):
        yield f"schemas/frames/error.json: nothing answers with the code {code}"


@rules(
    changed(*state_of("desk", "Details"), "Parameters", "colour", to="red"),
    without(*state_of("desk", "Details"), "Parameters", "roomConversationId.$"),
    changed(*state_of("desk", "Accepted"), "Parameters", "type", to="taken"),
)
def every_frame_written_in_a_machine_fits_its_schema(shipped: Shipped) -> Iterator[str]:
    for name, definition in shipped.machines["desk"]["States"].items():
        frame = definition.get("Parameters", {})
        if definition["Type"] != "Pass" or "type" not in frame:
            continue
        path = frame_types(shipped).get(frame["type"])
        if path is None:
            yield f"desk/{name} makes a frame of type {frame['type']}, which schemas/frames does not have"
            continue
        schema, given = shipped.schemas[path], {key.removesuffix(".$") for key in frame}
        for member in sorted((set(schema["required"]) - given) | (given - schema["properties"].keys())):
            yield f"desk/{name}: {member} is {'unknown to' if member in given else 'required by'} schemas/{path}.json"
        for key, value in frame.items():
            if key in schema["properties"] and not validator(shipped, schema["properties"][key]).is_valid(value):
                yield f"desk/{name}: {key} may not be {value!r}"


# --- the machine behind, and the lane to the consoles


@rules(
    changed("machines", "desk", "TimeoutSeconds", to=29),
    changed(*resource("DeskIntegration", "TimeoutInMillis"), to=20_000),
    changed(*resource("DeskIntegration", "TimeoutInMillis"), to=30_000),
)
def every_integration_waits_for_its_machine(shipped: Shipped) -> Iterator[str]:
    machines = shipped.resources("AWS::Serverless::StateMachine")
    for name, properties in integrations(shipped).items():
        for machine in machines_behind(shipped, properties):
            needs = shipped.machines[machine_of(machines[machine]["Properties"])]["TimeoutSeconds"] * 1000
            waits = properties.get("TimeoutInMillis", SOCKET_MILLISECONDS)
            if not needs < waits <= SOCKET_MILLISECONDS:
                yield f"{name} waits {waits} ms, {machine} may take {needs}: choose more, up to {SOCKET_MILLISECONDS}"


def machines_behind(shipped: Shipped, properties: Json) -> set[str]:
    """The machines that an integration starts."""
    if properties.get("IntegrationType") != "AWS":
        return set()
    wired = {"uri": properties["IntegrationUri"], "requestTemplates": properties.get("RequestTemplates", {})}
    return {grant.resource for grant in needed_by_integration(shipped, wired)} & shipped.resources(
        "AWS::Serverless::StateMachine"
    ).keys()


def read_in(document: Json) -> set[str]:
    """The members of its input that a machine or a state reads."""
    return {match for text in strings(document) for match in re.findall(r"(?<!\$)\$\.(\w+)", text)}


@rules(
    changed(*state_of("desk", "FindConnection"), "Parameters", "Key", to={"connectionId": {"S.$": "$.connection"}}),
    without(*state_of("desk", "ReadFrame"), "Parameters", "Payload", "requestId.$"),
)
def every_machine_reads_what_its_route_hands_over(shipped: Shipped) -> Iterator[str]:
    machines = shipped.resources("AWS::Serverless::StateMachine")
    for name, properties in integrations(shipped).items():
        for machine in machines_behind(shipped, properties):
            called = machine_of(machines[machine]["Properties"])
            handed = set(re.findall(r'\\"(\w+)\\": ', as_sub(properties["RequestTemplates"]["$default"])))
            definition = shipped.machines[called]
            first = {key: value for key, value in definition["States"][definition["StartAt"]].items() if key != "Catch"}
            del first["ResultPath"]
            for key in sorted(read_in(first) - handed):
                yield f"{called}/{definition['StartAt']} reads $.{key}, but {name} hands over {sorted(handed)}"
            for key in sorted(handed - read_in(definition)):
                yield f"{name} hands over {key}, which {called} never reads"


def detail_types(shipped: Shipped) -> list[str]:
    """The events that are sent to the consoles."""
    types: list[str] = shipped.resources("AWS::Events::Rule")["ConsolesRule"]["Properties"]["EventPattern"][
        "detail-type"
    ]
    return types


@rules(
    changed(*resource("ConsolesRule", "EventPattern", "detail-type"), to=["ReportCreated", "ImageRecognised"]),
    rewritten("functions/arrange_broadcast/logic.py", '"MessageDelivered"', '"MessageArrived"'),
    rewritten("functions/arrange_broadcast/logic.py", '"ContactOptedIn"', '"ImageRecognised"'),
)
def every_event_for_the_consoles_is_known_to_arrange_broadcast(shipped: Shipped) -> Iterator[str]:
    words = {
        word for path, tree in shipped.python("functions/arrange_broadcast/").items() for _, word in code_words(tree)
    }
    titles = {schema["title"] for path, schema in shipped.schemas.items() if path.startswith("events/")}
    for kind in sorted(set(detail_types(shipped)) ^ (words & titles)):
        yield f"{kind} should be both in ConsolesRule and handled by functions/arrange_broadcast"


CONNECTION = {"connectionId": {"S": "c1"}, "language": {"S": "en"}}


@pytest.mark.parametrize("kind", [kind for kind in detail_types(load()) if kind != "ReportCreated"])
def test_arrange_broadcast_every_example_of_an_event_becomes_a_valid_frame(kind: str) -> None:
    shipped = load()
    schema = next(schema for schema in shipped.schemas.values() if schema.get("title") == kind)
    for detail in schema["examples"]:
        made = arrange({"type": kind, "detail": detail, "report": {}, "connections": [CONNECTION]})
        assert [group["connectionIds"] for group in made["groups"]] == [["c1"]]
        assert flaw(shipped, json.dumps(made["groups"][0]["frame"])) == ""


@rules.each
def test_sockets_keep_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_socket_rule_complains_about_broken_socket(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
