"""The still picture of the figure: what is drawn without JavaScript, and in the PDF."""

import re
from itertools import pairwise

from attnlib.figures import Training

TEXT = re.compile(r'<text x="([\d.]+)" y="([\d.]+)"')
LETTERS = 12  # units


def test_the_names_of_its_lines_do_not_overlap():
    placed = [(float(x), float(y)) for x, y in TEXT.findall(Training().still())]
    column = max(x for x, _ in placed)
    heights = sorted(y for x, y in placed if x == column)
    assert len(heights) == 6
    gaps = [below - above for above, below in pairwise(heights)]
    assert min(gaps) > LETTERS
