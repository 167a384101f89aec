"""The API reference: signatures and docstrings of attnlib, drawn when the book is built.

A page asks for a module and for names in it; without names, for the module's own docstring:

    ```{reference} attnlib
    softmax
    Head
    ```

Docstrings are Markdown, with habits of their own: a paragraph that begins with `>>>` is an
example, lines `name : what it is` are a list of parameters, and quoted words that begin small,
"like these", and single letters are values to be typed. Sphinx's autodoc would read them
as reStructuredText, where single backticks are no code and `**traits` is an error.
"""

import importlib
import inspect
import pprint
import re
import sys
from functools import cached_property

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

UNDERLINED = re.compile(r"\AParameters\n-+\n")
PARAMETERS = re.compile(r"\A\w+(?:, \w+)* : ")
VALUE = re.compile(r'"(?:[a-z]|.?"$)')
QUOTED_OR_CODE = re.compile(r'(?s)`.*?`|"[^"]*"')
SPECIAL = ("__call__",)  # documented, although their names begin with "_"
INNER, OUTER = "`" * 6, "`" * 7  # fences; docstrings may hold shorter ones


def markdown(docstring):
    """A docstring as Markdown for MyST."""
    return "\n\n".join(map(paragraph, re.split(r"\n\s*\n", inspect.cleandoc(docstring))))


def paragraph(text):
    """A paragraph of a docstring: an example, a list of parameters, or Markdown as it is."""
    if text.startswith(">>>"):
        return f"```pycon\n{text}\n```"
    text = QUOTED_OR_CODE.sub(typed, UNDERLINED.sub("", text))
    if not PARAMETERS.match(text):
        return text
    entries = (entry.split(" : ", 1) for entry in re.split(r"\n(?=\S)", text))
    return "\n\n".join(parameter(names.split(", "), what) for names, what in entries)


def typed(match):
    """A quoted value as code, whose quotes stay straight; code and titles as they are."""
    return f"`{match[0]}`" if VALUE.match(match[0]) else match[0]


def parameter(names, what):
    """An entry of a definition list."""
    term = ", ".join(f"`{name}`" for name in names)
    return f"{term}\n: " + "\n  ".join(line.strip() for line in what.split("\n"))


def signature(function, bound=False):
    """What `function` takes, without annotations; `bound` leaves out `self`."""
    taken = list(inspect.signature(function).parameters.values())[bound:]
    taken = [each.replace(annotation=each.empty, default=spoken(each.default)) for each in taken]
    return str(inspect.Signature(taken))


class Name(str):
    """A text that is its own `repr`."""

    __repr__ = str.__str__


def spoken(default):
    """A default in a few words: a module by its name, what a dataclass makes anew as `...`."""
    if inspect.ismodule(default):
        return Name(default.__name__)
    return Name("...") if repr(default) == "<factory>" else default


def described(kind, name, docstring, *within, fence=INNER):
    """Sphinx's description of an object: its signature, its text, and what is within."""
    return "\n\n".join((f"{fence}{{py:{kind}}} {name}", docstring, *within, fence))


def members(cls):
    """The descriptions of what `cls` adds to its bases: documented and public."""
    inherited = {name for base in cls.__mro__[1:-1] for name in vars(base)}
    for name, member in vars(cls).items():
        public = name in SPECIAL or not (name.startswith("_") or name in inherited)
        if not public or not inspect.getdoc(member):
            continue
        text = markdown(member.__doc__)
        if isinstance(member, property | cached_property):
            yield described("property", name, text)
        elif isinstance(member, classmethod):
            yield described("classmethod", name + signature(member.__get__(None, cls)), text)
        elif inspect.isfunction(member):
            yield described("method", name + signature(member, bound=True), text)


def value(name, thing, home):
    """The description of a value: the comment (`#:`) above it, and itself."""
    comments = ModuleAnalyzer.for_module(home).find_attr_docs()
    text = "\n".join(comments.get(("", name.rpartition(".")[2]), []))
    shown = (
        ""
        if isinstance(thing, str)
        else f"```text\n{pprint.pformat(thing, width=72, sort_dicts=False)}\n```"
    )
    return described("data", name, text, shown)


def entry(module, name):
    """The Markdown of one name of `module`, and the name of the module that defines it."""
    thing, full = getattr(module, name), f"{module.__name__}.{name}"
    home = getattr(thing, "__module__", module.__name__)
    if inspect.isclass(thing):
        head = full + signature(thing)
        text = described("class", head, markdown(thing.__doc__), *members(thing), fence=OUTER)
    elif callable(thing) and inspect.isroutine(thing):
        text = described("function", full + signature(thing), markdown(thing.__doc__))
    else:
        text = value(full, thing, home)
    return text, home


class Reference(SphinxDirective):
    """Names of a module, one to a line, each with its signature and docstring."""

    required_arguments = 1
    has_content = True

    def run(self):
        module = importlib.import_module(self.arguments[0])
        names = [line.strip() for line in self.content if line.strip()]
        if missing := [name for name in names if not hasattr(module, name)]:
            raise self.error(f"{module.__name__} has no {', '.join(missing)}")
        entries = [entry(module, name) for name in names]
        entries = entries or [(markdown(module.__doc__), module.__name__)]
        for _, home in entries:
            self.env.note_dependency(sys.modules[home].__file__)
        lines = "\n\n".join(text for text, _ in entries).split("\n")
        parent = nodes.Element()
        self.state.nested_parse(StringList(lines, module.__name__), self.content_offset, parent)
        return parent.children


def setup(app):
    app.add_directive("reference", Reference)
