"""Counting: the parameters of a transformer, matrix by matrix."""

from dataclasses import dataclass
from math import prod

NORMS = {"none": 0, "rms": 1, "layer": 2}  # vectors of d_model numbers that one normalisation holds
QK_NORMS = ("none", "head", "all")
OPTIONAL = ("n_kv_heads", "d_head", "d_ff")
COUNTS = ("n_layers", "n_heads", "d_model", "n_vocab")
EXTRAS = (  # 0 where a model has none
    *("n_positions", "n_norms", "window", "n_full", "d_value"),
    *("d_latent", "d_query_latent", "d_rotary"),
    *("n_experts", "n_active", "n_shared", "n_dense", "d_expert"),
)
SWITCHES = ("gated", "tied", "sinks", "router_bias")
BIASES = ("attention", "qkv")  # where not all matrices of a block have one, or none
GOES_WITH = {
    "window": ("n_full",),
    "d_latent": ("d_query_latent", "d_rotary"),
    "n_experts": ("n_active", "n_shared", "n_dense", "d_expert", "router_bias"),
}
AT_MOST = {"n_full": "n_layers", "n_dense": "n_layers", "n_active": "n_experts"}
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
    biases : every matrix of a block has a bias; or "attention", those of attention alone; or
        "qkv", those of queries, keys and values alone.
    norm : "layer" (a scale and a shift), "rms" (a scale) or "none"; n_norms in each block and one
        at the end.
    n_norms : 2 unless given; 4 where what a layer adds is normalised too.
    qk_norm : queries and keys are normalised: "head", with d_head scales that all heads of a layer
        share; "all", with scales for every head; or "none".
    sinks : each head has a learned score that no value belongs to.
    window : the tokens that a layer with a window reads, the own one included; 0 for none.
    n_full : the layers that read the whole text all the same.
    d_value : the numbers of a value, where they are not d_head; 0 where they are.
    d_latent : the numbers that the keys and values of all heads are made from, and that the cache
        keeps in their place (DeepSeek-AI, 2024); 0 for none.
    d_query_latent : the same for queries, which are not kept.
    d_rotary : with d_latent, the part of d_head that rotary positions turn. Its keys come from
        the token itself, one for all heads.
    n_experts : feed-forward networks of which a token goes through n_active, in every layer but
        the first n_dense, chosen by a router; 0 for none (Shazeer et al., 2017).
    n_shared : experts that every token goes through, besides n_experts.
    d_expert : the width inside an expert, where it is not d_ff; 0 where it is.
    router_bias : the router has a number for each expert besides its matrix.

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
    biases: bool | str = True
    norm: str = "layer"
    n_norms: int = 2
    qk_norm: str = "none"
    sinks: bool = False
    window: int = 0
    n_full: int = 0
    d_value: int = 0
    d_latent: int = 0
    d_query_latent: int = 0
    d_rotary: int = 0
    n_experts: int = 0
    n_active: int = 0
    n_shared: int = 0
    n_dense: int = 0
    d_expert: int = 0
    router_bias: bool = False

    def __post_init__(self):
        self._check_kinds()
        if self.d_head is None:
            _check_divides("n_heads", self.n_heads, "d_model", self.d_model, "or give d_head")
            self._fill("d_head", self.d_model // self.n_heads)
        if self.n_kv_heads is None:
            self._fill("n_kv_heads", self.n_heads)
        _check_divides("n_kv_heads", self.n_kv_heads, "n_heads", self.n_heads)
        if self.d_ff is None:
            self._fill("d_ff", 4 * self.d_model)
        self._check_extras()
        if self.d_latent:
            self._check_latent()

    def _fill(self, name, value):
        object.__setattr__(self, name, value)

    def _check_kinds(self):
        for name in (*COUNTS, *(o for o in OPTIONAL if getattr(self, o) is not None)):
            _check_whole(name, getattr(self, name), least=1)
        for name in EXTRAS:
            _check_whole(name, getattr(self, name), least=0)
        for name in SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} is {getattr(self, name)!r}; expected True or False")
        _check_biases(self.biases)
        for name, known in (("norm", tuple(NORMS)), ("qk_norm", QK_NORMS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}; expected one of: {', '.join(known)}"
                )

    def _check_extras(self):
        """Sizes that mean nothing without another are not passed over."""
        for whole, parts in GOES_WITH.items():
            for name in parts:
                if (value := getattr(self, name)) and not getattr(self, whole):
                    raise ValueError(
                        f"{name} is {value} and {whole} is 0: give {whole}, or no {name}"
                    )
        for name, most in AT_MOST.items():
            if getattr(self, name) > getattr(self, most):
                raise ValueError(
                    f"{name} is {getattr(self, name)}; expected at most {most}, "
                    f"{getattr(self, most)}"
                )
        if self.n_experts and not self.n_active:
            raise ValueError(f"n_active is 0 and n_experts {self.n_experts}; expected at least 1")

    def _check_latent(self):
        if self.n_kv_heads != self.n_heads:
            raise ValueError(
                f"n_kv_heads is {self.n_kv_heads} and n_heads {self.n_heads}: with d_latent every "
                "head has keys and values of its own; give no n_kv_heads"
            )
        if self.d_rotary >= self.d_head:
            raise ValueError(
                f"d_rotary is {self.d_rotary}; expected less than d_head, {self.d_head}"
            )
        if self.biases:
            raise ValueError("with d_latent no biases are counted: take them out")
        if self.qk_norm != "none":
            raise ValueError("with d_latent no qk_norm is counted: take it out")

    def cache_numbers(self, n_tokens=1):
        """The numbers that a model keeps of `n_tokens` tokens while it writes, in all layers.

        A key and a value of every head that has its own; with `d_latent`, the latent numbers and
        the rotated part of the key. A layer with a window keeps its last `window` tokens alone.

        >>> LLAMA3_8B.cache_numbers()
        65536
        """
        _check_whole("n_tokens", n_tokens, least=0)
        each = self.n_kv_heads * (self.d_head + (self.d_value or self.d_head))
        if self.d_latent:
            each = self.d_latent + self.d_rotary
        n_full = self.n_full if self.window else self.n_layers
        in_windows = (self.n_layers - n_full) * min(n_tokens, self.window)
        return each * (n_full * n_tokens + in_windows)

    def cache_bytes(self, n_tokens=1, dtype="bfloat16"):
        """The bytes of what a model keeps of `n_tokens` tokens: those of `cache_numbers`.

        >>> GPT3.cache_bytes(n_tokens=1)
        4718592
        """
        return self.cache_numbers(n_tokens) * _bytes_of(dtype)


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


