"""Mathematics as MathML, made when the book is built."""

import latex2mathml.converter
from docutils import nodes


def visit_inline(self, node):
    self.body.append(latex2mathml.converter.convert(node.astext(), display="inline"))
    raise nodes.SkipNode


def visit_block(self, node):
    self.body.append('<div class="math-block">')
    self.body.append(latex2mathml.converter.convert(node.astext(), display="block"))
    self.body.append("</div>")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.config.html_math_renderer = "mathml"
