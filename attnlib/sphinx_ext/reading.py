"""The landing page's account of what a reader has done, chapter by chapter.

What is done lies in the reader's own browser. The page is told under which names: those of
the predictions and challenges that stand in each chapter.
"""

import json
import re

from docutils import nodes

from attnlib.sphinx_ext.whole import LANDING, chapters_of

PLACE = '<div class="al-reading-here"></div>'  # the landing page's notebook says where
STATE = re.compile(r'<div class="al-host[^>]*><script type="application/json">(.*?)</script>', re.S)


def names_kept(doctree):
    """The names under which a chapter's guesses and solved challenges are kept."""
    raw = "".join(node.astext() for node in doctree.findall(nodes.raw))
    figures = [json.loads(state) for state in STATE.findall(raw)]
    return {
        "predictions": [f"{f['key']}:guess" for f in figures if f["_figure"] == "Prediction"],
        "challenges": [
            f"{f['key']}:challenge:{challenge['id']}"
            for f in figures
            for challenge in f.get("challenges", [])
            if challenge.get("given", {}).get("view") in (None, *f.get("views", []))
        ],
    }


def account(env, address):
    """What the landing page's script needs to know of every chapter."""
    return [
        {
            "number": number,
            "title": title,
            "href": address(docname),
            **names_kept(env.get_doctree(docname)),
        }
        for number, (docname, title) in sorted(chapters_of(env).items())
    ]


def add_account(app, pagename, templatename, context, doctree):
    """Put the chapters and their names where the landing page asks for the account."""
    if pagename != LANDING or "body" not in context:
        return
    chapters = json.dumps(account(app.env, context["pathto"])).replace("<", "\\u003c")
    host = f'<div class="al-reading-host"><script type="application/json">{chapters}</script></div>'
    context["body"] = context["body"].replace(PLACE, host, 1)


def setup(app):
    app.connect("html-page-context", add_account)
