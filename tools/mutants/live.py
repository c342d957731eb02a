"""Put a mutant into the running program.

The code object of the function that holds the slip is replaced in every function made from
it. A slip at module level (a constant, a default) is executed anew and carried over to all
who imported the old value.
"""

from __future__ import annotations

import ast
import gc
import sys
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from tools.kernel_environment import ROOT
from tools.mutants.slips import Mutant, broken_tree, mutants_in


class Unfit(Exception):
    """The mutant cannot be put in: it does not compile, or has other free variables."""


class CannotBeImported(Exception):
    """The module with the slip in it raises when it is imported: whoever imports it notices."""


def path_of(module: str) -> Path:
    path = ROOT / (module.replace(".", "/") + ".py")
    return path if path.exists() else ROOT / module.replace(".", "/") / "__init__.py"


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text(encoding="utf-8"))


@cache
def mutants_of(module: str) -> tuple[Mutant, ...]:
    return tuple(mutants_in(module, path_of(module).read_text(encoding="utf-8")))


def lines_of(mutant: Mutant) -> range:
    """The lines of the smallest statement around the slip; of a compound one, its head."""
    return _statement_at(mutant.module, mutant.line)


@cache
def lines_of_function(module: str, scope: str) -> range:
    """The lines of the function (or method) of this qualified name."""
    node = tree_of(module)
    for name in scope.split("."):
        node = next(part for part in node.body if getattr(part, "name", None) == name)
    return range(node.lineno, node.end_lineno + 1)


@cache
def _statement_at(module: str, line: int) -> range:
    best = range(line, line + 1)
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= node.end_lineno:
            body = getattr(node, "body", None)
            last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno
            if line <= last:  # the walk goes inwards
                best = range(node.lineno, last + 1)
    return best


def put_in(mutant: Mutant) -> None:
    """Change the running program; there is no way back (call it in a fork)."""
    tree = broken_tree(mutant, tree_of(mutant.module))
    module = sys.modules[mutant.module]
    if mutant.scope:
        _replace_code(mutant, _only(tree, mutant), str(path_of(mutant.module)))
    elif mutant.slip == "dropped statement" and _is_call(mutant.before):
        raise Unfit("what the import has done stays done")
    else:
        _replace_values(module, compile(tree, str(path_of(mutant.module)), "exec"))


def _is_call(statement: str) -> bool:
    return isinstance(ast.parse(statement).body[0], ast.Expr)


def _only(tree: ast.Module, mutant: Mutant) -> ast.Module:
    """The tree without the other functions, so that it compiles quickly."""
    first, *rest = mutant.scope.split(".")
    kept = []
    for node in tree.body:
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if future or getattr(node, "name", None) == first:
            kept.append(node)
        if isinstance(node, ast.ClassDef) and node.name == first and rest:
            node.body = [m for m in node.body if getattr(m, "name", None) == rest[0]]
    tree.body = kept
    return tree


def _replace_code(mutant: Mutant, tree: ast.Module, path: str) -> None:
    try:
        codes = dict(_codes(compile(tree, path, "exec")))
    except (SyntaxError, ValueError, TypeError) as problem:
        raise Unfit(str(problem)) from None
    replaced = False
    for function in _live_functions(path, mutant.scope):
        new = codes.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if new is None:
            continue
        try:
            function.__code__ = new
        except ValueError:  # another number of free variables
            _rebuild(function, new)
        replaced = True
    if not replaced:
        raise Unfit("no living function has this code")


def _rebuild(function: FunctionType, new: CodeType) -> None:
    """Give the code the free variables of the old one, which it must not have fewer of."""
    old = function.__code__.co_freevars
    if not set(new.co_freevars) <= set(old):
        raise Unfit("the slip needs a variable that the function does not hold")
    cells = dict(zip(old, function.__closure__, strict=True))
    twin = FunctionType(
        new,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        tuple(cells[name] for name in new.co_freevars),
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    owner = sys.modules[function.__module__]
    *path, name = function.__qualname__.split(".")
    for part in path:
        owner = getattr(owner, part, None)
    if owner is None or vars(owner).get(name) is not function:
        raise Unfit("the function is not found under its name")
    setattr(owner, name, twin)  # not into the dictionary: a class keeps a cache of its methods


def _codes(code: CodeType):
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield (constant.co_qualname, constant.co_firstlineno), constant
            yield from _codes(constant)


_living: dict[str, list[FunctionType]] = {}  # the functions of each file


def look_around() -> None:
    """Find all functions of the library once, before forks: to look costs a tenth of a second."""
    gc.collect()
    _living.clear()
    for thing in gc.get_objects():
        if type(thing) is FunctionType:
            _living.setdefault(thing.__code__.co_filename, []).append(thing)
    gc.freeze()  # a fork need not copy what nobody collects


def _live_functions(path: str, scope: str) -> list[FunctionType]:
    if not _living:
        look_around()
    names = [(f, f.__code__.co_qualname) for f in _living.get(path, ())]
    return [f for f, name in names if name == scope or name.startswith(scope + ".")]


def _replace_values(module: ModuleType, code: CodeType) -> None:
    fresh = ModuleType(module.__name__)
    fresh.__dict__.update(__file__=module.__file__, __package__=module.__package__)
    try:
        exec(code, fresh.__dict__)
    except Exception as problem:
        raise CannotBeImported(str(problem)) from problem
    news = {
        (new.__code__.co_qualname, new.__code__.co_firstlineno): new
        for new in gc.get_objects()
        if type(new) is FunctionType and new.__globals__ is fresh.__dict__
    }
    for old in _living.get(module.__file__, ()):
        new = news.get((old.__code__.co_qualname, old.__code__.co_firstlineno))
        if new is not None:
            old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
    users = [m for m in list(sys.modules.values()) if isinstance(m, ModuleType)]
    for name, new in fresh.__dict__.items():
        old = module.__dict__.get(name)
        if name.startswith("__") or isinstance(new, (FunctionType, ModuleType)):
            continue
        if isinstance(new, type):
            if new.__module__ == module.__name__:  # not one that it imports
                _replace_attributes(old, new)
            continue
        for user in users:
            if user.__dict__.get(name) is old:
                user.__dict__[name] = new


def _replace_attributes(old: type, new: type) -> None:
    for name, value in vars(new).items():
        if name in ("__dataclass_fields__", "__repr__", "__eq__"):  # made from the fields' flags
            setattr(old, name, value)
        elif not isinstance(value, FunctionType) and not name.startswith("__"):
            if name in vars(old) and not hasattr(value, "__get__"):
                setattr(old, name, value)
        elif name == "__init__" and isinstance(value, FunctionType):
            vars(old)[name].__defaults__ = value.__defaults__
            vars(old)[name].__kwdefaults__ = value.__kwdefaults__
