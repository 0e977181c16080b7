"""The Velocity Template Language as API Gateway runs it (Velocity 1.7), compiled once to closures.

Directives: ``#set #if #elseif #else #end #foreach #break``, comments ``##`` and ``#* *#``, unparsed ``#[[ ]]#``.
References: ``$a $!a ${a} $a.b $a.b(1) $a[0]``; an undefined or null reference prints as nothing, as API Gateway does.

Limits that API Gateway sets and that are kept here: a template is at most 300 KB, and a ``#foreach`` ends after 1,000
rounds (Amazon API Gateway quotas). Refused when the template is loaded, because a mapping template has no template
files, no macro library and nothing to stop: ``#parse #include #macro #define #evaluate #stop``.
"""

import math
import operator
import re
from collections.abc import Callable
from typing import Any, Final

from infra.local.gateway import java_values as java
from infra.local.gateway.java_values import JavaList, TemplateError

Scope = dict[str, Any]
Expression = Callable[[Scope], Any]
Node = Callable[[Scope, list[str]], None]

MAX_TEMPLATE_BYTES: Final = 300 * 1024
"""Amazon API Gateway quotas, "Mapping template size"."""

MAX_LOOPS: Final = 1000
"""Amazon API Gateway quotas, iterations of a ``#foreach`` loop in a mapping template."""

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_REFERENCE: Final = re.compile(r"\$!?(\{?)(?=[A-Za-z_])")
_DIRECTIVE: Final = re.compile(r"#(\{?)([a-z]+)(\}?)")
_LINE_END: Final = re.compile(r"[ \t]*\r?\n")
_SPACE: Final = re.compile(r"\s*")
_NUMBER: Final = re.compile(r"-?(?:\d+\.\d+|\d+)")
_WORD: Final = re.compile(r"[a-z]+")
_KNOWN: Final = frozenset({"set", "if", "elseif", "else", "end", "foreach", "break"})
_REFUSED: Final = frozenset({"parse", "include", "macro", "define", "evaluate", "stop"})


class _Break(Exception):
    """``#break``: leaves the innermost loop, or ends the template outside of one."""


class Template:
    """A compiled template.

    >>> Template('Hello $name#if($n > 1)s#end').render({"name": "x", "n": 2})
    'Hello xs'

    Raises TemplateError if the text is not valid or uses a refused directive.
    """

    def __init__(self, text: str, name: str = "template") -> None:
        if len(text.encode()) > MAX_TEMPLATE_BYTES:
            raise TemplateError(f"{name}: larger than {MAX_TEMPLATE_BYTES} bytes")
        self.name = name
        self._root = _Parser(text, name).template()

    def render(self, scope: Scope) -> str:
        """The text the template makes; ``scope`` is changed by its ``#set`` directives. Raises TemplateError."""
        out: list[str] = []
        try:
            self._root(scope, out)
        except _Break:
            pass
        except TemplateError as error:
            raise TemplateError(f"{self.name}: {error}") from error
        return "".join(out)


