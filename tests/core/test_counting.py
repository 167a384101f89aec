"""The tally of a transformer: exact totals, a real module's, and sentences for nonsense."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from attnlib.counting import BIASES, BYTES, NORMS, PARTS, QK_NORMS

torch = pytest.importorskip("torch")

# The running tally of 3Blue1Brown (2024), line by line.
VIDEO = {
    "a matrix": 1_572_864,
    "a head": 6_291_456,
    "a block": 603_979_776,
    "attention": 57_982_058_496,
    "total": 175_181_291_520,
}


def sizes(**changes):
    return {"n_layers": 2, "n_heads": 4, "d_model": 8, "n_vocab": 11} | changes


@st.composite
def latent_sizes(draw):
    """Keys and values from numbers that all heads share, and part of the key rotated."""
    n_heads, d_head = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return {
        **{"n_heads": n_heads, "d_head": d_head, "biases": False},
        **{"d_latent": draw(st.integers(1, 5)), "d_query_latent": draw(st.integers(0, 3))},
        "d_rotary": draw(st.integers(0, d_head - 1)),
    }


@st.composite
def grouped_sizes(draw):
    n_kv_heads = draw(st.integers(1, 4))
    return {
        **{"n_heads": n_kv_heads * draw(st.integers(1, 4)), "n_kv_heads": n_kv_heads},
        **{"d_head": draw(st.integers(1, 4)), "qk_norm": draw(st.sampled_from(QK_NORMS))},
        "biases": draw(st.sampled_from([True, False, *BIASES])),
    }


@st.composite
def expert_sizes(draw, n_layers):
    n_experts = draw(st.integers(1, 4))
    return {
        **{"n_experts": n_experts, "n_active": draw(st.integers(1, n_experts))},
        **{"n_shared": draw(st.integers(0, 2)), "n_dense": draw(st.integers(0, n_layers))},
        **{"d_expert": draw(st.integers(0, 3)), "router_bias": draw(st.booleans())},
    }


@st.composite
def shapes(draw):
    small, n_layers = st.integers(1, 4), draw(st.integers(1, 4))
    return al.TransformerShape(
        n_layers=n_layers,
        d_model=draw(st.integers(1, 12)),
        n_vocab=draw(small),
        n_positions=draw(st.integers(0, 3)),
        d_ff=draw(small),
        gated=draw(st.booleans()),
        tied=draw(st.booleans()),
        norm=draw(st.sampled_from(list(NORMS))),
        n_norms=draw(st.integers(0, 4)),
        sinks=draw(st.booleans()),
        d_value=draw(st.integers(0, 4)),
        **draw(st.one_of(grouped_sizes(), latent_sizes())),
        **draw(st.one_of(st.just({}), expert_sizes(n_layers))),
    )


def block_of(shape, layer):
    """The layers of one block, as torch modules of the sizes that `shape` names."""
    norms = [norm_of(shape, shape.d_model) for _ in range(shape.n_norms)]
    return torch.nn.ModuleList([*attention_of(shape), *feed_forward_of(shape, layer), *norms])


def attention_of(shape):
    nn, s = torch.nn, shape
    d_value = s.d_value or s.d_head
    if s.d_latent:
        yield from latents_of(s)
    else:
        for n_heads, width in (
            (s.n_heads, s.d_head),
            (s.n_kv_heads, s.d_head),
            (s.n_kv_heads, d_value),
        ):
            yield nn.Linear(s.d_model, n_heads * width, bias=bool(s.biases))
    yield nn.Linear(s.n_heads * d_value, s.d_model, bias=s.biases in (True, "attention"))
    for n_heads in (s.n_heads, s.n_kv_heads):
        if s.qk_norm != "none":
            yield norm_of(s, s.d_head * (n_heads if s.qk_norm == "all" else 1))
    if s.sinks:
        yield nn.ParameterList([torch.zeros(s.n_heads)])


def latents_of(shape):
    """As DeepSeek's code has them: what comes down is one matrix, what goes up another."""
    nn, s = torch.nn, shape
    down = s.d_query_latent or s.d_model
    if s.d_query_latent:
        yield nn.Linear(s.d_model, down, bias=False)
        yield norm_of(s, down)
    yield nn.Linear(down, s.n_heads * s.d_head, bias=False)
    yield nn.Linear(s.d_model, s.d_latent + s.d_rotary, bias=False)
    yield norm_of(s, s.d_latent)
    up = s.d_head - s.d_rotary + (s.d_value or s.d_head)
    yield nn.Linear(s.d_latent, s.n_heads * up, bias=False)


def feed_forward_of(shape, layer):
    s = shape
    if not s.n_experts or layer < s.n_dense:
        yield from network_of(s, s.d_ff)
        return
    for _ in range(s.n_experts + s.n_shared):
        yield from network_of(s, s.d_expert or s.d_ff)
    yield torch.nn.Linear(s.d_model, s.n_experts, bias=s.router_bias)


def network_of(shape, width):
    for _ in range(1 + shape.gated):
        yield torch.nn.Linear(shape.d_model, width, bias=shape.biases is True)
    yield torch.nn.Linear(width, shape.d_model, bias=shape.biases is True)


