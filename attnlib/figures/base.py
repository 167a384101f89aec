"""What every figure shares: the script, the state, and what stands for it without one."""

import os

import anywidget
import numpy as np
import traitlets

from attnlib.figures import page, still
from attnlib.figures.tokens import STATIC, tokens


def _read(name):
    return (STATIC / name).read_text(encoding="utf-8")


def _module(script):
    """The module that anywidget loads: a script of attnlib/static, and what it gives."""
    return _read(script) + "\nexport default attnlib.widget;"


LARGEST = 1000.0


class Checked(traitlets.Any):
    """Whatever the figure's own check lets through; `traitlets.Any` takes None unchecked."""

    allow_none = False


PLAIN = (float, int, str, bool)  # most of what comes


def plain(value):
    """`value` with Python's own numbers: arrays, tensors and NumPy's numbers become theirs.

    Within lists, tuples and dictionaries too; everything else stays as it is.
    """
    if type(value) in PLAIN:
        return value
    if type(value) is list:
        return [item if type(item) in PLAIN else plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return tuple(map(plain, value)) if type(value) is tuple else value


def check_numbers(name, value, ndim):
    """`value` as an array of `ndim` axes that holds finite numbers a figure can draw.

    Raises `ValueError` that names the trait, what came and what was expected.
    """
    try:
        numbers = np.array(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers, not {value!r}") from error
    if numbers.ndim == 0:  # of None too
        expected = "rows of numbers" if ndim == 2 else "a list of numbers"
        raise ValueError(f"{name} is {value!r}; expected {expected}")
    if numbers.ndim != ndim or 0 in numbers.shape:
        shape = "(d_model, d_head)" if ndim == 2 else "(n,)"
        raise ValueError(f"{name} has shape {numbers.shape}; expected {ndim} axes, as in {shape}")
    if not np.isfinite(numbers).all() or np.abs(numbers).max() > LARGEST:
        raise ValueError(f"{name} must hold numbers between -{LARGEST:g} and {LARGEST:g}")
    return numbers


def check_cell(chosen, n):
    """A chosen cell of a pattern over `n` tokens: None, or `[query, key]`.

    Raises `ValueError` that says what came and what was expected.
    """
    return _check_pair(chosen, (n, n), f"[query, key], both below {n}")


def check_pair(chosen, names, most):
    """A chosen pair, None or a list such as `[query, key]`, each below its number of `most`.

    Raises `ValueError` that says what came and what was expected; `names` are those of the two.
    """
    return _check_pair(chosen, most, f"[{names}] below {most[0]} and {most[1]}")


def _check_pair(chosen, most, expected):
    if chosen is None:
        return None
    pair = list(chosen) if isinstance(chosen, list | tuple) else []
    if len(pair) != 2 or not all(
        type(i) is int and 0 <= i < n for i, n in zip(pair, most, strict=True)
    ):
        raise ValueError(f"selected is {chosen!r}; expected {expected}")
    return pair


class Figure(anywidget.AnyWidget):
    """A figure with one state and two homes.

    A subclass names its traits (tagged `sync=True`), and gives `describe`, the text that
    stands for it in a notebook's file, and `still`, the HTML that stands for it on a page
    before the script runs, in print, and where there is no JavaScript.
    """

    script = "attnlib.js"  # of attnlib/static: the one that holds the figure
    _esm = _module(script)
    _css = _read("tokens.css") + _read("figures.css")

    _figure = traitlets.Unicode().tag(sync=True)
    # Where the built book lives, so that "Copy link" works from a notebook too.
    _book_url = traitlets.Unicode().tag(sync=True)
    key = traitlets.Unicode(help="Tells the figures of a page apart, in links.").tag(sync=True)

    def __init_subclass__(cls, **options):
        if "script" in vars(cls):
            cls._esm = _module(cls.script)
        super().__init_subclass__(**options)

    def __setattr__(self, name, value):
        # Every trait takes NumPy's numbers, and none has to know of them.
        super().__setattr__(name, plain(value) if self.has_trait(name) else value)

    @traitlets.default("_figure")
    def _class_name(self):
        return type(self).__name__

    @traitlets.default("_book_url")
    def _book_url_from_environment(self):
        return os.environ.get("ATTNLIB_BOOK_URL", "")

    @traitlets.default("key")
    def _key_from_class(self):
        return type(self).__name__

    @classmethod
    def page_traits(cls):
        """The names of the traits a built page needs to draw the figure."""
        base = set(anywidget.AnyWidget.class_trait_names())
        return [
            name
            for name in cls.class_trait_names(sync=True)
            if name not in base and name not in ("_esm", "_css", "_anywidget_id")
        ]

    @classmethod
    def from_state(cls, state):
        """The figure that a saved widget state describes."""
        names = set(cls.page_traits())
        return cls(**{name: value for name, value in state.items() if name in names})

    def save_html(self, path):
        """Write the figure to `path`, a page of its own, and give that path.

        The file holds everything: it works without a network, a server and Python. Raises
        `ValueError` for a name that does not end in .html.
        """
        return page.save(self, path)

    def describe(self):
        """The figure as plain text; it holds nothing that differs between machines."""
        raise NotImplementedError(f"{type(self).__name__} must say what it shows")

    def still(self):
        """The figure as still HTML."""
        raise NotImplementedError(f"{type(self).__name__} must have a still picture")

    def __repr__(self):
        return self.describe()

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["text/plain"] = self.describe()
        # For whoever opens the notebook where no widget can live: nbconvert, GitHub, a console.
        if picture := still.alone(self.still(), tokens()):
            data["image/svg+xml"] = picture
        return bundle
