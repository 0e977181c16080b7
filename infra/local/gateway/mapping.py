"""What a mapping template can see: ``$input``, ``$util``, ``$context``, ``$stageVariables``.

Behaviour from "Variables for data transformations for API Gateway" and "Mapping template and access logging variable
reference" (API Gateway developer guide). Header names reach an ASGI application in lower case, so the maps of headers
are written in their usual spelling (``Content-Type``) and looked up without regard to case.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from infra.local.gateway import java_values as java
from infra.local.gateway import jsonpath
from infra.local.gateway.java_values import TemplateError
from infra.local.gateway.vtl import Scope, Template

EMPTY_BODY: Final = "{}"
"""What ``$input.body`` is without a body: API Gateway maps an empty payload as an empty JSON object."""


class BodyNotJson(TemplateError):
    """``$input.json`` or ``$input.path`` on a body that is not JSON: a 400 for a request, a 500 for a response."""


class Headers(dict[str, str]):
    """Headers in their usual spelling, found without regard to case; a repeated one keeps its last value."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__((usual_spelling(name), value) for name, value in pairs)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(usual_spelling(name))

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(usual_spelling(name))

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(usual_spelling(name), default)


def usual_spelling(header: str) -> str:
    """``content-type`` to ``Content-Type``."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in header.split("-"))


class Input:
    """``$input``: the payload and the parameters of the request.

    ``body`` is the payload being mapped (the request's or the integration's); ``parameters`` has the keys path,
    querystring and header, each a map of names to single values.
    """

    def __init__(self, body: str, parameters: dict[str, dict[str, str]]) -> None:
        self._body, self._parameters = body, parameters
        self._parsed: Any = _UNPARSED

    def vtl_get(self, name: str) -> Any:
        return (self._body or EMPTY_BODY) if name == "body" else None

    def vtl_call(self, name: str, args: list[Any]) -> Any:
        if name == "params" and len(args) <= 1:
            return self._parameters if not args else self._parameter(java.to_text(args[0]))
        if name in ("json", "path") and len(args) == 1:
            value = jsonpath.find(self._document(), java.to_text(args[0]))
            return _json_text(value) if name == "json" else value
        raise TemplateError(f"$input has no method {name} with {len(args)} arguments")

    def _parameter(self, name: str) -> str:
        """Path, then query string, then headers; the empty string if it is in none of them."""
        for place in ("path", "querystring", "header"):
            value = self._parameters.get(place, {}).get(name)
            if value is not None:
                return value
        return ""

    def _document(self) -> Any:
        if self._parsed is _UNPARSED:
            try:
                self._parsed = json.loads(self._body or EMPTY_BODY)
            except ValueError as error:
                raise BodyNotJson("could not parse the body into JSON") from error
        return self._parsed


_UNPARSED: Final = object()


def _json_text(value: Any) -> str:
    return '""' if value is java.MISSING else java.to_json(value)


class Util:
    """``$util``: the six functions that API Gateway documents."""

    def vtl_get(self, name: str) -> Any:
        return None

    def vtl_call(self, name: str, args: list[Any]) -> Any:
        function = _UTIL.get(name)
        if function is None or len(args) != 1:
            raise TemplateError(f"$util has no method {name} with {len(args)} arguments")
        if args[0] is None or args[0] is java.MISSING:
            return None
        return function(java.to_text(args[0]))


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise TemplateError("$util.parseJson of a text that is not JSON") from error


def _base64_decode(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise TemplateError("$util.base64Decode of a text that is not base64") from error


def _url_encode(text: str) -> str:
    """``java.net.URLEncoder``: blanks become ``+``; only letters, digits and ``.-*_`` stay."""
    return quote_plus(text, safe="*").replace("~", "%7E")


_UTIL: Final[dict[str, Callable[[str], Any]]] = {
    "escapeJavaScript": java.escape_javascript,
    "parseJson": _parse_json,
    "urlEncode": _url_encode,
    "urlDecode": unquote_plus,
    "base64Encode": lambda text: base64.b64encode(text.encode("utf-8", "surrogatepass")).decode(),
    "base64Decode": _base64_decode,
}


def scope(body: str, parameters: dict[str, Any], context: dict[str, Any], stage_variables: dict[str, str]) -> Scope:
    """The variables of a request or response template; ``context`` is changed by overrides the template sets."""
    return {
        "input": Input(body, parameters),
        "util": Util(),
        "context": context,
        "stageVariables": stage_variables,
    }


def fresh_overrides() -> dict[str, Any]:
    """The settable parts of ``$context`` at the start of a request."""
    return {"requestOverride": {"header": {}, "querystring": {}, "path": {}}, "responseOverride": {"header": {}}}


# --- gateway responses: names replaced, nothing evaluated ----------------------------------------------------------

_NAME: Final = (
    r"(?:context|stageVariables)\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]"
    r"|method\.request\.(?:header|querystring|path)\.[A-Za-z0-9_-]+"
)
_SIMPLE: Final = re.compile(rf"\$\{{({_NAME})\}}|\$({_NAME})")


def substitute(text: str, context: dict[str, Any], parameters: dict[str, Any], stage_variables: dict[str, str]) -> str:
    """A gateway response's template: it may name variables, but API Gateway runs no directives or methods in it."""

    def value(match: re.Match[str]) -> str:
        return lookup(match[1] or match[2], context, parameters, stage_variables) or ""

    return _SIMPLE.sub(value, text)


def lookup(
    name: str, context: dict[str, Any], parameters: dict[str, Any], stage_variables: dict[str, str]
) -> str | None:
    """The value of ``context.a.b``, ``stageVariables.x`` or ``method.request.header.x``; None if there is none."""
    root, _, rest = name.partition(".")
    if root == "stageVariables":
        return stage_variables.get(rest)
    if root == "method":
        _, place, parameter = rest.split(".", 2)
        return java_text(parameters.get(place, {}).get(parameter))
    found: Any = context
    for part in rest.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return java_text(found)


def java_text(value: Any) -> str | None:
    """The text form of a value, None for null."""
    return None if value is None else java.to_text(value)


def render(template: Template, variables: Scope) -> str:
    """Renders a request or response template. Raises TemplateError, BodyNotJson unwrapped."""
    try:
        return template.render(variables)
    except TemplateError as error:
        if isinstance(error.__cause__, BodyNotJson):
            raise BodyNotJson(str(error)) from error
        raise
