"""The slips: which small changes of a program count as a mutant.

>>> for mutant in mutants_in("m", "def f(a, b):\\n    return a - b.T"):
...     print(mutant.slip, mutant.name, sep="; ")
sign; m.f | return a - b.T | a - b.T → a + b.T
dropped term; m.f | return a - b.T | a - b.T → a
swapped; m.f | return a - b.T | a - b.T → b.T - a
transpose; m.f | return a - b.T | b.T → b
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SIGN = {ast.Add: ast.Sub, ast.Sub: ast.Add}
FACTOR = {ast.Mult: ast.Div, ast.Div: ast.Mult}
OTHER = {
    ast.Pow: ast.Mult, ast.Mod: ast.Mult, ast.FloorDiv: ast.Div, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
DIRECTION = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
NEGATION = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
TAKEN_FOR = {
    "max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum",
    "argmax": "argmin", "argmin": "argmax", "any": "all", "all": "any", "zeros": "ones",
    "ones": "zeros", "mean": "sum", "cosh": "sinh", "sinh": "cosh", "cos": "sin", "sin": "cos",
}  # fmt: skip
LOST = {
    "log", "log1p", "exp", "expm1", "sqrt", "abs", "square", "tanh", "sign", "floor", "ceil",
    "arctanh", "conj", "reversed", "sorted", "expit", "logit", "cumsum",
}  # fmt: skip
UNORDERED = {  # to swap the arguments of these makes no difference, or no sense
    "isinstance", "issubclass", "getattr", "hasattr", "setattr", "super", "zip", "print",
    "max", "min", "maximum", "minimum", "hypot", "logaddexp", "multiply", "array_equal",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One slip in one place."""

    module: str
    scope: str  # qualified name of the outermost function around it; "" at module level
    line: int
    text: str  # that line
    slip: str
    before: str
    after: str
    node: int  # the place in the order of `ast.walk`
    variant: int  # which of the slips that this place has
    twin: int = 0  # tells mutants apart that read the same within one function
    guard: bool = False  # within the condition of an `if` that only raises

    @property
    def name(self) -> str:
        """What the list of equivalents calls it: without line number, to survive edits."""
        twin = f" #{self.twin + 1}" if self.twin else ""
        where = f"{self.module}.{self.scope or '<module>'}"
        return f"{where} | {self.text} | {self.before} → {self.after}{twin}"


