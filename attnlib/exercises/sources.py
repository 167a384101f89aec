"""The source of an answer, with what it uses of the notebook around it.

A notebook's text is what its cells said when they ran, which IPython keeps as `In`; that of a
module or a script is its file.
"""

import ast
import builtins
import inspect
import linecache
import symtable
import sys
import textwrap
from functools import lru_cache
from types import ModuleType


def own_names(answer):
    """The global names of a function, or of the methods of a class: a dict, empty if unknown."""
    held = (answer, *vars(answer).values()) if isinstance(answer, type) else (answer,)
    return next((each.__globals__ for each in held if inspect.isfunction(each)), {})


def texts(names, answer):
    """The texts in which what is called by `names` was defined, in the order in which they ran."""
    cells = names.get("In")
    if isinstance(cells, list):
        return [cell for cell in cells if isinstance(cell, str)]
    held = (answer, *vars(answer).values()) if isinstance(answer, type) else (answer,)
    files = [each.__code__.co_filename for each in held if inspect.isfunction(each)]
    file = names.get("__file__") or next(iter(files), "")
    return ["".join(linecache.getlines(file))]


@lru_cache(maxsize=1000)
def statements(text):
    """The statements of a text: none if it is no Python."""
    try:
        return tuple(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError):
        return ()


def bound_by(statement):
    """The names to which a statement gives something, whenever it runs."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
        return set(dir(sys.modules.get(statement.module)))
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {each.asname or each.name.partition(".")[0] for each in statement.names}
    if isinstance(statement, ast.Assign):
        targets = [node for target in statement.targets for node in ast.walk(target)]
        return {node.id for node in targets if isinstance(node, ast.Name)}
    return set()


def bound(text):
    """The names that the statements of a text bind."""
    return {name for statement in statements(text) for name in bound_by(statement)}


def source_of(statement, text):
    """The lines of a statement, with decorators and comments; less if others share them."""
    decorators = getattr(statement, "decorator_list", [])
    first = min(each.lineno for each in (statement, *decorators))
    lines = "\n".join(text.splitlines()[first - 1 : statement.end_lineno])
    return lines if len(statements(lines)) == 1 else ast.get_source_segment(text, statement)


def definition(name, texts):
    """The source of the last statement that binds `name`, or None."""
    for text in reversed(texts):
        for statement in reversed(statements(text)):
            if name in bound_by(statement):
                return source_of(statement, text)
    return None


def imported(name, value):
    """An import that gives `value` this name, or None."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}"
    if not isinstance(value, type) and not inspect.isroutine(value):
        return None
    module, inside = value.__module__, value.__qualname__
    known = module != "__main__" and getattr(sys.modules.get(module), inside, None) is value
    return f"from {module} import {inside} as {name}" if known else None


def used(source):
    """The global names that a source uses, in their order."""
    found, tables = {}, [symtable.symtable(source, "<source>", "exec")]
    while tables:
        table = tables.pop(0)
        tables += table.get_children()
        module = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_global() or (module and symbol.is_referenced()):
                found[symbol.get_name()] = None
    return list(found)


def with_needs(source, known, names, texts, special):
    """`source`, after the definitions of all that it uses of `names`, and of what those use.

    `known` are names that need no definition; `special` takes a value to a function of its name
    that gives the statements that make one, or to None.
    """
    done, before = set(known), []

    def add_needs(source):
        for name in used(source):
            if name in done or name not in names or is_builtin(name, names[name]):
                continue
            done.add(name)
            if made := special(names[name]):
                before.extend(made(name))
            elif found := definition(name, texts) or imported(name, names[name]):
                add_needs(found)
                before.append(found)

    add_needs(source)
    return in_order(list(dict.fromkeys(before)), source)


def in_order(definitions, source):
    """The definitions before the source, imports first."""
    imports = [each for each in definitions if each.startswith(("import ", "from "))]
    others = [each for each in definitions if each not in imports]
    parts = ["\n".join(imports), *others, source]
    return "\n\n\n".join(part for part in parts if part)


def is_builtin(name, value):
    return getattr(builtins, name, None) is value


def names_of(answer, names):
    """What `answer` is called among `names`: the name that it gives itself first."""
    found = [name for name, value in names.items() if value is answer and name[:1] != "_"]
    named = isinstance(answer, type) or inspect.isfunction(answer)
    own = answer.__name__ if named else None
    return sorted(found, key=lambda name: name != own)


def defined(answer, names, texts):
    """The source and the name of the statement that made `answer`, or None."""
    for name in names_of(answer, names):
        if source := definition(name, texts):
            return source, name
    return None


def inspected(answer):
    """The same of a function that stands inside another, as `inspect` finds it, or None."""
    if not inspect.isfunction(answer):  # of a method the source alone is no function
        return None
    try:
        source = textwrap.dedent(inspect.getsource(answer)).strip()
        (statement,) = ast.parse(source).body
    except (OSError, SyntaxError, ValueError):
        return None
    is_function = isinstance(statement, ast.FunctionDef)
    return (source, statement.name) if is_function else None
