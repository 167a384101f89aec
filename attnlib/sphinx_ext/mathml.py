"""Mathematics as MathML, made from LaTeX when the book is built.

Every current browser draws MathML by itself: no script, no request, no megabytes of MathJax,
and screen readers read it. latex2mathml does the translation but lets mistakes pass
(`\\frac{a`, an unknown command) and prints some symbols with the wrong spacing. Both are mended
here: what it got wrong raises `MathError`, which the build reports as a warning.
"""

import html
import re
from itertools import pairwise
from xml.etree import ElementTree

import latex2mathml.converter
from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

# latex2mathml knows `split` but not its twins, and numbers `align` by itself.
ENVIRONMENTS = {"aligned": "split", "gathered": "gather*", "align": "align*", "gather": "gather*"}

CHILDREN = {
    "mfrac": 2,
    "mroot": 2,
    "msub": 2,
    "msup": 2,
    "munder": 2,
    "mover": 2,
    "msubsup": 3,
    "munderover": 3,
}

# Commands that latex2mathml does not know, in terms of those it does.
COMMANDS = {
    r"\\arg\s*\\(max|min)(?![A-Za-z])": r"\\operatorname{arg\1}",
    r"\\arg(?![A-Za-z])": r"\\operatorname{arg}",
    r"\\operatorname\*": r"\\operatorname",
    r"\{,\}": ",",
}

# Written as operators by latex2mathml, although nothing stands on their two sides.
ORDINARY = set("∞⊤⊥∅∂∇…")

ACCENTS = set("^~¯→˙¨ˇ˘´`")
OPENING = set("([{|‖⟨")
BARS = set("|‖∥")
SIGNS = set("+-−±∓")
CLOSING = set(")]}⟩!") | BARS
RELATIONS = set("=≠≈<>≤≥≪≫∼∝∈→")
PUNCTUATION = re.compile(r"[.,;:!?)\]’”]+")
THIN_SPACE = "0.1667em"
# Their subscript stands below them in a displayed formula.
LIMITS = {"max", "min", "sup", "inf", "lim", "argmax", "argmin"}
OPERATOR_NAME = re.compile(r"[A-Za-z]{2,}")
DISPLAY_ENVIRONMENT = re.compile(r"\s*\\begin\{(align|gather|equation|multline)\*?\}")


class MathError(ValueError):
    """LaTeX that this book cannot show; the message says which part and why."""


def convert(tex, display="inline"):
    """The MathML text of the LaTeX `tex`; `display` is "inline" or "block".

    Raises:
        MathError: unbalanced braces, an unknown command, a missing argument, a stray `&`.
    """
    check_braces(tex)
    try:
        root = latex2mathml.converter.convert_to_element(prepare(tex), display=display)
    except Exception as error:  # latex2mathml has no common base class for its errors
        reason = f"{type(error).__name__} {error}".strip()
        raise MathError(f"cannot read this LaTeX ({reason}): {tex}") from error
    for element in root.iter():
        element.text = html.unescape(element.text) if element.text else None
        check_element(element, tex)
    tidy(root)
    return ElementTree.tostring(root, encoding="unicode")


def check_braces(tex):
    """Raise `MathError` unless every `{` in `tex` has its `}`."""
    depth = 0
    for brace in re.findall(r"(?<!\\)(?:\\\\)*([{}])", tex):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        raise MathError(f"braces do not balance in this LaTeX: {tex}")


def prepare(tex):
    """`tex` in the dialect of latex2mathml: known environments, lines aligned."""
    tex = tex.strip()
    has_lines = r"\\" in re.sub(r"\\begin\{(.+?)\}.*?\\end\{\1\}", "", tex, flags=re.DOTALL)
    if has_lines and not DISPLAY_ENVIRONMENT.match(tex):
        tex = rf"\begin{{split}}{tex}\end{{split}}"
    for name, known in ENVIRONMENTS.items():
        for edge in ("begin", "end"):
            tex = tex.replace(rf"\{edge}{{{name}}}", rf"\{edge}{{{known}}}")
    for pattern, known in COMMANDS.items():
        tex = re.sub(pattern, known, tex)
    return tex


def check_element(element, tex):
    """Raise `MathError` where latex2mathml let a mistake in `tex` pass."""
    text = element.text or ""
    if element.tag != "mtext" and text.startswith("\\"):
        raise MathError(f"unknown command {text} in this LaTeX: {tex}")
    if element.tag != "mtext" and text == "&":
        raise MathError(f"& outside of an aligned environment in this LaTeX: {tex}")
    expected = CHILDREN.get(element.tag)
    if expected is not None and len(element) != expected:
        raise MathError(f"an argument is missing ({element.tag}) in this LaTeX: {tex}")


