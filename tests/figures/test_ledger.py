"""Ledger: every count equals attnlib's to the last digit, and nonsense gets a sentence."""

import json
import re
from dataclasses import asdict, fields
from math import prod

import numpy as np
import pytest
import traitlets

from attnlib import (
    GPT2_SMALL,
    GPT3,
    TransformerShape,
    count_parameters,
    explain_config,
    shape_from_config,
)
from attnlib.configs import published_configs, text_part
from attnlib.configs.families import FAMILIES
from attnlib.counting import BIASES, BYTES, NORMS, OPTIONAL, PARTS, QK_NORMS
from attnlib.counting.shape import GOES_WITH
from attnlib.figures import Ledger
from attnlib.figures.ledger import (
    EXAMPLES,
    FIELDS,
    MOST,
    MOST_EXTRAS,
    MOST_PARAMETERS,
    MOST_TOKENS,
    PRESETS,
    SEVERAL,
    TABLES,
    asked,
)
from tests.conftest import ROOT, serving
from tests.core import test_configs
from tests.figures.driving import shown_number
from tests.figures.recent import RECENT
from tests.figures.test_hands import PHONE
from tests.figures.test_questions import link_state
from tests.figures.test_shared_rules import assert_judged_alike

START = link_state(Ledger())
EXACT = 2**53  # whole numbers up to here are exact in JavaScript
USUAL = {field.name: field.default for field in fields(TransformerShape)[4:]}
LARGEST = USUAL | MOST | {"gated": True, "tied": False, "biases": True, "norm": "layer"}
LABELS = {
    "n_layers": "layers",
    "n_heads": "heads a layer",
    "n_kv_heads": "key/value heads",
    "d_model": "d_model",
    "d_head": "d_head",
    "d_ff": "d_ff",
    "n_vocab": "vocabulary",
    "n_positions": "learned positions",
}
SWITCHES = {
    "gated": "gated feed-forward",
    "tied": "one table for embedding and unembedding",
    "biases": "biases",
}