class _Parser:
    """Recursive descent over the template's text; each method leaves ``pos`` after what it read."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name, self.pos = text, name, 0

    # -- helpers --

    def fail(self, message: str) -> TemplateError:
        line = self.text.count("\n", 0, self.pos) + 1
        return TemplateError(f"{self.name}, line {line}: {message}")

    def peek(self, token: str) -> bool:
        return self.text.startswith(token, self.pos)

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.pos)
        self.pos = match.end() if match else self.pos

    def take(self, token: str) -> bool:
        """Reads ``token`` after optional white space."""
        self.skip()
        if not self.peek(token):
            return False
        self.pos += len(token)
        return True

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise self.fail(f"expected {token!r}")

    def identifier(self) -> str:
        match = _IDENTIFIER.match(self.text, self.pos)
        if not match:
            raise self.fail("expected a name")
        self.pos = match.end()
        return match.group()

    def end_of_line(self) -> None:
        """A directive swallows the rest of its line if there is only white space left on it."""
        match = _LINE_END.match(self.text, self.pos)
        self.pos = match.end() if match else self.pos

    # -- blocks --

    def template(self) -> Node:
        node, ended_by = self.block(())
        if ended_by:
            raise self.fail(f"#{ended_by} without #if or #foreach")
        return node

    def block(self, until: tuple[str, ...]) -> tuple[Node, str]:
        """Reads up to one of the directives ``until`` and says which; '' is the end of the text."""
        nodes: list[Node] = []
        while self.pos < len(self.text):
            name = self.directive_name()
            if name in ("else", "elseif", "end"):
                if name not in until:
                    raise self.fail(f"#{name} is out of place")
                return _sequence(nodes), name
            nodes.append(self.node(name))
        if until:
            raise self.fail("#end is missing")
        return _sequence(nodes), ""

    def directive_name(self) -> str:
        """The directive that starts here, read, or ''. Raises TemplateError for a refused one."""
        match = _DIRECTIVE.match(self.text, self.pos)
        if not match or (match[1] and not match[3]):
            return ""
        name = match[2]
        if name in _REFUSED:
            raise self.fail(f"#{name} cannot be used in a mapping template")
        if name.startswith("else") and name not in _KNOWN:
            name = "else"
        elif name.startswith("end") and not match[1]:
            name = "end"
        if name not in _KNOWN:
            return ""
        self.pos += len(match[0]) if match[1] else 1 + len(name)
        return name

    def node(self, directive: str) -> Node:
        readers: dict[str, Callable[[], Node]] = {
            "set": self.set_directive,
            "if": self.if_directive,
            "foreach": self.foreach_directive,
            "break": self.break_directive,
        }
        if directive:
            return readers[directive]()
        if self.peek("#"):
            return self.comment_or_hash()
        if self.peek("$"):
            return self.printed_reference()
        return self.plain_text()

    def plain_text(self) -> Node:
        start = self.pos
        if self.peek("\\") and self.pos + 1 < len(self.text) and self.text[self.pos + 1] in "$#":
            start += 1
            self.pos += 2
        else:
            self.pos += 1
        while self.pos < len(self.text) and self.text[self.pos] not in "$#\\":
            self.pos += 1
        return _literal(self.text[start : self.pos])

    def comment_or_hash(self) -> Node:
        for opening, closing in (("##", "\n"), ("#*", "*#"), ("#[[", "]]#")):
            if self.peek(opening):
                return self.skip_to(opening, closing)
        self.pos += 1
        return _literal("#")

    def skip_to(self, opening: str, closing: str) -> Node:
        start = self.pos + len(opening)
        end = self.text.find(closing, start)
        if end < 0 and closing != "\n":
            raise self.fail(f"{closing} is missing")
        self.pos = len(self.text) if end < 0 else end + len(closing)
        return _literal(self.text[start:end] if opening == "#[[" else "")

    def printed_reference(self) -> Node:
        if not _REFERENCE.match(self.text, self.pos):
            self.pos += 1
            return _literal("$")
        value = self.reference()
        return lambda scope, out: out.append(java.to_text(value(scope), null=""))

    # -- directives --

    def condition(self) -> Expression:
        self.expect("(")
        value = self.expression()
        self.expect(")")
        self.end_of_line()
        return value

    def set_directive(self) -> Node:
        self.expect("(")
        self.skip()
        assign = self.target()
        self.expect("=")
        value = self.expression()
        self.expect(")")
        self.end_of_line()
        return lambda scope, out: assign(scope, value(scope))

    def target(self) -> Callable[[Scope, Any], None]:
        """The left side of ``#set``: ``$a``, ``$a.b.c`` or ``$a[key]``."""
        opening = _REFERENCE.match(self.text, self.pos)
        if not opening:
            raise self.fail("#set needs a reference")
        self.pos = opening.end()
        root = self.identifier()
        keys: list[Expression] = []
        while True:
            if self.peek("."):
                self.pos += 1
                keys.append(_constant(self.identifier()))
            elif self.peek("["):
                keys.append(self.bracket())
            else:
                break
        if opening[1]:
            self.expect("}")
        return _assigner(root, keys)

    def if_directive(self) -> Node:
        branches: list[tuple[Expression, Node]] = []
        otherwise: Node | None = None
        test = self.condition()
        body, ended_by = self.block(("elseif", "else", "end"))
        branches.append((test, body))
        while ended_by == "elseif":
            test = self.condition()
            body, ended_by = self.block(("elseif", "else", "end"))
            branches.append((test, body))
        if ended_by == "else":
            self.end_of_line()
            otherwise, _ = self.block(("end",))
        self.end_of_line()
        return _conditional(branches, otherwise)

    def foreach_directive(self) -> Node:
        self.expect("(")
        self.skip()
        opening = _REFERENCE.match(self.text, self.pos)
        if not opening:
            raise self.fail("#foreach needs a loop variable")
        self.pos = opening.end()
        variable = self.identifier()
        if opening[1]:
            self.expect("}")
        self.expect("in")
        items = self.expression()
        self.expect(")")
        self.end_of_line()
        body, _ = self.block(("end",))
        self.end_of_line()
        return _loop(variable, items, body)

    def break_directive(self) -> Node:
        self.end_of_line()
        return _break

    # -- expressions, loosest first --

    def expression(self) -> Expression:
        left = self.conjunction()
        while self.operator_in({"||": "||", "or": "||"}):
            left = _either(left, self.conjunction())
        return left

    def conjunction(self) -> Expression:
        left = self.equality()
        while self.operator_in({"&&": "&&", "and": "&&"}):
            left = _both(left, self.equality())
        return left

    def equality(self) -> Expression:
        left = self.relation()
        while found := self.operator_in({"==": "==", "eq": "==", "!=": "!=", "ne": "!="}):
            left = _equals(left, self.relation(), found == "==")
        return left

    def relation(self) -> Expression:
        left = self.sum()
        words = {"<=": "<=", "le": "<=", ">=": ">=", "ge": ">=", "<": "<", "lt": "<", ">": ">", "gt": ">"}
        while found := self.operator_in(words):
            left = _compares(left, self.sum(), found)
        return left

    def sum(self) -> Expression:
        left = self.product()
        while found := self.operator_in({"+": "+", "-": "-"}):
            left = _arithmetic(left, self.product(), found)
        return left

    def product(self) -> Expression:
        left = self.unary()
        while found := self.operator_in({"*": "*", "/": "/", "%": "%"}):
            left = _arithmetic(left, self.unary(), found)
        return left

    def operator_in(self, operators: dict[str, str]) -> str:
        """The canonical form of the operator that comes next, read, or ''."""
        self.skip()
        word = _WORD.match(self.text, self.pos)
        candidates = (
            [word.group()] if word else [self.text[self.pos : self.pos + 2], self.text[self.pos : self.pos + 1]]
        )
        for candidate in candidates:
            if candidate in operators:
                self.pos += len(candidate)
                return operators[candidate]
        return ""

    def unary(self) -> Expression:
        if self.operator_in({"!": "!", "not": "!"}):
            value = self.unary()
            return lambda scope: not java.truth(value(scope))
        return self.primary()

    def primary(self) -> Expression:
        self.skip()
        readers = {"$": self.reference, "'": self.single_quoted, '"': self.double_quoted, "[": self.list_literal,
                   "{": self.map_literal, "(": self.parenthesised}  # fmt: skip
        reader = readers.get(self.text[self.pos : self.pos + 1])
        return reader() if reader else self.number_or_word()

    def parenthesised(self) -> Expression:
        self.expect("(")
        value = self.expression()
        self.expect(")")
        return value

    def number_or_word(self) -> Expression:
        if number := _NUMBER.match(self.text, self.pos):
            self.pos = number.end()
            return _constant(float(number[0]) if "." in number[0] else int(number[0]))
        word = _WORD.match(self.text, self.pos)
        constants = {"true": True, "false": False, "null": None}
        if not word or word[0] not in constants:
            raise self.fail("expected a value")
        self.pos = word.end()
        return _constant(constants[word[0]])

    def single_quoted(self) -> Expression:
        return _constant(self.quoted("'"))

    def double_quoted(self) -> Expression:
        body = self.quoted('"')
        if "$" not in body and "#" not in body:
            return _constant(body)
        node = _Parser(body, self.name).template()

        def interpolate(scope: Scope) -> str:
            out: list[str] = []
            node(scope, out)
            return "".join(out)

        return interpolate

    def quoted(self, quote: str) -> str:
        """A string literal; Velocity 1.7 knows no backslash escapes, a doubled quote stands for one."""
        match = re.compile(f"{quote}((?:[^{quote}]|{quote}{quote})*){quote}").match(self.text, self.pos)
        if not match:
            raise self.fail("string is not closed")
        self.pos = match.end()
        return match[1].replace(quote * 2, quote)

    def list_literal(self) -> Expression:
        self.expect("[")
        if self.take("]"):
            return lambda scope: JavaList()
        values = [self.expression()]
        if self.take(".."):
            values.append(self.expression())
            self.expect("]")
            return _range(*values)
        while self.take(","):
            values.append(self.expression())
        self.expect("]")
        return lambda scope: JavaList(value(scope) for value in values)

    def map_literal(self) -> Expression:
        self.expect("{")
        pairs: list[tuple[Expression, Expression]] = []
        while not self.take("}"):
            if pairs:
                self.expect(",")
            key = self.expression()
            self.expect(":")
            pairs.append((key, self.expression()))
        return lambda scope: {key(scope): value(scope) for key, value in pairs}

    # -- references --

    def reference(self) -> Expression:
        opening = _REFERENCE.match(self.text, self.pos)
        if not opening:
            raise self.fail("expected a reference")
        self.pos = opening.end()
        name = self.identifier()
        value: Expression = lambda scope: scope.get(name)  # noqa: E731 - rebound by the steps below
        while (step := self.step(value)) is not None:
            value = step
        if opening[1]:
            self.expect("}")
        return value

    def step(self, target: Expression) -> Expression | None:
        """One ``.name``, ``.name(args)`` or ``[index]`` after a reference; None if there is none."""
        if self.peek("["):
            key = self.bracket()
            return lambda scope: java.index(target(scope), key(scope))
        if not self.peek(".") or not _IDENTIFIER.match(self.text, self.pos + 1):
            return None
        self.pos += 1
        name = self.identifier()
        if not self.peek("("):
            return lambda scope: java.get(target(scope), name)
        args = self.arguments()
        return lambda scope: java.call(target(scope), name, [arg(scope) for arg in args])

    def bracket(self) -> Expression:
        self.expect("[")
        key = self.expression()
        self.expect("]")
        return key

    def arguments(self) -> list[Expression]:
        self.expect("(")
        args: list[Expression] = []
        while not self.take(")"):
            if args:
                self.expect(",")
            args.append(self.expression())
        return args


