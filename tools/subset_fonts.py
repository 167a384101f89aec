"""Cut STIX Two Math down to the glyphs that this book's formulas use.

    npm pack @fontsource/stix-two-math && tar xf fontsource-stix-two-math-*.tgz
    python tools/subset_fonts.py package/files/stix-two-math-latin-400-normal.woff2

writes attnlib/static/fonts/stix-two-math-subset.woff2. STIX Two Math is licensed under the
SIL Open Font License 1.1 (attnlib/static/fonts/OFL-stix-two-math.txt).
"""

import argparse
from pathlib import Path

from fontTools import subset

TARGET = Path(__file__).resolve().parents[1] / "attnlib/static/fonts/stix-two-math-subset.woff2"

# Inclusive ranges of code points, and what they hold.
RANGES = (
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

# ssty: forms for scripts. The rest are the font's defaults, kept so that accents stay put.
FEATURES = ["ssty", "dtls", "flac", "ccmp", "kern", "mark", "mkmk"]


def code_points():
    """Every code point to keep."""
    kept = {ord(letter) for letter in LETTERS}
    for first, last in RANGES:
        kept.update(range(first, last + 1))
    return kept


def cut(source, target):
    """Write to `target` the part of the font `source` that the book needs, as WOFF2."""
    options = subset.Options(flavor="woff2", layout_features=FEATURES, hinting=False)
    options.glyph_names = False
    options.notdef_outline = True
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=code_points())
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("source", type=Path, help="the whole STIX Two Math, .woff2 or .otf")
    cut(parser.parse_args().source, TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