def tidy(root):
    """Mend, in place, spacing and accents that latex2mathml leaves to chance."""
    for element in list(root.iter()):
        if element.tag in ("mover", "munder") and (element[1].text or "") in ACCENTS:
            set_accent(element)
        merge_letters(element)
        merge_thousands(element)
        if element.tag == "msub" and element[0].text in LIMITS:
            element.tag = "munder"
            element[0].set("movablelimits", "true")
        for index, child in enumerate(element):
            tidy_operator(child, following=element[index + 1 : index + 2])
        for before, child in pairwise(element):
            tidy_sign(before, child)
    if root.get("display") == "inline":
        tidy_beginning(root)


def set_accent(element):
    """A hat sits close to its letter, and only stretches over more than one."""
    element.set("accent", "true")
    base = element[0]
    letters = len("".join(base.itertext()))
    element[1].set("stretchy", "true" if letters > 1 else "false")


def merge_letters(element):
    """Write \\mathrm{head} as one word, not as a product of four letters."""
    letters = [child.text or "" for child in element if child.get("mathvariant") == "normal"]
    if len(letters) > 1 and len(letters) == len(element) and all(map(str.isalpha, letters)):
        del element[:]
        element.tag = "mtext"
        element.text = "".join(letters)


def merge_thousands(element):
    """Write 1,572,864 as one number: its commas are no list separators."""
    index = 0
    while index + 2 < len(element):
        first, comma, last = element[index : index + 3]
        digits = first.tag == last.tag == "mn" and re.fullmatch(r"\d{3}", last.text or "")
        if digits and comma.tag == "mo" and comma.text == ",":
            first.text = f"{first.text},{last.text}"
            element.remove(comma)
            element.remove(last)
        else:
            index += 1


def tidy_operator(element, following):
    """Symbols such as infinity are no operators; names such as softmax take a thin space."""
    core = element
    while core.tag in ("msub", "msup", "msubsup", "munder", "munderover") and len(core):
        core = core[0]
    text = (core.text or "").strip()
    if core.tag == "mo" and text in ORDINARY:
        core.tag = "mi"
    elif core.tag == "mo" and text in BARS:
        if core.get("stretchy", "false") == "false":  # only \left and \right ask for tall ones
            for name, value in {"stretchy": "false", "lspace": "0", "rspace": "0"}.items():
                core.set(name, value)
    elif core.tag == "mo" and text == ".":
        core.set("lspace", "0")
    elif core.tag in ("mo", "mi") and OPERATOR_NAME.fullmatch(text) and not core.get("lspace"):
        core.tag = "mo"
        core.set("form", "prefix")
        core.set("lspace", "0")
        core.set("rspace", "0" if starts_with_fence(following) else THIN_SPACE)


def tidy_sign(before, element):
    """A sign after another operator belongs to what follows: (1, -0.8) holds no difference."""
    after_operator = before.tag == "mo" and (before.text or "").strip() not in CLOSING
    if element.tag == "mo" and (element.text or "").strip() in SIGNS and after_operator:
        element.set("form", "prefix")


def tidy_beginning(root):
    """A formula in a line may begin with a relation: the space before it is the line's own."""
    first = next((element for element in root.iter() if element.tag not in ("math", "mrow")), None)
    if first is not None and first.tag == "mo" and (first.text or "").strip() in RELATIONS:
        first.set("lspace", "0")


def starts_with_fence(elements):
    """Whether the first of `elements` (none or one) opens with a bracket, or there is none."""
    if not elements:
        return True
    text = "".join(elements[0].itertext()).strip()
    return text[:1] in OPENING


def render(node, display):
    """The MathML of a docutils math node, or its source and a warning that fails the build."""
    try:
        return convert(node.astext(), display)
    except MathError as error:
        logger.warning("%s", error, location=node, type="mathml")
        return f"<code>{html.escape(node.astext())}</code>"


def visit_inline(translator, node):
    """Write `$...$`."""
    translator.body.append(translator.starttag(node, "span", "", CLASS="math"))
    translator.body.append(render(node, "inline") + "</span>")
    raise nodes.SkipNode


def visit_block(translator, node):
    """Write `$$...$$`, with its number when it has a label."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append('<div class="math-scroll">')
    translator.body.append(render(node, "block") + "</div>")
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def keep_with_punctuation(app, doctree, docname):
    """Browsers break a line after any formula; the full stop behind it stays with it."""
    for formula in list(doctree.findall(nodes.math)):
        parent, at = formula.parent, formula.parent.index(formula)
        after = parent[at + 1] if at + 1 < len(parent) else None
        hit = PUNCTUATION.match(after) if isinstance(after, nodes.Text) else None
        if hit:
            kept = nodes.inline("", "", formula, nodes.Text(hit[0]), classes=["al-unbroken"])
            parent[at : at + 2] = [kept, nodes.Text(after[hit.end() :])]


def choose_renderer(app, config):
    """Draw every formula with this module, whatever else was configured."""
    config.html_math_renderer = "mathml"


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("config-inited", choose_renderer)
    app.connect("doctree-resolved", keep_with_punctuation)
    app.add_css_file("mathml.css")
