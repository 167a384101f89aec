"""One picture of the whole transformer: on the landing page, and at the head of each chapter.

Every box is a link to the chapter that opens it. The picture is drawn once, here; the landing
page shows it with words, a chapter without, its own box filled. It needs no script.
"""

import re
from html import escape
from typing import NamedTuple

LANDING = "index"
PLACE = '<div class="al-whole-here"></div>'  # the landing page's notebook says where
CHAPTER = re.compile(r"chapters/(\d\d)_\w+")
WIDTH, HEIGHT = 792, 262
STREAM = 186  # the height at which vectors flow from left to right


class Box(NamedTuple):
    """A part of the transformer: the chapter that opens it, its place, and two words on it."""

    chapter: int
    x: int
    y: int
    width: int
    height: int
    word: str


BOXES = (
    Box(1, 74, 166, 84, 40, "embedding"),
    Box(2, 496, 166, 66, 40, "context"),
    Box(3, 282, 62, 62, 44, "q and k"),
    Box(4, 426, 62, 62, 44, "softmax"),
    Box(5, 354, 38, 62, 38, "scaling"),
    Box(6, 498, 62, 62, 44, "values"),
    Box(7, 354, 84, 62, 38, "mask"),
    Box(8, 272, 8, 112, 24, "many heads"),
    Box(9, 174, 96, 72, 40, "order"),
    Box(10, 74, 24, 110, 44, "another text"),
    Box(11, 70, 228, 94, 26, "counting"),
    Box(12, 169, 228, 94, 26, "training"),
    Box(13, 268, 228, 106, 26, "real model"),
    Box(14, 379, 228, 122, 26, "reading heads"),
    Box(15, 506, 228, 80, 26, "cache"),
    Box(16, 591, 228, 107, 26, "long texts"),
)
# Lines: what flows, drawn under the boxes. "M x y" moves there, "L x y" draws.
STREAM_LINE = f"M 58 {STREAM} L 700 {STREAM}"
ARROWS = (
    f"M 210 136 L 210 {STREAM - 9}",  # positions are added
    f"M 312 {STREAM} L 312 109",  # a head reads
    "M 344 76 L 352 66",  # scores are divided, then masked
    "M 385 76 L 385 83",
    "M 416 101 L 424 93",
    "M 488 84 L 495 84",
    "M 529 106 L 529 163",  # what it adds
    "M 184 46 L 244 46 L 244 84 L 279 84",  # keys and values of another text
    f"M 584 {STREAM} L 584 142 L 593 142",  # feed-forward reads, and adds
    f"M 634 142 L 642 142 L 642 {STREAM - 9}",
)


def frames():
    """The layer, its heads one behind the other, and the feed-forward network."""
    heads = "".join(
        f'<rect class="al-whole-frame" x="{268 + 6 * n}" y="{32 - 5 * n}" width="300" height="98"'
        f' rx="6" style="opacity:{1 - 0.3 * n:.1f}"/>'
        for n in (2, 1, 0)
    )
    return (
        '<rect class="al-whole-layer" x="260" y="2" width="396" height="220" rx="8"/>'
        f"{heads}"
        '<rect class="al-whole-frame" x="596" y="124" width="38" height="36" rx="4"/>'
        '<g class="al-whole-word"><text x="648" y="216" text-anchor="end">one layer, many times'
        '</text><text x="616" y="117" text-anchor="middle">feed-forward</text></g>'
    )


def flow():
    """The stream of vectors through the layers, and the arrows that leave it and come back."""
    plus = f'<circle class="al-whole-plus" cx="{{}}" cy="{STREAM}" r="6"/>'
    return (
        '<defs><marker id="al-whole-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6"'
        ' markerHeight="6" orient="auto"><path d="M 0 0 L 8 4 L 0 8 z"/></marker></defs>'
        f'<path class="al-whole-stream" d="{STREAM_LINE}"/>'
        + "".join(f'<path class="al-whole-arrow" d="{arrow}"/>' for arrow in ARROWS)
        + "".join(plus.format(x) for x in (210, 642))
        + f'<text class="al-whole-end" x="52" y="{STREAM + 5}" text-anchor="end">a text</text>'
        + f'<text class="al-whole-end" x="708" y="{STREAM + 5}">its next word</text>'
    )


def linked(box, href, title, here):
    """`box` as a link to its chapter, or as the place where the reader is."""
    middle = box.x + box.width / 2
    flat = box.height < 30  # number and word side by side
    number_x = box.x + 18 if flat else middle
    number_y = box.y + box.height / 2 + (5 if flat else -1)
    # From there to where a larger number stands alone, in the middle of the box.
    alone = f"--al-x: {middle - number_x:g}px; --al-y: {box.y + box.height / 2 + 8 - number_y:g}px"
    word_x = box.x + 34 if flat else middle
    word = (
        f'<text class="al-whole-word" x="{word_x}" y="{box.y + box.height - (8 if flat else 7)}"'
        f' text-anchor="{"start" if flat else "middle"}">{escape(box.word)}</text>'
    )
    current = ' aria-current="page" class="al-whole-current"' if here else ""
    return (
        f'<a href="{escape(href)}" aria-label="Chapter {box.chapter}, {escape(title)}"{current}>'
        f"<title>{box.chapter} {escape(title)}</title>"
        f'<rect class="al-whole-box" x="{box.x}" y="{box.y}" width="{box.width}"'
        f' height="{box.height}" rx="5"/>'
        f'<text class="al-whole-number" x="{number_x}" y="{number_y}" text-anchor="middle"'
        f' style="{alone}">{box.chapter}</text>{word}</a>'
    )


def drawing(chapters, address, current=None):
    """The picture as HTML.

    `chapters` maps numbers to `(docname, title)`; boxes of other chapters are left out.
    `address(docname)` is where a page is; `current` is the number of the reader's chapter.
    """
    links = "".join(
        linked(box, address(chapters[box.chapter][0]), chapters[box.chapter][1], here)
        for box in BOXES
        if box.chapter in chapters
        for here in [box.chapter == current]
    )
    kind, first, width = ("small", 66, 638) if current else ("large", 0, WIDTH)
    chapter = f' data-al-chapter="{current}"' if current else ""
    return (
        f'<nav class="al-whole al-whole-{kind}" aria-label="The whole transformer, by chapters"'
        f"{chapter}>"
        f'<svg viewBox="{first} 0 {width} {HEIGHT}" role="group">{frames()}{flow()}{links}</svg>'
        "</nav>"
    )


def chapters_of(env):
    """Number to `(docname, title)` of every chapter that is part of the book."""
    found = ((CHAPTER.fullmatch(name), name) for name in env.found_docs)
    return {int(hit[1]): (name, env.titles[name].astext()) for hit, name in found if hit}


def add_picture(app, pagename, templatename, context, doctree):
    """Put the picture where the landing page asks for it, and under each chapter's title."""
    chapter = CHAPTER.fullmatch(pagename)
    if "body" not in context or not (chapter or pagename == LANDING):
        return
    number = int(chapter[1]) if chapter else None
    picture = drawing(chapters_of(app.env), context["pathto"], number)
    if chapter:
        context["body"] = context["body"].replace("</h1>", f"</h1>{picture}", 1)
    else:
        context["body"] = context["body"].replace(PLACE, picture, 1)


def setup(app):
    app.connect("html-page-context", add_picture)
