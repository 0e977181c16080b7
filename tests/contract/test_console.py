"""Rules of what browsers meet: the console's distribution, its headers, and the operators' sign-in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from infra.openapi import PREFIX, split
from tests.contract.rulebook import Break, Rule, Rulebook, changed, rewritten, without, written
from tests.contract.shipped import TEMPLATE, Json, Shipped, as_sub, target

rules = Rulebook()

DISTRIBUTION, HEADERS = "AWS::CloudFront::Distribution", "AWS::CloudFront::ResponseHeadersPolicy"
ACCESS, BUCKET = "AWS::CloudFront::OriginAccessControl", "AWS::S3::Bucket"
POOL, CLIENT = "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"
# Amazon's own policies: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
# Directives that default-src does not stand in for, and those that scripts and styles come by.
# https://www.w3.org/TR/CSP3/#directives
UNSTOOD = {"base-uri", "form-action", "frame-ancestors"}
CODE = ("script-src", "style-src")
# Schemes that pictures made in the browser have; they hold no address of another.
PICTURE_SCHEMES = {"data:", "blob:"}
YEAR = 31_536_000


def resource(name: str, *path: object) -> tuple[object, ...]:
    """A place in a resource's properties, for the examples."""
    return ("template", "Resources", name, "Properties", *path)


# --- headers

SECURITY = ("ResponseHeadersPolicyConfig", "SecurityHeadersConfig")


def policies(shipped: Shipped) -> Iterator[tuple[str, Json]]:
    """The security headers of each policy."""
    for name, item in shipped.resources(HEADERS).items():
        yield name, item["Properties"]["ResponseHeadersPolicyConfig"].get("SecurityHeadersConfig", {})


def directives(text: str) -> dict[str, list[str]]:
    """A content security policy: each directive with its sources."""
    parts = [part.split() for part in text.split(";") if part.strip()]
    return {part[0]: part[1:] for part in parts}


