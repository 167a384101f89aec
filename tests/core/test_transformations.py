"""Batched, traced, compiled, exported, differentiated twice: what works, and gives the same."""

import contextlib
from dataclasses import replace

import array_api_strict as strict
import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd import forward_ad
from torch.func import grad, hessian, jvp, vmap

import attnlib as al
from attnlib import _fused
from tests.core.strategies import normal

N = 5
MASK = torch.tensor(normal(9, N, N) > 0)
MASK[2] = False  # a query that sees nothing
OPTIONS = {"plain": {}, "causal": {"causal": True}, "mask": {"mask": MASK}}
OPTIONS["both"] = OPTIONS["causal"] | OPTIONS["mask"]
every_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
MODULE = torch.nn.MultiheadAttention(4, 2, dtype=torch.float64)
# Four heads that share two keys and values, of which two columns of four are turned.
SHARED = [torch.tensor(normal(i, h, 4, 4)) for i, h in enumerate((4, 2, 2, 4), start=50)]
ROTARY = al.Rotary(100.0, "halves", n_rotated=2)
pytestmark = pytest.mark.filterwarnings(
    "ignore:Dynamo detected a call to a `functools.lru_cache`",
    "ignore:`torch.jit.script` is deprecated",
    "ignore:The given NumPy array is not writable",
)


@pytest.fixture(scope="module", autouse=True)
def static_weights():
    """Shared weights are static, as a module's are, unlike a text.

    Here, because the compiler takes a second to import, and every process collects this file.
    """
    for weights in SHARED:
        torch._dynamo.mark_static(weights)


def inputs(*leading):
    return [torch.tensor(normal(i, *leading, N, 4)) for i in range(3)]


def attend(options):
    return lambda q, k, v: al.attention(q, k, v, **options)


def traced(options):
    return lambda q, k, v: al.trace_attention(q, k, v, **options).output


def block(options):
    def add(q, k, v):
        return al.MultiHead.from_torch(MODULE)(q, **options)

    return add


def block_trace(options):
    def add(q, k, v):
        return al.MultiHead.from_torch(MODULE).trace(q, **options).delta

    return add


def rotated(options):
    return lambda q, k, v: al.rotate(q, torch.arange(q.shape[-2]))


def halves(options):
    how = {"layout": "halves", "n_rotated": 2}
    return lambda q, k, v: al.rotate(q, torch.arange(q.shape[-2]), **how)


def shared(options):
    return lambda q, k, v: al.MultiHead(*SHARED, rotary=ROTARY)(q, **options)


def shared_trace(options):
    return lambda q, k, v: al.MultiHead(*SHARED, rotary=ROTARY).trace(q, **options).delta


def cached(options):
    """In two parts, the second after the first; a mask would be for all tokens at once."""

    def read(q, k, v):
        heads, cache = al.MultiHead(*SHARED, rotary=ROTARY), al.Cache()
        parts = (q[..., :2, :], q[..., 2:, :])
        return torch.cat([heads(part, causal=True, cache=cache) for part in parts], -2)

    return read


def bounded(options):
    """With everything that changes the softmax; the sink depends on a query, to be batched too."""
    how = {"softcap": 0.9, "window": 3, "kept": 1}
    return lambda q, k, v: al.attention(q, k, v, sink=q[..., 0, 0], **how, **options)


def merged(options):
    """In two tiles, without `causal`, which a tile does not know."""
    mask = options.get("mask")

    def attend(q, k, v):
        tiles = (slice(2), slice(2, None))
        masks = [None if mask is None else mask[..., keys] for keys in tiles]
        pairs = zip(tiles, masks, strict=True)
        return al.merge(
            *(al.partial_attention(q, k[..., t, :], v[..., t, :], own) for t, own in pairs)
        ).output

    return attend


FUNCTIONS = (
    *(attend, traced, block, block_trace, rotated, halves),
    *(shared, shared_trace, cached, bounded, merged),
)
WITH_REAL_ARRAYS = (block, block_trace, shared, shared_trace, cached)
TAKE_NO_OPTIONS = (rotated, halves, cached)
READ_BY_CHECK = (attend, block)


