"""Chapters as nbgrader's source: an answer with its solution inside, a locked test below it."""

import ast
import re

import nbformat

from attnlib.classroom.handouts import HandoutError, is_solution, without_solutions
from attnlib.classroom.submissions import STUB
from attnlib.exercises import exercises

CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
IMPORT = re.compile(r"^from attnlib\.exercises import check\n+", re.MULTILINE)
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SCHEMA = 3  # of nbgrader's metadata


def assignment_of(notebook):
    """A copy of `notebook` for nbgrader, and a few words about it.

    Raises `HandoutError` if a stub has no solution below it, or does not end with its check.
    """
    below = zip(notebook.cells, notebook.cells[1:], strict=False)
    solutions = {cell.source: code_in(next) for cell, next in below if is_solution(next, cell)}
    assignment, _ = without_solutions(notebook)
    assignment.cells = [part for cell in assignment.cells for part in parts(cell, solutions)]
    points = [cell.metadata.nbgrader.points for cell in assignment.cells if is_test(cell)]
    return assignment, f"{len(points)} exercises, {sum(points)} points"


def code_in(solution):
    return "\n\n".join(part.strip() for part in CODE.findall(solution.source))


def is_test(cell):
    return cell.metadata.get("nbgrader", {}).get("grade", False)


def parts(cell, solutions):
    """A stub as an answer and its test; any other cell as it is."""
    if STUB not in cell.metadata.get("tags", []):
        return [cell]
    if not solutions.get(cell.source):
        raise HandoutError(f"there is no solution below the stub {cell.source[:60]!r} ...")
    stub, exercise, answer = taken_apart(cell.source)
    metadata = {"grade": False, "solution": True, "locked": False, "grade_id": f"answer-{exercise}"}
    cell.metadata.nbgrader = marked(metadata)
    cell.source = with_solution(stub, solutions[cell.source])
    return [cell, test_of(exercise, answer)]


def taken_apart(source):
    """A stub without its check, the id of the exercise, and the code of what is checked."""
    *_, last = ast.parse(source).body
    call = last.value if isinstance(last, ast.Expr) else None
    if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "check":
        raise HandoutError(f"the stub {source[:60]!r} ... does not end with its check")
    exercise, answer = call.args
    above = "\n".join(source.splitlines()[: last.lineno - 1])
    return IMPORT.sub("", above).strip(), exercise.value, ast.get_source_segment(source, answer)


def with_solution(stub, solution):
    """A stub with the region that nbgrader takes out: inside its function, if it is one."""
    first, *body = solution.splitlines()
    if stub.startswith("def ") and stub.splitlines()[0] == first:
        return "\n".join([first, f"    {BEGIN}", *body, f"    {END}"])
    return "\n".join([stub, "", BEGIN, solution, END])


def test_of(exercise, answer):
    """The locked cell that gives an answer its points, as many as the exercise has stars."""
    points = exercises()[exercise].stars
    cell = nbformat.v4.new_code_cell(
        "from attnlib.classroom.grading import grade\n\n"
        f'grade("{exercise}", {answer}, points={points})',
        id=f"test-{exercise}",
    )
    metadata = {"grade": True, "solution": False, "locked": True, "grade_id": exercise}
    cell.metadata.nbgrader = marked(metadata | {"points": points})
    return cell


def marked(metadata):
    entries = {"schema_version": SCHEMA, "task": False, "cell_type": "code"} | metadata
    return nbformat.from_dict(entries)
