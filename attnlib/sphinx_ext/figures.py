"""Live figures on built pages: the state goes into the page, one shared script mounts them all.

A notebook's widget outputs would ask a CDN for require.js and html-manager, and carry the
figures' script once for each. Here every attnlib figure becomes a still picture with its
state beside it; attnlib/static/attnlib.js puts the live figure in the picture's place.
"""

import json
from html import escape

from docutils import nodes
from myst_nb.core.render import WIDGET_STATE_MIMETYPE, NbElementRenderer

NEEDS_KERNEL = (
    '<p class="al-needs-kernel">This control needs a running kernel. Open this chapter as a '
    "notebook (the rocket above, or “make lab”) to use it.</p>"
)
KEEP_THE_COLUMN = ("Plot", "Prediction", "Quiz")


def _raw(html):
    return [nodes.raw("", html, format="html")]


def page_state(figure):
    """What a page needs to draw `figure`, as JSON that is safe inside a script element."""
    state = figure.get_state(figure.page_traits())
    return json.dumps(state, separators=(",", ":")).replace("<", "\\u003c")


def host(figure):
    """The HTML that holds `figure` on a page until the script takes over.

    The theme lets what is `full-width` reach over the right-hand column, and hides its list of
    contents meanwhile. Questions and plots are read with the text, and keep its column.
    """
    name = escape(type(figure).__name__)
    width = "" if name in KEEP_THE_COLUMN else " full-width"
    return (
        f'<div class="al-host{width}" data-host-of="{name}">'
        f'<script type="application/json">{page_state(figure)}</script>'
        f'<div class="al-still">{figure.still()}</div></div>'
    )


def revive(state):
    """The figure a saved widget state describes; None if it is not one of attnlib's."""
    from attnlib import figures

    name = state.get("_figure")
    if name not in figures.__all__:
        return None
    return getattr(figures, name).from_state(state)


class FigureRenderer(NbElementRenderer):
    """myst-nb's renderer, with widgets that live without a kernel."""

    def render_widget_view(self, data):
        """A figure's host in place of the widget; a plain word where a kernel is needed."""
        metadata = self.renderer.nb_client.notebook.metadata
        states = metadata.get("widgets", {}).get(WIDGET_STATE_MIMETYPE, {}).get("state", {})
        saved = states.get(data.content["model_id"], {}).get("state", {})
        figure = revive(saved)
        return _raw(NEEDS_KERNEL if figure is None else host(figure))

    def render_nb_finalise(self, metadata):
        """The stock state and scripts are left out: each figure carries its own."""


def use_renderer(app, config):
    """Choose `FigureRenderer`, registered as an entry point of attnlib."""
    config.nb_render_plugin = "attnlib"


def setup(app):
    app.connect("config-inited", use_renderer)
    app.add_css_file("figures.css")
    app.add_js_file("attnlib.js", loading_method="defer", **{"data-attnlib-page": ""})