def every_function(*names, read=False):
    """Each function with each of the options so named; once, where it takes none.

    Where a compiler is to read them, which takes a second for each, all are slow but two with the
    last of the options.
    """

    def marks(function, name):
        slow = read and not (function in READ_BY_CHECK and name == names[-1])
        return pytest.mark.slow if slow else ()

    cases = [
        pytest.param(function, OPTIONS[n], id=f"{function.__name__}-{n}", marks=marks(function, n))
        for function in FUNCTIONS
        for n in (names[:1] if function in TAKE_NO_OPTIONS else names)
    ]
    return pytest.mark.parametrize(("function", "options"), cases)


@every_function(*OPTIONS)
def test_vmap(function, options):
    arrays = inputs(3)
    expected = torch.stack([function(options)(*each) for each in zip(*arrays, strict=True)])
    assert torch.allclose(vmap(function(options))(*arrays), expected, atol=1e-12)


def test_vmap_of_what_a_trace_works_out_later():
    """Not compiled: Python 3.11's `cached_property` holds a lock, which a graph cannot."""

    def parts(x):
        trace = al.MultiHead.from_torch(MODULE).trace(x, causal=True)
        return trace.scores, trace.deltas

    x = inputs(3)[0]
    for batched, expected in zip(vmap(parts)(x), parts(x), strict=True):
        assert torch.allclose(batched, expected, atol=1e-12)


@every_function("plain", "both", read=True)
def test_compiling_in_one_graph(function, options):
    arrays = inputs()
    compiled = torch.compile(function(options), fullgraph=True, backend="eager", dynamic=True)
    assert torch.allclose(compiled(*arrays), function(options)(*arrays), atol=1e-12)