def norm_of(shape, width):
    nn = torch.nn
    kinds = {"layer": nn.LayerNorm, "rms": nn.RMSNorm, "none": lambda width: nn.Identity()}
    return kinds[shape.norm](width)


def module_of(shape):
    """A whole transformer as a torch module, without a forward pass."""
    nn, s = torch.nn, shape
    tables = [nn.Embedding(s.n_vocab, s.d_model)]
    if s.n_positions:
        tables.append(nn.Embedding(s.n_positions, s.d_model))
    if not s.tied:
        tables.append(nn.Linear(s.d_model, s.n_vocab, bias=False))
    blocks = [block_of(s, layer) for layer in range(s.n_layers)]
    return nn.ModuleList([*tables, *blocks, norm_of(s, s.d_model)])


def parameters(module):
    return sum(p.numel() for p in module.parameters())


class TestTotals:
    def test_the_videos_tally_line_by_line(self):
        tally = al.count_parameters(al.GPT3)
        entries = {e.name: e for e in tally.entries if e.part == "attention"}
        assert entries["w_q"].each == VIDEO["a matrix"]
        assert sum(e.each for e in entries.values()) == VIDEO["a head"]
        block = replace(al.GPT3, n_layers=1)
        assert al.count_parameters(block).parts["attention"] == VIDEO["a block"]
        assert tally.parts["attention"] == VIDEO["attention"]
        assert tally.total == VIDEO["total"]
        assert tally.attention_share == pytest.approx(0.33098, abs=1e-5)

    def test_gpt3_with_everything(self):
        everything = replace(al.GPT3, biases=True, norm="layer", n_positions=2048)
        d, layers = 12_288, 96
        more = layers * (4 * d + 4 * d + d) + (2 * layers + 1) * 2 * d + 2048 * d
        assert al.count_parameters(everything).total == VIDEO["total"] + more
        tied = al.count_parameters(replace(everything, tied=True)).total
        assert tied == VIDEO["total"] + more - 50_257 * d == 174_604_259_328

    def test_known_models(self):
        assert al.count_parameters(al.GPT2_SMALL).total == 124_439_808
        assert al.count_parameters(al.LLAMA3_8B).total == 8_030_261_248

    def test_gpt2_small_equals_a_module_of_its_shape(self):
        assert parameters(module_of(al.GPT2_SMALL)) == al.count_parameters(al.GPT2_SMALL).total

    @given(shapes())
    def test_every_shape_equals_a_module_of_it(self, shape):
        assert al.count_parameters(shape).total == parameters(module_of(shape))

    @given(shapes())
    def test_sums_agree(self, shape):
        tally = al.count_parameters(shape)
        assert tuple(tally.parts) == PARTS
        assert sum(tally.parts.values()) == sum(e.total for e in tally.entries) == tally.total
        assert tally.attention_share == tally.parts["attention"] / tally.total
        assert all(e.total == e.copies * e.each > 0 for e in tally.entries)
        for dtype, width in BYTES.items():
            assert tally.bytes(dtype) == width * tally.total
        assert str(tally).splitlines()[-1].split() == ["total", f"{tally.total:,}"]

    def test_enormous_sizes_stay_exact(self):
        shape = al.TransformerShape(10**6, 10**6, d_model=10**18, n_vocab=10**18, d_ff=1)
        tally = al.count_parameters(shape)
        assert tally.parts["embedding"] == 10**36
        assert tally.parts["attention"] == 10**6 * (4 * 10**36 + 4 * 10**18)