EXPERT = "expert's "
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

    @property
    def active(self):
        """The parameters that one token meets: all but those of experts that it does not visit."""
        s = self.shape
        idle = (s.n_layers - s.n_dense) * (s.n_experts - s.n_active)
        return self.total - idle * sum(e.each for e in self.entries if e.name.startswith(EXPERT))

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
    yield from _latents(s)
    keys, d_value = s.d_latent or s.d_model, s.d_value or s.d_head
    for letter, n_heads, size in (
        ("q", s.n_heads, (s.d_query_latent or s.d_model, s.d_head)),
        ("k", s.n_kv_heads, (keys, s.d_head - s.d_rotary)),
        ("v", s.n_kv_heads, (keys, d_value)),
    ):
        copies = s.n_layers * n_heads
        yield Entry("attention", f"w_{letter}", size, copies)
        yield Entry("attention", f"b_{letter}", size[1:], copies * bool(s.biases))
    yield Entry("attention", "w_o", (d_value, s.d_model), s.n_layers * s.n_heads)
    one_for_all_heads = s.n_layers * (s.biases in (True, "attention"))
    yield Entry("attention", "b_o", (s.d_model,), one_for_all_heads)
    yield Entry("attention", "sink", (1,), s.n_layers * s.n_heads * s.sinks)


def _latents(s):
    yield Entry("attention", "w_q_latent", (s.d_model, s.d_query_latent), s.n_layers)
    yield Entry("attention", "w_kv_latent", (s.d_model, s.d_latent), s.n_layers)
    yield Entry("attention", "w_k_rotary", (s.d_model, s.d_rotary), s.n_layers)


def _feed_forward(s):
    with_experts = s.n_layers - s.n_dense if s.n_experts else 0
    yield from _network(s, "", s.d_ff, s.n_layers - with_experts)
    experts = with_experts * (s.n_experts + s.n_shared)
    yield from _network(s, EXPERT, s.d_expert or s.d_ff, experts)
    yield Entry("feed-forward", "w_router", (s.d_model, s.n_experts), with_experts)
    yield Entry("feed-forward", "b_router", (s.n_experts,), with_experts * s.router_bias)


def _network(s, whose, width, copies):
    with_biases = copies * (s.biases is True)
    for name in ("in", "gate") if s.gated else ("in",):
        yield Entry("feed-forward", f"{whose}w_{name}", (s.d_model, width), copies)
        yield Entry("feed-forward", f"{whose}b_{name}", (width,), with_biases)
    yield Entry("feed-forward", f"{whose}w_out", (width, s.d_model), copies)
    yield Entry("feed-forward", f"{whose}b_out", (s.d_model,), with_biases)


def _rest(s):
    vectors = NORMS[s.norm]
    blocks = (s.n_norms * s.n_layers + 1) * vectors
    yield Entry("normalisation", "scales and shifts", (s.d_model,), blocks)
    for name, n_heads in (("queries", s.n_heads), ("keys", s.n_kv_heads)):
        copies = {"none": 0, "head": 1, "all": n_heads}[s.qk_norm]
        yield Entry("normalisation", f"of {name}", (s.d_head,), s.n_layers * copies * vectors)
    for name, width in (("queries", s.d_query_latent), ("keys and values", s.d_latent)):
        yield Entry("normalisation", f"of latent {name}", (width,), s.n_layers * vectors)
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


def _check_biases(biases):
    if not isinstance(biases, bool) and biases not in BIASES:
        raise TypeError(
            f"biases is {biases!r}; expected True or False, or one of: {', '.join(BIASES)}"
        )


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