class Exported(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.module, self.function = MODULE, function

    def forward(self, x):
        return self.function(x, x, x)


@every_function("plain", "causal", read=True)
def test_export_with_any_number_of_texts_and_tokens(function, options):
    module, (x, longer) = Exported(function(options)), (normal(0, 3, N, 4), normal(1, 2, 200, 4))
    any_size = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    program = torch.export.export(module, (torch.tensor(x),), dynamic_shapes=(any_size,))
    longer = torch.tensor(longer)
    assert torch.allclose(program.module()(longer), module(longer), atol=1e-12)


@every_function(*OPTIONS)
@pytest.mark.parametrize("kind", ["meta", "fake"])
def test_tensors_without_numbers_have_shapes(function, options, kind):
    if function in WITH_REAL_ARRAYS:
        pytest.skip("the block's weights are real")
    if kind == "meta":
        q, k, v = (tensor.to("meta") for tensor in inputs(2))
        options = {n: o.to("meta") if n == "mask" else o for n, o in options.items()}
        if function in (rotated, halves):
            pytest.skip("its positions are real")
        output = function(options)(q, k, v)
        assert output.is_meta
    else:
        with FakeTensorMode(allow_non_fake_inputs=True):
            output = function(options)(*(torch.empty(2, N, 4) for _ in range(3)))
    assert output.shape == (2, N, 4)


def test_a_block_without_numbers_has_shapes():
    module = torch.nn.MultiheadAttention(4, 2, device="meta")
    x = torch.empty(2, N, 4, device="meta")
    trace = al.MultiHead.from_torch(module).trace(x, causal=True)
    assert trace.weights.shape == (2, 2, N, N)
    assert trace.delta.is_meta


def test_a_block_that_shares_and_turns_has_shapes_without_numbers():
    heads = al.MultiHead(*(w.to("meta") for w in SHARED), rotary=ROTARY)
    x, cache = torch.empty(2, N, 4, device="meta", dtype=torch.float64), al.Cache()
    trace = heads.trace(x, causal=True, cache=cache)
    assert trace.weights.shape == (2, 4, N, N)
    assert heads(x, causal=True, cache=cache).is_meta
    assert cache.keys.shape == (2, 2, 2 * N, 4)


def test_a_block_that_shares_and_turns_is_differentiable_twice():
    x = torch.tensor(normal(0, N, 4), requires_grad=True)
    heads, direction = al.MultiHead(*SHARED, rotary=ROTARY), torch.tensor(normal(5, N, 4))

    def loss(x):
        return heads(x, causal=True).square().sum()

    assert torch.autograd.gradcheck(lambda x: heads(x, causal=True), x)
    slope = jvp(loss, (x,), (direction,))[1]
    assert torch.allclose(slope, (grad(loss)(x) * direction).sum(), atol=1e-10)
    expected = torch.autograd.functional.hessian(loss, x)
    assert torch.allclose(hessian(loss)(x), expected, atol=1e-9)


@every_option
def test_forward_mode_and_second_derivatives_by_functions(options):
    arrays, direction = inputs(), torch.tensor(normal(5, N, 4))

    def loss(function):
        return lambda q: function(options)(q, *arrays[1:]).square().sum()

    q = arrays[0]
    slope = jvp(loss(attend), (q,), (direction,))[1]
    assert torch.allclose(slope, (grad(loss(traced))(q) * direction).sum(), atol=1e-10)
    expected = torch.autograd.functional.hessian(loss(traced), q)
    assert torch.allclose(hessian(loss(attend))(q), expected, atol=1e-10)
    assert torch.allclose(torch.autograd.functional.hessian(loss(attend), q), expected, atol=1e-10)
    with forward_ad.dual_level():
        dual = loss(attend)(forward_ad.make_dual(q, direction))
        assert torch.allclose(forward_ad.unpack_dual(dual).tangent, slope, atol=1e-10)


@every_option
@pytest.mark.parametrize("blocks", [False, True])
def test_gradients_and_their_gradients_are_right(options, blocks, monkeypatch):
    if blocks:
        monkeypatch.setattr(_fused, "MASK_NUMBERS", 1)
        monkeypatch.setattr(_fused, "FEWEST_ROWS", 2)
    leaves = [tensor.requires_grad_() for tensor in inputs()]
    assert torch.autograd.gradcheck(attend(options), leaves)
    assert torch.autograd.gradgradcheck(attend(options), leaves)


def test_an_output_with_gradients_may_be_changed_in_place():
    q, k, v = inputs()
    output = al.attention(q.requires_grad_(), k, v)
    output += 1
    output.sum().backward()
    assert q.grad.isfinite().all()


@every_option
def test_checkpoints_give_the_same_gradients(options):
    from torch.utils.checkpoint import checkpoint

    gradients = []
    for run in (lambda f, q: f(q), lambda f, q: checkpoint(f, q, use_reentrant=False)):
        q, k, v = inputs()
        q.requires_grad_()
        run(lambda q, k=k, v=v: al.attention(q, k, v, **options).square().sum(), q).backward()
        gradients.append(q.grad)
    assert torch.allclose(*gradients, atol=1e-12)


@every_option
def test_autocast_changes_no_number_of_attention(options):
    q, k, v = (tensor.float() for tensor in inputs())
    results = []
    for context in (contextlib.nullcontext(), torch.autocast("cpu", dtype=torch.bfloat16)):
        leaf = q.clone().requires_grad_()
        with context:
            output, trace = al.attention(leaf, k, v, **options), al.trace_attention(leaf, k, v)
            output.sum().backward()
        results.append([output, leaf.grad, trace.output, trace.scores, al.scores(q, k)])
    for plain, cast in zip(*results, strict=True):
        assert cast.dtype == torch.float32
        assert torch.allclose(plain, cast, atol=1e-6)


@pytest.mark.parametrize("bounds", [False, True])
def test_under_autocast_a_block_and_its_trace_agree(bounds):
    heads = al.MultiHead.from_torch(torch.nn.MultiheadAttention(4, 2))
    if bounds:
        distance = al.DistanceBias(torch.randn(2, 3))
        heads = replace(heads, sink=torch.randn(2), softcap=2.0, distance=distance)
    x = inputs()[0].float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output, trace = heads(x, causal=True), heads.trace(x, causal=True)
        head, cached = heads.heads[0], heads(x, causal=True, cache=al.Cache())
        assert head(x).dtype == head.trace(x).delta.dtype == torch.bfloat16
    assert output.dtype == trace.delta.dtype == cached.dtype == torch.bfloat16
    assert torch.allclose(output.float(), trace.delta.float(), atol=0.02)
    assert torch.allclose(output.float(), heads(x, causal=True), atol=0.05)


@pytest.mark.parametrize("version", ["2022.12", "2023.12", "2024.12"])
def test_early_standards_are_enough(version):
    arrays = [tensor.numpy() for tensor in inputs()]
    expected = al.attention(*arrays, MASK.numpy(), causal=True)
    with strict.ArrayAPIStrictFlags(api_version=version):
        q, k, v, mask = map(strict.asarray, (*arrays, MASK.numpy()))
        output = al.attention(q, k, v, mask, causal=True)
        heads = al.MultiHead(*(strict.asarray(normal(i, 2, 4, 4)) for i in range(4)))
        assert heads.trace(q, mask=mask).deltas.shape == (2, N, 4)
        heads = al.MultiHead(*(strict.asarray(w.numpy()) for w in SHARED), rotary=ROTARY)
        cache = al.Cache()
        heads(q, cache=cache)
        assert heads.trace(q, cache=cache).weights.shape == (4, N, 2 * N)
        al.rotate(q, strict.asarray(np.arange(N)), layout="halves")
        al.rotate(q, strict.asarray(np.arange(N)))
        al.softmax(q, temperature=3)
    assert np.allclose(np.asarray(output), expected, atol=1e-12)


@every_option
def test_jax_traces_batches_and_differentiates(options):
    jax = pytest.importorskip("jax")
    arrays = [tensor.float().numpy() for tensor in inputs(3)]
    expected = al.attention(
        *arrays, **{n: o.numpy() if n == "mask" else o for n, o in options.items()}
    )
    q, k, v = map(jax.numpy.asarray, arrays)
    options = {n: jax.numpy.asarray(o.numpy()) if n == "mask" else o for n, o in options.items()}
    for transformed in (attend(options), jax.jit(attend(options)), jax.vmap(attend(options))):
        assert np.allclose(transformed(q, k, v), expected, atol=1e-5)
    slope = jax.grad(lambda q: attend(options)(q, k, v).sum())
    assert np.allclose(slope(q), jax.jit(slope)(q), atol=1e-5)


def test_jax_turns_far_positions_as_exactly_as_others():
    jax = pytest.importorskip("jax")
    x, positions = normal(0, 2, 8, dtype="float32"), np.array([999_999, 1_000_000])
    expected = al.rotate(x, positions)
    there = jax.numpy.asarray(positions)
    for turn in (al.rotate, jax.jit(lambda x, _: al.rotate(x, there))):
        assert np.allclose(turn(jax.numpy.asarray(x), there), expected, atol=1e-6)
    if not jax.config.jax_enable_x64:
        with pytest.raises(TypeError, match=r"positions are traced.*jax_enable_x64"):
            jax.jit(al.rotate)(jax.numpy.asarray(x), there)


def test_jax_turns_blocks_by_their_places():
    jax = pytest.importorskip("jax")
    arrays = [w.float().numpy() for w in SHARED]
    x = inputs(3)[0].float().numpy()
    expected = al.MultiHead(*arrays, rotary=ROTARY)(x, causal=True)
    there = [jax.numpy.asarray(w) for w in arrays]

    def add(x):
        return al.MultiHead(*there, rotary=ROTARY)(x, causal=True)

    for transformed in (add, jax.jit(add), jax.vmap(add)):
        assert np.allclose(transformed(jax.numpy.asarray(x)), expected, atol=1e-4)
    slope = jax.grad(lambda x: add(x).sum())
    assert np.allclose(slope(jax.numpy.asarray(x)), jax.jit(slope)(x), atol=1e-4)


def test_symbolic_traces_are_told_what_to_do():
    with pytest.raises(TypeError, match=r"x is a Proxy of torch\.fx.*use torch\.export"):
        torch.fx.symbolic_trace(lambda x: al.softmax(x))


def test_dask_arrays_are_told_what_to_do():
    dask = pytest.importorskip("dask.array")
    x = dask.ones((3, 4))
    with pytest.raises(TypeError, match=r"q is a dask array.*pass q\.compute\(\)"):
        al.attention(x, x, x)
