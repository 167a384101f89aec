"""Cut the book's two downloaded fonts down to the letters it uses.

    npm pack @fontsource/stix-two-math inter-ui
    for package in *.tgz; do tar xf "$package"; done
    python tools/subset_fonts.py package

writes attnlib/static/fonts/stix-two-math-subset.woff2, what formulas use of STIX Two Math, and
inter-subset.woff2, what pages and figures use of Inter. Inter's figures are made tabular for good:
numbers that change must not tremble, and a canvas cannot ask for them. Both fonts are licensed
under the SIL Open Font License 1.1 (attnlib/static/fonts/OFL-*.txt).
"""

import argparse
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

FONTS = Path(__file__).resolve().parents[1] / "attnlib/static/fonts"
STIX = "files/stix-two-math-latin-400-normal.woff2"
INTER = "variable/InterVariable.woff2"
TEXT_SIZE = 14  # of Inter's axis of optical sizes: letters for text

# Inclusive ranges of code points, and what they hold.
MATH = (
    (0x0020, 0x007E),  # ASCII
    (0x00A0, 0x00FF),  # Latin-1: minus-like signs, times, accents
    (0x02C6, 0x02DD),  # spacing accents
    (0x0300, 0x0338),  # combining accents (hats and bars)
    (0x0391, 0x03F5),  # Greek
    (0x2010, 0x2027),  # dashes, quotes, dots
    (0x2032, 0x2034),  # primes
    (0x20D6, 0x20D7),  # vector arrows
    (0x2190, 0x2195),  # arrows
    (0x21A6, 0x21A6),  # maps to
    (0x21D0, 0x21D4),  # double arrows
    (0x2200, 0x2223),  # for all ... divides
    (0x2225, 0x222B),  # parallel, and, or, cap, cup, integral
    (0x2234, 0x2237),
    (0x223C, 0x223C),
    (0x2243, 0x2248),  # approximately
    (0x2260, 0x226B),  # relations
    (0x2282, 0x2287),  # subsets
    (0x2295, 0x2299),  # circled operators
    (0x22A4, 0x22A5),  # top, bottom
    (0x22C5, 0x22C6),
    (0x22EE, 0x22F1),  # dots of matrices
    (0x2308, 0x230B),  # ceiling, floor
    (0x23DE, 0x23DF),  # braces above and below
    (0x27E8, 0x27E9),  # angle brackets
    (0x1D400, 0x1D433),  # bold
    (0x1D434, 0x1D467),  # italic
    (0x1D468, 0x1D49B),  # bold italic
    (0x1D6A8, 0x1D71B),  # bold and italic Greek
    (0x1D5A0, 0x1D5D3),  # sans-serif
)
# Script and double-struck letters that a course on attention writes.
LETTERS = "ℒℋ𝒟𝒩𝒪𝒳ℝℕℤℂ𝔼𝟙ℎℓ"

SANS = (
    (0x0020, 0x007E),  # ASCII
    (0x00A0, 0x017F),  # Latin-1, and names from all over Europe
    (0x02C6, 0x02DC),  # spacing accents
    (0x0300, 0x030C),  # combining accents
    (0x2010, 0x2027),  # dashes, quotes, dots
    (0x2070, 0x2079),  # superscripts
)
FIGURES = "0123456789+−±=×÷"  # of one breadth; a tabular hyphen or bracket would gape in a text
SIGNS = "‖−∞√≈≠≤≥←↑→↓✓★αβθσπΔΣ"

# ssty: forms for scripts. The rest are the font's defaults, kept so that accents stay put.
MATH_FEATURES = ["ssty", "dtls", "flac", "ccmp", "kern", "mark", "mkmk"]
# Not calt, which is looked for in every text of a drag.
SANS_FEATURES = ["ccmp", "kern", "mark", "mkmk"]


def code_points(ranges, letters):
    """Every code point to keep."""
    kept = {ord(letter) for letter in letters}
    for first, last in ranges:
        kept.update(range(first, last + 1))
    return kept


def at_text_size(font):
    """`font` without the axis of optical sizes; written and read again, as its tables are lazy."""
    instancer.instantiateVariableFont(font, {"opsz": TEXT_SIZE}, inplace=True)
    written = BytesIO()
    font.save(written)
    written.seek(0)
    return TTFont(written, recalcTimestamp=False)


def tabular(font):
    """Make the `FIGURES` of `font` its tabular ones."""
    substitutes = {}
    table = font["GSUB"].table
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for part in table.LookupList.Lookup[index].SubTable:
                    substitutes |= getattr(part, "ExtSubTable", part).mapping
    usual = font.getBestCmap().copy()
    for part in font["cmap"].tables:
        for code in map(ord, FIGURES):
            part.cmap[code] = substitutes[usual[code]]


def cut(font, kept, features, target):
    """Write to `target` the part of `font` that the book needs, as WOFF2."""
    options = subset.Options(flavor="woff2", layout_features=features, hinting=False)
    options.glyph_names = False
    options.notdef_outline = True
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=kept)
    cutter.subset(font)
    subset.save_font(font, str(target), options)
    print(f"{target.name}: {target.stat().st_size / 1024:.0f} KB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("package", type=Path, help="the folder with what the packages hold")
    package = parser.parse_args().package
    options = subset.Options()
    math = subset.load_font(str(package / STIX), options)
    cut(math, code_points(MATH, LETTERS), MATH_FEATURES, FONTS / "stix-two-math-subset.woff2")
    whole = subset.load_font(str(package / INTER), options)
    sans = at_text_size(whole)
    tabular(sans)
    cut(sans, code_points(SANS, SIGNS), SANS_FEATURES, FONTS / "inter-subset.woff2")


if __name__ == "__main__":
    main()
