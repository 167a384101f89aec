"""Live figures on built pages: the state goes into the page, one script mounts them all.

A notebook's widget outputs would ask a CDN for require.js and html-manager, and carry the
figures' script once for each. Here every attnlib figure becomes a still picture with its
state beside it; a script of attnlib/static puts the live figure in the picture's place. A page
gets the script that holds its figures, and pages with figures of several get each of theirs.
"""

import json
import re
from base64 import b64decode

from docutils import nodes
from ipywidgets.widgets.widget import _put_buffers
from myst_nb.core.render import WIDGET_STATE_MIMETYPE, NbElementRenderer

from attnlib.figures import page
from attnlib.smollm2 import has_weights

NEEDS_KERNEL = (
    '<p class="al-needs-kernel">This control needs a running kernel. Open this chapter as a '
    "notebook (the rocket above, or “make lab”) to use it.</p>"
)
# Read with the text: they keep its column, and every script holds them.
QUESTIONS = ("Plot", "Prediction", "Quiz")
HOSTED = re.compile(r'data-host-of="(\w+)"')


def _raw(html):
    return [nodes.raw("", html, format="html")]


def host(figure):
    """The HTML that holds `figure` on a page until the script takes over.

    The theme lets what is `full-width` reach over the right-hand column, and hides its list of
    contents meanwhile.
    """
    return page.host(figure, "" if type(figure).__name__ in QUESTIONS else "full-width")


def whole_state(saved):
    """The state of a saved widget, with the bytes that a notebook keeps beside it."""
    state, buffers = dict(saved.get("state", {})), saved.get("buffers", [])
    found = [b64decode(one["data"]) for one in buffers]
    _put_buffers(state, [one["path"] for one in buffers], found)
    return state


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
        kept = metadata.get("widgets", {}).get(WIDGET_STATE_MIMETYPE, {})
        states = json.loads(kept.get("state", "{}"))  # a text: execution.keep_order
        figure = revive(whole_state(states.get(data.content["model_id"], {})))
        return _raw(NEEDS_KERNEL if figure is None else host(figure))

    def render_nb_finalise(self, metadata):
        """The stock state and scripts are left out: each figure carries its own."""


def use_renderer(app, config):
    """Choose `FigureRenderer`, registered as an entry point of attnlib."""
    config.nb_render_plugin = "attnlib"


def scripts_for(html, besides=()):
    """The scripts that a page with `html` needs, and those `besides`: `(name, part)` of each.

    `part` is its `data-attnlib-page`: the last one also does what is done once on a page.
    """
    from attnlib import figures

    hosted = sorted(set(HOSTED.findall(html)) - set(QUESTIONS))
    needed = {getattr(figures, name).script for name in hosted} | set(besides)
    needed = sorted(needed, key=lambda name: name.removesuffix(".js")) or [figures.Figure.script]
    return [(script, "first") for script in needed[:-1]] + [(needed[-1], "")]


def add_scripts(app, pagename, templatename, context, doctree):
    """Let a page ask for the scripts of its figures."""
    for script, part in scripts_for(context.get("body", "")):
        told = {"data-attnlib-page": part} | ({"data-attnlib-model": ""} if has_model(app) else {})
        app.add_js_file(script, loading_method="defer", **told)


def has_model(app):
    """Whether the weights of a real model will stand beside the pages."""
    return bool(getattr(app.config, "attnlib_smollm2", False) and has_weights())


def setup(app):
    app.connect("config-inited", use_renderer)
    app.connect("html-page-context", add_scripts)
    app.add_css_file("figures.css")
