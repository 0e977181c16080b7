"""Rules of the code: what functions/ may import and log, and how long a function may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.contract.permissions import imported_modules
from tests.contract.rulebook import Break, Rule, Rulebook, rewritten, written
from tests.contract.shipped import Shipped, strings

rules = Rulebook()

HANDLER_LINES, FUNCTION_LINES = 25, 50
LOGGERS = {"logger", "logging", "log"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
# Variables that hold what people wrote, who they are, or what proves who calls.
SENSITIVE_NAMES = {
    *("event", "message", "body", "form", "webhook", "report", "secret", "signature", "composed", "findings"),
    *("token", "tokens", "sender", "recipient", "text", "fields", "frame", "ticket", "issued", "request", "asked"),
    *("connection", "connections", "receipt", "conversation", "item", "items", "group", "groups", "operator", "policy"),
    # What a message is looked up by is what its sender wrote.
    *("arranged", "chosen", "keys", "keyword", "keywords", "found", "entry", "entries", "run", "words"),
}
# Members of those that do; every other member (an id, a channel, a count) may stand in a log line.
SENSITIVE_MEMBERS = {
    *("body", "Body", "From", "To", "from", "to", "text", "sender", "recipient", "delivery", "profileName", "location"),
    *("keys", "keyword", "keywords", "transactItems", "output", "entry", "answer"),
    *("name", "ticket", "address", "contact", "author", "parts", "lastMessage", "preview", "frame", "context"),
    *(
        "providerFields",
        "translations",
        "media",
        "signature",
        "form",
        "message",
        "messageItem",
        "reportItem",
        "authTokens",
    ),
}
# Calls that make something harmless of anything.
MEASURES = {"len", "type", "bool"}
BOTO = {"boto3", "botocore"}
EVENT_TYPES = ("aws_lambda_powertools", "dragoman.observability")
LOCAL_WORDS = re.compile(
    r"localhost|localstack|127\.0\.0\.1|\blocal\b|is_?local|AWS_SAM_LOCAL|endpoint_url|AWS_ENDPOINT_URL|\bpytest\b|ministack",
    re.IGNORECASE,
)

HANDLER = "functions/compose_report/handler.py"
LOGIC = "functions/normalise_webhook/logic.py"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines a function has, from its def on."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def filler(count: int, name: str = "f", indent: str = "") -> str:
    """Source of a function with that many lines."""
    return f"{indent}def {name}(event, context):\n" + f"{indent}    pass\n" * (count - 1)


@rules(written("functions/long_one/handler.py", filler(HANDLER_LINES + 1, "handler")))
def every_handler_is_short(shipped: Shipped) -> Iterator[str]:
    for path, tree in shipped.python("functions/").items():
        for node in functions(tree):
            if path.endswith("/handler.py") and node.name == "handler" and lines(node) > HANDLER_LINES:
                yield (
                    f"{path}: handler has {lines(node)} lines, {HANDLER_LINES} at most: parse, one call into "
                    "logic, return"
                )


@rules(
    written("functions/long_one/logic.py", filler(FUNCTION_LINES + 1)),
    written("infra/long.py", filler(FUNCTION_LINES + 1)),
)
def every_function_is_short(shipped: Shipped) -> Iterator[str]:
    for path, tree in shipped.python("functions/", "infra/").items():
        for node in functions(tree):
            if lines(node) > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {lines(node)} lines, {FUNCTION_LINES} at most: divide it"


def imports(tree: ast.AST) -> Iterator[str]:
    """The modules that a module imports by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@rules(
    rewritten(LOGIC, "import json\n", "import json\nimport boto3\n"),
    rewritten(LOGIC, "import json\n", "import json\nfrom dragoman.secrets import TokenSource\n"),
)
def no_logic_imports_boto3(shipped: Shipped) -> Iterator[str]:
    trees = shipped.python("functions/")
    for path in trees:
        if path.endswith("/logic.py"):
            for module in sorted(imported_modules(shipped, path)):
                for name in imports(trees[module]):
                    if name.split(".")[0] in BOTO:
                        yield (
                            f"{path} imports {name}{f' by way of {module}' if module != path else ''}: pass in "
                            "what it fetches"
                        )


@rules(
    rewritten(
        LOGIC, "import json\n", "import json\nfrom aws_lambda_powertools.utilities.typing import LambdaContext\n"
    ),
    rewritten(LOGIC, "import json\n", "import json\nfrom dragoman.observability import logger\n"),
)
def no_logic_knows_lambda(shipped: Shipped) -> Iterator[str]:
    for path, tree in shipped.python("functions/").items():
        for name in imports(tree):
            if path.endswith("/logic.py") and name.startswith(EVENT_TYPES):
                yield f"{path} imports {name}: events, contexts and logs belong into handler.py"


def catches_everything(node: ast.ExceptHandler) -> bool:
    caught = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException")) for kind in caught
    )


