"""Matplotlib plots in the book's colours, as SVG that follows light and dark."""

import io
import re
from html import escape

import traitlets

from attnlib.figures.base import Figure
from attnlib.figures.tokens import tokens


def style():
    """Matplotlib's settings (rcParams) for the book, for `with plt.rc_context(style()):`."""
    from cycler import cycler

    t = tokens()
    series = [t["--al-query"], t["--al-key"], t["--al-weight"], t["--al-positive"]]
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "attnlib",
        "font.size": 11,
        "figure.constrained_layout.use": True,
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
        "axes.facecolor": "none",
        "axes.edgecolor": t["--al-muted"],
        "axes.labelcolor": t["--al-ink"],
        "axes.prop_cycle": cycler(color=series),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": t["--al-line"],
        "text.color": t["--al-ink"],
        "xtick.color": t["--al-muted"],
        "ytick.color": t["--al-muted"],
    }


def _inline(drawing, alt):
    """Matplotlib's SVG file as an inline SVG with the page's fonts, colours and a description."""
    drawing = drawing[drawing.index("<svg") :]
    for name, colour in tokens().items():
        drawing = re.sub(colour, f"var({name})", drawing, flags=re.IGNORECASE)
    drawing = re.sub(r"font-family: [^;\"]*", "font-family: var(--al-sans)", drawing)
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    return drawing.replace("<svg ", f'<svg role="img" aria-label="{escape(alt, quote=True)}" ', 1)


class Plot(Figure):
    """A plot made with matplotlib, for every home of the book.

    `figure` is a `matplotlib.figure.Figure` drawn under `style()`; `alt` says in words what
    it shows. The plot is closed afterwards, so that the notebook does not show it twice.
    """

    svg = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)

    def __init__(self, figure=None, alt="", **traits):
        if figure is not None:
            import matplotlib.pyplot as plt

            if not alt.strip():
                raise ValueError("a plot needs alt: a sentence that says what it shows")
            file = io.StringIO()
            with plt.rc_context(style()):  # the words as text, in the page's font
                figure.savefig(file, format="svg", metadata={"Date": None})
            plt.close(figure)
            traits["svg"] = _inline(file.getvalue(), alt)
        super().__init__(alt=alt, **traits)

    def describe(self):
        return f"Plot: {self.alt}"

    def still(self):
        return f'<div class="al-plot">{self.svg}</div>'
