"""LaTeX to MathML: what is drawn, and the mistakes that must not pass."""

from xml.etree import ElementTree

import pytest
from docutils import nodes

from attnlib.sphinx_ext.mathml import MathError, convert, keep_with_punctuation

MATHML = "{http://www.w3.org/1998/Math/MathML}"


def tree(tex, display="inline"):
    return ElementTree.fromstring(convert(tex, display))


def texts(tex, tag):
    return [element.text for element in tree(tex).iter(MATHML + tag)]


def operator(tex, name):
    return next(element for element in tree(tex).iter(MATHML + "mo") if element.text == name)


def test_the_equation_of_attention():
    tex = r"\operatorname{softmax}\left(\frac{Q K^\top}{\sqrt{d_{\text{head}}}}\right) V"
    drawn = tree(tex, "block")
    assert drawn.get("display") == "block"
    assert "".join(drawn.itertext()) == "softmax(QK⊤dhead)V"
    fraction = drawn.find(f".//{MATHML}mfrac")
    assert [child.tag for child in fraction.iter(MATHML + "msqrt")] == [MATHML + "msqrt"]
    assert "".join(fraction[1].itertext()) == "dhead"


@pytest.mark.parametrize("name", ["aligned", "align", "align*", "split"])
def test_aligned_lines_become_rows(name):
    tex = rf"\begin{{{name}}} a &= b \\ &= c \end{{{name}}}"
    rows = ["".join(row.itertext()) for row in tree(tex).iter(MATHML + "mtr")]
    assert rows == ["a=b", "=c"]


def test_lines_without_an_environment_are_aligned_too():
    rows = ["".join(row.itertext()) for row in tree(r"a &= b \\ c &= d").iter(MATHML + "mtr")]
    assert rows == ["a=b", "c=d"]


def test_lines_of_a_matrix_are_left_to_the_matrix():
    drawn = tree(r"W = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}")
    assert len(list(drawn.iter(MATHML + "mtable"))) == 1
    assert "".join(drawn.itertext()) == "W=(1234)"


def test_infinity_is_no_operator():
    assert texts(r"-\infty", "mi") == ["∞"]


def test_large_numbers_stay_in_one_piece():
    assert texts(r"57{,}982{,}058{,}496", "mn") == ["57,982,058,496"]
    assert texts("12,288", "mn") == ["12,288"]
    assert texts("(1, 22)", "mn") == ["1", "22"]


def test_words_are_words():
    assert texts(r"d_{\mathrm{head}}", "mtext") == ["head"]


@pytest.mark.parametrize(
    ("tex", "space"),
    [
        (r"\operatorname{softmax}(x)", "0"),
        (r"\operatorname{softmax} x", "0.1667em"),
        (r"\operatorname{softmax}_i(x)", "0"),
        (r"\operatorname{softmax}", "0"),
    ],
)
def test_a_name_takes_a_thin_space_unless_a_bracket_follows(tex, space):
    name = operator(tex, "softmax")
    assert (name.get("lspace"), name.get("rspace")) == ("0", space)


def test_limits_stand_below_the_maximum():
    below = tree(r"\max_j s_j", "block").find(f".//{MATHML}munder")
    assert ["".join(child.itertext()) for child in below] == ["max", "j"]
    assert texts(r"\arg\max_j w", "mo") == ["argmax"]


def test_a_hat_is_an_accent_and_stretches_over_two_letters_only():
    assert operator(r"\hat{x}", "^").get("stretchy") == "false"
    assert operator(r"\widehat{xy}", "^").get("stretchy") == "true"


@pytest.mark.parametrize(
    ("tex", "message"),
    [
        (r"\softmax(x)", r"unknown command \\softmax"),
        (r"\frac{a", "braces do not balance"),
        (r"a}b{", "braces do not balance"),
        (r"\frac{a}", r"an argument is missing \(mfrac\)"),
        ("a & b", "& outside of an aligned environment"),
        ("x^", "MissingSuperScriptOrSubscript"),
        (r"\left( x", "ExtraLeftOrMissingRight"),
        (r"\begin{bmatrix} 1", "MissingEnd"),
        ("a_b_c", "DoubleSubscripts"),
    ],
)
def test_mistakes_are_named(tex, message):
    with pytest.raises(MathError, match=message) as caught:
        convert(tex)
    assert tex in str(caught.value)


def test_escaped_braces_need_no_partner():
    assert "".join(tree(r"\{1, 2\}").itertext()) == "{1,2}"
    assert "".join(tree(r"\left\{ x \right.").itertext()) == "{x"


@pytest.mark.parametrize("tex", ["(1, -0.8)", "x = -1", r"\exp(-y)"])
def test_a_sign_after_an_operator_stands_close_to_its_number(tex):
    assert operator(tex, "−").get("form") == "prefix" or operator(tex, "−").get("lspace") == "0"


@pytest.mark.parametrize("tex", ["a - b", "(a) - b", r"\|a\| - b"])
def test_a_difference_keeps_its_space(tex):
    assert operator(tex, "−").get("form") is None


def test_bars_stand_close_to_what_they_enclose():
    bars = [mo for mo in tree(r"\|a\|\,\|b\|").iter(MATHML + "mo") if mo.text in "‖∥"]
    assert len(bars) == 4
    assert {(bar.get("lspace"), bar.get("rspace")) for bar in bars} == {("0", "0")}


def test_a_relation_that_begins_a_formula_takes_the_space_of_its_line():
    assert operator("= (1, 2)", "=").get("lspace") == "0"
    assert operator("a = b", "=").get("lspace") is None


def test_a_full_stop_stays_with_its_formula():
    paragraph = nodes.paragraph(
        "", "", nodes.math("", "x"), nodes.Text(".) And"), nodes.math("", "y")
    )
    keep_with_punctuation(None, paragraph, "")
    kept, rest, free = paragraph
    assert kept["classes"] == ["al-unbroken"] and kept.astext() == "x.)"
    assert rest.astext() == " And" and isinstance(free, nodes.math)