@rules(
    written("functions/x/logic.py", "try:\n    pass\nexcept Exception:\n    pass\n"),
    written("functions/x/logic.py", "try:\n    pass\nexcept:\n    pass\n"),
)
def no_function_catches_everything(shipped: Shipped) -> Iterator[str]:
    for path, tree in shipped.python("functions/").items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and catches_everything(node):
                yield f"{path}:{node.lineno} catches everything: name the errors, the state machine takes the rest"


@rules(rewritten(HANDLER, "    composed =", "    print(event)\n    composed ="))
def no_function_prints(shipped: Shipped) -> Iterator[str]:
    for path, tree in shipped.python("functions/").items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield f"{path}:{node.lineno} prints: use dragoman.observability.logger, with ids and counts alone"


def is_logger(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in LOGGERS


def log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in LEVELS and is_logger(called.value):
            assert isinstance(node, ast.Call)
            yield node


def measured(node: ast.AST) -> bool:
    """Whether an expression is only the length or the type of something."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MEASURES


def leaks(node: ast.AST) -> Iterator[str]:
    """What an expression would put into a log line that has no place there."""
    if measured(node):
        return
    if isinstance(node, ast.Subscript | ast.Attribute):
        member = (
            str(node.slice.value) if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) else ""
        )
        member = node.attr if isinstance(node, ast.Attribute) else member
        if member in SENSITIVE_MEMBERS or not member:
            yield ast.unparse(node)
        return
    if isinstance(node, ast.Name) and node.id in SENSITIVE_NAMES:
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from leaks(child)


@rules(
    rewritten(HANDLER, "    composed =", "    logger.info(event)\n    composed ="),
    rewritten(
        HANDLER, "    composed =", '    logger.info("Got it", sender=event["message"]["sender"])\n    composed ='
    ),
    rewritten(HANDLER, "    composed =", '    logger.debug(f"From {event}")\n    composed ='),
    rewritten(HANDLER, "    composed =", '    logger.info("Got it", From=1)\n    composed ='),
    rewritten(
        "functions/issue_ticket/handler.py", 'operator_id=issued.item["operatorId"]["S"]', "ticket=issued.answer"
    ),
    rewritten("functions/authorize_connection/handler.py", 'policy["principalId"]', 'policy["context"]'),
    rewritten("functions/arrange_keywords/handler.py", 'len(arranged["keys"])', 'arranged["keys"]'),
    rewritten("functions/arrange_keywords/handler.py", 'keys=len(arranged["keys"])', "arranged=arranged"),
)
def no_function_logs_what_people_wrote_or_who_they_are(shipped: Shipped) -> Iterator[str]:
    for path, tree in shipped.python("functions/").items():
        for call in log_calls(tree):
            named = [
                str(word.arg) for word in call.keywords if word.arg in SENSITIVE_MEMBERS and not measured(word.value)
            ]
            found = [
                leak for part in (*call.args, *(keyword.value for keyword in call.keywords)) for leak in leaks(part)
            ]
            for leak in (*named, *found):
                yield f"{path}:{call.lineno} logs {leak}: log ids, counts and the names of errors alone"


@rules(rewritten("functions/dragoman/observability.py", "clear_state=True", "clear_state=True, log_event=True"))
def no_function_logs_its_event(shipped: Shipped) -> Iterator[str]:
    for path, tree in shipped.python("functions/").items():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "log_event" and ast.unparse(node.value) != "False":
                yield f"{path}:{node.value.lineno} makes Powertools log the whole event: drop log_event"


def code_words(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Names and strings of a module with their lines, docstrings left out."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.value.lineno, node.arg
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def local_state(shipped: Shipped) -> None:
    shipped.machines["reply"]["States"]["IsLocal?"] = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.local", "Next": "Send"}],
    }


@rules(
    rewritten(HANDLER, "    composed =", '    if environ.get("AWS_SAM_LOCAL"):\n        pass\n    composed ='),
    rewritten("functions/dragoman/secrets.py", "config=CLIENT_CONFIG)", 'config=CLIENT_CONFIG, endpoint_url="x")'),
    local_state,
)
def no_code_asks_where_it_runs(shipped: Shipped) -> Iterator[str]:
    for path, tree in shipped.python("functions/").items():
        for line, word in code_words(tree):
            if LOCAL_WORDS.search(word):
                yield (
                    f"{path}:{line} knows of {word!r}: what is shipped runs the same everywhere, extend the "
                    "local stack instead"
                )
    for name, machine in shipped.machines.items():
        for text in strings(machine):
            if LOCAL_WORDS.search(text):
                yield f"statemachines/{name}.asl.json knows of {text!r}: extend the local stack instead"


@rules.each
def test_functions_keep_rule(rule: Rule) -> None:
    rule.kept()


@rules.each_break
def test_function_rule_complains_about_broken_code(rule: Rule, damage: Break) -> None:
    rule.complains(damage)
