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
def index_sizes(draw, n_layers):
    """Latent sizes, and an index in some layers."""
    small = st.integers(1, 3)
    return draw(latent_sizes()) | {
        **{"d_query_latent": draw(small), "n_index_heads": draw(small), "d_index": draw(small)},
        **{"n_indexed": draw(st.integers(1, n_layers)), "n_chosen": draw(small)},
    }


@st.composite
def grouped_sizes(draw):
    n_kv_heads = draw(st.integers(1, 4))
    return {
        **{"n_heads": n_kv_heads * draw(st.integers(1, 4)), "n_kv_heads": n_kv_heads},
        **{"d_head": draw(st.integers(1, 4)), "qk_norm": draw(st.sampled_from(QK_NORMS))},
        **{"gates": draw(st.booleans()), "tied_kv": draw(st.booleans())},
        "biases": draw(st.sampled_from([True, False, *BIASES])),
    }


@st.composite
def two_sizes(draw, n_layers):
    """Grouped sizes, and others in the layers that read the whole text."""
    sizes, small = draw(grouped_sizes()), st.integers(0, 4)
    divisors = [n for n in range(1, sizes["n_heads"] + 1) if sizes["n_heads"] % n == 0]
    return sizes | {
        **{"window": draw(st.integers(1, 4)), "n_full": draw(st.integers(1, n_layers))},
        **{"d_head_full": draw(small), "n_kv_heads_full": draw(st.sampled_from([0, *divisors]))},
    }


@st.composite
def borrowing_sizes(draw, n_layers):
    """Grouped sizes whose last layers use the keys and values of others, and tables of layers."""
    sizes = draw(grouped_sizes()) | {"d_per_layer": draw(st.integers(0, 3))}
    if n_layers == 1:
        return sizes
    shared = draw(st.integers(1, n_layers - 1))
    return sizes | {"n_kv_shared": shared, "d_ff_shared": draw(st.integers(0, 3))}


@st.composite
def linear_sizes(draw, n_layers):
    """Layers that keep a state, beside grouped or latent ones without biases."""
    small, n_keys = st.integers(1, 3), draw(st.integers(1, 3))
    return draw(st.one_of(grouped_sizes(), latent_sizes())) | {
        **{"biases": False, "n_linear": draw(st.integers(1, n_layers))},
        **{"n_linear_heads": n_keys * draw(small), "n_linear_keys": n_keys},
        **{"d_linear_key": draw(small), "d_linear_value": draw(small)},
        **{"n_taps": draw(st.integers(0, 4)), "decay": draw(st.sampled_from(["head", "column"]))},
    }


@st.composite
def expert_sizes(draw, n_layers):
    n_experts = draw(st.integers(1, 4))
    return {
        **{"n_experts": n_experts, "n_active": draw(st.integers(1, n_experts))},
        **{"n_shared": draw(st.integers(0, 2)), "n_dense": draw(st.integers(0, n_layers))},
        **{"d_expert": draw(st.integers(0, 3)), "router_bias": draw(st.booleans())},
        "router_scales": draw(st.booleans()),
        **draw(st.sampled_from([{}, {"n_shared": 1, "d_shared": 2, "shared_gate": True}])),
    }


LAYERED = (index_sizes, two_sizes, linear_sizes, borrowing_sizes)


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
        **draw(st.one_of(grouped_sizes(), latent_sizes(), *(f(n_layers) for f in LAYERED))),
        **draw(st.one_of(st.just({}), expert_sizes(n_layers))),
    )


def block_of(shape, layer):
    """The layers of one block, as torch modules of the sizes that `shape` names."""
    norms = [norm_of(shape, shape.d_model) for _ in range(shape.n_norms)]
    mixing = linear_of(shape) if layer < shape.n_linear else attention_of(shape, layer)
    tables = table_of(shape) if shape.d_per_layer else ()
    return torch.nn.ModuleList([*mixing, *feed_forward_of(shape, layer), *norms, *tables])


def table_of(shape):
    """What a layer has for the numbers of a table of its own, as in Gemma 4."""
    nn, s = torch.nn, shape
    yield nn.Embedding(s.n_vocab, s.d_per_layer)
    yield nn.Linear(s.d_model, s.d_per_layer, bias=False)  # from the embedding
    yield nn.Linear(s.d_model, s.d_per_layer, bias=False)  # the gate
    yield nn.Linear(s.d_per_layer, s.d_model, bias=False)
    yield norm_of(s, s.d_model)