def mutants_in(module: str, source: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree = ast.parse(source)
    lines = source.splitlines()
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found, seen = [], {}
    for number, node in enumerate(ast.walk(tree)):
        if not hasattr(node, "lineno") or _left_alone(node, parents):
            continue
        scope, text = _scope(node, parents), lines[node.lineno - 1].strip()
        for variant, (slip, broken) in enumerate(slips(node, parents)):
            before, after = _short(node), _short(broken)
            if before == after:
                continue
            key = (scope, text, before, after)
            twin = seen[key] = seen.get(key, -1) + 1
            found.append(
                Mutant(
                    module, scope, node.lineno, text, slip, before, after, number, variant, twin,
                    _guards(node, parents),
                )
            )  # fmt: skip
    return sorted(found, key=lambda mutant: mutant.line)


def broken_tree(mutant: Mutant, tree: ast.Module) -> ast.Module:
    """The tree with the slip in it; the tree given is changed in place."""
    return exchanged(tree, mutant.node, lambda node, parents: slips(node, parents)[mutant.variant])


def exchanged(tree: ast.Module, place: int, slip_of: Callable) -> ast.Module:
    """Put a slip in for the node at a place of `ast.walk`; the tree is changed in place."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    node = next(node for k, node in enumerate(ast.walk(tree)) if k == place)
    _, broken = slip_of(node, parents)
    ast.copy_location(broken, node)
    parent = parents[node]
    for field, value in ast.iter_fields(parent):
        if value is node:
            setattr(parent, field, broken)
        elif isinstance(value, list) and any(item is node for item in value):
            value[:] = [broken if item is node else item for item in value]
    return ast.fix_missing_locations(tree)


def slips(node: ast.AST, parents: dict) -> list[tuple[str, ast.AST]]:
    """The slips that one node of a syntax tree has: (kind, broken node)."""
    return list(_slips(node, parents.get(node)))


def _slips(node, parent) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            yield from _of_product_or_sum(node, left, type(op), right, parent)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            if isinstance(parent, ast.keyword) and parent.arg == "axis":
                yield "axis", ast.Constant(0)
            else:
                yield "sign", operand
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            yield "negation", operand
        case ast.BoolOp(op=op, values=values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "operator", ast.BoolOp(other, values)
            for k in range(len(values)):
                rest = [*values[:k], *values[k + 1 :]]
                yield "dropped condition", rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.Compare(left=left, ops=ops, comparators=others):
            for k, op in enumerate(ops):
                for kind, table in (
                    ("boundary", BOUNDARY), ("direction", DIRECTION), ("negation", NEGATION),
                ):  # fmt: skip
                    if type(op) in table:
                        changed = [*ops[:k], table[type(op)](), *ops[k + 1 :]]
                        yield kind, ast.Compare(left, changed, others)
        case ast.Constant(value=bool() as value):
            yield "constant", ast.Constant(not value)
        case ast.Constant(value=int() as value):
            if isinstance(parent, ast.keyword) and parent.arg == "axis":
                yield "axis", ast.Constant(1 - value)
            else:
                yield "constant", ast.Constant(value + 1)
        case ast.Constant(value=float() as value):
            yield "constant", ast.Constant(2 * value or 1.0)
        case ast.Subscript(slice=ast.Tuple(elts=[first, second]) as index):
            swapped = ast.Tuple([second, first], index.ctx)
            yield "index", ast.Subscript(node.value, swapped, node.ctx)
        case ast.Attribute(attr="T" | "mT", value=value):
            yield "transpose", value
        case ast.Call():
            yield from _of_call(node)
        case ast.AugAssign(op=op) if type(op) in SIGN | FACTOR:
            other = (SIGN | FACTOR)[type(op)]()
            yield "sign", ast.AugAssign(node.target, other, node.value)
            yield "dropped statement", ast.Pass()
        case ast.Expr(value=ast.Call()):
            yield "dropped statement", ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "dropped statement", ast.Pass()
        case ast.Break():
            yield "operator", ast.Continue()
        case ast.Continue():
            yield "operator", ast.Break()
        case ast.Name() | ast.Attribute() if _is_test(node, parent):
            yield "negation", ast.UnaryOp(ast.Not(), node)


def _of_product_or_sum(node, left, op, right, parent):
    if op in SIGN:
        yield "sign", ast.BinOp(left, SIGN[op](), right)
        yield "dropped term", left
        if op is ast.Add:
            yield "dropped term", right
        elif not _even(parent):
            yield "swapped", _swapped(node)
    elif op in FACTOR:
        yield "operator", ast.BinOp(left, FACTOR[op](), right)
        yield "dropped factor", left
        yield ("dropped factor", right) if op is ast.Mult else ("swapped", _swapped(node))
    elif op is ast.MatMult:
        yield "swapped", _swapped(node)
    elif op in OTHER:
        yield "operator", ast.BinOp(left, OTHER[op](), right)
        yield "dropped factor", left


def _even(node) -> bool:
    """Whether a sign within is of no account: |…|, …²."""
    if isinstance(node, ast.Call):
        return getattr(node.func, "attr", getattr(node.func, "id", "")) in ("abs", "square")
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and (isinstance(node.right, ast.Constant) and node.right.value == 2)
    )


def _swapped(node):
    return ast.BinOp(node.right, node.op, node.left)


def _of_call(node):
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in TAKEN_FOR:
        other = copy.copy(node.func)
        if isinstance(other, ast.Attribute):
            other.attr = TAKEN_FOR[name]
        else:
            other.id = TAKEN_FOR[name]
        yield "wrong function", ast.Call(other, node.args, node.keywords)
    plain = not any(isinstance(a, ast.Starred) for a in node.args[:2])
    if name in LOST and node.args and plain:
        yield "lost function", node.args[0]
    if name == "range" and plain:
        stop = node.args[-1] if len(node.args) == 1 else node.args[1]
        if not isinstance(stop, ast.Constant):
            less = ast.BinOp(stop, ast.Sub(), ast.Constant(1))
            args = [less] if len(node.args) == 1 else [node.args[0], less, *node.args[2:]]
            yield "boundary", ast.Call(node.func, args, node.keywords)
    elif len(node.args) > 1 and plain and name not in UNORDERED:
        first, second, *others = node.args
        yield "swapped", ast.Call(node.func, [second, first, *others], node.keywords)


def _is_test(node, parent) -> bool:
    return isinstance(parent, (ast.If, ast.While, ast.IfExp)) and parent.test is node


def _left_alone(node, parents) -> bool:
    """Annotations, messages of errors, imports, `strict` of a zip: no arithmetic there."""
    while node in parents:
        above = parents[node]
        if isinstance(node, ast.keyword) and node.arg == "strict":
            return True
        if isinstance(node, (ast.Raise, ast.Import, ast.ImportFrom)):
            return True
        if node in (getattr(above, "annotation", None), getattr(above, "returns", None)):
            return True
        if isinstance(above, ast.If) and getattr(above.test, "id", "") == "TYPE_CHECKING":
            return True
        if isinstance(above, ast.Assign) and getattr(above.targets[0], "id", "") == "__all__":
            return True
        if isinstance(above, ast.AnnAssign) and above.annotation is node:
            return True
        if isinstance(above, (ast.FunctionDef, ast.ClassDef)) and node in above.decorator_list:
            return True
        node = above
    return False


def _scope(node, parents) -> str:
    """The outermost function (or method) in whose body a node stands."""
    names, function = [], None
    while node in parents:
        above = parents[node]
        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if node in above.body:
                names, function = [above.name], above
            elif function is not None:
                names.insert(0, above.name)
        elif isinstance(above, ast.ClassDef) and function is not None:
            names.insert(0, above.name)
        node = above
    return ".".join(names)


def _guards(node, parents) -> bool:
    """Whether a node decides, or helps to decide, whether an error is raised."""
    while node in parents:
        above = parents[node]
        if isinstance(above, ast.If) and node is above.test:
            return all(isinstance(statement, ast.Raise) for statement in above.body)
        node = above
    return False


def _short(node) -> str:
    return " ".join(ast.unparse(node).split())