# --- what the parser builds --------------------------------------------------------------------------------------


def _constant(value: Any) -> Expression:
    return lambda scope: value


def _literal(text: str) -> Node:
    return lambda scope, out: out.append(text)


def _sequence(nodes: list[Node]) -> Node:
    def run(scope: Scope, out: list[str]) -> None:
        for node in nodes:
            node(scope, out)

    return run


def _assigner(root: str, keys: list[Expression]) -> Callable[[Scope, Any], None]:
    def assign(scope: Scope, value: Any) -> None:
        if not keys:
            scope[root] = value
            return
        holder = scope.get(root)
        for key in keys[:-1]:
            holder = java.index(holder, key(scope))
        if not isinstance(holder, dict | list):
            raise TemplateError(f"#set: ${root} has no such property")
        last = keys[-1](scope)
        holder[last] = value

    return assign


def _conditional(branches: list[tuple[Expression, Node]], otherwise: Node | None) -> Node:
    def run(scope: Scope, out: list[str]) -> None:
        for test, body in branches:
            if java.truth(test(scope)):
                body(scope, out)
                return
        if otherwise:
            otherwise(scope, out)

    return run


def _break(scope: Scope, out: list[str]) -> None:
    raise _Break


def _iterable(value: Any) -> list[Any]:
    """What ``#foreach`` walks: a list's items, a map's values, a lone null nothing at all."""
    if value is None or value is java.MISSING:
        return []
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return list(value)
    raise TemplateError("#foreach needs a list or a map")


