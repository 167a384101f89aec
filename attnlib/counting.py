"""Counting: the parameters of a transformer, matrix by matrix."""

from dataclasses import dataclass
from math import prod

NORMS = {"none": 0, "rms": 1, "layer": 2}  # vectors of d_model numbers that one normalisation holds
OPTIONAL = ("n_kv_heads", "d_head", "d_ff")
COUNTS = ("n_layers", "n_heads", "d_model", "n_vocab")
SWITCHES = ("gated", "tied", "biases")
SEARCHED = 1000  # how far from a size that does not fit one that does is looked for
BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}


@dataclass(frozen=True)
class TransformerShape:
    """The sizes of a decoder-only transformer: all that its parameter count depends on.

    Parameters
    ----------
    n_layers, n_heads, d_model : as everywhere in this book; n_layers counts blocks.
    n_vocab : tokens in the vocabulary, one row each in the table of embeddings.
    n_positions : rows of a learned table of positions; 0 for positions that are not learned.
    d_head : d_model / n_heads unless given.
    n_kv_heads : heads that have keys and values of their own, each shared by a group of query
        heads (Ainslie et al., 2023); n_heads unless given.
    d_ff : the width inside the feed-forward network; 4 * d_model unless given.
    gated : the feed-forward network has a third matrix, whose output gates (Shazeer, 2020).
    tied : one table serves as embedding and unembedding.
    biases : every matrix of a block has a bias.
    norm : "layer" (a scale and a shift), "rms" (a scale) or "none"; two in each block and one at
        the end.

    What is not given is filled in, so `shape.d_head` is always a number. A copy made by
    `dataclasses.replace` keeps it, unless told to work it out anew (`d_head=None`).

    Raises `TypeError` for sizes that are not whole numbers, and `ValueError` for those that
    cannot be built, with those nearby that can.

    >>> TransformerShape(n_layers=12, n_heads=12, d_model=768, n_vocab=50_257).d_head
    64
    """

    n_layers: int
    n_heads: int
    d_model: int
    n_vocab: int
    n_positions: int = 0
    d_head: int | None = None
    n_kv_heads: int | None = None
    d_ff: int | None = None
    gated: bool = False
    tied: bool = True
    biases: bool = True
    norm: str = "layer"

    def __post_init__(self):
        for name in (*COUNTS, *(o for o in OPTIONAL if getattr(self, o) is not None)):
            _check_whole(name, getattr(self, name), least=1)
        _check_whole("n_positions", self.n_positions, least=0)
        for name in SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} is {getattr(self, name)!r}; expected True or False")
        if self.norm not in NORMS:
            raise ValueError(f"norm is {self.norm!r}; expected one of: {', '.join(NORMS)}")
        if self.d_head is None:
            _check_divides("n_heads", self.n_heads, "d_model", self.d_model, "or give d_head")
            self._fill("d_head", self.d_model // self.n_heads)
        if self.n_kv_heads is None:
            self._fill("n_kv_heads", self.n_heads)
        _check_divides("n_kv_heads", self.n_kv_heads, "n_heads", self.n_heads)
        if self.d_ff is None:
            self._fill("d_ff", 4 * self.d_model)

    def _fill(self, name, value):
        object.__setattr__(self, name, value)

    def cache_bytes(self, n_tokens=1, dtype="bfloat16"):
        """The bytes of the keys and values that a model keeps of `n_tokens` tokens while it writes.

        A key and a value of d_head numbers, for every layer and every head that has its own.

        >>> GPT3.cache_bytes(n_tokens=1)
        4718592
        """
        _check_whole("n_tokens", n_tokens, least=0)
        numbers = 2 * self.n_layers * self.n_kv_heads * self.d_head
        return n_tokens * numbers * _bytes_of(dtype)


@dataclass(frozen=True)
class Entry:
    """A line of a tally: `copies` arrays of the shape `size`, in one of `PARTS`."""

    part: str
    name: str
    size: tuple
    copies: int

    @property
    def each(self):
        """The numbers in one of the arrays."""
        return prod(self.size)

    @property
    def total(self):
        """The numbers in all of them."""
        return self.copies * self.each


PARTS = ("embedding", "attention", "feed-forward", "normalisation", "unembedding")


@dataclass(frozen=True)
class Tally:
    """What `count_parameters` returns: its `entries`, and sums over them. Prints as a table.

    >>> print(count_parameters(TransformerShape(1, 2, d_model=4, n_vocab=10, norm="none")))
    embedding     table of tokens         10 x 4 x 1   40
    attention     w_q                      4 x 2 x 2   16
    attention     b_q                          2 x 2    4
    attention     w_k                      4 x 2 x 2   16
    attention     b_k                          2 x 2    4
    attention     w_v                      4 x 2 x 2   16
    attention     b_v                          2 x 2    4
    attention     w_o                      2 x 4 x 2   16
    attention     b_o                          4 x 1    4
    feed-forward  w_in                    4 x 16 x 1   64
    feed-forward  b_in                        16 x 1   16
    feed-forward  w_out                   16 x 4 x 1   64
    feed-forward  b_out                        4 x 1    4
    total                                             268
    """

    shape: TransformerShape
    entries: tuple

    @property
    def total(self):
        """All parameters."""
        return sum(entry.total for entry in self.entries)

    @property
    def parts(self):
        """The parameters of each of `PARTS`, as a dictionary."""
        return {
            part: sum(entry.total for entry in self.entries if entry.part == part) for part in PARTS
        }

    @property
    def attention_share(self):
        """The share of all parameters that is in attention, 0 to 1."""
        return self.parts["attention"] / self.total

    def bytes(self, dtype="float32"):
        """The bytes of all parameters as "float32", "bfloat16" or "int8"."""
        return self.total * _bytes_of(dtype)

    def __str__(self):
        rows = [
            (e.part, e.name, " x ".join(f"{n:,}" for n in (*e.size, e.copies)), f"{e.total:,}")
            for e in self.entries
        ]
        rows.append(("total", "", "", f"{self.total:,}"))
        sizes, counts = (max(len(row[i]) for row in rows) for i in (2, 3))
        return "\n".join(
            f"{part:<13} {name:<20}  {size:>{max(sizes, 12)}}  {count:>{counts}}"
            for part, name, size, count in rows
        )


def count_parameters(shape):
    """The tally of a `TransformerShape`: a `Tally` with an `Entry` for every kind of array.

    Matrices are counted for one head at a time: `w_q` is `(d_model, d_head)`, and there are
    n_layers * n_heads of them. Dropout, activations and positions that are not learned hold no
    parameters. A tied unembedding is the table of tokens, and counted once.

    Raises `TypeError` for anything but a `TransformerShape`.

    Source: Radford et al. (2019) for GPT-2's shape; Brown et al. (2020), table 2.1, for GPT-3's.

    >>> count_parameters(GPT2_SMALL).total
    124439808
    >>> count_parameters(GPT3).parts["attention"], count_parameters(GPT3).total
    (57982058496, 175181291520)
    """
    if not isinstance(shape, TransformerShape):
        raise TypeError(f"shape is a {type(shape).__name__}; expected an attnlib.TransformerShape")
    entries = (*_embedding(shape), *_attention(shape), *_feed_forward(shape), *_rest(shape))
    return Tally(shape, tuple(entry for entry in entries if entry.total))


def _embedding(s):
    yield Entry("embedding", "table of tokens", (s.n_vocab, s.d_model), 1)
    yield Entry("embedding", "table of positions", (s.n_positions, s.d_model), 1)


def _attention(s):
    for letter, n_heads in (("q", s.n_heads), ("k", s.n_kv_heads), ("v", s.n_kv_heads)):
        copies = s.n_layers * n_heads
        yield Entry("attention", f"w_{letter}", (s.d_model, s.d_head), copies)
        yield Entry("attention", f"b_{letter}", (s.d_head,), copies * s.biases)
    yield Entry("attention", "w_o", (s.d_head, s.d_model), s.n_layers * s.n_heads)
    yield Entry("attention", "b_o", (s.d_model,), s.n_layers * s.biases)  # one for all heads


def _feed_forward(s):
    for name in ("in", "gate") if s.gated else ("in",):
        yield Entry("feed-forward", f"w_{name}", (s.d_model, s.d_ff), s.n_layers)
        yield Entry("feed-forward", f"b_{name}", (s.d_ff,), s.n_layers * s.biases)
    yield Entry("feed-forward", "w_out", (s.d_ff, s.d_model), s.n_layers)
    yield Entry("feed-forward", "b_out", (s.d_model,), s.n_layers * s.biases)


def _rest(s):
    norms = (2 * s.n_layers + 1) * NORMS[s.norm]
    yield Entry("normalisation", "scales and shifts", (s.d_model,), norms)
    yield Entry("unembedding", "table of tokens", (s.d_model, s.n_vocab), int(not s.tied))


def _bytes_of(dtype):
    if not isinstance(dtype, str) or dtype not in BYTES:
        raise ValueError(f"dtype is {dtype!r}; expected one of: {', '.join(BYTES)}")
    return BYTES[dtype]


def _check_whole(name, value, least):
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {value!r}; expected a whole number")
    if value < least:
        raise ValueError(f"{name} is {value}; expected at least {least}")


def _check_divides(name, value, whole_name, whole, otherwise=""):
    if whole % value == 0:
        return
    near = range(max(1, value - SEARCHED), min(whole, value + SEARCHED) + 1)
    divisors = [n for n in near if whole % n == 0]
    below = max((n for n in divisors if n < value), default=1)
    above = min((n for n in divisors if n > value), default=None)
    fits = f"{name} of {below}" + (f" or {above}" if above else "") + " would fit"
    raise ValueError(
        f"{whole_name} is {whole} and cannot be divided by {name}, {value}: {fits}"
        + (f", {otherwise}" if otherwise else "")
    )


#: Radford et al. (2019); the sizes of the smallest model as released.
GPT2_SMALL = TransformerShape(
    n_layers=12, n_heads=12, d_model=768, n_vocab=50_257, n_positions=1024
)
#: Brown et al. (2020), table 2.1, as 3Blue1Brown (2024) counts it: matrices alone, and the
#: unembedding a table of its own.
GPT3 = TransformerShape(
    n_layers=96, n_heads=96, d_model=12_288, n_vocab=50_257, tied=False, biases=False, norm="none"
)
#: Grattafiori et al. (2024), table 3: grouped heads, a gated feed-forward network, no biases.
LLAMA3_8B = TransformerShape(
    n_layers=32,
    n_heads=32,
    d_model=4096,
    n_vocab=128_256,
    n_kv_heads=8,
    d_ff=14_336,
    gated=True,
    tied=False,
    biases=False,
    norm="rms",
)
