"""Still pictures: small SVGs whose colours are the page's tokens."""

import re
from html import escape

CELL = 34
LABEL = 76
TOP = 30
FONT = 12


def signed_fill(value, full=3.0):
    """The fill of a signed number, as CSS; the same rule as in js/src/parts/MatrixEditor.jsx."""
    strength = round(min(1.0, abs(value) / full) * 45, 1)
    hue = "--al-negative" if value < 0 else "--al-positive"
    return f"color-mix(in srgb, var({hue}) {strength}%, var(--al-cell))"


def text(x, y, words, anchor="middle", colour="--al-ink"):
    """An SVG text element; `words` may hold anything."""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{FONT}" '
        f'style="fill:var({colour})">{escape(str(words))}</text>'
    )


def cell(x, y, fill, width=CELL, height=CELL):
    """One square of a matrix."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width - 2}" height="{height - 2}" rx="3" '
        f'style="fill:{fill};stroke:var(--al-line)"/>'
    )


def pattern(queries, weights, keys=None):
    """Queries down, keys across (the same words unless given); a dot's area is the weight.

    Returns `(parts, width, height)`.
    """
    keys = queries if keys is None else keys
    parts = [text(LABEL, 14, "keys →", "start", "--al-key")]
    parts.append(text(LABEL - 8, 14, "queries ↓", "end", "--al-query"))
    for j, token in enumerate(keys):
        parts.append(
            f'<g transform="translate({LABEL + (j + 0.5) * CELL:g} {TOP + 24}) rotate(-35)">'
            + text(0, 0, token, "start", "--al-key")
            + "</g>"
        )
    for i, token in enumerate(queries):
        middle = (i + 0.5) * CELL
        parts.append(text(LABEL - 8, TOP + 30 + middle + 4, token, "end", "--al-query"))
        for j in range(len(keys)):
            x, y = LABEL + j * CELL, TOP + 30 + i * CELL
            parts.append(cell(x, y, "var(--al-cell)"))
            radius = (CELL / 2 - 3) * weights[i][j] ** 0.5
            parts.append(
                f'<circle cx="{x + CELL / 2 - 1:g}" cy="{y + CELL / 2 - 1:g}" r="{radius:.2f}" '
                f'style="fill:var(--al-weight)"/>'
            )
    return parts, LABEL + len(keys) * CELL + 50, TOP + 34 + len(queries) * CELL


def matrix(name, values, labels, x0, y0, colour):
    """A small matrix with its numbers at `(x0, y0)`."""
    parts = [text(x0 + LABEL, y0 + 12, name, "start", colour)]
    for i, (label, row) in enumerate(zip(labels, values, strict=True)):
        y = y0 + 20 + i * 24
        parts.append(text(x0 + LABEL - 6, y + 15, label, "end"))
        for d, value in enumerate(row):
            x = x0 + LABEL + d * 44
            parts.append(cell(x, y, signed_fill(value), 44, 24))
            parts.append(text(x + 21, y + 15, f"{value:g}".replace("-", "−")))
    return parts


def svg(parts, width, height, alt):
    """The parts as one inline SVG, described by `alt`."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{escape(alt, quote=True)}" '
        f'font-family="var(--al-sans)">{"".join(parts)}</svg>'
    )


def bars(labels, weights, full=240):
    """A bar for each weight; the longest has `full` pixels if it is more than 1.

    Returns `(parts, width, height)`.
    """
    parts, unit = [], full / max(1, *weights)
    longest = max(map(len, labels), default=0)
    left = max(LABEL, 12 + 0.66 * FONT * longest)  # most letters are narrower
    for i, (label, weight) in enumerate(zip(labels, weights, strict=True)):
        y = 8 + i * 24
        parts.append(text(left - 6, y + 13, label, "end"))
        parts.append(
            f'<rect x="{left:g}" y="{y}" width="{weight * unit:.1f}" height="16" rx="2" '
            f'style="fill:var(--al-weight)"/>'
        )
        parts.append(text(left + weight * unit + 6, y + 13, f"{weight:.2f}", "start"))
    return parts, left + full + 50, 16 + 24 * len(labels)


def figure(picture):
    """The picture with the words that every still figure carries."""
    return (
        f"<figure>{picture}<figcaption>The figure at its start. With JavaScript you can change "
        "every number.</figcaption></figure>"
    )


_SVG = re.compile(r"<svg\b.*</svg>", re.DOTALL)
_TOKEN = re.compile(r"var\((--al-[\w-]+)\)")
_MIXTURE = re.compile(r"color-mix\(in srgb, (#[0-9a-f]{6}) ([\d.]+)%, (#[0-9a-f]{6})\)")


def _mixed(mixture):
    """The colour of a `color-mix`, which few programs but browsers know."""
    first, percent, second = mixture.groups()
    share = float(percent) / 100
    pairs = zip(bytes.fromhex(first[1:]), bytes.fromhex(second[1:]), strict=True)
    return "#" + bytes(round(share * a + (1 - share) * b) for a, b in pairs).hex()


def alone(html, colours):
    """The picture in `html` as an SVG of its own, on its own ground; None if there is none.

    `colours` stand in place of the page's tokens.
    """
    found = _SVG.search(html)
    if found is None:
        return None
    known = colours | {"--al-sans": "Inter, system-ui, sans-serif"}
    drawing = _TOKEN.sub(lambda token: known[token[1]], found[0])
    opening, rest = _MIXTURE.sub(_mixed, drawing).split(">", 1)
    ground = f'<rect width="100%" height="100%" fill="{known["--al-paper"]}"/>'
    return f"{opening}>{ground}{rest}"