def _loop(variable: str, items: Expression, body: Node) -> Node:
    names = (variable, "foreach", "velocityCount", "velocityHasNext")

    def run(scope: Scope, out: list[str]) -> None:
        values = _iterable(items(scope))
        outer = {name: scope[name] for name in names if name in scope}
        try:
            for number, value in enumerate(values[:MAX_LOOPS]):
                more = number + 1 < len(values)
                state = {"count": number + 1, "index": number, "hasNext": more, "first": number == 0, "last": not more}
                scope.update({"foreach": {**state, "parent": outer.get("foreach")}, "velocityCount": number + 1,
                              "velocityHasNext": more, variable: value})  # fmt: skip
                body(scope, out)
        except _Break:
            pass
        for name in names:
            scope.pop(name, None)
        scope.update(outer)

    return run


def _either(left: Expression, right: Expression) -> Expression:
    return lambda scope: java.truth(left(scope)) or java.truth(right(scope))


def _both(left: Expression, right: Expression) -> Expression:
    return lambda scope: java.truth(left(scope)) and java.truth(right(scope))


def _equals(left: Expression, right: Expression, wanted: bool) -> Expression:
    return lambda scope: java.equal(left(scope), right(scope)) is wanted


_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compares(left: Expression, right: Expression, name: str) -> Expression:
    test = _COMPARISONS[name]

    def run(scope: Scope) -> bool:
        one, other = left(scope), right(scope)
        return java.is_number(one) and java.is_number(other) and bool(test(one, other))

    return run


