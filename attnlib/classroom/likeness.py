"""Notebooks whose answers are the same but for names."""

import ast
from collections import defaultdict
from dataclasses import replace

from attnlib.classroom.submissions import tree_of
from attnlib.classroom.verdicts import NOT_ATTEMPTED

TELLING = 60  # parts of code from which equality says something: `q @ k.T` occurs to everyone


def shape(submission, marks):
    """The answers of a submission as a text without names of its own, or "" if they are short.

    Comments, texts that explain a function, and stubs that were left alone do not count.
    """
    attempted = {mark.exercise for mark in marks if mark.state != NOT_ATTEMPTED}
    answers = [cell for cell in submission.cells if attempted & {*cell.checks, cell.unchecked}]
    trees = [Nameless.of(tree_of(cell.source)) for cell in answers]
    if sum(1 for tree in trees for _ in ast.walk(tree)) < TELLING:
        return ""
    return "\n".join(map(ast.dump, trees))


def told_alike(results):
    """The results; those whose answers have the same shape have a note that names the others."""
    alike = defaultdict(list)
    for each in results:
        if each.shape:
            alike[each.chapter, each.shape].append(each.name)
    return [with_note(each, alike[each.chapter, each.shape]) for each in results]


def with_note(result, alike):
    others = [name for name in alike if name != result.name]
    if not others:
        return result
    note = f"its answers are, but for names, those of {', '.join(others)}"
    return replace(result, notes=(*result.notes, note))


class Nameless(ast.NodeTransformer):
    """Numbers the names that some code defines, in the order in which it uses them."""

    @classmethod
    def of(cls, tree):
        transformer = cls()
        transformer.numbers = {}
        transformer.defined = set(transformer.defined_in(tree))
        return transformer.visit(tree)

    def defined_in(self, tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
                yield node.id if isinstance(node, ast.Name) else node.attr
            elif isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield node.name

    def generic_visit(self, node):
        for field in ("id", "attr", "arg", "name"):
            name = getattr(node, field, None)
            if name in self.defined:
                setattr(node, field, str(self.numbers.setdefault(name, len(self.numbers))))
        return super().generic_visit(node)

    def visit_Expr(self, node):
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)