def with_csp(old: str, new: str) -> Break:
    """Rewrites the content security policy; the old text must be there."""

    def damage(shipped: Shipped) -> None:
        holder = shipped.resources(HEADERS)["ConsoleHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
        policy = holder["SecurityHeadersConfig"]["ContentSecurityPolicy"]
        text = as_sub(policy["ContentSecurityPolicy"])
        assert old in text, f"the policy no longer holds {old!r}: choose another example"
        policy["ContentSecurityPolicy"] = {"Fn::Sub": text.replace(old, new)}

    return damage


def loose(directive: str, source: str) -> bool:
    """Whether a source lets in more than one host: a wildcard, a whole scheme, or what weakens the policy."""
    if directive == "img-src" and source in PICTURE_SCHEMES:
        return False
    host = re.fullmatch(r"(https|wss)://[\w.${}:-]+", source)
    return not (host or source in ("'self'", "'none'"))


@rules(
    with_csp("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
    with_csp("script-src 'self'", "script-src 'self' 'unsafe-eval'"),
    with_csp("script-src 'self'", "script-src 'self' https://cdn.example.org"),
    with_csp("style-src 'self'", "style-src 'self' 'unsafe-inline'"),
    with_csp("default-src 'none'", "default-src 'self'"),
    with_csp("connect-src 'self'", "connect-src 'self' https://*.amazonaws.com"),
    with_csp("connect-src 'self'", "connect-src 'self' wss:"),
    with_csp("img-src 'self'", "img-src *"),
    with_csp("frame-ancestors 'none'", "frame-src 'none'"),
    with_csp("base-uri 'none'; ", ""),
    with_csp("form-action 'self'; ", ""),
    with_csp("font-src 'self'", "font-src data:"),
    with_csp(" require-trusted-types-for 'script'", ""),
)
def every_content_security_policy_is_strict(shipped: Shipped) -> Iterator[str]:
    for name, headers in policies(shipped):
        policy = directives(as_sub(headers.get("ContentSecurityPolicy", {}).get("ContentSecurityPolicy", "")))
        if policy.get("default-src") != ["'none'"]:
            yield f"{name}: begin its content security policy with default-src 'none'"
        for directive in sorted(UNSTOOD - policy.keys()):
            yield f"{name}: default-src does not stand in for {directive}: write it"
        for directive in CODE:
            if policy.get(directive) != ["'self'"]:
                yield f"{name}: {directive} is {policy.get(directive)}: code and styles come from the site alone"
        if policy.pop("require-trusted-types-for", None) != ["'script'"]:
            yield f"{name}: require-trusted-types-for 'script', so that no text ever becomes markup"
        for directive, sources in policy.items():
            for source in sources:
                if loose(directive, source):
                    yield f"{name}: {directive} {source} lets in more than one host of ours"


@rules(
    without(*resource("ConsoleHeaders", *SECURITY, "StrictTransportSecurity")),
    changed(*resource("ConsoleHeaders", *SECURITY, "StrictTransportSecurity", "AccessControlMaxAgeSec"), to=3600),
    without(*resource("ConsoleHeaders", *SECURITY, "ContentTypeOptions")),
    changed(*resource("ConsoleHeaders", *SECURITY, "FrameOptions", "FrameOption"), to="SAMEORIGIN"),
    changed(*resource("ConsoleHeaders", *SECURITY, "ReferrerPolicy", "ReferrerPolicy"), to="origin"),
    changed(*resource("ConsoleHeaders", *SECURITY, "ContentSecurityPolicy", "Override"), to=False),
)
def every_answer_has_its_security_headers(shipped: Shipped) -> Iterator[str]:
    for name, headers in policies(shipped):
        checks = {
            "StrictTransportSecurity for a year": headers.get("StrictTransportSecurity", {}).get(
                "AccessControlMaxAgeSec", 0
            )
            >= YEAR,
            "ContentTypeOptions": "ContentTypeOptions" in headers,
            "FrameOptions DENY": headers.get("FrameOptions", {}).get("FrameOption") == "DENY",
            "ReferrerPolicy no-referrer": headers.get("ReferrerPolicy", {}).get("ReferrerPolicy") == "no-referrer",
            "Override: true on each": all(header.get("Override") is True for header in headers.values()),
        }
        for wanted, found in checks.items():
            if not found:
                yield f"{name} wants {wanted}"


# --- the distribution


def distributions(shipped: Shipped) -> Iterator[tuple[str, Json]]:
    for name, item in shipped.resources(DISTRIBUTION).items():
        yield name, item["Properties"]["DistributionConfig"]


def behaviours(config: Json) -> list[Json]:
    """What a distribution does with a path: the default one last, without a PathPattern."""
    return [*config.get("CacheBehaviors", []), config["DefaultCacheBehavior"]]


def distribution(*path: object) -> tuple[object, ...]:
    return resource("ConsoleDistribution", "DistributionConfig", *path)


@rules(
    changed(*distribution("DefaultCacheBehavior", "ViewerProtocolPolicy"), to="allow-all"),
    changed(*distribution("CacheBehaviors", 0, "ViewerProtocolPolicy"), to="allow-all"),
    without(*distribution("DefaultCacheBehavior", "ResponseHeadersPolicyId")),
    changed(*distribution("Origins", 1, "CustomOriginConfig", "OriginProtocolPolicy"), to="match-viewer"),
    changed(*distribution("Origins", 1, "CustomOriginConfig", "OriginSSLProtocols"), to=["TLSv1", "TLSv1.2"]),
)
def every_distribution_speaks_https_alone(shipped: Shipped) -> Iterator[str]:
    for name, config in distributions(shipped):
        for behaviour in behaviours(config):
            path = as_sub(behaviour.get("PathPattern", "the rest"))
            if behaviour["ViewerProtocolPolicy"] not in ("https-only", "redirect-to-https"):
                yield f"{name}, {path}: ViewerProtocolPolicy https-only or redirect-to-https"
            if target(behaviour.get("ResponseHeadersPolicyId", "")) not in shipped.resources(HEADERS):
                yield f"{name}, {path}: without our ResponseHeadersPolicyId nothing protects the page"
        for origin in config["Origins"]:
            custom = origin.get("CustomOriginConfig")
            if custom and (custom["OriginProtocolPolicy"], custom.get("OriginSSLProtocols")) != (
                "https-only",
                ["TLSv1.2"],
            ):
                yield f"{name}, origin {origin['Id']}: https-only with TLSv1.2"


@rules(
    without(*distribution("Origins", 0, "OriginAccessControlId")),
    changed(*resource("ConsoleAccess", "OriginAccessControlConfig", "SigningBehavior"), to="never"),
    without("template", "Resources", "ConsoleBucketPolicy"),
    changed(*resource("ConsoleBucketPolicy", "Bucket"), to={"Ref": "MediaBucket"}),
    changed(*distribution("Origins", 0, "DomainName"), to={"Fn::GetAtt": ["MediaBucket", "RegionalDomainName"]}),
)
def every_bucket_behind_a_distribution_is_read_with_its_signature(shipped: Shipped) -> Iterator[str]:
    opened = [target(item["Properties"]["Bucket"]) for item in shipped.resources("AWS::S3::BucketPolicy").values()]
    behind = []
    for name, config in distributions(shipped):
        for origin in (origin for origin in config["Origins"] if "S3OriginConfig" in origin):
            bucket = target(origin["DomainName"])
            behind.append(bucket)
            access = shipped.resources(ACCESS).get(target(origin.get("OriginAccessControlId", "")))
            signs = access and access["Properties"]["OriginAccessControlConfig"]
            if not signs or (signs["SigningBehavior"], signs["SigningProtocol"]) != ("always", "sigv4"):
                yield f"{name}, origin {origin['Id']}: give it an OriginAccessControl that always signs"
            if origin["S3OriginConfig"].get("OriginAccessIdentity"):
                yield f"{name}, origin {origin['Id']}: an origin access identity is the old way: leave it empty"
    if sorted(opened) != sorted(behind):
        yield f"{TEMPLATE}: bucket policies stand for {opened}, but distributions read {behind}"


def methods_at_desk(shipped: Shipped) -> set[str]:
    """The methods of the routes that operators have."""
    paths = split(shipped.api)["paths"]
    return {method.upper() for path, item in paths.items() if path.startswith(f"{PREFIX}/") for method in item}


@rules(
    changed(*distribution("CacheBehaviors", 0, "CachePolicyId"), to="658327ea-f89d-4fab-a63d-7e88639e58f6"),
    without(*distribution("CacheBehaviors", 0, "OriginRequestPolicyId")),
    changed(*distribution("CacheBehaviors", 0, "PathPattern"), to={"Fn::Sub": "/${Stage}/*"}),
    changed(*distribution("DefaultCacheBehavior", "TargetOriginId"), to="api"),
    changed(*distribution("CacheBehaviors", 0, "AllowedMethods"), to=["GET", "HEAD"]),
    changed(
        *distribution("CacheBehaviors", 0, "AllowedMethods"), to=["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST"]
    ),
)
def every_way_to_the_api_is_for_operators_and_never_kept(shipped: Shipped) -> Iterator[str]:
    for name, config in distributions(shipped):
        apis = {origin["Id"] for origin in config["Origins"] if "CustomOriginConfig" in origin}
        for behaviour in behaviours(config):
            path = as_sub(behaviour.get("PathPattern", "*"))
            if behaviour["TargetOriginId"] not in apis:
                continue
            if path != f"/${{Stage}}{PREFIX}/*":
                yield f"{name}: {path} leads to the API: only what is below {PREFIX} is for consoles"
            kept = behaviour.get("CachePolicyId"), behaviour.get("OriginRequestPolicyId")
            if kept != (CACHING_DISABLED, ALL_VIEWER_EXCEPT_HOST):
                yield f"{name}, {path}: no answer is for another operator: CachingDisabled, AllViewerExceptHostHeader"
            for method in sorted(methods_at_desk(shipped) - set(behaviour.get("AllowedMethods", ()))):
                yield f"{name}, {path}: let {method} through, the API has it below {PREFIX}"


# --- the console's own files

SOURCE = ("console/src/", "console/index.html", "infra/local/twilio/handset/")
# What the content security policy and its trusted types refuse: markup made of text, code made of text, inline code.
REFUSED = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|srcdoc)\b|\bdocument\.write|\beval\("
    r"|new Function\(|<style\b|\bstyle=|<script(?![^>]*\bsrc=)[^>]*>|\son\w+=\""
)
NAMESPACE = "http://www.w3.org/"


@rules(
    written("console/src/x.ts", "element.innerHTML = text;\n"),
    written("console/src/x.tsx", "<p dangerouslySetInnerHTML={{ __html: text }} />\n"),
    written("console/src/x.tsx", '<p style="color: red">x</p>\n'),
    rewritten("console/index.html", "</body>", "<script>start()</script></body>"),
    rewritten("console/index.html", "<body>", '<body onload="start()">'),
)
def no_page_makes_markup_or_code_of_text(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        for number, line in enumerate(text.splitlines() if path.startswith(SOURCE) else (), 1):
            if REFUSED.search(line):
                yield f"{path}:{number} is refused by the content security policy: {line.strip()[:80]}"


@rules(
    rewritten("console/index.html", "./icon.svg", "https://example.org/icon.svg"),
    written("console/src/styles/x.css", '@import "https://example.org/fonts.css";\n'),
    written("console/src/x.ts", 'await fetch("//example.org/count");\n'),
)
def no_page_calls_anybody_else(shipped: Shipped) -> Iterator[str]:
    for path, text in shipped.texts.items():
        for number, line in enumerate(text.splitlines() if path.startswith(SOURCE) else (), 1):
            for address in re.findall(r"(?:\b(?:https?|wss?):|[\"'(])//[\w.-]+\.\w+[^\s\"'`]*", line):
                if not address.startswith(NAMESPACE):
                    yield f"{path}:{number} names {address}: the console gets every address from config.json"


LANGUAGES = "console/src/i18n/"


def phrases(document: Json, path: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """The phrases of a language file: each key without its plural form, with the values that it shows."""
    for key, value in document.items():
        here = f"{path}.{key}".strip(".")
        if isinstance(value, dict):
            yield from phrases(value, here)
        else:
            shown = frozenset(re.findall(r"\{\{\s*(\w+)", value)) - {"count"}
            yield re.sub(r"_(zero|one|two|few|many|other)$", "", here), shown


def untranslated(shipped: Shipped) -> None:
    document = json.loads(shipped.texts[f"{LANGUAGES}en.json"])
    document["app"]["farewell"] = "Goodbye, {{name}}"
    shipped.texts[f"{LANGUAGES}en.json"] = json.dumps(document)


@rules(untranslated, rewritten(f"{LANGUAGES}pt.json", '"skip"', '"jump"'))
def every_language_of_the_console_has_every_phrase(shipped: Shipped) -> Iterator[str]:
    files = {path: text for path, text in shipped.texts.items() if re.fullmatch(rf"{LANGUAGES}[\w-]+\.json", path)}
    found = {path: set(phrases(json.loads(text))) for path, text in files.items()}
    everything = set().union(*found.values())
    for path, own in found.items():
        for key, shown in sorted(everything - own, key=str):
            yield f"{path} lacks {key}{f' with {sorted(shown)}' if shown else ''}"


def words_of_the_console(shipped: Shipped) -> set[str]:
    """The texts between quotation marks in the console's code."""
    code = " ".join(text for path, text in shipped.texts.items() if re.match(r"console/src/.*\.tsx?$", path))
    return set(re.findall(r"[\"'`]([\w-]+)[\"'`]", code))


@rules(
    changed("schemas", "frames/contact", "properties", "type", "const", to="person"),
    changed("schemas", "frames/get_messages", "properties", "action", "const", to="askmessages"),
)
def every_frame_is_known_to_the_console(shipped: Shipped) -> Iterator[str]:
    words = words_of_the_console(shipped)
    for path, schema in shipped.schemas.items():
        for member in ("action", "type") if path.startswith("frames/") else ():
            const = schema["properties"].get(member, {}).get("const")
            if const and const not in words:
                yield f"schemas/{path}.json: {member} {const} stands nowhere in console/src"


# --- the directory, written down in two places

FORM, TOOL = "console/src/lib/directory.ts", "infra/directory.py"


def listed(shipped: Shipped, path: str, name: str) -> list[str]:
    """The words of a list in some code, by the list's name."""
    found = re.search(rf"\b{name}\b[^=\n]*= [\[(]([^\])]*)[\])]", shipped.texts.get(path, ""))
    return re.findall(r"[\"'](\w+)[\"']", found[1] if found else "")


def number(shipped: Shipped, name: str, path: str = FORM) -> int:
    """A number in a form's code, by its name; 0 when there is none."""
    found = re.search(rf"\b{name}(?: =|:) (\d+)", shipped.texts.get(path, ""))
    return int(found[1]) if found else 0


@rules(
    rewritten(FORM, '"text", "language", "link"', '"text", "link", "language"'),
    rewritten(TOOL, '"link", "entryId", "version")', '"link", "id", "version")'),
    rewritten(FORM, '"entryId", "version"]', '"entryId"]'),
    changed("schemas", "directory_entry_request", "properties", "email", to={"type": "string"}),
)
def every_table_of_entries_has_the_same_columns(shipped: Shipped) -> Iterator[str]:
    added = listed(shipped, FORM, "COLUMNS")
    console, tool = [*listed(shipped, FORM, "FIELDS"), *added], listed(shipped, TOOL, "COLUMNS")
    if console != tool:
        yield f"{FORM} writes the columns {console}, {TOOL} {tool}: a file of one is for the other"
    for name in sorted({*shipped.schemas["directory_entry_request"]["properties"], "entryId", "version"} ^ {*tool}):
        yield f"{TOOL}: {name} is a column or a property of schemas/directory_entry_request.json, but not both"


@rules(
    rewritten(FORM, "address: 160", "address: 200"),
    rewritten(FORM, "MOST_KEYWORDS = 20", "MOST_KEYWORDS = 40"),
    rewritten(FORM, "LONGEST_KEYWORD = 60", "LONGEST_KEYWORD = 80"),
    changed("schemas", "directory_entry_request", "properties", "text", "maxLength", to=300),
)
def every_length_that_the_form_allows_is_the_schemas(shipped: Shipped) -> Iterator[str]:
    properties = shipped.schemas["directory_entry_request"]["properties"]
    kept = {name: part["maxLength"] for name, part in properties.items() if "maxLength" in part}
    kept |= {"MOST_KEYWORDS": properties["keywords"]["maxItems"]}
    kept |= {"LONGEST_KEYWORD": properties["keywords"]["items"]["maxLength"]}
    for name, longest in kept.items():
        if number(shipped, name) != longest:
            yield f"{FORM}: {name} is {number(shipped, name)} there, {longest} in schemas/directory_entry_request.json"


QUESTIONS = "console/src/lib/questions.ts"


@rules(
    rewritten(QUESTIONS, "LONGEST_QUESTION = 640", "LONGEST_QUESTION = 1600"),
    rewritten(QUESTIONS, "LONGEST_CHOICE = 60", "LONGEST_CHOICE = 80"),
    rewritten(QUESTIONS, "MOST_CHOICES = 9", "MOST_CHOICES = 12"),
    rewritten(QUESTIONS, "LONGEST_VALUE = 40", "LONGEST_VALUE = 60"),
    changed("schemas", "question_request", "properties", "text", "maxLength", to=320),
)
def every_length_that_a_question_may_have_is_the_schemas(shipped: Shipped) -> Iterator[str]:
    properties = shipped.schemas["question_request"]["properties"]
    choice = properties["choices"]["items"]["properties"]
    [value] = re.findall(r"\{1,(\d+)\}", choice["value"]["pattern"])
    kept = {"LONGEST_QUESTION": properties["text"]["maxLength"], "MOST_CHOICES": properties["choices"]["maxItems"]}
    for name, most in {**kept, "LONGEST_CHOICE": choice["text"]["maxLength"], "LONGEST_VALUE": int(value)}.items():
        if number(shipped, name, QUESTIONS) != most:
            yield f"{QUESTIONS}: {name} is {number(shipped, name, QUESTIONS)}, {most} in schemas/question_request.json"


# --- sign-in


@rules(
    changed(*resource("UserPool", "AdminCreateUserConfig", "AllowAdminCreateUserOnly"), to=False),
    without(*resource("UserPool", "AdminCreateUserConfig")),
    changed(*resource("UserPool", "Policies", "PasswordPolicy", "MinimumLength"), to=8),
    without("template", "Resources", "UserPool", "DeletionPolicy"),
    changed(*resource("UserPool", "LambdaConfig"), to={"PreSignUp": "x"}),
    changed(*resource("UserPool", "UsernameConfiguration", "CaseSensitive"), to=True),
)
def nobody_signs_up_by_themselves(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(POOL).items():
        properties = item["Properties"]
        password = properties.get("Policies", {}).get("PasswordPolicy", {})
        checks = {
            "AllowAdminCreateUserOnly: true": properties.get("AdminCreateUserConfig", {}).get(
                "AllowAdminCreateUserOnly"
            )
            is True,
            "a MinimumLength of 12": password.get("MinimumLength", 0) >= 12,
            "no LambdaConfig, which may let people in": "LambdaConfig" not in properties,
            "CaseSensitive: false, or one address is two people": properties.get("UsernameConfiguration")
            == {"CaseSensitive": False},
            "DeletionPolicy and UpdateReplacePolicy: Retain": item.get("DeletionPolicy")
            == "Retain"
            == item.get("UpdateReplacePolicy"),
        }
        for wanted, found in checks.items():
            if not found:
                yield f"{name} wants {wanted}"


AUTH = "console/src/auth.ts"


@rules(
    rewritten(AUTH, "PASSWORD_LENGTH = 12", "PASSWORD_LENGTH = 8"),
    changed(*resource("UserPool", "Policies", "PasswordPolicy", "MinimumLength"), to=14),
)
def the_form_asks_for_as_long_a_password_as_the_pool(shipped: Shipped) -> Iterator[str]:
    found = re.search(r"PASSWORD_LENGTH = (\d+)", shipped.texts[AUTH])
    for name, item in shipped.resources(POOL).items():
        least = item["Properties"]["Policies"]["PasswordPolicy"]["MinimumLength"]
        if not found or int(found[1]) != least:
            yield f"{AUTH}: PASSWORD_LENGTH is not the {least} of {name}"


# SRP proves the password without sending it; the admin flow wants AWS credentials.
FLOWS = {"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"}
LONGEST = {"AccessToken": ("minutes", 60), "IdToken": ("minutes", 60), "RefreshToken": ("hours", 24)}


@rules(
    changed(*resource("UserPoolClient", "ExplicitAuthFlows"), to=["ALLOW_USER_PASSWORD_AUTH"]),
    without(*resource("UserPoolClient", "ExplicitAuthFlows")),
    changed(*resource("UserPoolClient", "GenerateSecret"), to=True),
    without(*resource("UserPoolClient", "PreventUserExistenceErrors")),
    changed(*resource("UserPoolClient", "EnableTokenRevocation"), to=False),
    changed(*resource("UserPoolClient", "RefreshTokenValidity"), to=720),
    changed(*resource("UserPoolClient", "TokenValidityUnits", "IdToken"), to="hours"),
    changed(*resource("UserPoolClient", "AllowedOAuthFlows"), to=["implicit"]),
)
def every_sign_in_is_for_a_shift_and_sends_no_password(shipped: Shipped) -> Iterator[str]:
    for name, item in shipped.resources(CLIENT).items():
        properties = item["Properties"]
        flows = set(properties.get("ExplicitAuthFlows", ["ALLOW_CUSTOM_AUTH"]))
        checks = {
            f"ExplicitAuthFlows among {sorted(FLOWS)}": flows <= FLOWS and "ALLOW_USER_SRP_AUTH" in flows,
            "GenerateSecret: false, for a browser keeps none": properties.get("GenerateSecret") is False,
            "PreventUserExistenceErrors: ENABLED": properties.get("PreventUserExistenceErrors") == "ENABLED",
            "EnableTokenRevocation: true": properties.get("EnableTokenRevocation") is True,
            "no AllowedOAuthFlows": "AllowedOAuthFlows" not in properties,
        }
        for token, (unit, longest) in LONGEST.items():
            lasts = properties.get(f"{token}Validity", longest + 1)
            short = properties.get("TokenValidityUnits", {}).get(token) == unit and lasts <= longest
            checks[f"{token}Validity of {longest} {unit} at most"] = short
        for wanted, found in checks.items():
            if not found:
                yield f"{name} wants {wanted}"


@rules.each
def test_console_keeps_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_console_rule_complains_about_broken_console(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