def _java_divide(one: Any, other: Any) -> Any:
    """Java division: whole numbers truncate towards zero; by zero is null in Velocity."""
    if other == 0:
        return None
    if isinstance(one, float) or isinstance(other, float):
        return one / other
    quotient = abs(one) // abs(other)
    return quotient if (one < 0) == (other < 0) else -quotient


def _java_remainder(one: Any, other: Any) -> Any:
    if other == 0:
        return None
    if isinstance(one, float) or isinstance(other, float):
        return math.fmod(one, other)
    return one - other * _java_divide(one, other)


_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _java_divide,
    "%": _java_remainder,
}


def _arithmetic(left: Expression, right: Expression, name: str) -> Expression:
    """Numbers are added, anything else but null joined by ``+``; other operators on other things give null."""
    compute = _ARITHMETIC[name]

    def run(scope: Scope) -> Any:
        one, other = left(scope), right(scope)
        if java.is_number(one) and java.is_number(other):
            return compute(one, other)
        if name == "+" and (isinstance(one, str) or isinstance(other, str)):
            return java.to_text(one, null="") + java.to_text(other, null="")
        return None

    return run


def _range(first: Expression, last: Expression) -> Expression:
    def run(scope: Scope) -> JavaList:
        start, end = first(scope), last(scope)
        if not isinstance(start, int) or not isinstance(end, int):
            raise TemplateError("a range needs two whole numbers")
        return JavaList(range(start, end + 1) if start <= end else range(start, end - 1, -1))

    return run
