"""BreakIt: a laboratory for breaking attention, and for finding a bug by its symptoms."""

import numpy as np
import traitlets

import attnlib as al
from attnlib import bugs
from attnlib.bugs import BUGS, EXCLUDE_EACH_OTHER
from attnlib.figures import still
from attnlib.figures.base import check_cell
from attnlib.figures.phrases import OnPhrase
from attnlib.figures.seeded import shuffled
from attnlib.world import PHRASES

HEAD = "nouns look for adjectives"
CASES = ("A", "B", "C")
MASKS = {
    "everyone": "none",
    "causal": "causal",
    "padding": "causal, and the first word is padding",
}


class BreakIt(OnPhrase):
    """One head with bugs in it, and what can be measured of them.

    Parameters
    ----------
    sentence : words of `attnlib.world.PHRASES`, 3 to 16.
    mask : "everyone", "causal" or "padding" (causal, and nobody may attend to the first word).
    known : the bugs that are offered, `attnlib.bugs.BUGS` unless given.
    bugs : names from `known`, which says what each does.
    case : "A", "B" or "C" for a bug that is hidden, and found by its symptoms; "" for `bugs`.
    seed : decides which bugs are hidden. `named` is what the reader took each of them for, one
        name after the other: `{"A": ["axis", "half"]}`.
    orientation, show, selected, challenges : as in `QueryKey`. A condition's `measure` is
        "rows-least", "rows-most", "leak", "past", "nans", "error", "bugs" (how many are switched
        on) or "found" (how many hidden ones were named rightly at the first try).

    Wrong values raise `ValueError` (for choices and ranges traitlets' `TraitError`), and the
    figure stays as it was. `trace` and `symptoms` are attnlib's own for the current state.
    """

    fewest_tokens = bugs.FEWEST

    title = traitlets.Unicode("Break it").tag(sync=True)
    mask = traitlets.Enum(list(MASKS), "causal").tag(sync=True)
    bugs = traitlets.List(traitlets.Unicode()).tag(sync=True)
    case = traitlets.Enum(["", *CASES], "").tag(sync=True)
    seed = traitlets.Int(0, min=0, max=999_999).tag(sync=True)
    named = traitlets.Dict().tag(sync=True)
    orientation = traitlets.Enum(["rows", "columns"], "rows").tag(sync=True)
    show = traitlets.Enum(["dots", "weights", "scores"], "dots").tag(sync=True)
    selected = traitlets.Any(None, allow_none=True).tag(sync=True)
    known = traitlets.Dict(BUGS).tag(sync=True)
    exclusive = traitlets.List([sorted(pair) for pair in EXCLUDE_EACH_OTHER]).tag(sync=True)
    masks = traitlets.Dict(MASKS).tag(sync=True)
    head = traitlets.Dict().tag(sync=True)

    @traitlets.default("head")
    def _designed_head(self):
        head = PHRASES.head(HEAD)
        return {name: getattr(head, name).tolist() for name in ("w_q", "w_k", "w_v", "w_o")}

    @traitlets.validate("bugs")
    def _known_bugs(self, proposal):
        self._offered(*proposal["value"])
        bugs.check(proposal["value"])
        return list(dict.fromkeys(proposal["value"]))

    @traitlets.validate("named")
    def _cases_and_bugs(self, proposal):
        for case, names in proposal["value"].items():
            if case not in CASES:
                raise ValueError(f"no case is called {case!r}; there are: {', '.join(CASES)}")
            if not isinstance(names, list) or not names:
                raise ValueError(f"named[{case!r}] is {names!r}; expected a list of bugs")
            self._offered(*names)
        return proposal["value"]

    def _offered(self, *names):
        for name in names:
            if name not in self.known:
                raise ValueError(f"no bug is called {name!r}; there are: {', '.join(self.known)}")

    @traitlets.validate("selected")
    def _inside_pattern(self, proposal):
        return check_cell(proposal["value"], len(self.tokens))

    @traitlets.observe("sentence")
    def _selected_stays_inside(self, change):
        if self.selected is not None and max(self.selected) >= len(self.tokens):
            self.selected = None

    @property
    def hidden(self):
        """Which bug is in each case."""
        return dict(zip(CASES, shuffled(self.known, self.seed), strict=False))

    @property
    def active(self):
        """The bugs that are computed: those switched on, or the one of the open case."""
        return [self.hidden[self.case]] if self.case else list(self.bugs)

    @property
    def keep(self):
        """The mask as it is meant, True = may attend."""
        n = len(self.tokens)
        keep = np.ones((n, n), dtype=bool) if self.mask == "everyone" else al.causal_mask(n)
        if self.mask == "padding":
            keep[:, 0] = False
        return keep

    @property
    def trace(self):
        """`attnlib.bugs.trace` of the current state."""
        return bugs.trace(PHRASES.embed(self.tokens), PHRASES.head(HEAD), self.keep, self.active)

    @property
    def symptoms(self):
        """`attnlib.bugs.symptoms` of the current state."""
        return bugs.symptoms(PHRASES.embed(self.tokens), PHRASES.head(HEAD), self.keep, self.active)

    @property
    def found(self):
        """How many of the hidden bugs were named rightly at the first try."""
        return sum(self.named.get(case, [None])[0] == bug for case, bug in self.hidden.items())

    def measure(self, condition):
        """What the state has of what `condition` measures."""
        if condition["measure"] == "found":
            return self.found
        if condition["measure"] == "bugs":
            return len(self.active)
        symptoms = self.symptoms
        if condition["measure"].startswith("rows-"):
            return symptoms.rows[condition["measure"] == "rows-most"]
        return getattr(symptoms, condition["measure"])

    def describe(self):
        names = [self.known[bug] for bug in self.bugs]
        broken = f"case {self.case}" if self.case else ", ".join(names) or "no bug"
        symptoms = self.symptoms
        return "\n".join(
            [
                f"BreakIt: “{self.sentence}”, mask {MASKS[self.mask]}; {broken}",
                f"   sums of rows {_range(symptoms.rows)}, of columns {_range(symptoms.columns)}",
                f"   leak {symptoms.leak:.2f}, the past moves by {_number(symptoms.past)}, "
                f"{symptoms.nans} weights are NaN",
            ]
        )

    def still(self):
        weights = np.nan_to_num(self.trace.weights)
        parts, *size = still.pattern(self.tokens, weights)
        return still.figure(still.svg(parts, *size, self.describe()))


def _number(value):
    return "not a number" if np.isnan(value) else f"{value:.2f}"


def _range(ends):
    return f"{_number(ends[0])} to {_number(ends[1])}"
