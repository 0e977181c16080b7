"""Rules of infra/template.yaml as a whole: what it points at, its parameters, its outputs, its deployment."""

from __future__ import annotations

import ast
import posixpath
import re
import tomllib
from collections.abc import Iterator

import yaml

from tests.contract.permissions import imported_modules
from tests.contract.rulebook import Break, Rule, Rulebook, changed, rewritten, without
from tests.contract.shipped import (
    API,
    TEMPLATE,
    Json,
    Shipped,
    as_sub,
    intrinsics,
    machine_of,
    redriven,
    referred,
    strings,
    substituted,
)

rules = Rulebook()

FUNCTION, MACHINE = "AWS::Serverless::Function", "AWS::Serverless::StateMachine"
AUTHORIZER, SOCKET_INTEGRATION = "AWS::ApiGatewayV2::Authorizer", "AWS::ApiGatewayV2::Integration"
PIPE, RULE, ROLE = "AWS::Pipes::Pipe", "AWS::Events::Rule", "AWS::IAM::Role"


def resource(name: str, *path: object) -> tuple[object, ...]:
    """A place in a resource's properties, for the examples."""
    return ("template", "Resources", name, "Properties", *path)


# --- what the template points at


def locations(shipped: Shipped) -> Iterator[str]:
    """The files that the template needs, from the repository's root. What is built stands for its source."""
    for kind, field in (
        (MACHINE, "DefinitionUri"),
        (FUNCTION, "CodeUri"),
        ("AWS::Serverless::LayerVersion", "ContentUri"),
    ):
        for item in shipped.resources(kind).values():
            yield posixpath.normpath(f"infra/{item['Properties'][field]}")
    for include in intrinsics(shipped.template, "Fn::Transform"):
        yield posixpath.normpath(f"infra/{include['Parameters']['Location']}")


def source_of(location: str) -> str:
    """A file that must be in the repository for a location to exist once everything is built."""
    if location == "build/layer":
        return "functions/dragoman/__init__.py"
    if location == "build/imaging-layer":
        return "functions/requirements-imaging.txt"
    if location == "build/zones-layer":
        return "functions/requirements-zones.txt"
    if location == "build/api.json":
        return API  # split by infra/openapi.py
    return re.sub(r"^build/functions/(\w+)$", r"functions/\1/handler.py", location)


@rules(
    changed(*resource("ReplyStateMachine", "DefinitionUri"), to="../statemachines/respond.asl.json"),
    changed(*resource("ComposeReportFunction", "CodeUri"), to="../build/functions/compose/"),
    changed(*resource("Api", "DefinitionBody", "Fn::Transform", "Parameters", "Location"), to="openapi.yaml"),
)
def every_file_it_points_at_exists(shipped: Shipped) -> Iterator[str]:
    for location in locations(shipped):
        if source_of(location) not in shipped.paths:
            yield f"{TEMPLATE} points at {location}, which does not exist ({source_of(location)} is missing)"


# A function that imports one of these finds it in a layer beside the one that all have.
CARRIED = {"PIL": "ImagingLayer", "pi_heif": "ImagingLayer", "zoneinfo": "ZonesLayer"}