def attention_of(shape, layer):
    nn, s = torch.nn, shape
    is_full = not s.window or layer < s.n_full
    d_head = (is_full and s.d_head_full) or s.d_head
    n_kv_heads = (is_full and s.n_kv_heads_full) or s.n_kv_heads
    d_value, borrows = s.d_value or d_head, layer >= s.n_layers - s.n_kv_shared
    if s.d_latent:
        yield from latents_of(s)
    else:
        yield nn.Linear(s.d_model, s.n_heads * d_head, bias=bool(s.biases))
        if not borrows:
            yield nn.Linear(s.d_model, n_kv_heads * d_head, bias=bool(s.biases))
        if not (borrows or (is_full and s.tied_kv)):
            yield nn.Linear(s.d_model, n_kv_heads * d_value, bias=bool(s.biases))
    if s.gates:
        yield nn.Linear(s.d_model, s.n_heads * d_value, bias=False)
    yield nn.Linear(s.n_heads * d_value, s.d_model, bias=s.biases in (True, "attention"))
    for n_heads in (s.n_heads,) if borrows else (s.n_heads, n_kv_heads):
        if s.qk_norm != "none":
            yield norm_of(s, d_head * (n_heads if s.qk_norm == "all" else 1))
    if s.sinks:
        yield nn.ParameterList([torch.zeros(s.n_heads)])
    if layer < s.n_indexed:
        yield from index_of(s)


def index_of(shape):
    """As in DeepSeek-V3.2: its keys have a scale and a shift whatever the other norms have."""
    nn, s = torch.nn, shape
    yield nn.Linear(s.d_query_latent, s.n_index_heads * s.d_index, bias=False)
    yield nn.Linear(s.d_model, s.d_index, bias=False)
    yield nn.LayerNorm(s.d_index)
    yield nn.Linear(s.d_model, s.n_index_heads, bias=False)


