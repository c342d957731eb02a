"""Where the two symbolic corners of a claim come from.

A claim is a tautology when its derived side is its stated side by construction: the same
variable, one computed from the other, or the same text typed twice.  Comparing the objects
cannot tell, since an honest derivation *ends* at the stated formula; the code can.

>>> source = '''
... slope = diff(D, mu)
... claim("2.15", "identity", stated=chain("g", "=", slope), derived=slope)
... '''
>>> tautology(source, "2.15")
'`stated` is built from `slope`, which is also what `derived` is'
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from functools import lru_cache
from types import FrameType

from boltzlib.book.statement import FLIPPED

# Calls that transform a formula.  A derivation that uses none of them derives nothing.
# fmt: off
TRANSFORMATIONS = frozenset([
    "adjugate", "apart", "cancel", "cofactor", "collect", "combsimp", "deltasummation", "det",
    "diff", "doit", "dsolve", "expand", "expand_log", "factor", "factor_terms", "integrate", "inv",
    "limit", "linsolve", "logcombine", "nsimplify", "powsimp", "refine", "replace", "rewrite",
    "series", "simplify", "solve", "solveset", "split", "subs", "sum_deltas", "summation",
    "together", "trigsimp", "xreplace",
])
# fmt: on
STATEMENTS = ("chain", "limit", "stationary", "together")
NOTATION = frozenset(["replace", "subs", "xreplace"])  # those by which a page abbreviates


def tautology(source: str, equation: str) -> str | None:
    """Return why the claim for `equation` in `source` is a tautology, or None if it is not.

    Parameters
    ----------
    source : str
        The code that ran up to and including the call ``claim(equation, …)``.
    equation : str
        The number given as the call's first argument.
    """
    tree = _parsed(textwrap.dedent(source))
    call = _find_call(tree, equation)
    if call is None:
        return None
    stated, derived = _statement(call), _keyword(call, "derived")
    if derived is None:
        return None
    origins = _origins(tree, call.lineno)
    for piece in _pieces(derived):
        if isinstance(piece, ast.Name) and piece.id in _closure(stated, origins):
            return f"`stated` is built from `{piece.id}`, which is also what `derived` is"
        for side in _conclusions(stated, origins):
            if isinstance(side, ast.Name) and side.id in _closure(piece, origins):
                return f"`derived` is built from `{side.id}`, which is what `stated` concludes"
            if _inlined(side, origins) == _inlined(piece, origins):
                return "`derived` and the conclusion of `stated` are the same text"
            shared = sorted(_results(side, origins) & _results(piece, origins), key=len)
            if shared:
                return f"`derived` and the conclusion of `stated` both come from `{shared[0]}`"
        for side in _conclusions(stated, origins, alone=True):
            if _core(side, origins) == _core(piece, origins):
                return "`derived` is what `stated` concludes, rewritten"
        if not _transforms(piece, origins):
            return (
                "`derived` is typed in, not derived: nothing such as diff, solve, doit or "
                "simplify leads to it"
            )
    return None


def written_out(source: str, equation: str) -> bool:
    """Whether `tautology` could see what was stated and what was derived.

    It cannot when the number, ``derived`` or the statement reaches the call in a variable.
    """
    call = _find_call(tree := _parsed(source), equation)
    if call is None or _keyword(call, "derived") is None:
        return False
    stated = _meant(_statement(call), _origins(tree, call.lineno))
    return isinstance(stated, ast.Call) and _called(stated) in STATEMENTS


def source_so_far(frame: FrameType) -> str | None:
    """Return the code of a notebook up to the running cell, or of the calling function."""
    cells = frame.f_globals.get("In")
    if isinstance(cells, list) and "get_ipython" in frame.f_globals:
        return "\n".join(_plain(cell) for cell in cells)
    try:
        return inspect.getsource(frame)
    except OSError:
        return None


@lru_cache(maxsize=1_000)
def _plain(cell: str) -> str:
    """Drop a cell that is not plain Python (a magic, a syntax error that was corrected)."""
    try:
        ast.parse(cell)
    except SyntaxError:
        return ""
    return cell


def _find_call(tree, equation):
    found = None
    for node in _nodes(tree):
        if isinstance(node, ast.Call):  # by whatever name `claim` goes
            number = node.args[0] if node.args else _keyword(node, "equation")
            if _statement(node) and getattr(number, "value", None) == equation:
                found = node  # the last one is the one that runs
    return found


def _statement(call: ast.Call) -> ast.AST | None:
    return call.args[2] if len(call.args) > 2 else _keyword(call, "stated")


def _keyword(call: ast.Call, name: str) -> ast.AST | None:
    return next((k.value for k in call.keywords if k.arg == name), None)


_READ = (
    ast.Call,
    ast.FunctionDef,
    ast.Assign,
    ast.AnnAssign,
    ast.NamedExpr,
    ast.AugAssign,
    ast.For,
)
_last: list = []  # the source that was parsed last, and its tree


def _parsed(source: str) -> ast.Module:
    """Parse a source. A page grows cell by cell: only what is new is parsed."""
    if _last and source == _last[0]:
        return _last[1]
    tree = None
    if _last and source.startswith(f"{_last[0]}\n"):
        before, known = _last
        with contextlib.suppress(SyntaxError):  # it goes on with what stands before
            new = ast.parse(source[len(before) + 1 :])
            ast.increment_lineno(new, before.count("\n") + 1)
            tree = ast.Module([*known.body, *new.body], [])
    tree = tree or ast.parse(source)
    _last[:] = source, tree
    return tree


def _nodes(tree) -> list[ast.AST]:
    return [node for statement in tree.body for node in _nodes_within(statement)]


@lru_cache(maxsize=10_000)
def _nodes_within(statement) -> list[ast.AST]:
    return [node for node in ast.walk(statement) if isinstance(node, _READ)]


class _Origins(dict):
    """What each name was bound to, and the trees in which that is followed to its end."""

    __hash__, __eq__ = object.__hash__, object.__eq__

    def __init__(self):
        self.followed: dict[tuple[str, int], ast.AST] = {}


@lru_cache(maxsize=2)
def _origins(tree, before: int) -> _Origins:
    """Return, for each name, what it was bound to (functions: their body) above a line."""
    origins = _Origins()
    above = [node for node in _nodes(tree) if node.lineno < before]
    for node in sorted(above, key=lambda n: n.lineno):
        if isinstance(node, ast.FunctionDef):
            origins[node.name] = [node]
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and node.value:
            for target in _targets(node):
                part = isinstance(target, (ast.Subscript, ast.Attribute))
                for name in _bound(target):
                    fresh = not part and name not in _names(node.value)
                    origins[name] = [node.value] if fresh else [*origins.get(name, []), node.value]
        elif isinstance(node, ast.AugAssign):
            for name in _bound(node.target):
                origins.setdefault(name, []).append(node.value)
        elif isinstance(node, ast.For):
            for name in _bound(node.target):
                origins[name] = [node.iter]
    return origins


def _targets(node) -> list[ast.AST]:
    """What an assignment assigns to, the parts of a tuple one by one."""
    todo, found = [*(getattr(node, "targets", None) or [node.target])], []
    while todo:
        target = todo.pop(0)
        if isinstance(target, (ast.Tuple, ast.List)):
            todo += target.elts
        else:
            found.append(target)
    return found


def _bound(target) -> set[str]:
    """The names that an assignment to `target` changes: of a[k] or a.k this is a, not k."""
    while isinstance(target, (ast.Subscript, ast.Attribute, ast.Starred)):
        target = target.value
    if isinstance(target, (ast.Tuple, ast.List)):
        return set().union(*map(_bound, target.elts))
    return _names(target)


def _names(node) -> set[str]:
    """The names that occur in `node`, without the parameters that it binds itself."""
    if isinstance(node, ast.Name):
        return {node.id}
    names = set().union(*map(_names, ast.iter_child_nodes(node)))
    if isinstance(node, (ast.Lambda, ast.FunctionDef)):
        return names - {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        names -= set().union(*(_names(g.target) for g in node.generators))
        return names | _names(node.generators[0].iter)  # which is read outside
    return names


def _closure(node, origins) -> set[str]:
    """All names that `node` depends on, through any number of assignments."""
    todo, seen = list(_names(node)), set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += [n for value in origins.get(name, []) for n in _names(value)]
    return seen


def _meant(node, origins) -> ast.AST:
    """What stands behind a name that was bound once, through any number of names."""
    seen = set()
    while isinstance(node, ast.Name) and len(origins.get(node.id, [])) == 1:
        if node.id in seen:  # names that stand for each other
            break
        seen.add(node.id)
        node = origins[node.id][0]
    return node


def _pieces(node) -> list[ast.AST]:
    if isinstance(node, (ast.Tuple, ast.List)):
        return [p for element in node.elts for p in _pieces(element)]
    if isinstance(node, ast.Starred):
        return _pieces(node.value)
    return [] if isinstance(node, ast.Constant) and node.value is None else [node]


def _conclusions(node, origins, alone: bool = False) -> list[ast.AST]:
    """The last formula of each equality: a derivation may start from the others.

    With `alone`, only those that stand beside names: no other formula to start from.
    The gap of a bound is the difference of its sides, so a bound has no conclusion here.
    """
    node = _meant(node, origins)
    name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
    if name in ("stationary", "together"):
        return [side for part in node.args for side in _conclusions(part, origins, alone)]
    if name == "limit":
        return [] if alone else node.args[1:2]  # the sequence, to which a derivation leads
    if name != "chain" or any(getattr(a, "value", "") in FLIPPED for a in node.args[1::2]):
        return []
    formulas = [
        a for a in node.args[::2] if not isinstance(a, ast.Constant) and not _is_text(a, origins)
    ]
    return [] if alone and len(formulas) > 1 else formulas[-1:]


def _is_text(node, origins) -> bool:
    """Whether a side of a chain is a name, which says nothing that could be derived."""
    node = _meant(node, origins)
    if isinstance(node, ast.BinOp):  # "a" + b, "a_%d" % k
        return _is_text(node.left, origins) or _is_text(node.right, origins)
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


@lru_cache(maxsize=100)
def _inlined(node, origins) -> str:
    return ast.unparse(_with_values(node, origins))


def _with_values(node, origins, depth: int = 8) -> ast.AST:
    """The tree of `node` with what each name was bound to in its place."""
    free, followed = _names(node), origins.followed

    class Inline(ast.NodeTransformer):
        def visit_Name(self, name):
            values = origins.get(name.id, []) if isinstance(name.ctx, ast.Load) else []
            bound_once = len(values) == 1 and isinstance(values[0], ast.expr)
            if not (name.id in free and depth and bound_once):
                return name
            if (name.id, depth) not in followed:
                followed[name.id, depth] = _with_values(values[0], origins, depth - 1)
            return followed[name.id, depth]

    return Inline().visit(ast.parse(ast.unparse(node), mode="eval").body)


@lru_cache(maxsize=100)
def _core(node, origins) -> str:
    """The inlined text of a formula without the transformations that are wrapped around it."""
    tree = _with_values(node, origins)
    while isinstance(tree, ast.Call) and _called(tree) in TRANSFORMATIONS - NOTATION:
        tree = tree.func.value if isinstance(tree.func, ast.Attribute) else tree.args[0]
    return ast.unparse(tree)


@lru_cache(maxsize=100)
def _results(node, origins) -> set[str]:
    """What `node` takes from a derivation: inlined calls of transformations, and their names."""
    calls = {
        ast.unparse(part)
        for part in _parts(_with_values(node, origins))
        if isinstance(part, ast.Call) and _called(part) in TRANSFORMATIONS - NOTATION
    }
    return calls | {
        name
        for name in _closure(node, origins)
        if any(
            isinstance(part, ast.Call) and _called(part) in TRANSFORMATIONS - NOTATION
            for value in origins.get(name, [])
            if isinstance(value, ast.expr)
            for part in ast.walk(value)
        )
    }


def _parts(tree) -> list[ast.AST]:
    """All nodes of a tree, those that stand in several places once."""
    todo, seen = [tree], {}
    while todo:
        node = todo.pop()
        if id(node) not in seen:
            seen[id(node)] = node
            todo += ast.iter_child_nodes(node)
    return list(seen.values())


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _transforms(node, origins) -> bool:
    todo = [node, *(value for name in _closure(node, origins) for value in origins.get(name, []))]
    for part in todo:
        for call in ast.walk(part):
            if isinstance(call, ast.Call) and _called(call) in TRANSFORMATIONS:
                return True
    return False
