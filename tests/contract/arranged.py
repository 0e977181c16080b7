"""What functions hand to the state machines: what their answers hold, and the writes they arrange for a transaction."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.contract.shipped import Shipped, target

TRANSACTION_KINDS = {"Put", "Update", "Delete", "ConditionCheck"}
Definition = ast.FunctionDef | ast.ClassDef


def definitions(shipped: Shipped, package: str, kind: type[Definition]) -> dict[str, Definition]:
    """The functions or classes of a package below functions/ and, behind them, of the layer, by their names."""
    trees = {**shipped.python("functions/dragoman/"), **shipped.python(f"functions/{package}/")}
    return {node.name: node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, kind)}


def assigned(inside: ast.AST, name: str) -> Iterator[ast.expr]:
    """What a variable is set to within some code."""
    for node in ast.walk(inside):
        if isinstance(node, ast.Assign) and any(isinstance(aim, ast.Name) and aim.id == name for aim in node.targets):
            yield node.value


# --- answers


def answered(shipped: Shipped, package: str) -> set[str]:
    """The members of what a function's handler returns. Raises LookupError where its code does not tell."""
    tree = shipped.python(f"functions/{package}/")[f"functions/{package}/handler.py"]
    handler = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "handler")
    returned = [node.value for node in ast.walk(handler) if isinstance(node, ast.Return) and node.value is not None]
    return {member for value in returned for member in _members(shipped, package, handler, value)}


def _members(shipped: Shipped, package: str, handler: ast.FunctionDef, value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Dict):
        for key, part in zip(value.keys, value.values, strict=True):
            yield from [str(key.value)] if isinstance(key, ast.Constant) else _members(shipped, package, handler, part)
    elif isinstance(value, ast.Name):
        for source in assigned(handler, value.id):
            yield from _members(shipped, package, handler, source)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        made = definitions(shipped, package, ast.FunctionDef).get(value.func.id)
        kind = getattr(getattr(made, "returns", None), "id", "")
        yield from _fields(shipped, package, kind)
    else:
        raise LookupError(f"functions/{package}/handler.py: return a dictionary, or what a function of its own returns")


def _fields(shipped: Shipped, package: str, name: str) -> Iterator[str]:
    """The fields of a TypedDict, those of its bases included."""
    kind = definitions(shipped, package, ast.ClassDef).get(name)
    if not isinstance(kind, ast.ClassDef):
        raise LookupError(f"functions/{package}: say by a TypedDict what the answer ({name or 'of any shape'}) holds")
    for node in kind.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
    for base in kind.bases:
        if isinstance(base, ast.Name) and base.id != "TypedDict":
            yield from _fields(shipped, package, base.id)


def keys_made(shipped: Shipped, package: str) -> Iterator[set[str]]:
    """The attributes of each key that a function makes in a list, for a batch of reads."""
    for tree in shipped.python(f"functions/{package}/").values():
        for made in (node.elt for node in ast.walk(tree) if isinstance(node, ast.ListComp)):
            if isinstance(made, ast.Call) and ast.unparse(made.func) == "item" and isinstance(made.args[0], ast.Dict):
                yield {str(key.value) for key in made.args[0].keys if isinstance(key, ast.Constant)}


# --- writes


def written_by(shipped: Shipped, package: str) -> Iterator[tuple[str, str]]:
    """The writes that a function arranges for a transaction: Put, Update, Delete or ConditionCheck, and the table's
    logical id. Raises LookupError where its code does not tell."""
    for tree in shipped.python(f"functions/{package}/").values():
        for maker in ast.walk(tree):
            if isinstance(maker, ast.FunctionDef):
                for kind, part in _writes(maker):
                    yield kind, _table(shipped, package, maker, part)


def _writes(maker: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(maker):
        for key, part in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Constant) and key.value in TRANSACTION_KINDS:
                yield str(key.value), part


def _table(shipped: Shipped, package: str, maker: ast.FunctionDef, part: ast.expr) -> str:
    """The table of one write: its TableName is a field of the settings, called as the environment variable is."""
    holders = [part]
    for name in (node.id for node in ast.walk(part) if isinstance(node, ast.Name)):
        holders += assigned(maker, name)
    for node in (node for holder in holders for node in ast.walk(holder) if isinstance(node, ast.Dict)):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "TableName" and isinstance(value, ast.Attribute):
                return target(_variables(shipped, package)[value.attr.upper()])
    raise LookupError(f"functions/{package}: {maker.name} writes to a table that its settings do not name")


def _variables(shipped: Shipped, package: str) -> dict[str, object]:
    for item in shipped.resources("AWS::Serverless::Function").values():
        if str(item["Properties"]["Handler"]).startswith(f"{package}."):
            return dict(item["Properties"].get("Environment", {}).get("Variables", {}))
    raise LookupError(f"functions/{package} is not deployed")