def linear_of(shape):
    """As in Qwen3-Next, and where each column has its decay, as in Kimi Linear."""
    nn, s = torch.nn, shape
    keys, values = s.n_linear_keys * s.d_linear_key, s.n_linear_heads * s.d_linear_value
    yield nn.Linear(s.d_model, 2 * keys + values, bias=False)
    if s.n_taps:
        width = 2 * keys + values
        yield nn.Conv1d(width, width, s.n_taps, groups=width, bias=False)
    thin = s.d_linear_key
    by_head, by_column = s.n_linear_heads, s.n_linear_heads * s.d_linear_key
    yield nn.Linear(s.d_model, by_head, bias=False)
    for width, of in ((values, values), (by_head, by_column)):
        if s.decay == "column":
            yield nn.Linear(s.d_model, thin, bias=False)
            yield nn.Linear(thin, of, bias=False)
        else:
            yield nn.Linear(s.d_model, width, bias=False)
    decays = by_column if s.decay == "column" else by_head
    yield nn.ParameterList([torch.zeros(decays), torch.zeros(by_head)])
    yield norm_of(s, s.d_linear_value)
    yield nn.Linear(values, s.d_model, bias=False)


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
        borrows = layer >= s.n_layers - s.n_kv_shared
        yield from network_of(s, (borrows and s.d_ff_shared) or s.d_ff)
        return
    for _ in range(s.n_experts):
        yield from network_of(s, s.d_expert or s.d_ff)
    for _ in range(s.n_shared):
        yield from network_of(s, s.d_shared or s.d_expert or s.d_ff)
    if s.shared_gate:
        yield torch.nn.Linear(s.d_model, 1, bias=False)
    yield torch.nn.Linear(s.d_model, s.n_experts, bias=s.router_bias)
    if s.router_scales:
        yield torch.nn.ParameterList([torch.zeros(s.d_model), torch.zeros(s.n_experts)])


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
    if s.d_per_layer:
        tables.append(norm_of(s, s.d_per_layer))
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
        s, n_tokens = shape, 5
        if not (s.n_linear or s.d_head_full or s.n_kv_heads_full or s.n_kv_shared):
            s = replace(s, window=3, n_full=max(1, s.n_layers // 2))
        wanted = n_tokens * s.n_indexed * s.d_index
        for layer in range(s.n_linear, s.n_layers - s.n_kv_shared):
            is_full = not s.window or layer < s.n_full
            d_head = (is_full and s.d_head_full) or s.d_head
            n_kv_heads = (is_full and s.n_kv_heads_full) or s.n_kv_heads
            each = s.d_latent + s.d_rotary if s.d_latent else 0
            each = each or n_kv_heads * (d_head + (s.d_value or d_head))
            wanted += each * (n_tokens if is_full else min(s.window, n_tokens))
        assert s.cache_numbers(n_tokens) == wanted
        assert s.cache_bytes(n_tokens, "float32") == 4 * wanted
        assert s.cache_numbers(0) == 0

    @given(linear_sizes(n_layers=3))
    def test_a_state_is_what_a_linear_layer_keeps(self, sizes):
        s = al.TransformerShape(n_layers=3, d_model=4, n_vocab=2, **sizes)
        matrices = s.n_linear_heads * s.d_linear_key * s.d_linear_value
        widths = 2 * s.n_linear_keys * s.d_linear_key + s.n_linear_heads * s.d_linear_value
        behind = max(0, s.n_taps - 1) * widths
        assert s.state_numbers == s.n_linear * (matrices + behind)
        assert replace(s, n_linear_keys=0).state_numbers >= s.state_numbers

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


LINEAR = {
    **{"biases": False, "n_linear": 1, "n_linear_heads": 6, "d_linear_key": 2},
    **{"d_linear_value": 3},
}
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
    "heads of no linear layer": (sizes(n_linear_heads=2), ValueError, "give n_linear, or no n_lin"),
    "a linear layer without heads": (
        sizes(n_linear=1, biases=False, decay="head"),
        ValueError,
        "n_linear_heads is 0 and n_linear 1; expected at least 1",
    ),
    "a linear layer that forgets in no way": (
        sizes(**LINEAR, decay="none"),
        ValueError,
        'decay is \'none\' and n_linear 1; expected "head" or "column"',
    ),
    "a decay of nothing": (sizes(decay="head"), ValueError, 'n_linear 0; expected "none"'),
    "an unknown decay": (sizes(decay="row"), ValueError, "one of: none, head, column"),
    "linear keys that do not divide": (
        sizes(**LINEAR, n_linear_keys=4, decay="head"),
        ValueError,
        "n_linear_heads is 6 and cannot be divided by n_linear_keys, 4: n_linear_keys of 3 or 6",
    ),
    "linear with biases": (
        sizes(**LINEAR | {"biases": True}, decay="head"),
        ValueError,
        "no biases can be counted",
    ),
    "linear with windows": (
        sizes(**LINEAR, window=2, decay="head"),
        ValueError,
        "no window can be counted",
    ),
    "more linear layers than layers": (
        sizes(**LINEAR | {"n_linear": 3}, decay="head"),
        ValueError,
        "n_linear is 3; expected at most n_layers, 2",
    ),
    "an index without latent queries": (
        sizes(d_latent=4, biases=False, n_index_heads=1, d_index=2, n_indexed=1, n_chosen=3),
        ValueError,
        "n_index_heads is 1 and d_query_latent is 0: give d_query_latent, or no n_index_heads",
    ),
    "an index that chooses nothing": (
        sizes(d_latent=4, d_query_latent=4, biases=False, n_index_heads=1, d_index=2, n_indexed=1),
        ValueError,
        "n_chosen is 0 and n_index_heads 1",
    ),
    "other heads in full layers that are not": (
        sizes(window=4, d_head_full=4),
        ValueError,
        "d_head_full is 4 and n_full is 0: give n_full, or no d_head_full",
    ),
    "other groups that do not divide": (
        sizes(window=4, n_full=1, n_kv_heads_full=3),
        ValueError,
        "n_heads is 4 and cannot be divided by n_kv_heads_full, 3",
    ),
    "keys and values that none makes": (
        sizes(n_kv_shared=2),
        ValueError,
        "n_kv_shared is 2: at least one layer of each kind must make the keys and values",
    ),
    "no full layer that makes them": (
        sizes(window=4, n_full=1, n_kv_shared=1, n_kv_shared_full=1),
        ValueError,
        "n_kv_shared is 1: at least one layer of each kind must make",
    ),
    "more full layers than layers that borrow": (
        sizes(n_layers=4, window=4, n_full=3, n_kv_shared=1, n_kv_shared_full=2),
        ValueError,
        "n_kv_shared_full is 2; expected at most n_kv_shared, 1",
    ),
    "another width of no layers": (
        sizes(d_ff_shared=4),
        ValueError,
        "d_ff_shared is 4 and n_kv_shared is 0: give n_kv_shared, or no d_ff_shared",
    ),
    "one matrix where every layer has a window": (
        sizes(window=4, tied_kv=True),
        ValueError,
        "tied_kv is for layers that read the whole text: give n_full",
    ),
    "latent and one matrix": (
        sizes(d_latent=4, biases=False, tied_kv=True),
        ValueError,
        "with d_latent no tied_kv can be counted",
    ),
    "latent and two sizes": (
        sizes(d_latent=4, biases=False, window=2, n_full=1, d_head_full=1),
        ValueError,
        "with d_latent no d_head_full can be counted",
    ),
    "a gate of no shared expert": (
        sizes(n_experts=2, n_active=1, shared_gate=True),
        ValueError,
        "give n_shared, or no shared_gate",
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