class TestCache:
    def test_the_cache_of_known_models(self):
        assert al.GPT3.cache_bytes() == 2 * 96 * 12_288 * 2
        assert al.LLAMA3_8B.cache_bytes() == 131_072
        assert al.LLAMA3_8B.cache_bytes(8192, "int8") == 8192 * 65_536
        assert al.GPT3.cache_bytes(0) == 0

    @given(shapes())
    def test_it_is_what_the_layers_keep(self, shape):
        """Counted layer by layer and token by token, as a model would."""
        s, n_tokens = replace(shape, window=3, n_full=shape.n_layers // 2), 5
        kept = [n_tokens] * s.n_full + [3] * (s.n_layers - s.n_full)
        latent = s.d_latent + s.d_rotary
        keys_and_values = s.n_kv_heads * (s.d_head + (s.d_value or s.d_head))
        wanted = sum(kept) * (latent if s.d_latent else keys_and_values)
        assert s.cache_numbers(n_tokens) == wanted
        assert s.cache_bytes(n_tokens, "float32") == 4 * wanted
        assert s.cache_numbers(2) == 2 * shape.cache_numbers()  # no window is full yet

    def test_a_window_stops_it_from_growing(self):
        windows = replace(al.LLAMA3_8B, window=4096)
        assert windows.cache_bytes(4096) == windows.cache_bytes(10**9) == 4096 * 131_072
        assert replace(windows, n_full=32).cache_bytes(8192) == al.LLAMA3_8B.cache_bytes(8192)

    @pytest.mark.parametrize("dtype", ["float64", "", None, [], 4])
    def test_unknown_dtypes(self, dtype):
        with pytest.raises(ValueError, match="expected one of: float32, bfloat16, int8"):
            al.GPT3.cache_bytes(1, dtype)
        with pytest.raises(ValueError, match="expected one of"):
            al.count_parameters(al.GPT3).bytes(dtype)

    def test_tokens_are_counted_in_whole_numbers(self):
        with pytest.raises(TypeError, match=r"n_tokens is 0\.5; expected a whole number"):
            al.GPT3.cache_bytes(0.5)
        with pytest.raises(ValueError, match="n_tokens is -1; expected at least 0"):
            al.GPT3.cache_bytes(-1)


NONSENSE = {
    "no layers": (sizes(n_layers=0), ValueError, "n_layers is 0; expected at least 1"),
    "negative": (sizes(d_ff=-4), ValueError, "d_ff is -4; expected at least 1"),
    "heads that do not divide": (
        sizes(n_heads=3),
        ValueError,
        "d_model is 8 and cannot .* by n_heads, 3: n_heads of 2 or 4 would fit, or give d_head",
    ),
    "more heads than columns": (
        sizes(n_heads=99),
        ValueError,
        "n_heads of 8 would fit, or give d_head",
    ),
    "groups that do not divide": (
        sizes(n_kv_heads=3),
        ValueError,
        "n_heads is 4 and cannot be divided by n_kv_heads, 3: n_kv_heads of 2 or 4 would fit",
    ),
    "more groups than heads": (sizes(n_kv_heads=8), ValueError, "n_kv_heads of 4 would fit"),
    "an enormous prime": (sizes(d_model=2**61 - 1), ValueError, "n_heads of 1 would fit"),
    "half a head": (sizes(n_heads=0.5), TypeError, "n_heads is 0.5; expected a whole number"),
    "a yes for a number": (sizes(n_layers=True), TypeError, "n_layers is True; expected a whole"),
    "a text": (sizes(n_vocab="50257"), TypeError, "n_vocab is '50257'; expected a whole number"),
    "a number for a yes": (sizes(tied=1), TypeError, "tied is 1; expected True or False"),
    "an unknown norm": (
        sizes(norm="batch"),
        ValueError,
        "norm is 'batch'; expected one of: none, rms, layer",
    ),
    "no such biases": (
        sizes(biases="all"),
        TypeError,
        "biases is 'all'; .* one of: attention, qkv",
    ),
    "a number for biases": (sizes(biases=1), TypeError, "biases is 1; expected True or False"),
    "a list as norm": (sizes(norm=[]), ValueError, r"norm is \[\]; expected one of: none, rms"),
    "queries normalised somehow": (sizes(qk_norm="rms"), ValueError, "one of: none, head, all"),
    "half a window": (sizes(window=0.5), TypeError, "window is 0.5; expected a whole number"),
    "full layers without windows": (sizes(n_full=1), ValueError, "give window, or no n_full"),
    "too many full layers": (sizes(window=4, n_full=3), ValueError, "at most n_layers, 2"),
    "a rotated part of nothing": (sizes(d_rotary=1), ValueError, "give d_latent, or no d_rotary"),
    "all of a head rotated": (
        sizes(d_latent=4, d_rotary=2, biases=False),
        ValueError,
        "d_rotary is 2; expected less than d_head, 2",
    ),
    "latent and grouped": (
        sizes(d_latent=4, n_kv_heads=2, biases=False),
        ValueError,
        "with d_latent every head has keys and values of its own; give no n_kv_heads",
    ),
    "latent with biases": (sizes(d_latent=4), ValueError, "with d_latent no biases are counted"),
    "shared experts alone": (sizes(n_shared=1), ValueError, "give n_experts, or no n_shared"),
    "more at work than there are": (
        sizes(n_experts=2, n_active=3),
        ValueError,
        "n_active is 3; expected at most n_experts, 2",
    ),
    "experts that nothing visits": (
        sizes(n_experts=2),
        ValueError,
        "n_active is 0 and n_experts 2",
    ),
    "negative positions": (sizes(n_positions=-1), ValueError, "n_positions is -1"),
}


class TestNonsense:
    @pytest.mark.parametrize("name", NONSENSE)
    def test_it_gets_a_sentence(self, name):
        arguments, error, message = NONSENSE[name]
        with pytest.raises(error, match=message):
            al.TransformerShape(**arguments)

    @pytest.mark.parametrize("value", [None, 12, {"n_layers": 2}])
    def test_only_shapes_are_counted(self, value):
        with pytest.raises(TypeError, match=r"expected an attnlib\.TransformerShape"):
            al.count_parameters(value)

    def test_a_copy_keeps_what_was_filled_in_unless_told(self):
        wider = replace(al.GPT2_SMALL, d_model=1024)
        assert (wider.d_head, wider.d_ff) == (64, 3072)
        anew = replace(al.GPT2_SMALL, d_model=1536, d_head=None, d_ff=None)
        assert (anew.d_head, anew.d_ff) == (128, 6144)