def random_shape(rng):
    """Sizes of every magnitude; those that may be left out are, at times."""
    shape = {name: int(most ** rng.uniform()) for name, most in MOST.items()}
    n_kv_heads = int(rng.integers(1, 20))
    n_heads = n_kv_heads * int(rng.integers(1, 9))
    d_model = n_heads * (1 + shape["d_model"] // (2 * n_heads))
    shape |= {"n_heads": n_heads, "n_kv_heads": n_kv_heads, "d_model": d_model}
    shape |= {name: None for name in OPTIONAL if rng.random() < 0.4}
    shape |= {name: bool(rng.random() < 0.5) for name in SWITCHES}
    shape |= {"n_positions": 0} if rng.random() < 0.3 else {}
    shape = USUAL | shape | {"norm": str(rng.choice(list(NORMS)))}
    return {name: shape[name] for name in FIELDS}


def with_extras(seed):
    """A random shape with what today's models have, in part of a kind that cannot be built."""
    rng = np.random.default_rng(seed)

    def some(most):
        return 1 + int((most - 1) ** rng.uniform())

    def given(whole):
        parts = [part for part in GOES_WITH.get(whole, ()) if rng.random() < 0.95]
        found = {name: value for part in parts for name, value in given(part).items()}
        return found | {whole: bool(rng.random() < 0.5) if whole in USUAL_SWITCHES else some(64)}

    shape = random_shape(rng) | {"n_layers": some(99), "qk_norm": str(rng.choice(QK_NORMS))}
    shape |= {name: bool(rng.random() < 0.3) for name in ("sinks", "gates", "tied_kv")}
    shape |= {"biases": [True, False, *BIASES][rng.integers(4)], "n_norms": some(4)}
    shape |= {"d_value": some(64)} if rng.random() < 0.3 else {}
    for root in ("window", "d_latent", "n_linear", "n_experts", "n_kv_shared", "d_per_layer"):
        shape |= given(root) if rng.random() < 0.45 else {}
    shape |= {str(rng.choice(list(MOST_EXTRAS))): some(64)} if rng.random() < 0.3 else {}
    if rng.random() < 0.7:
        half = 1 + shape["n_layers"] // 2
        shape |= {name: half for name in ("n_full", "n_indexed", "n_linear") if shape[name]}
        shape |= without_what_is_not_counted(shape, rng)
    return shape


USUAL_SWITCHES = {name for name, value in USUAL.items() if isinstance(value, bool)}


def without_what_is_not_counted(shape, rng):
    """What makes a shape with latent numbers or linear layers one that can be built, mostly."""
    changes = {}
    if shape["n_kv_shared"]:
        few = shape["n_layers"] // 3 if shape["n_full"] else 0
        shared = few if shape["window"] else shape["n_layers"] - 1
        changes |= {"n_kv_shared": shared, "n_kv_shared_full": few // 2 if shared else 0}
        changes |= {} if shared else {"d_ff_shared": 0}
    elif shape["n_kv_shared_full"]:
        changes |= {"n_kv_shared_full": 0}
    if shape["n_kv_heads_full"]:
        changes |= {"n_kv_heads_full": shape["n_heads"]}
    if shape["d_latent"]:
        changes |= {"biases": False, "qk_norm": "none", "n_kv_heads": None, "d_head": 65}
        changes |= {"gates": False, "tied_kv": False, "d_head_full": 0, "n_kv_heads_full": 0}
        changes |= {"n_kv_shared": 0, "n_kv_shared_full": 0, "d_ff_shared": 0}
    if shape["n_linear"]:
        changes |= {"window": 0, "n_full": 0, "n_kv_heads_full": 0, "d_head_full": 0}
        changes |= {"n_kv_shared": 0, "n_kv_shared_full": 0, "d_ff_shared": 0}
        changes |= {"biases": False, "decay": str(rng.choice(["head", "column"]))}
        changes |= {"n_linear_heads": shape["n_linear_keys"] * 3} if shape["n_linear_keys"] else {}
    if shape["n_experts"]:
        changes |= {"n_active": min(shape["n_active"], shape["n_experts"])}
        changes |= {"n_dense": min(shape["n_dense"], shape["n_layers"])}
    return changes


def random_state(seed):
    rng = np.random.default_rng(seed)
    shape = random_shape(rng)
    lines = ids(count_parameters(TransformerShape(**shape)))
    return {
        "shape": shape,
        "config": None,
        "precision": str(rng.choice(list(BYTES))),
        "n_tokens": int(10 ** rng.uniform(0, 6)),
        "opened": None if seed % 5 == 0 else str(rng.choice(lines)),
    }


def spoilt_shape(rng):
    """A shape with one size, or some, that may be wrong in any way a number can be."""
    shape = random_shape(rng)
    for name in rng.choice(list(MOST), size=rng.integers(1, 4), replace=False):
        wrong = [0, -1, -(10**14), 0.5, 96.25, MOST[name] + 1, 10**14 + 7, 1, 7, 97, 131_071]
        shape[str(name)] = wrong[rng.integers(len(wrong))]
    return shape


def narrowed(name, size):
    """One size, and with heads those that have keys and values of their own."""
    return {name: size} | ({"n_kv_heads": size} if name == "n_heads" else {})


def ids(tally):
    return [f"{entry.part}: {entry.name}" for entry in tally.entries]


def percent(share):
    return f"{shown_number(100 * share, 1)} %" if share >= 0.001 else "below 0.1 %"


def whole(numbers):
    return " × ".join(f"{number:,}" for number in numbers)


def many(n, what):
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def assert_true(hands, state):
    """The page and attnlib count the same, to the last digit."""
    figure, values = Ledger(**state), hands.values()
    shape = TransformerShape(**figure.shape)
    tally = count_parameters(shape)
    assert values["shape"] == asdict(shape)
    assert (values["total"], values["parts"]) == (tally.total, tally.parts), state
    entries = [(e["id"], e["each"], e["copies"], e["total"]) for e in values["entries"]]
    assert entries == [
        (name, e.each, e.copies, e.total) for name, e in zip(ids(tally), tally.entries, strict=True)
    ]
    assert values["cache"] == shape.cache_bytes(1, state["precision"])
    assert values["kept"] == shape.cache_bytes(state["n_tokens"], state["precision"])
    assert values["active"] == tally.active
    assert values["state"] == shape.state_numbers
    assert (figure.tally.total, figure.measure({"measure": "cache"})) == (
        tally.total,
        values["cache"],
    )


def field(hands, name):
    return hands.root.get_by_role("textbox", name=LABELS[name], exact=True)


def type_into(hands, name, text, key="Enter"):
    field(hands, name).fill(text)
    hands.press(key)
    hands.settle()


def line(hands, name):
    return hands.root.get_by_role("button", name=name, exact=True)


def account(hands):
    """The lines of the multiplication; none if no array is chosen."""
    return hands.root.locator("ol.al-steps").get_by_role("listitem").all_inner_texts()


def told(state):
    """What the live region says of a change to `state`."""
    tally = count_parameters(TransformerShape(**state["shape"]))
    return f"{tally.total:,} parameters, {percent(tally.attention_share)} in attention"


def with_shape(**changes):
    return START | {"shape": START["shape"] | changes}


@pytest.fixture
def hands(lasting):
    return lasting(Ledger())


@pytest.fixture(scope="module")
def counting(browser):
    """js/src/core/counting: `counting(shapes)` gives a tally of each, or its error's sentence.

    Its constants are `counting.constants`.
    """
    page = browser.new_page()
    with serving(ROOT / "js" / "src" / "core") as address:
        modules = [f"{address}counting/{name}.js" for name in ("shape", "tally")]
        page.goto(modules[0])

        def count(shapes):
            return page.evaluate(
                """async ([urls, shapes]) => {
                    const [{ cacheBytes, stateNumbers }, { complete, tally, active }] =
                        await Promise.all(urls.map((url) => import(url)));
                    const count = (asked) => {
                        const shape = complete(asked);
                        const { entries, parts, total } = tally(shape);
                        const lines = entries.map(({ id, each, total }) => [id, each, total]);
                        return {
                            kept: [1, 40, 5000].map((n) => cacheBytes(shape, "int8", n)),
                            active: active(shape, tally(shape)),
                            shape, parts, total, lines, cache: cacheBytes(shape, "float32"),
                            state: stateNumbers(shape),
                        };
                    };
                    return shapes.map((asked) => {
                        try { return count(asked); } catch (error) { return error.message; }
                    });
                }""",
                [modules, shapes],
            )

        count.constants = page.evaluate(
            """async (urls) => Object.assign({}, ...(await Promise.all(
                urls.map((url) => import(url)))))""",
            modules,
        )
        yield count
        page.close()


def counted(shapes):
    """What `counting` gives, by attnlib and by the figure in Python."""
    figure = Ledger()

    def count(shape):
        try:
            figure.shape = shape
        except (TypeError, ValueError) as error:
            return str(error)
        complete, tally = TransformerShape(**shape), figure.tally
        lines = [[name, e.each, e.total] for name, e in zip(ids(tally), tally.entries, strict=True)]
        return {
            "kept": [complete.cache_bytes(n, "int8") for n in (1, 40, 5000)],
            "active": tally.active,
            **{"shape": asdict(complete), "parts": tally.parts, "total": tally.total},
            **{"lines": lines, "cache": complete.cache_bytes(1, "float32")},
            "state": complete.state_numbers,
        }

    return [count(shape) for shape in shapes]


LINEAR = {"n_linear": 2, "n_linear_heads": 6, "d_linear_key": 4, "d_linear_value": 4}
LINEAR |= {"decay": "head", "biases": False}
LATENT = {"d_latent": 8, "biases": False}
INDEX = LATENT | {"d_query_latent": 8, "n_index_heads": 2, "d_index": 4}
NOT_BUILT = {  # by what is said of them
    "n_full is 3 and window is 0: give window, or no n_full": {"n_full": 3},
    "n_full is 97; expected at most n_layers, 96": {"window": 8, "n_full": 97},
    "tied_kv is for layers that read the whole": {"window": 8, "tied_kv": True},
    "divided by n_kv_heads_full, 5": {"window": 8, "n_full": 3, "n_kv_heads_full": 5},
    "has keys and values of its own; give no": LATENT | {"n_kv_heads": 8},
    "d_rotary is 128; expected less than d_head": LATENT | {"d_rotary": 128},
    "with d_latent no biases are counted": LATENT | {"biases": True},
    "with d_latent no gates can be counted": LATENT | {"gates": True},
    "with d_latent no tied_kv can be counted": LATENT | {"tied_kv": True},
    "with d_latent no qk_norm is counted": LATENT | {"qk_norm": "head"},
    "n_index_heads is 2 and d_query_latent is 0": LATENT | {"n_index_heads": 2},
    "n_indexed is 0 and n_index_heads 2; expected at least 1": INDEX,
    "n_chosen is 0 and n_index_heads 2; expected at least 1": INDEX | {"n_indexed": 3},
    'decay is \'none\' and n_linear 2; expected "head" or "column"': LINEAR | {"decay": "none"},
    "decay is 'column' and n_linear 0; expected \"none\"": {"decay": "column"},
    "divided by n_linear_keys, 4": LINEAR | {"n_linear_keys": 4},
    "with n_linear no window can be counted": LINEAR | {"window": 8},
    "with n_linear no biases can be counted": LINEAR | {"biases": "qkv"},
    "n_active is 0 and n_experts 4; expected at least 1": {"n_experts": 4},
    "router_bias is True and n_experts is 0": {"router_bias": True},
    "d_shared is 8 and n_shared is 0": {"d_shared": 8},
    "n_taps is 1001; the figure counts up to 1000": LINEAR | {"n_taps": 1001},
}


class TestCore:
    def assert_alike(self, counting, shapes):
        """Both count, or refuse, the same; gives what they said."""
        here = counted(shapes)
        for shape, there, wanted in zip(shapes, counting(shapes), here, strict=True):
            assert there == wanted, shape
        return here

    def test_random_shapes_are_counted_to_the_last_digit(self, counting):
        rng = np.random.default_rng(0)
        found = self.assert_alike(counting, [random_shape(rng) for _ in range(200)])
        assert not any(isinstance(one, str) for one in found)

    def test_extreme_shapes_are_counted_to_the_last_digit(self, counting):
        follow = dict.fromkeys(OPTIONAL)
        ones = USUAL | dict.fromkeys(MOST, 1) | {"norm": "none"} | dict.fromkeys(SWITCHES, False)
        wide = {"n_heads": 1, "d_model": MOST["d_model"]}
        shapes = [LARGEST, LARGEST | follow, LARGEST | wide | follow, ones, ones | follow]
        shapes += [LARGEST | narrowed(name, 1) for name in MOST]
        shapes += [ones | {name: LARGEST[name]} for name in ones if name != "n_kv_heads"]
        shapes += [ones | {"n_norms": MOST_EXTRAS["n_norms"], "norm": "layer"}]
        assert all(one["total"] < EXACT for one in self.assert_alike(counting, shapes))

    def test_no_shape_has_more_parameters_than_the_largest(self, counting):
        shapes = [LARGEST | narrowed(name, most // 2) for name, most in MOST.items()]
        less = ({"gated": False}, {"tied": True}, {"biases": False}, {"norm": "rms"})
        shapes += [LARGEST | one for one in less]
        largest, *smaller = self.assert_alike(counting, [LARGEST, *shapes])
        assert largest["total"] < EXACT
        assert all(one["total"] < largest["total"] for one in smaller)
        # What follows is less: heads times d_head is d_model then, and d_ff four times that.
        assert MOST["d_model"] < MOST["n_heads"] * MOST["d_head"]
        assert 4 * MOST["d_model"] < MOST["d_ff"]

    def test_what_todays_models_have_is_counted_to_the_last_digit(self, counting):
        found = self.assert_alike(counting, [with_extras(seed) for seed in range(800)])
        refused = [one for one in found if isinstance(one, str)]
        assert 200 < len(refused) < 550
        built = [one["shape"] for one in found if not isinstance(one, str)]
        for name in set(MOST_EXTRAS) | {"gates", "tied_kv", "sinks", "router_bias", "shared_gate"}:
            assert sum(bool(shape[name]) for shape in built) > 20, name
        total = max(one["total"] for one in found if not isinstance(one, str))
        assert total < EXACT

    def test_what_cannot_be_built_is_told_in_attnlibs_words(self, counting):
        shapes = [START["shape"] | changes for changes in NOT_BUILT.values()]
        for wanted, said in zip(NOT_BUILT, self.assert_alike(counting, shapes), strict=True):
            assert wanted in said

    def test_experts_without_end_are_refused(self, counting):
        experts = {"n_experts": 10_000, "n_active": 1}
        found = self.assert_alike(counting, [LARGEST | experts, START["shape"] | experts])
        assert found[0] == (
            f"the figure counts up to {MOST_PARAMETERS} parameters; this model has more"
        )
        assert found[1]["total"] < MOST_PARAMETERS < EXACT

    def test_errors_are_told_in_attnlibs_words(self, counting):
        rng = np.random.default_rng(1)
        found = self.assert_alike(counting, [spoilt_shape(rng) for _ in range(300)])
        refused = [one for one in found if isinstance(one, str)]
        assert len(refused) > 180
        for kind in ("whole number", "at least 1", "at least 0", "would fit, or give d_head"):
            assert any(one.endswith(kind) for one in refused), kind
        assert any("the figure counts up to" in one for one in refused)

    def test_sizes_that_do_not_divide_are_told_those_that_do(self, counting):
        sizes = [(12, 5), (97, 13), (12_288, 97), (131_071, 96), (131_072, 1000), (4, 1024)]
        sizes += [(n, m) for n in (60, 64, 1001) for m in (7, 32, 50, 59, 1024)]
        shapes = [START["shape"] | {"d_model": n, "n_heads": m} for n, m in sizes]
        shapes += [START["shape"] | {"n_heads": n, "n_kv_heads": m, "d_head": 2} for n, m in sizes]
        found = self.assert_alike(counting, shapes)
        assert sum("would fit" in one for one in found) > 30

    def test_the_constants_are_pythons(self, counting):
        constants = counting.constants
        assert constants["MOST"] == MOST and constants["MOST_EXTRAS"] == MOST_EXTRAS
        assert constants["MOST_PARAMETERS"] == MOST_PARAMETERS
        assert constants["USUAL"] == USUAL
        assert constants["NORMS"] == NORMS and constants["BYTES"] == BYTES
        assert constants["PARTS"] == list(PARTS)


class TestTruth:
    def test_states_opened_by_a_link_equal_attnlib(self, hands):
        for seed in range(24):
            state = random_state(seed)
            hands.open_link(state)
            assert_true(hands, state)

    def test_the_table_shows_every_line(self, hands):
        for seed in range(10):
            state = random_state(seed)
            hands.open_link(state)
            tally = count_parameters(TransformerShape(**state["shape"]))
            shown = hands.cells("the tally")
            assert shown == [
                [
                    *[entry.name, whole(entry.size), f"{entry.copies:,}", f"{entry.total:,}"],
                    percent(entry.total / tally.total),
                ]
                for entry in tally.entries
            ]
            foot = hands.table("the tally").locator("tfoot td").all_inner_texts()
            assert foot == ["", "", "", f"{tally.total:,}", ""]
            head = hands.root.locator(".al-grand-total").inner_text()
            share = percent(tally.attention_share)
            assert head == f"{tally.total:,} parameters, {share} of them in attention"
            headers = hands.table("the tally").locator("tbody").get_by_role("rowheader")
            assert headers.all_inner_texts() == [entry.part for entry in tally.entries]

    def test_areas_of_the_tower_are_the_shares(self, hands):
        boxes = """all => all.map(({ classList, x, y, width, height }) => [
            [...classList].find((name) => name.startsWith("al-part-")).slice(8),
            ...[x, y, width, height].map((one) => one.baseVal.value)])"""
        exact = 0
        for seed in range(14):
            state = random_state(seed)
            hands.open_link(state)
            tally = count_parameters(TransformerShape(**state["shape"]))
            rects = hands.root.locator(".al-tower rect").evaluate_all(boxes)
            shares = {part: n / tally.total for part, n in tally.parts.items() if n}
            areas = {part: w * h / (200 * 360) for part, _, _, w, h in rects if w}
            tables = [share for part, share in shares.items() if "embedding" in part]
            bands = [*tables, 1 - sum(tables)]
            small = min(bands) < 1.5 / 360  # then it is drawn larger, so that it can be seen
            assert areas == pytest.approx(shares, abs=2 * 1.5 / 360 if small else 1e-6)
            exact += not small
            assert_stacked(rects)
            name = hands.root.locator(".al-tower").get_attribute("aria-label")
            parts = [f"{part} {percent(share)}" for part, share in shares.items()]
            assert name == f"{tally.total:,} parameters: {', '.join(parts)}"
        assert exact > 3

    def test_every_layer_is_a_storey(self, hands):
        for n_layers in (1, 2, 12, 96):
            shape = PRESETS["GPT-2 small"] | {"n_layers": n_layers}
            hands.open_link(START | {"shape": shape})
            rect = hands.root.locator(".al-tower rect.al-part-attention")
            top, tall = (float(rect.get_attribute(name)) for name in ("y", "height"))
            floors = hands.root.locator(".al-floors").get_attribute("d") or ""
            heights = [float(y) for y in re.findall(r"M0,([\d.]+)", floors)]
            wanted = top + tall * np.arange(1, n_layers) / n_layers
            np.testing.assert_allclose(heights, wanted, atol=1e-6)

    def test_the_multiplication_of_a_chosen_line(self, hands):
        for seed in range(16):
            state = random_state(seed)
            hands.open_link(state)
            if state["opened"] is None:
                assert account(hands) == []
                assert hands.root.get_by_text("Choose an array of the table.").is_visible()
                continue
            shape = TransformerShape(**state["shape"])
            tally = count_parameters(shape)
            entry = tally.entries[ids(tally).index(state["opened"])]
            each, how, together = account(hands)
            product = f" = {entry.each:,}" if len(entry.size) > 1 else ""
            assert each == f"in one: {whole(entry.size)}{product}"
            assert how == f"how many: {copies(entry, shape)}"
            share = percent(entry.total / tally.total)
            sum_ = f"{entry.each:,} × {entry.copies:,} = {entry.total:,}, {share} of all"
            assert together == f"together: {sum_}"
            title = hands.root.locator(".al-strip .al-strip-title").inner_text()
            assert title == state["opened"]

    def test_the_walk_from_one_matrix_to_all_of_attention(self, hands):
        for seed in range(8):
            state = random_state(seed)
            hands.open_link(state)
            tally = count_parameters(TransformerShape(**state["shape"]))
            first, *_ = assert_walked(hands, tally)
            matrix = next(e for e in tally.entries if e.name == "w_q")
            assert first == [whole(matrix.size), f"{matrix.each:,}"]
            last = hands.table("from one matrix").get_by_role("rowheader").last.inner_text()
            assert (", with biases" in last) == state["shape"]["biases"]

    def test_bytes_of_parameters_and_cache(self, hands):
        for seed in range(10):
            state = random_state(seed)
            hands.open_link(state)
            shape, precision = TransformerShape(**state["shape"]), state["precision"]
            weighs = count_parameters(shape).bytes(precision)
            cache, n = shape.cache_bytes(1, precision), state["n_tokens"]
            factors = [many(shape.n_layers, "layer"), many(shape.n_kv_heads, "head")]
            factors += [f"{shape.d_head:,}", many(BYTES[precision], "byte")]
            wanted = (
                f"Parameters as {precision}: {size(weighs)}. "
                f"Cache: 2 × {' × '.join(factors)} = {many(cache, 'byte')} a token, "
                f"{size(shape.cache_bytes(n, precision))} for {many(n, 'token')}."
            )
            assert hands.root.locator(".al-bytes > p").inner_text() == wanted
        # 36,864 bytes a token: 999.97 MB are not 1,000.0.
        hands.open_link(link_state(Ledger("GPT-2 small")) | {"n_tokens": 27_126})
        assert "1.0 GB for 27,126 tokens" in hands.root.locator(".al-bytes > p").inner_text()
        shape = link_state(Ledger("GPT-2 small"))["shape"] | {"d_value": 32}
        hands.open_link(START | {"shape": shape})
        kept = "Cache: 12 layers × 12 heads × (64 + 32) × 2 bytes = 27,648 bytes"
        assert kept in hands.root.locator(".al-bytes > p").inner_text()

    def test_challenges_are_judged_as_in_python(self, open_figure):
        states = [random_state(seed) for seed in range(9)]
        states += [START | {"shape": shape} for shape in PRESETS.values()]
        verdicts = assert_judged_alike(open_figure, Ledger, random_challenges(0), states)
        assert 10 < len(verdicts) < 140  # both verdicts were seen


def assert_stacked(rects):
    """The tables lie below and above, the parts of the layers side by side; nothing overlaps."""
    tops = sorted({(y, h) for _, _, y, _, h in rects})
    ends = [y + h for y, h in tops]
    np.testing.assert_allclose([0, *ends], [*(y for y, _ in tops), 360], atol=1e-6)
    for top, _ in tops:
        row = sorted((x, w) for _, x, y, w, _ in rects if y == top)
        np.testing.assert_allclose(
            [0, *(x + w for x, w in row)], [*(x for x, _ in row), 200], atol=1e-6
        )


def assert_walked(hands, tally):
    """Every row of the walk is what it is reckoned from, and the last is the tally's; its rows."""
    rows = [row for row in hands.cells("from one matrix to all of attention") if row]
    for how, number in rows[:-1]:
        assert f"{reckoned(how):,}" == number
    matrices = [e for e in tally.entries if e.part == "attention" and re.search(r"\bw_", e.name)]
    assert rows[-2][1] == f"{sum(e.total for e in matrices):,}"
    assert rows[-1] == [percent(tally.attention_share)]
    return rows


def copies(entry, shape):
    """How the number of copies is reckoned."""
    layers = many(shape.n_layers, "layer")
    if "embedding" in entry.part:
        return "one for the whole model"
    if entry.part == "normalisation":
        vectors = {"rms": 1, "layer": 2}[shape.norm]
        return f"{vectors} × (2 for each of {layers}, and one at the end) = {entry.copies:,}"
    end = f" = {entry.copies:,}" if entry.copies > 1 else ""
    if entry.part == "feed-forward" or entry.name == "b_o":
        return f"one for each of {layers}{end}"
    heads = shape.n_kv_heads if entry.name[-1] in "kv" else shape.n_heads
    return f"{many(heads, 'head')} × {layers}{end}"


def reckoned(how):
    """The result of "4 × 1,572,864" or "32 × 2 + 8 × 3 × 5", worked out."""
    sums = how.replace(",", "").split(" + ")
    return sum(prod(map(int, one.split(" × "))) for one in sums)


def size(n_bytes):
    """Bytes in the largest unit of which there is at least one."""
    units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    power = 0
    while n_bytes / 1000**power >= 999.95:
        power += 1
    number = shown_number(n_bytes / 1000**power, 1) if power else n_bytes
    return f"{number} {units[power]}" if n_bytes != 1 else "1 byte"


def random_challenges(seed, count=10):
    rng = np.random.default_rng(seed)
    scale = {"total": 10, "attention": 10, "cache": 6, "n_layers": 3, "n_heads": 2}

    def condition():
        measure = str(rng.choice([*scale, "share"]))
        bound = rng.uniform() if measure == "share" else int(10 ** rng.uniform(0, scale[measure]))
        return {"measure": measure, str(rng.choice(["at_least", "at_most"])): bound}

    def challenge(n):
        conditions = [condition() for _ in range(rng.integers(1, 3))]
        text = {"id": f"c{n}", "text": f"{n}.", "start": "", "setting": {}}
        return text | {"conditions": conditions}

    differs = {"measure": "differs", "shape": asdict(GPT2_SMALL), "at_most": 4}
    near = {"id": "near", "text": "Near.", "start": "", "conditions": [differs]}
    return [*(challenge(n) for n in range(count)), near]


TYPED = [  # a field, what is typed, what becomes of it
    ("d_model", "12,288", 12_288),
    ("d_model", "6 144", 6144),
    ("d_model", "24_576", 24_576),
    ("n_layers", " 7 ", 7),
    ("n_vocab", "+10,000,000", 10_000_000),
    ("n_kv_heads", "8", 8),
    ("n_kv_heads", "", None),
    ("d_head", "64", 64),
    ("d_head", "  ", None),
    ("d_ff", "1", 1),
    ("d_ff", "", None),
    ("n_positions", "2048", 2048),
    ("n_positions", "0", 0),
]
NO_97 = (
    "d_model is 12288 and cannot be divided by n_heads, 97: n_heads of 96 or 128 would fit, "
    "or give d_head"
)
NO_7 = "n_heads is 96 and cannot be divided by n_kv_heads, 7: n_kv_heads of 6 or 8 would fit"
NONSENSE = {  # a field, and what is typed, with what the sentence says
    "letters": ("n_layers", "many", "“many” is no whole number for layers. Write one such as 96."),
    "nothing where something is needed": ("d_model", "", "“” is no whole number for d_model."),
    "spaces": ("n_vocab", "   ", "is no whole number for vocabulary."),
    "a fraction": ("n_layers", "9.5", "“9.5” is no whole number"),
    "a decimal comma": ("n_layers", "9,5", "“9,5” is no whole number"),
    "a power": ("n_layers", "1e3", "“1e3” is no whole number"),
    "sixteen digits": ("n_vocab", "9" * 16, "is no whole number"),
    "very long": ("n_heads", "9" * 5000, f"“{'9' * 24}” is no whole number for heads a layer."),
    "markup": ("d_ff", "<img src=x onerror=alert(1)>", "“<img src=x onerror=alert” is no"),
    "no layers": ("n_layers", "0", "n_layers is 0; expected at least 1. The model stays"),
    "a negative size": ("d_ff", "-3", "d_ff is -3; expected at least 1. The model stays"),
    "negative positions": ("n_positions", "-1", "n_positions is -1; expected at least 0."),
    "too many": ("n_layers", "1001", "n_layers is 1001; the figure counts up to 1000. The model"),
    "heads that do not divide": ("n_heads", "97", f"{NO_97}. The model stays as it was."),
    "groups that do not divide": ("n_kv_heads", "7", f"{NO_7}. The model stays as it was."),
}


class TestFields:
    def test_numbers_are_read_as_people_type_them(self, hands):
        state = START
        for n, (name, text, value) in enumerate(TYPED):
            type_into(hands, name, text, key=["Enter", "Tab"][n % 2])
            state = START | {"shape": state["shape"] | {name: value}}
            assert_true(hands, state)
            assert field(hands, name).input_value() == ("" if value is None else str(value))
            if value is not None and text != "12,288":
                assert hands.spoken == told(state)

    def test_what_is_left_empty_follows_and_is_shown_pale(self, hands):
        for n_heads in ("48", "128"):
            type_into(hands, "n_heads", n_heads)
            d_head = str(12_288 // int(n_heads))
            shown = [field(hands, name).get_attribute("placeholder") for name in OPTIONAL]
            assert shown == [n_heads, d_head, "49152"]
            assert [field(hands, name).input_value() for name in OPTIONAL] == ["", "", ""]
        assert_true(hands, with_shape(n_heads=128))

    def test_one_head_as_wide_as_the_model_is_counted(self, hands):
        type_into(hands, "n_heads", "1")
        assert_true(hands, with_shape(n_heads=1))
        assert hands.values()["shape"]["d_head"] == 12_288

    def test_nonsense_gets_a_sentence_and_the_model_stays(self, hands):
        before = hands.values()
        for n, (name, (where, text, sentence)) in enumerate(NONSENSE.items()):
            hands.button("Reset").click()
            type_into(hands, where, text, key=["Enter", "Tab"][n % 2])
            hands.hears(sentence)
            said = hands.root.locator(".al-message.al-wrong").inner_text()
            assert sentence in said and len(said) < 200, name
            assert hands.values() == before, name
            value = START["shape"][where]
            assert field(hands, where).input_value() == ("" if value is None else str(value)), name
        assert hands.root.locator("img").count() == 0
        assert hands.page.record.errors == []

    def test_a_good_number_takes_the_sentence_away(self, hands):
        type_into(hands, "n_layers", "many")
        assert hands.root.locator(".al-message").is_visible()
        type_into(hands, "n_layers", "2")
        assert hands.root.locator(".al-message").count() == 0

    def test_escape_takes_back_what_was_typed(self, hands):
        before = hands.values()
        type_into(hands, "n_layers", "7", key="Escape")
        assert field(hands, "n_layers").input_value() == "96"
        hands.press("Tab")
        hands.settle()
        assert hands.values() == before

    @pytest.mark.parametrize(
        "name, typed, keys, value",
        [
            ("n_layers", None, ["ArrowUp"], 97),
            ("n_layers", None, ["PageDown", "ArrowDown", "ArrowDown"], 84),
            ("n_layers", "12", ["PageUp"], 22),
            ("n_layers", "nonsense", ["ArrowUp"], 97),
            ("d_head", None, ["ArrowDown"], 127),
        ],
    )
    def test_arrow_keys_count(self, hands, name, typed, keys, value):
        field(hands, name).focus()
        if typed is not None:
            field(hands, name).fill(typed)
        hands.press(*keys)
        hands.settle()
        assert_true(hands, with_shape(**{name: value}))
        assert field(hands, name).input_value() == str(value)
        assert hands.spoken == told(with_shape(**{name: value}))

    @pytest.mark.parametrize(
        "name, keys, value",
        [
            ("n_heads", ["ArrowUp"], 16),
            ("n_heads", ["ArrowDown"], 8),
            ("n_heads", ["PageUp"], 24),
            ("n_heads", ["PageDown", "ArrowDown"], 1),
            ("n_kv_heads", ["ArrowDown", "ArrowDown"], 4),
            ("d_model", ["ArrowUp"], 780),
        ],
    )
    def test_arrow_keys_go_on_to_a_size_that_fits(self, hands, name, keys, value):
        hands.menu("Model").select_option("GPT-2 small")
        field(hands, name).focus()
        hands.press(*keys)
        hands.settle()
        shape = PRESETS["GPT-2 small"] | {name: value}
        assert_true(hands, START | {"shape": shape})
        assert hands.spoken == told(START | {"shape": shape})

    def test_arrow_keys_count_from_a_typed_nothing(self, hands):
        type_into(hands, "n_positions", "2048")
        type_into(hands, "n_positions", "0", key="ArrowUp")
        assert_true(hands, with_shape(n_positions=1))

    def test_arrow_keys_stop_at_the_ends(self, hands):
        type_into(hands, "n_layers", "1")
        hands.press("ArrowDown")
        hands.hears("n_layers is 0; expected at least 1. The model stays as it was.")
        type_into(hands, "n_layers", "995")
        hands.press("PageUp")
        hands.hears("n_layers is 1005; the figure counts up to 1000. The model stays as it was.")
        hands.settle()
        assert_true(hands, with_shape(n_layers=995))

    def test_a_phone_types_too(self, lasting):
        hands = lasting(Ledger(), **PHONE)
        field(hands, "n_layers").tap()
        field(hands, "n_layers").fill("12")
        hands.root.get_by_role("checkbox", name="biases", exact=True).tap()
        hands.settle()
        assert_true(hands, with_shape(n_layers=12, biases=True))
        line(hands, "attention: b_o").tap()
        hands.settle()
        assert account(hands)[1] == "how many: one for each of 12 layers = 12"


class TestHands:
    def test_presets_by_keyboard_and_back(self, hands):
        menu = hands.menu("Model")
        assert menu.input_value() == "GPT-3, as 3Blue1Brown counts"
        menu.focus()
        for title in list(PRESETS)[1:]:
            hands.press("ArrowDown")
            hands.settle()
            state = START | {"shape": PRESETS[title]}
            assert_true(hands, state)
            assert menu.input_value() == title
            assert hands.spoken == told(state)
        type_into(hands, "n_layers", "5")
        assert menu.input_value() == ""
        menu.select_option("")
        hands.settle()
        assert_true(hands, START | {"shape": PRESETS[title] | {"n_layers": 5}})
        type_into(hands, "n_layers", "4")
        assert menu.input_value() == title

    @pytest.mark.parametrize("how", ["mouse", "keyboard"])
    def test_switches_and_norms(self, hands, how):
        state = START
        for name, label in SWITCHES.items():
            box = hands.root.get_by_role("checkbox", name=label, exact=True)
            assert not box.is_checked()
            box.click() if how == "mouse" else box.press("Space")
            hands.settle()
            state = START | {"shape": state["shape"] | {name: True}}
            assert_true(hands, state)
            assert hands.spoken == told(state)
        menu = hands.menu("normalisation holds")
        for norm in ("rms", "layer"):
            menu.select_option(norm) if how == "mouse" else menu.press("ArrowDown")
            hands.settle()
            state = START | {"shape": state["shape"] | {"norm": norm}}
            assert_true(hands, state)
            assert hands.spoken == told(state)

    @pytest.mark.parametrize("how", ["mouse", "touch", "keyboard", "the tower"])
    def test_a_line_is_chosen_and_let_go(self, lasting, how):
        hands = lasting(Ledger(), **(PHONE if how == "touch" else {}))
        name = "feed-forward: w_in" if how == "the tower" else "attention: w_k"
        button = line(hands, name)
        {
            "mouse": button.click,
            "touch": button.tap,
            "keyboard": lambda: button.press("Enter"),
            "the tower": hands.root.locator(".al-tower rect.al-part-feed-forward").click,
        }[how]()
        hands.settle()
        entry = next(e for e in count_parameters(GPT3).entries if e.name == name.split(": ")[1])
        assert hands.spoken == f"{name}: {entry.each:,} times {entry.copies:,}"
        assert account(hands)[2].startswith(f"together: {entry.each:,} × {entry.copies:,} = ")
        assert button.get_attribute("aria-expanded") == "true"
        strong = hands.root.locator(".al-tower rect.al-strong")
        assert f"al-part-{entry.part}" in strong.get_attribute("class")
        button.click()
        hands.settle()
        assert account(hands) == [] and strong.count() == 0
        assert button.get_attribute("aria-expanded") == "false"

    def test_a_line_that_is_gone_does_not_come_back(self, hands):
        hands.menu("Model").select_option("GPT-2 small")
        line(hands, "attention: b_q").click()
        biases = hands.root.get_by_role("checkbox", name="biases", exact=True)
        biases.click()
        hands.settle()
        assert account(hands) == []
        link = hands.copied("Copy link")
        biases.click()
        hands.settle()
        assert account(hands) == []
        hands.button("Reset").click()
        hands.follow("#" + link.partition("#")[2])
        assert_true(hands, START | {"shape": PRESETS["GPT-2 small"] | {"biases": False}})

    def test_precision_and_length_are_chosen(self, hands):
        precision, length = hands.menu("Every number as"), hands.menu("Length of the text")
        names = ["float32, 4 bytes", "bfloat16, 2 bytes", "int8, 1 byte"]
        assert precision.locator("option").all_inner_texts() == names
        for dtype, told_ in (("float32", "700.7 GB"), ("int8", "175.2 GB")):
            precision.select_option(dtype)
            hands.settle()
            assert_true(hands, START | {"precision": dtype})
            assert hands.spoken == f"{told_} of parameters"
        length.focus()
        hands.press("ArrowUp")
        hands.settle()
        assert "a token, 2.4 MB for 1 token." in hands.root.locator(".al-bytes > p").inner_text()
        hands.open_link(START | {"n_tokens": 777})
        assert length.input_value() == "777"
        assert "777 tokens" in length.locator("option").all_inner_texts()

    def test_on_a_narrow_screen_totals_stand_in_their_column(self, open_figure):
        hands = open_figure(Ledger("GPT-2 small"), viewport={"width": 400, "height": 800})
        hands.settle()
        rights = hands.table("the tally").evaluate(
            """table => [...table.rows].slice(1)
                .map((row) => row.cells[row.cells.length - 2].getBoundingClientRect().right)"""
        )
        assert len(set(rights)) == 1 and rights[0] > 0


HOSTILE = {
    "no shape": {"shape": None},
    "a list as shape": {"shape": [96]},
    "half a shape": {"shape": {"n_layers": 96}},
    "a shape of null": {"shape": dict.fromkeys(START["shape"])},
    "an unknown norm": {"shape": START["shape"] | {"norm": "batch"}},
    "an inherited norm": {"shape": START["shape"] | {"norm": "toString"}},
    "a list as norm": {"shape": START["shape"] | {"norm": ["rms"]}},
    "a number as a switch": {"shape": START["shape"] | {"tied": 1}},
    "a text as a size": {"shape": START["shape"] | {"n_layers": "96"}},
    "a long text as a size": {"shape": START["shape"] | {"n_layers": "9" * 9000}},
    "an object as a size": {"shape": START["shape"] | {"n_layers": {"toString": 1}}},
    "a list as a size": {"shape": START["shape"] | {"d_ff": [4]}},
    "an enormous size": {"shape": START["shape"] | {"d_model": 1e300}},
    "heads that do not divide": {"shape": START["shape"] | {"n_heads": 97}},
    "an inherited precision": {"precision": "constructor"},
    "a list as precision": {"precision": ["int8"]},
    "no tokens": {"n_tokens": 0},
    "too many tokens": {"n_tokens": MOST_TOKENS + 1},
    "half a token": {"n_tokens": 0.5},
    "a line that is not there": {"opened": "attention: b_q"},
    "a list as a line": {"opened": ["attention: w_q"]},
    "nothing said of a line": {"opened": False},
}


class TestLinks:
    def test_hostile_links_are_refused_with_a_sentence(self, hands):
        before = hands.values()
        for name, spoilt in HOSTILE.items():
            hands.button("Reset").click()
            hands.open_link(START | spoilt)
            hands.hears("The link's state could not be read: ")
            said = hands.root.locator(".al-message.al-wrong").inner_text()
            assert len(said) < 260, name
            assert hands.values() == before, name
        assert hands.page.record.errors == []

    def test_what_a_link_adds_is_left_out(self, hands):
        more = {"extra": 1, "shape": START["shape"] | {"extra": 1, "n_layers": 3}}
        hands.open_link(START | more)
        assert_true(hands, with_shape(n_layers=3))


class TestOut:
    def test_the_snippet_prints_the_numbers_shown(self, hands):
        for seed in range(8):
            state = random_state(seed)
            hands.open_link(state)
            names, values = {"printed": [], "keep": lambda *some: some}, hands.values()
            exec(hands.copied().replace("print(", "printed += keep("), names)
            tally, weighs, cached = names["printed"]
            assert asdict(tally.shape) == values["shape"]
            assert (tally.total, tally.parts) == (values["total"], values["parts"])
            assert weighs == values["total"] * BYTES[state["precision"]]
            assert cached == values["cache"] * state["n_tokens"]


@pytest.fixture(scope="module")
def reading(browser):
    """js/src/core/configs: `reading(configs)` gives what it reads, or its error's sentence."""
    page = browser.new_page()
    with serving(ROOT / "js" / "src" / "core") as address:
        module = f"{address}configs/read.js"
        page.goto(module)
        yield lambda configs: page.evaluate(
            """async ([url, configs, tables]) => {
                const { readConfig } = await import(url);
                const read = (config) => {
                    const { shape, lines, config: kept } = readConfig(config, tables);
                    return { shape, lines, kept: JSON.stringify(kept) }; // tells the order
                };
                return configs.map((config) => {
                    try { return read(config); } catch (error) { return error.message; }
                });
            }""",
            [module, configs, TABLES],
        )
        page.close()


def read(config):
    """What `reading` gives, by attnlib and by the figure in Python."""
    try:
        explained, figure = explain_config(config), Ledger(config=config)
    except (TypeError, ValueError) as error:
        return str(error)
    lines = [list(line) for line in explained.lines]
    return {"shape": figure.shape, "lines": lines, "kept": in_order(json.dumps(figure.config))}


def in_order(text):
    """What a text of JSON holds, with its lines as pairs in their order."""
    return json.loads(text, object_pairs_hook=list)


PUBLISHED = {title: entry["config"] for title, entry in published_configs().items()}
SPOILT = [
    *[None, 0, 1, 7, -3, 0.5, True, False, "x", [], ["full_attention"], {"rope_type": "linear"}],
    *["LG", "FFSSFSSS", ["full_attention"] * 8, [0, 1] * 4, {"full_attn_layers": [2, 9]}],
]


def spoilt_configs():
    """Every line of every configuration taken out, and something else in its place."""
    for n, config in enumerate([*PUBLISHED.values(), *RECENT.values()]):
        for name in config:
            yield {key: value for key, value in config.items() if key != name}
            yield from ({**config, name: SPOILT[(n + k) % len(SPOILT)]} for k in range(4))
    nonsense = (config for config, _, _ in test_configs.NONSENSE.values())
    yield from (config for config in nonsense if isinstance(config, dict))


def paste(hands, text):
    """As a reader does it who has no mouse."""
    hands.root.get_by_text("Paste a config.json", exact=True).press("Enter")
    box = hands.root.get_by_role("textbox", name="The file, from its { to its }")
    if not box.is_visible():
        hands.root.get_by_text("Paste a config.json", exact=True).press("Enter")
    box.fill(text)
    box.press("Tab")
    hands.press("Enter")
    hands.settle()
    return box


NO_CONFIGS = {  # what is pasted, and the sentence beside it
    "nothing": ("  ", "There is nothing here. Paste a config.json, or take one from the menu."),
    **{
        word: (f'{{"model_type": {word}}}', "This is Python: JSON writes null, true and false.")
        for word in ("None", "True", "False")
    },
    "single quotes": ("{'model_type': 'llama'}", "its names stand between double quotes."),
    "a comma too many": ('{"model_type": "llama",}', "a comma stands before a closing bracket."),
    "half a file": ('{"model_type": "llama"', "Paste the whole file, from its { to its }."),
    "a list": ("[1, 2]", "this is no configuration: it has no { around its lines."),
    "a book": ("x" * 100_001, "This has 100,001 letters; a config.json has a few thousand."),
    "an inherited kind": ('{"model_type": "constructor"}', '"constructor", which is not read here'),
    "markup": (
        '{"model_type": "<img src=x onerror=alert(1)>"}',
        'model_type is "<img src=x onerror=aler…, which is not read here; expected one of: gpt2',
    ),
    "a name without end": (
        json.dumps(PUBLISHED["Llama 3.1 8B"] | {"attn_" + "W" * 3000: "<b>" * 3000}),
        f'attn_{"W" * 35}… is "{"<b>" * 7}<b…: it may change attention',
    ),
    "a prototype": ('{"__proto__": {"model_type": "gpt2"}}', "does not say its model_type"),
    "too many heads": (
        json.dumps(PUBLISHED["Llama 3.1 8B"] | {"num_attention_heads": 2048}),
        "num_attention_heads is 2048; the figure counts up to 1024.",
    ),
    "latent of another kind": (
        json.dumps(PUBLISHED["Llama 3.1 8B"] | {"kv_lora_rank": 512}),
        "kv_lora_rank is 512: it may change attention and is not understood here.",
    ),
}


def last(name):
    """The name of a line as it is shown: one inside another stands further to the right."""
    return name.rpartition(".")[2]


class TestConfigs:
    def test_published_and_spoilt_ones_are_read_as_by_attnlib(self, reading):
        configs = [*PUBLISHED.values(), *RECENT.values(), *spoilt_configs()]
        refused = 0
        for config, there in zip(configs, reading(configs), strict=True):
            here = read(config)
            if not isinstance(there, str):
                there |= {"kept": in_order(there["kept"])}
            assert there == here, config
            refused += isinstance(here, str)
        assert refused > 400 and len(configs) - refused > 400

    def test_every_kind_of_model_is_among_them(self):
        configs = [*PUBLISHED.values(), *RECENT.values()]
        assert {config.get("model_type") for config in configs} >= set(FAMILIES)

    def test_one_that_is_pasted_becomes_the_model(self, hands):
        for title in EXAMPLES:
            paste(hands, json.dumps(PUBLISHED[title]))
            state = START | {"shape": asked(shape_from_config(PUBLISHED[title]))}
            assert_true(hands, state)
            assert hands.spoken == told(state)
            lines = explain_config(PUBLISHED[title]).lines
            names, meant = (hands.root.locator(f".al-config-lines {tag}") for tag in ("dt", "dd"))
            assert names.all_inner_texts() == [f"{last(name)}\n{value}" for name, value, _ in lines]
            assert meant.all_inner_texts() == [meaning for _, _, meaning in lines]
            assert_walked(hands, count_parameters(TransformerShape(**state["shape"])))
        paste(hands, json.dumps(PUBLISHED["gpt-oss 20b"]))
        head = hands.root.locator(".al-grand-total").inner_text()
        assert head.endswith("a token meets 4,187,440,704 of them")
        kept = hands.root.locator(".al-bytes > p").inner_text()
        assert kept.endswith("for 2,048 tokens: 12 layers keep the last 128 tokens at most.")

    def test_on_paper_stand_its_lines_and_not_the_form(self, hands):
        paste(hands, json.dumps(PUBLISHED["Llama 4 Scout"]))
        form, lines = (hands.root.locator(f".al-config{one}") for one in ("", "-lines"))
        summary = hands.root.get_by_text("Paste a config.json")
        for medium, is_paper in (("screen", False), ("print", True)):
            hands.page.emulate_media(media=medium)
            shown = [one.is_visible() for one in (lines, form, summary)]
            assert shown == [True, not is_paper, not is_paper]
        hands.page.emulate_media(media="screen")

    def test_what_cannot_be_read_is_told_beside_it_and_nothing_is_lost(self, hands):
        before = hands.values()
        for name, (text, sentence) in NO_CONFIGS.items():
            box = paste(hands, text)
            said = hands.root.locator(".al-config-wrong")
            assert sentence.rstrip(".") in said.inner_text(), name
            assert said.inner_text().endswith("The model stays as it was.")
            assert hands.spoken == said.inner_text()
            assert box.get_attribute("aria-invalid") == "true"
            assert box.input_value() == text and hands.values() == before, name
            assert said.evaluate("one => one.scrollWidth <= one.clientWidth"), name
        assert hands.root.locator("img").count() == 0 and hands.page.record.errors == []
        hands.menu("Or take that of").select_option("Gemma 3 1B")
        hands.settle()
        assert not said.is_visible()  # it was of another text
        hands.button("Read it").click()
        hands.settle()
        assert not said.is_visible() and box.get_attribute("aria-invalid") == "false"
        assert hands.values()["total"] == 999_885_952

    def test_a_size_that_is_changed_is_not_what_the_file_says(self, hands):
        paste(hands, json.dumps(PUBLISHED["gpt-oss 20b"]))
        link = hands.copied("Copy link")
        names = {"print": lambda *printed: None}
        exec(hands.copied(), names)
        assert names["shape"] == shape_from_config(PUBLISHED["gpt-oss 20b"])
        type_into(hands, "n_layers", "26")
        values = hands.values()
        assert values["config"] is None and values["lines"] is None
        assert values["shape"]["n_layers"] == 26 and values["shape"]["window"] == 128
        assert hands.root.locator(".al-config-lines").count() == 0
        hands.follow("#" + link.partition("#")[2])
        assert hands.values()["config"] == Ledger(config=PUBLISHED["gpt-oss 20b"]).config
        assert hands.root.locator(".al-config-lines dt").count() > 10

    def test_links_of_before_and_links_that_contradict_themselves(self, hands):
        old = {name: START["shape"][name] for name in list(START["shape"])[:12]}
        hands.open_link({"shape": old | {"n_layers": 3}, **dict(list(START.items())[2:])})
        assert_true(hands, with_shape(n_layers=3))
        for config in (PUBLISHED["Gemma 3 1B"], {"model_type": "gpt2"}, [], "x", 3):
            hands.open_link(START | {"config": config})
            hands.hears("The link's state could not be read: ")

    def test_in_python(self):
        figure = Ledger.from_config(PUBLISHED["Gemma 3 1B"] | {"torch_dtype": "bfloat16"}, key="g")
        assert figure.config == PUBLISHED["Gemma 3 1B"] and figure.key == "g"
        assert figure.tally.total == 999_885_952
        assert "22 of 26 layers read 512 tokens back at most" in " ".join(repr(figure).split())
        with pytest.raises(ValueError, match="does not say num_hidden_layers"):
            figure.config = {"model_type": "llama"}
        assert figure.tally.total == 999_885_952
        figure.config = PUBLISHED["DeepSeek-V2-Lite"]
        assert figure.shape == asked(shape_from_config(PUBLISHED["DeepSeek-V2-Lite"]))
        assert "a token meets 2,661,150,208 of them" in repr(figure)
        figure.shape = "GPT-2 small"
        assert figure.config is None and figure.reading is None
        with pytest.raises(ValueError, match="shape is not what config describes"):
            Ledger(GPT3, config=PUBLISHED["Gemma 3 1B"])
        again = Ledger.from_state(Ledger(config=PUBLISHED["gpt-oss 20b"]).get_state())
        assert again.config["num_local_experts"] == 32


HOW_MANY = {  # of arrays that came with recent models
    ("Qwen3-Next", "attention: w_gate"): "4 heads × 2 layers = 8",
    ("Qwen3-Next", "attention: linear w_k"): "2 heads × 6 layers = 12",
    ("Qwen3-Next", "attention: linear w_v"): "6 heads × 6 layers = 36",
    ("Qwen3-Next", "attention: linear taps"): "104 mixed numbers × 6 layers = 624",
    ("Qwen3-Next", "attention: linear rate"): "6 heads × 6 layers = 36",
    ("Qwen3-Next", "feed-forward: expert's w_in"): "6 experts × 8 layers = 48",
    ("Qwen3-Next", "feed-forward: shared expert's w_in"): "1 expert × 8 layers = 8",
    ("Qwen3-Next", "feed-forward: w_shared_gate"): "one for each of 8 layers = 8",
    ("Qwen3-Next", "normalisation: of keys"): "1 for each of 2 layers = 2",
    ("Qwen3-Next", "normalisation: of linear outputs"): "1 for each of 6 layers = 6",
    ("Kimi Linear", "attention: linear w_gate_thin"): "one for each of 6 layers = 6",
    ("Kimi Linear", "attention: w_kv_latent"): "one for each of 2 layers = 2",
    ("Kimi Linear", "normalisation: of latent keys and values"): "1 for each of 2 layers = 2",
    ("Gemma 4", "attention: w_k"): "2 heads × 6 layers = 12",
    ("Gemma 4", "attention: full w_k"): "1 head × 2 layers = 2",
    ("Gemma 4", "normalisation: of full queries"): "1 for each of 2 layers = 2",
    ("GLM-5", "attention: index w_q"): "3 heads × 4 layers = 12",
    ("GLM-5", "attention: index w_k"): "one for each of 4 layers = 4",
    ("GLM-5", "normalisation: of index keys"): "2 for each of 4 layers = 8",
    ("MiniMax-M2", "normalisation: of queries"): "4 for each of 8 layers = 32",
    ("Kimi K2", "feed-forward: expert's w_out"): "7 experts × 6 layers = 42",
}
WALKED = {  # by the kind of their layers
    "Qwen3-Next": ["Layers with softmax", "Linear layers"],
    "Gemma 4": ["Layers with a window", "Layers that read the whole text"],
    "GLM-5": ["Every layer", "The index"],
    "MiniMax-M2": [],
}
KEPT = {  # what is kept of a text of 2,048 tokens
    "Qwen3-Next": "2 × 2 layers × 2 heads × 24 × 2 bytes = 384 bytes a token, 786.4 kB for 2,048 "
    "tokens. 6 linear layers keep 4,704 numbers, however long the text is: 18.8 kB as float32, in "
    "which models keep their states (the line mamba_ssm_dtype).",
    "Kimi Linear": "2 layers × (20 latent + 8 rotated) × 2 bytes = 112 bytes a token, 229.4 kB for "
    "2,048 tokens. 6 linear layers keep 4,896 numbers, however long the text is: 19.6 kB as "
    "float32, in which models keep their states (the line mamba_ssm_dtype).",
    "Gemma 4": "(2 × 6 layers × 2 heads × 24 + 2 × 2 layers × 1 head × 32) × 2 bytes = 1,408 "
    "bytes a token, 542.7 kB for 2,048 tokens: 6 layers keep the last 16 tokens at most.",
    "Gemma 4 with tables": "(2 × 5 layers × 2 heads × 24 + 2 × 1 layer × 1 head × 32) × 2 bytes = "
    "1,088 bytes a token, 277.5 kB for 2,048 tokens: 5 layers keep the last 16 tokens at most; "
    "the last 2 layers keep nothing, and use what others keep.",
    "GLM-5": "(8 layers × (20 latent + 8 rotated) + 4 layers × 10 of the index) × 2 bytes = "
    "528 bytes a token, 1.1 MB for 2,048 tokens.",
}


class TestRecent:
    def test_every_number_of_every_kind(self, hands):
        told = 0
        for title, config in RECENT.items():
            shape = asked(shape_from_config(config))
            tally = count_parameters(TransformerShape(**shape))
            hands.open_link(START | {"shape": shape})
            assert_true(hands, START | {"shape": shape})
            assert_walked(hands, tally)
            titles = hands.table("from one matrix").locator("[scope=rowgroup]").all_inner_texts()
            assert titles == WALKED.get(title, titles), title
            last = hands.table("from one matrix").get_by_role("rowheader").last.inner_text()
            besides = {"taps": "n_taps", "decays": "n_linear", "sinks": "sinks", "biases": "biases"}
            for what, field in besides.items():
                assert (what in last) == bool(shape[field]), (title, what)
            if title in KEPT:
                said = hands.root.locator(".al-bytes > p").inner_text()
                assert said.partition("Cache: ")[2] == KEPT[title]
            for opened in (name for name in ids(tally) if (title, name) in HOW_MANY):
                hands.open_link(START | {"shape": shape, "opened": opened})
                assert account(hands)[1] == f"how many: {HOW_MANY[title, opened]}"
                told += 1
        assert told == len(HOW_MANY)

    def test_a_file_of_several_parts(self, hands):
        config = RECENT["Qwen3.5 of several parts"]
        paste(hands, json.dumps(config))
        said = hands.root.locator(".al-config-several")
        assert said.inner_text() == SEVERAL
        names = hands.root.locator(".al-config-lines dt code").all_inner_texts()
        assert names == [name for name in text_part(config) if name != "vision_config"]
        figure = Ledger(config=config)
        assert hands.values()["config"] == figure.config and "vision_config" not in figure.config
        assert SEVERAL in repr(figure) and figure.tally.total == hands.values()["total"]
        found = {"print": lambda *printed: None}
        exec(hands.copied(), found)
        assert found["shape"] == shape_from_config(config)
        hands.open_link(link_state(figure))
        assert said.is_visible()
        paste(hands, json.dumps(config["text_config"]))
        assert said.count() == 0

    def test_lines_stand_in_the_order_of_the_file(self, open_figure):
        config = dict(reversed(RECENT["Kimi Linear"].items()))
        figure = Ledger(config=config)
        lines = [name for name, _, _ in explain_config(config).lines]
        assert lines != sorted(lines)
        assert [name for name, _, _ in figure.reading.lines] == lines
        assert list(figure.configs) == list(EXAMPLES)
        hands = open_figure(figure)
        assert hands.root.locator(".al-config-lines dt code").all_inner_texts() == list(
            map(last, lines)
        )
        presets = hands.menu("Model").locator("option").all_inner_texts()
        assert presets == [*PRESETS, "your own"]
        choice = hands.menu("Or take that of")
        assert choice.locator("option").all_inner_texts() == ["choose a model", *EXAMPLES]
        choice.select_option("Gemma 3 1B")
        hands.button("Read it").click()
        hands.settle()
        meant = hands.root.locator(".al-config-lines dd").all_inner_texts()
        lines = explain_config(PUBLISHED["Gemma 3 1B"]).lines
        assert meant == [meaning for _, _, meaning in lines]


WRONG = {
    "an unknown preset": ("shape", "GPT-5", "shape is 'GPT-5'; the presets are: GPT-3, as"),
    "a number": ("shape", 96, "shape is 96; expected a TransformerShape or its fields"),
    "a field that is missing": ("shape", {"n_layers": 96}, "shape does not say n_heads"),
    "a field too many": ("shape", START["shape"] | {"d_out": 3}, "shape has 'd_out'; its fields"),
    "no layers": ("shape", START["shape"] | {"n_layers": 0}, "n_layers is 0; expected at least 1"),
    "no division": ("shape", START["shape"] | {"n_heads": 97}, "n_heads of 96 or 128 would fit"),
    "too many": ("shape", START["shape"] | {"d_head": 4097}, "d_head is 4097; .* up to 4096"),
    "a norm": ("shape", START["shape"] | {"norm": "batch"}, "norm is 'batch'; expected one of"),
    "a line that is not there": (
        "opened",
        "attention: b_q",
        "'attention: b_q'; the lines are: emb",
    ),
}


class TestPython:
    @pytest.mark.parametrize("name", WRONG)
    def test_wrong_values_are_refused_and_change_nothing(self, name):
        trait, value, message = WRONG[name]
        figure = Ledger("Llama 3 8B", opened="feed-forward: w_gate", n_tokens=7)
        before = figure.get_state(figure.page_traits())
        with pytest.raises(ValueError, match=message):
            setattr(figure, trait, value)
        assert figure.get_state(figure.page_traits()) == before
        with pytest.raises(ValueError, match=message):
            Ledger(**{trait: value})

    @pytest.mark.parametrize("value", [96.0, "96", True, None])
    def test_sizes_that_are_not_whole_are_attnlibs_type_error(self, value):
        figure = Ledger()
        with pytest.raises(TypeError, match=f"n_layers is {value!r}; expected a whole number"):
            figure.shape = START["shape"] | {"n_layers": value}
        assert figure.shape == START["shape"]

    @pytest.mark.parametrize(
        "trait, value",
        [("precision", "float64"), ("n_tokens", 0), ("n_tokens", MOST_TOKENS + 1), ("opened", 3)],
    )
    def test_unknown_choices_are_refused(self, trait, value):
        with pytest.raises(traitlets.TraitError):
            Ledger(**{trait: value})

    def test_shapes_fields_and_titles_are_the_same(self):
        figures = [Ledger(GPT2_SMALL), Ledger("GPT-2 small"), Ledger(PRESETS["GPT-2 small"])]
        figures.append(Ledger({"n_layers": 12, "n_heads": 12, "d_model": 768, "n_vocab": 50_257}))
        figures[-1].shape = figures[-1].shape | {"n_positions": 1024}
        assert [figure.tally.total for figure in figures] == [124_439_808] * 4
        assert all(figure.shape == figures[0].shape for figure in figures)

    def test_what_follows_is_not_written_down(self):
        for seed in range(40):
            shape = TransformerShape(**random_shape(np.random.default_rng(seed)))
            fields = asked(shape)
            assert TransformerShape(**fields) == shape
            follow = {
                **{"n_kv_heads": shape.n_heads, "d_ff": 4 * shape.d_model},
                "d_head": shape.d_model / shape.n_heads,
            }
            for name, usual in follow.items():
                assert (fields[name] is None) == (getattr(shape, name) == usual)
        narrow = TransformerShape(2, n_heads=5, d_model=128, n_vocab=100, d_head=32)
        assert {name: asked(narrow)[name] for name in OPTIONAL} == {
            **{"d_head": 32, "n_kv_heads": None, "d_ff": None}
        }

    def test_a_line_that_is_gone_is_let_go(self):
        figure = Ledger("GPT-2 small", opened="attention: b_q")
        figure.shape = figure.shape | {"n_layers": 3}
        assert figure.opened == "attention: b_q"
        figure.shape = figure.shape | {"biases": False}
        assert figure.opened is None

    def test_the_text_is_attnlibs_own_table(self):
        figure = Ledger("Llama 3 8B")
        head, _, table = repr(figure).partition("\n")
        assert head == "Ledger: 8,030,261,248 parameters, 16.7 % of them in attention"
        assert table == str(figure.tally)
