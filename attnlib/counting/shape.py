"""The sizes of a transformer, and what it keeps of a text."""

from dataclasses import dataclass
from typing import NamedTuple

NORMS = {"none": 0, "rms": 1, "layer": 2}  # vectors of d_model numbers that one normalisation holds
QK_NORMS = ("none", "head", "all")
DECAYS = ("none", "head", "column")
OPTIONAL = ("n_kv_heads", "d_head", "d_ff")
COUNTS = ("n_layers", "n_heads", "d_model", "n_vocab")
EXTRAS = (  # 0 where a model has none
    *("n_positions", "n_norms", "window", "n_full", "n_kv_heads_full", "d_head_full", "d_value"),
    *("n_kv_shared", "n_kv_shared_full", "d_ff_shared", "d_per_layer"),
    *("d_latent", "d_query_latent", "d_rotary"),
    *("n_index_heads", "d_index", "n_indexed", "n_chosen"),
    *("n_linear", "n_linear_heads", "n_linear_keys", "d_linear_key", "d_linear_value", "n_taps"),
    *("n_experts", "n_active", "n_shared", "n_dense", "d_expert", "d_shared"),
)
SWITCHES = (
    *("gated", "tied", "sinks", "gates", "tied_kv"),
    *("router_bias", "router_scales", "shared_gate"),
)
BIASES = ("attention", "qkv")  # where not all matrices of a block have one, or none
GOES_WITH = {
    "window": ("n_full",),
    "n_full": ("n_kv_heads_full", "d_head_full", "n_kv_shared_full"),
    "n_kv_shared": ("n_kv_shared_full", "d_ff_shared"),
    "d_latent": ("d_query_latent", "d_rotary"),
    "d_query_latent": ("n_index_heads",),
    "n_index_heads": ("d_index", "n_indexed", "n_chosen"),
    "n_linear": ("n_linear_heads", "n_linear_keys", "d_linear_key", "d_linear_value", "n_taps"),
    "n_experts": ("n_active", "n_shared", "n_dense", "d_expert", "router_bias", "router_scales"),
    "n_shared": ("d_shared", "shared_gate"),
}
NEEDS = {  # what cannot be 0 beside another
    "n_experts": ("n_active",),
    "n_index_heads": ("d_index", "n_indexed", "n_chosen"),
    "n_linear": ("n_linear_heads", "d_linear_key", "d_linear_value"),
}
AT_MOST = (
    *(("n_full", "n_layers"), ("n_dense", "n_layers"), ("n_linear", "n_layers")),
    *(("n_indexed", "n_layers"), ("n_active", "n_experts")),
    *(("n_kv_shared", "n_layers"), ("n_kv_shared_full", "n_full")),
    ("n_kv_shared_full", "n_kv_shared"),
)
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
    gates : what a head finds is multiplied by numbers between 0 and 1, which a matrix as large as
        w_q makes from the token (Qiu et al., 2025).
    tied_kv : in layers that read the whole text, one matrix makes keys and values. Both are kept
        all the same: keys are normalised and turned, values are not.
    window : the tokens that a layer with a window reads, the own one included; 0 for none.
    n_full : the layers that read the whole text all the same.
    n_kv_heads_full, d_head_full : of those layers, where they are not n_kv_heads and d_head; 0
        where they are.
    n_kv_shared : the last layers that make no keys and values: they use those of the last layer
        of their kind before them, and keep nothing (Brandon et al., 2024).
    n_kv_shared_full : of these, the layers that read the whole text where others have a window.
    d_ff_shared : the width inside the feed-forward network of those layers, where it is not d_ff;
        0 where it is.
    d_per_layer : the numbers that each layer has for a token in a table of its own; 0 for none.
        They, and as many that a matrix makes from the embedding, go through a gate.
    d_value : the numbers of a value, where they are not d_head; 0 where they are.
    d_latent : the numbers that the keys and values of all heads are made from, and that the cache
        keeps in their place (DeepSeek-AI, 2024); 0 for none.
    d_query_latent : the same for queries, which are not kept.
    d_rotary : with d_latent, the part of d_head that rotary positions turn. Its keys come from
        the token itself, one for all heads.
    n_index_heads, d_index : the heads of an index, and the numbers of its queries, and of its one
        key, which is kept too: a query reads the n_chosen tokens that the index puts first
        (DeepSeek-AI, 2025). 0 for none.
    n_indexed : the layers that have an index of their own; the others choose as the last that has.
    n_linear : the layers that have linear attention by the delta rule: a state in place of a
        cache (Yang et al., 2025). 0 for none.
    n_linear_heads, n_linear_keys : the heads of such a layer, and those that have queries and keys
        of their own; 0 for as many.
    d_linear_key, d_linear_value : the numbers of their keys and values; a head's state has a row
        for each of the first and a column for each of the second.
    n_taps : the tokens that each number of their queries, keys and values is mixed over, the own
        one included; 0 for no mixing.
    decay : how their states fade: "head", by one number for each head; or "column", by one for
        each column of the keys, which two thin matrices make, as they make the gate of the output
        (Kimi Team, 2025). "none" without such layers.
    n_experts : feed-forward networks of which a token goes through n_active, in every layer but
        the first n_dense, chosen by a router; 0 for none (Shazeer et al., 2017).
    n_shared : experts that every token goes through, besides n_experts.
    d_expert : the width inside an expert, where it is not d_ff; 0 where it is.
    d_shared : the same for those that every token goes through, where it is not that of the others.
    shared_gate : what they add is multiplied by a number that the token makes.
    router_bias : the router has a number for each expert besides its matrix.
    router_scales : it has a scale for each number that it reads, and for each expert.

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
    gates: bool = False
    tied_kv: bool = False
    window: int = 0
    n_full: int = 0
    n_kv_heads_full: int = 0
    d_head_full: int = 0
    n_kv_shared: int = 0
    n_kv_shared_full: int = 0
    d_ff_shared: int = 0
    d_per_layer: int = 0
    d_value: int = 0
    d_latent: int = 0
    d_query_latent: int = 0
    d_rotary: int = 0
    n_index_heads: int = 0
    d_index: int = 0
    n_indexed: int = 0
    n_chosen: int = 0
    n_linear: int = 0
    n_linear_heads: int = 0
    n_linear_keys: int = 0
    d_linear_key: int = 0
    d_linear_value: int = 0
    n_taps: int = 0
    decay: str = "none"
    n_experts: int = 0
    n_active: int = 0
    n_shared: int = 0
    n_dense: int = 0
    d_expert: int = 0
    d_shared: int = 0
    router_bias: bool = False
    router_scales: bool = False
    shared_gate: bool = False

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
        self._check_shared()
        if self.tied_kv and self.window and not self.n_full:
            raise ValueError("tied_kv is for layers that read the whole text: give n_full")
        if self.n_kv_heads_full:
            _check_divides("n_kv_heads_full", self.n_kv_heads_full, "n_heads", self.n_heads)
        if self.d_latent:
            self._check_latent()
        self._check_linear()

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
        for name, known in (("norm", tuple(NORMS)), ("qk_norm", QK_NORMS), ("decay", DECAYS)):
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
        for name, most in AT_MOST:
            if getattr(self, name) > getattr(self, most):
                raise ValueError(
                    f"{name} is {getattr(self, name)}; expected at most {most}, "
                    f"{getattr(self, most)}"
                )
        for whole, parts in NEEDS.items():
            for name in parts:
                if getattr(self, whole) and not getattr(self, name):
                    raise ValueError(
                        f"{name} is 0 and {whole} {getattr(self, whole)}; expected at least 1"
                    )

    def _check_shared(self):
        """What is borrowed must have been made before, in each kind of layers."""
        n_windowed = self.n_layers - self.n_full if self.window else 0
        full, there = self.n_kv_shared_full, self.n_layers - n_windowed
        if not self.window:
            full = self.n_kv_shared
        for borrowing, layers in ((full, there), (self.n_kv_shared - full, n_windowed)):
            if borrowing and borrowing >= layers:
                raise ValueError(
                    f"n_kv_shared is {self.n_kv_shared}: at least one layer of each kind must make "
                    "the keys and values that the others use"
                )

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
        for name in ("gates", "tied_kv", "d_head_full", "n_kv_heads_full", "n_kv_shared"):
            if getattr(self, name):
                raise ValueError(f"with d_latent no {name} can be counted: take {name} out")
        if self.qk_norm != "none":
            raise ValueError("with d_latent no qk_norm is counted: take it out")

    def _check_linear(self):
        if (self.decay != "none") != bool(self.n_linear):
            expected = '"head" or "column"' if self.n_linear else '"none"'
            raise ValueError(
                f"decay is {self.decay!r} and n_linear {self.n_linear}; expected {expected}"
            )
        if not self.n_linear:
            return
        if self.n_linear_keys:
            _check_divides(
                "n_linear_keys", self.n_linear_keys, "n_linear_heads", self.n_linear_heads
            )
        for name in ("window", "biases"):
            if getattr(self, name):
                raise ValueError(f"with n_linear no {name} can be counted: take {name} out")

    def cache_numbers(self, n_tokens=1):
        """The numbers that a model keeps of `n_tokens` tokens while it writes, in all layers.

        A key and a value of every head that has its own; with `d_latent`, the latent numbers and
        the rotated part of the key; with an index, its key. A layer with a window keeps its last
        `window` tokens alone. Linear layers keep nothing of a token: see `state_numbers`.

        >>> LLAMA3_8B.cache_numbers()
        65536
        """
        _check_whole("n_tokens", n_tokens, least=0)
        total = self.n_indexed * self.d_index * n_tokens
        for kind in kinds_of(self):
            full = (kind.n_keeping - kind.n_windowed) * n_tokens
            total += kind.kept * (full + kind.n_windowed * min(n_tokens, self.window))
        return total

    @property
    def state_numbers(self):
        """The numbers that linear layers keep, however long the text is.

        A matrix for each head, `(d_linear_key, d_linear_value)`, and what the taps still need of
        the last `n_taps` - 1 tokens.
        """
        head = self.d_linear_key * self.d_linear_value
        behind = max(self.n_taps - 1, 0) * self.tapped
        return self.n_linear * (self.n_linear_heads * head + behind)

    @property
    def tapped(self):
        """The numbers of all queries, keys and values of a linear layer."""
        n_keys = self.n_linear_keys or self.n_linear_heads
        return 2 * n_keys * self.d_linear_key + self.n_linear_heads * self.d_linear_value

    def cache_bytes(self, n_tokens=1, dtype="bfloat16"):
        """The bytes of what a model keeps of `n_tokens` tokens: those of `cache_numbers`.

        >>> GPT3.cache_bytes(n_tokens=1)
        4718592
        """
        return self.cache_numbers(n_tokens) * bytes_of(dtype)


