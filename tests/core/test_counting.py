"""The tally of a transformer: exact totals, a real module's, and sentences for nonsense."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import attnlib as al
from attnlib.counting import BYTES, NORMS, PARTS

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
def shapes(draw):
    small = st.integers(1, 4)
    n_kv_heads, d_head = draw(small), draw(small)
    n_heads = n_kv_heads * draw(small)
    return al.TransformerShape(
        n_layers=draw(small),
        n_heads=n_heads,
        d_model=draw(st.integers(1, 12)),
        n_vocab=draw(small),
        n_positions=draw(st.integers(0, 3)),
        d_head=d_head,
        n_kv_heads=n_kv_heads,
        d_ff=draw(small),
        gated=draw(st.booleans()),
        tied=draw(st.booleans()),
        biases=draw(st.booleans()),
        norm=draw(st.sampled_from(list(NORMS))),
    )


def block_of(shape):
    """The layers of one block, as torch modules of the sizes that `shape` names."""
    nn, s = torch.nn, shape
    linear = [
        *((s.d_model, n * s.d_head) for n in (s.n_heads, s.n_kv_heads, s.n_kv_heads)),
        (s.n_heads * s.d_head, s.d_model),
        *[(s.d_model, s.d_ff)] * (1 + s.gated),
        (s.d_ff, s.d_model),
    ]
    layers = [nn.Linear(*size, bias=s.biases) for size in linear]
    return nn.ModuleList([*layers, norm_of(s), norm_of(s)])


def norm_of(shape):
    nn = torch.nn
    kinds = {"layer": nn.LayerNorm, "rms": nn.RMSNorm, "none": lambda width: nn.Identity()}
    return kinds[shape.norm](shape.d_model)


def module_of(shape):
    """A whole transformer as a torch module, without a forward pass."""
    nn, s = torch.nn, shape
    tables = [nn.Embedding(s.n_vocab, s.d_model)]
    if s.n_positions:
        tables.append(nn.Embedding(s.n_positions, s.d_model))
    if not s.tied:
        tables.append(nn.Linear(s.d_model, s.n_vocab, bias=False))
    blocks = [block_of(s) for _ in range(s.n_layers)]
    return nn.ModuleList([*tables, *blocks, norm_of(s)])


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
    def test_grouped_heads_share_it(self, shape):
        everyone = replace(shape, n_kv_heads=shape.n_heads)
        assert everyone.cache_bytes() * shape.n_kv_heads == shape.cache_bytes() * shape.n_heads

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