def layers_needed(shipped: Shipped, package: str) -> set[str]:
    """The layers beside the shared one whose packages a function imports, in its own modules or the shared layer's."""
    trees = shipped.python("functions/")
    nodes = (
        node for path in imported_modules(shipped, f"functions/{package}/handler.py") for node in ast.walk(trees[path])
    )
    names: set[str] = set()
    for node in nodes:
        names |= {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
        names |= {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
    return {CARRIED[top] for name in names if (top := name.partition(".")[0]) in CARRIED}


@rules(
    without(*resource("PlanDigestFunction", "Layers")),
    without(*resource("InspectImageFunction", "Layers")),
    changed(*resource("ComposeDigestFunction", "Layers", 0), to={"Ref": "ImagingLayer"}),
    without(*resource("ComposeDigestNoticeFunction", "Layers", 1)),
    changed(*resource("ComposeReportFunction", "Layers"), to=[{"Ref": "ZonesLayer"}]),
)
def every_function_has_the_layers_it_imports(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(FUNCTION).items():
        needed = layers_needed(shipped, str(item["Properties"]["Handler"]).partition(".")[0])
        given = set(referred(item["Properties"].get("Layers", [])))
        if needed != given:
            yield f"{name} imports what is in {sorted(needed) or 'no further layer'}, but has {sorted(given) or 'none'}"


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
            yield (
                f"{name}: {hole} is {'given but not used by' if hole in given else 'not given, but used by'} "
                f"{machine}.asl.json"
            )


def unused_machine(shipped: Shipped) -> None:
    shipped.machines["forgotten"] = shipped.machines["intake"]


@rules(unused_machine)
def every_machine_is_deployed_once(shipped: Shipped) -> Iterator[str]:
    deployed = [machine_of(item["Properties"]) for item in shipped.resources(MACHINE).values()]
    for name in shipped.machines:
        if deployed.count(name) != 1:
            yield (
                f"statemachines/{name}.asl.json is deployed {deployed.count(name)} times: it wants one resource "
                f"in {TEMPLATE}"
            )


@rules(
    without(
        "template",
        "Resources",
        "IntakeStateMachine",
        "Properties",
        "DefinitionSubstitutions",
        "NormaliseWebhookFunctionArn",
    ),
    without("template", "Resources", "DeskAuthorizer"),
)
def every_function_is_used(shipped: Shipped) -> Iterator[str]:
    kinds = (MACHINE, PIPE, RULE, AUTHORIZER, SOCKET_INTEGRATION)
    users = [item["Properties"] for kind in kinds for item in shipped.resources(kind).values()]
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
    changed(
        "api",
        "paths",
        "/reports",
        "get",
        "x-amazon-apigateway-integration",
        "credentials",
        to={"Fn::GetAtt": ["Role", "Arn"]},
    ),
)
def every_reference_is_defined(shipped: Shipped) -> Iterator[str]:
    defined = {*shipped.template["Resources"], *shipped.template["Parameters"]}
    for file, document in ((TEMPLATE, shipped.template), (API, shipped.api)):
        for name in sorted(set(referred(document)) - defined):
            yield f"{file} refers to {name}, which is neither a resource nor a parameter"


# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
PSEUDO = {
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
}


@rules(changed(*resource("Bus", "Name"), to={"Fn::Sub": "${AWS::Stack}"}))
def every_pseudo_parameter_exists(shipped: Shipped) -> Iterator[str]:
    for file, document in ((TEMPLATE, shipped.template), (API, shipped.api)):
        for name in {*intrinsics(document, "Ref"), *substituted(document)}:
            if name.startswith("AWS::") and name not in PSEUDO:
                yield f"{file} uses {name}, which CloudFormation does not know"


# --- parameters and secrets


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
        if (
            not parameter.get("MinValue", float("-inf"))
            <= (default if parameter["Type"] == "Number" else 0)
            <= parameter.get("MaxValue", float("inf"))
        ):
            yield f"Parameter {name}: its default {default!r} is outside MinValue and MaxValue"


def pasted(shipped: Shipped) -> Iterator[tuple[str, bool]]:
    """The parameters that stand in a machine, alone or as part of a text, and whether that is inside an intrinsic
    function."""
    for item in shipped.resources(MACHINE).values():
        texts = list(strings(shipped.machines[machine_of(item["Properties"])]))
        for hole, value in item["Properties"].get("DefinitionSubstitutions", {}).items():
            inside = any(text.startswith("States.") and f"${{{hole}}}" in text for text in texts)
            for name in set(referred(value)) & shipped.template["Parameters"].keys():
                yield name, inside


def may_hold(parameter: Json, character: str) -> bool:
    """Whether a character may stand somewhere in a parameter: tried in its default and in an address. AWS matches the
    whole value: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html."""
    if parameter["Type"] != "String" or "AllowedValues" in parameter:
        return False
    starts = {str(parameter.get("Default") or "x"), "x", "https://example.org"}
    tried = [start[:cut] + character + start[cut:] + end for start in starts for cut in (1, -1) for end in ("", "x")]
    return any(re.fullmatch(parameter.get("AllowedPattern", "(?s:.*)"), text) for text in tried)


@rules(
    without("template", "Parameters", "AcknowledgementText", "AllowedPattern"),
    changed("template", "Parameters", "PublicBaseUrl", "AllowedPattern", to="^$|^https?://.*[^/]$"),
    changed("template", "Parameters", "TwilioApiUrl", "AllowedPattern", to='^https?://[^"\\\\\\s]*[A-Za-z0-9]$'),
    without("template", "Parameters", "HelpText", "AllowedPattern"),
    without("template", "Parameters", "ClarificationText", "AllowedPattern"),
)
def every_parameter_pasted_into_a_machine_keeps_its_json_whole(shipped: Shipped) -> Iterator[str]:
    for name, inside in sorted(set(pasted(shipped))):
        for character in ('"', "\\", "\n", *("'{}" if inside else "")):
            if may_hold(shipped.template["Parameters"][name], character):
                yield (
                    f"Parameter {name} may hold {character!r}, which breaks the machine it is pasted into: "
                    "narrow its AllowedPattern"
                )


# --- what functions read

# Readers of dragoman.settings whose variable must be given; with a default of its own it need not.
READERS = {"required", "optional", "positive_int", "words", "required_words", "base_url"}


def variables_read(shipped: Shipped, package: str) -> Iterator[tuple[str, bool]]:
    """The environment variables that a function reads, and whether the code has a default for each."""
    for module in imported_modules(shipped, f"functions/{package}/handler.py"):
        for node in ast.walk(shipped.python("functions/")[module]):
            reads = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READERS
            if reads and isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), len(node.args) > 1


@rules(
    without(*resource("NormaliseWebhookFunction", "Environment", "Variables", "OPT_OUT_WORDS")),
    without(*resource("IssueTicketFunction", "Environment", "Variables", "TICKETS_TABLE")),
    changed(
        *resource("ReadFrameFunction", "Environment"), to={"Variables": {"REPORTS_TABLE": {"Ref": "ReportsTable"}}}
    ),
)
def every_variable_that_a_function_reads_is_given_and_no_other(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(FUNCTION).items():
        package = item["Properties"]["Handler"].split(".")[0]
        given = set(item["Properties"].get("Environment", {}).get("Variables", {}))
        read = dict(sorted(variables_read(shipped, package)))
        for variable in sorted({variable for variable, has_default in read.items() if not has_default} - given):
            yield f"{name} reads {variable}, which {TEMPLATE} does not give it"
        for variable in sorted(given - read.keys()):
            yield f"{name} is given {variable}, which functions/{package} does not read"


SECRET_NAME = re.compile(r"(password|token|secret|credential|apikey|api_key)s?$", re.IGNORECASE)


def _secret_value(value: Json) -> bool:
    return any(
        text.startswith("{{resolve:") or re.search(r"\bSK[0-9a-f]{32}\b|\bAKIA[0-9A-Z]{16}\b", text)
        for text in strings(value)
    )


@rules(
    changed("template", "Parameters", "TwilioAuthToken", to={"Type": "String", "Description": "x", "Default": "12345"}),
    changed(*resource("NormaliseWebhookFunction", "Environment", "Variables", "TWILIO_AUTH_TOKEN"), to="12345"),
    changed(
        *resource("NormaliseWebhookFunction", "Environment", "Variables", "PUBLIC_BASE_URL"),
        to="{{resolve:secretsmanager:x}}",
    ),
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


@rules(
    changed(
        *resource("TwilioConnection", "AuthParameters", "BasicAuthParameters", "Password"), to={"Ref": "TwilioApiUrl"}
    )
)
def every_connection_takes_its_password_from_secrets_manager(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources("AWS::Events::Connection").items():
        password = as_sub(item["Properties"]["AuthParameters"].get("BasicAuthParameters", {}).get("Password", ""))
        if not password.startswith("{{resolve:secretsmanager:"):
            yield (
                f"{name}: write its password as {{{{resolve:secretsmanager:…}}}}, so that it stands in no "
                "template or change set"
            )


# --- outputs and deployment


def outputs_read(shipped: Shipped) -> Iterator[tuple[str, str]]:
    """The outputs that our tools read: file and name. infra/redrive.py makes its names from a list of queues."""
    for path, text in shipped.texts.items():
        if path.startswith(("infra/", "benchmarks/")) and path.endswith(".py"):
            yield from ((path, name) for name in re.findall(r"\boutputs(?:\[|\.get\()\"(\w+)\"", text))
    for queue in redriven(shipped):
        yield "infra/redrive.py", f"{queue.capitalize()}QueueUrl"
        yield "infra/redrive.py", f"{queue.capitalize()}DeadLetterQueueUrl"


@rules(without("template", "Outputs", "RepliesDeadLetterQueueUrl"))
def every_output_that_is_read_exists(shipped: Shipped) -> Iterator[str]:
    for path, name in outputs_read(shipped):
        if name not in shipped.template["Outputs"]:
            yield f"{path} reads the output {name}, which {TEMPLATE} does not have"


@rules(
    rewritten("infra/samconfig.toml", "CAPABILITY_AUTO_EXPAND", "CAPABILITY_NOTHING"),
    changed(*resource("ReplyRole", "RoleName"), to="reply"),
)
def every_capability_that_a_deployment_needs_is_granted(shipped: Shipped) -> Iterator[str]:
    given = tomllib.loads(shipped.texts["infra/samconfig.toml"])["default"]["deploy"]["parameters"][
        "capabilities"
    ].split()
    named = any("RoleName" in role["Properties"] for role in shipped.resources(ROLE).values())
    for capability in ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"):
        if capability not in given:
            yield f"infra/samconfig.toml: the deployment needs {capability}"


@rules(
    rewritten(TEMPLATE, "  SharedLayer:\n", "  SharedLayer: &layer\n"),
    rewritten(API, "responses:\n    Problem:", "responses:\n    Problem: &problem"),
)
def no_yaml_anchors_stand_in_what_cloudformation_reads(shipped: Shipped) -> Iterator[str]:
    for file in (TEMPLATE, API):
        for token in yaml.scan(shipped.texts[file]):
            merge = isinstance(token, yaml.ScalarToken) and token.value == "<<"
            if merge or isinstance(token, yaml.AnchorToken | yaml.AliasToken):
                yield (
                    f"{file}, line {token.start_mark.line + 1}: CloudFormation takes no YAML anchors, aliases "
                    "or merge keys; write it out"
                )


@rules(rewritten(API, "credentials: {Fn::GetAtt: [ApiRole, Arn]}", "credentials: !GetAtt ApiRole.Arn"))
def no_short_intrinsics_stand_in_what_is_included(shipped: Shipped) -> Iterator[str]:
    for token in yaml.scan(shipped.texts[API]):
        if isinstance(token, yaml.TagToken):
            yield (
                f"{API}, line {token.start_mark.line + 1}: AWS::Include takes no short forms; write "
                f"Fn::{''.join(token.value)} in full"
            )


@rules.each
def test_template_keeps_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_template_rule_complains_about_broken_template(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