class LayerKind(NamedTuple):
    """Layers with softmax that have matrices of the same sizes.

    `name` goes before the names of the matrices. Of the `n_layers`, `n_keeping` make keys and
    values and keep `kept` numbers of a token, `n_windowed` of these in a window.
    """

    name: str
    n_layers: int
    n_keeping: int
    n_windowed: int
    n_kv_heads: int
    d_head: int
    d_value: int
    tied_kv: bool
    kept: int


def kinds_of(s):
    """The kinds of layers of a shape that keep a cache: one `LayerKind`, or two, or none."""
    n_layers = s.n_layers - s.n_linear
    n_windowed = n_layers - s.n_full if s.window else 0
    borrowing = s.n_kv_shared - s.n_kv_shared_full if s.window else 0
    windowed = (n_windowed, n_windowed - borrowing, n_windowed - borrowing)
    usual = (s.n_kv_heads, s.d_head, False)
    full = (s.n_kv_heads_full or s.n_kv_heads, s.d_head_full or s.d_head, s.tied_kv)
    if n_windowed == 0 or usual == full:
        both = (n_layers, n_layers - s.n_kv_shared, n_windowed - borrowing)
        return [_kind(s, "", both, full)] if n_layers else []
    n_keeping = s.n_full - s.n_kv_shared_full
    kinds = [_kind(s, "", windowed, usual)]
    return kinds + ([_kind(s, "full ", (s.n_full, n_keeping, 0), full)] if s.n_full else [])


def _kind(s, name, layers, sizes):
    n_kv_heads, d_head, tied_kv = sizes
    d_value = s.d_value or d_head
    kept = s.d_latent + s.d_rotary if s.d_latent else n_kv_heads * (d_head + d_value)
    return LayerKind(name, *layers, n_kv_heads, d_head, d_value, tied_kv, kept)


def bytes_of(dtype):
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
