"""The parameters of a transformer, matrix by matrix."""

from dataclasses import dataclass
from math import prod

from attnlib.counting.shape import NORMS, TransformerShape, bytes_of, kinds_of


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
        return self.total * bytes_of(dtype)

    def __str__(self):
        rows = [
            (e.part, e.name, " x ".join(f"{n:,}" for n in (*e.size, e.copies)), f"{e.total:,}")
            for e in self.entries
        ]
        rows.append(("total", "", "", f"{self.total:,}"))
        sizes, counts = (max(len(row[i]) for row in rows) for i in (2, 3))
        named = max(20, *(len(row[1]) for row in rows))
        return "\n".join(
            f"{part:<13} {name:<{named}}  {size:>{max(sizes, 12)}}  {count:>{counts}}"
            for part, name, size, count in rows
        )


def count_parameters(shape):
    """The tally of a `TransformerShape`: a `Tally` with an `Entry` for every kind of array.

    Matrices are counted for one head at a time: `w_q` is `(d_model, d_head)`, and there are
    n_layers * n_heads of them. Dropout, activations and positions that are not learned hold no
    parameters. A tied unembedding is the table of tokens, and counted once.

    Raises `TypeError` for anything but a `TransformerShape`.

    Source: Radford et al. (2019) for GPT-2's shape; Brown et al. (2020), table 2.1, for GPT-3's.

    >>> from attnlib.counting import GPT2_SMALL, GPT3
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
    yield Entry("embedding", "tables of layers", (s.n_vocab, s.d_per_layer), s.n_layers)
    yield Entry("embedding", "w_layers", (s.d_model, s.d_per_layer), s.n_layers)


def _attention(s):
    yield from _latents(s)
    for kind in kinds_of(s):
        yield from _heads(s, kind)
    yield from _index(s)
    yield from _linear(s)


def _heads(s, kind):
    keys, n_layers, name = s.d_latent or s.d_model, kind.n_layers, kind.name
    for letter, n_heads, size in (
        ("q", s.n_heads, (s.d_query_latent or s.d_model, kind.d_head)),
        ("k", kind.n_kv_heads, (keys, kind.d_head - s.d_rotary)),
        ("v", kind.n_kv_heads * (not kind.tied_kv), (keys, kind.d_value)),
    ):
        copies = (n_layers if letter == "q" else kind.n_keeping) * n_heads
        yield Entry("attention", f"{name}w_{letter}", size, copies)
        yield Entry("attention", f"{name}b_{letter}", size[1:], copies * bool(s.biases))
    of_heads = n_layers * s.n_heads
    yield Entry("attention", f"{name}w_gate", (s.d_model, kind.d_value), of_heads * s.gates)
    yield Entry("attention", f"{name}w_o", (kind.d_value, s.d_model), of_heads)
    one_for_all_heads = n_layers * (s.biases in (True, "attention"))
    yield Entry("attention", f"{name}b_o", (s.d_model,), one_for_all_heads)
    yield Entry("attention", f"{name}sink", (1,), of_heads * s.sinks)


def _latents(s):
    n_layers = s.n_layers - s.n_linear
    yield Entry("attention", "w_q_latent", (s.d_model, s.d_query_latent), n_layers)
    yield Entry("attention", "w_kv_latent", (s.d_model, s.d_latent), n_layers)
    yield Entry("attention", "w_k_rotary", (s.d_model, s.d_rotary), n_layers)


def _index(s):
    heads = s.n_indexed * s.n_index_heads
    yield Entry("attention", "index w_q", (s.d_query_latent, s.d_index), heads)
    yield Entry("attention", "index w_k", (s.d_model, s.d_index), s.n_indexed)
    yield Entry("attention", "index w_head", (s.d_model, 1), heads)


def _linear(s):
    n_heads, n_keys = s.n_linear_heads, s.n_linear_keys or s.n_linear_heads
    d_key, d_value, thin = s.d_linear_key, s.d_linear_value, s.decay == "column"
    decay, gate = (d_key, d_value) if thin else (1, d_value)
    into = d_key if thin else s.d_model  # what the gate and the decay of a head are made from
    for name, size, copies in (
        ("w_q", (s.d_model, d_key), n_keys),
        ("w_k", (s.d_model, d_key), n_keys),
        ("w_v", (s.d_model, d_value), n_heads),
        ("taps", (s.n_taps,), s.tapped),
        ("w_write", (s.d_model, 1), n_heads),
        ("w_decay_thin", (s.d_model, d_key), int(thin)),
        ("w_decay", (into, decay), n_heads),
        ("b_decay", (decay,), n_heads),
        ("rate", (1,), n_heads),
        ("w_gate_thin", (s.d_model, d_key), int(thin)),
        ("w_gate", (into, gate), n_heads),
        ("w_o", (d_value, s.d_model), n_heads),
    ):
        yield Entry("attention", f"linear {name}", size, s.n_linear * copies)


def _feed_forward(s):
    with_experts = s.n_layers - s.n_dense if s.n_experts else 0
    dense = s.n_layers - with_experts  # the first ones; those that borrow keys are the last
    later = max(0, dense + s.n_kv_shared - s.n_layers) if s.d_ff_shared else 0
    yield from _network(s, "", s.d_ff, dense - later)
    yield from _network(s, "later ", s.d_ff_shared, later)
    d_expert = s.d_expert or s.d_ff
    shared = with_experts * s.n_shared
    alike = s.d_shared in (0, d_expert)
    yield from _network(s, EXPERT, d_expert, with_experts * s.n_experts + shared * alike)
    yield from _network(s, f"shared {EXPERT}", s.d_shared, shared * (not alike))
    yield Entry("feed-forward", "w_shared_gate", (s.d_model, 1), with_experts * s.shared_gate)
    yield Entry("feed-forward", "w_router", (s.d_model, s.n_experts), with_experts)
    yield Entry("feed-forward", "b_router", (s.n_experts,), with_experts * s.router_bias)
    scaled = with_experts * s.router_scales
    yield Entry("feed-forward", "router's scales", (s.d_model + s.n_experts,), scaled)
    layered = s.n_layers * bool(s.d_per_layer)
    yield Entry("feed-forward", "layer's w_gate", (s.d_model, s.d_per_layer), layered)
    yield Entry("feed-forward", "layer's w_out", (s.d_per_layer, s.d_model), layered)


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
    for kind in kinds_of(s):
        for name, n_heads, n_layers in (
            ("queries", s.n_heads, kind.n_layers),
            ("keys", kind.n_kv_heads, kind.n_keeping),
        ):
            copies = {"none": 0, "head": 1, "all": n_heads}[s.qk_norm] * n_layers * vectors
            yield Entry("normalisation", f"of {kind.name}{name}", (kind.d_head,), copies)
    n_layers = (s.n_layers - s.n_linear) * vectors
    for name, width in (("queries", s.d_query_latent), ("keys and values", s.d_latent)):
        yield Entry("normalisation", f"of latent {name}", (width,), n_layers)
    layered = vectors * bool(s.d_per_layer)
    yield Entry("normalisation", "of layers' tables", (s.d_per_layer,), layered)
    yield Entry("normalisation", "of what they add", (s.d_model,), s.n_layers * layered)
    yield Entry("normalisation", "of index keys", (s.d_index,), s.n_indexed * NORMS["layer"])
    yield Entry("normalisation", "of linear outputs", (s.d_linear_value,), s.n_linear * vectors)
    yield Entry("unembedding", "table of tokens", (s.d_model, s.n_vocab), int(not s.tied))
