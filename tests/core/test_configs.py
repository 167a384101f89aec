"""Configurations of published models: their parameters to the last digit, and sentences."""

import json
import string
from datetime import date
from pathlib import Path

import pytest

import attnlib as al
from attnlib.configs import published_configs
from attnlib.configs.families import FAMILIES, MEANINGS, MORE

PUBLISHED = published_configs()
SLIDING, FULL, LINEAR = "sliding_attention", "full_attention", "linear_attention"
# Small models, made by transformers 5.24 from these configurations: its numbers of parameters, and
# how many numbers of its routers are buffers there and parameters here.
COUNTED = json.loads((Path(__file__).parent / "counted_configs.json").read_text("utf-8"))


def config_of(title, **changes):
    """A published configuration, changed; ... takes a line out."""
    config = PUBLISHED[title]["config"] | changes
    return {name: value for name, value in config.items() if value is not ...}


def meanings(config):
    return {name: meaning for name, _, meaning in al.explain_config(config).lines}


class TestPublished:
    @pytest.mark.parametrize("title", PUBLISHED)
    def test_parameters_are_the_published_number(self, title):
        shape = al.shape_from_config(config_of(title))
        assert al.count_parameters(shape).total == PUBLISHED[title]["parameters"]

    @pytest.mark.parametrize("counted", COUNTED, ids=lambda c: c["config"]["model_type"])
    def test_parameters_are_those_of_transformers(self, counted):
        shape = al.shape_from_config(counted["config"])
        assert al.count_parameters(shape).total == counted["parameters"] + counted["buffers"]

    def test_there_are_many_makes_and_each_says_where_it_is_from(self):
        kinds = {entry["config"]["model_type"] for entry in PUBLISHED.values()}
        assert len(kinds) >= 14 and kinds < set(FAMILIES)
        for entry in PUBLISHED.values():
            assert (
                entry["config_from"]
                == f"https://huggingface.co/{entry['model']}/blob/main/config.json"
            )
            assert entry["read_in"] and entry["parameters_from"]
            assert date.fromisoformat(entry["read"]) >= date(2026, 11, 1)

    def test_parameters_at_work(self):
        def active(title):
            return al.count_parameters(al.shape_from_config(config_of(title))).active

        assert active("Qwen3 30B-A3B") == 3_353_032_704
        assert active("Llama 3.1 8B") == PUBLISHED["Llama 3.1 8B"]["parameters"]
        assert active("DeepSeek-V3") == 37_552_282_624 + 58 * 256  # and the biases of routers
        one_expert = 3 * 4096 * 14_336
        assert active("Mixtral 8x7B") == 46_702_792_704 - 32 * 6 * one_expert

    @pytest.mark.parametrize(
        "title, n_tokens, numbers",
        [
            ("GPT-2 small", 1024, 1024 * 12 * 2 * 768),
            ("Llama 3.1 8B", 8192, 8192 * 32 * 2 * 8 * 128),
            ("Mistral 7B v0.1", 8192, 4096 * 32 * 2 * 8 * 128),
            ("Qwen2.5 7B", 200_000, 200_000 * 28 * 2 * 4 * 128),
            ("Gemma 3 1B", 32_768, (4 * 32_768 + 22 * 512) * 2 * 1 * 256),
            ("gpt-oss 20b", 100, 100 * 24 * 2 * 8 * 64),
            ("gpt-oss 20b", 131_072, (12 * 131_072 + 12 * 128) * 2 * 8 * 64),
            ("DeepSeek-V3", 1000, 1000 * 61 * (512 + 64)),
            ("Llama 4 Scout", 32_768, (12 * 32_768 + 36 * 8192) * 2 * 8 * 128),
            ("Qwen3-Coder-Next", 1000, 1000 * 12 * 2 * 2 * 256),
            ("Qwen3.5 9B", 1000, 1000 * 8 * 2 * 4 * 256),
            # So does a public program for this model: 3,523,215,360 bytes.
            ("Gemma 4 31B", 32_768, 10 * 32_768 * 2 * 4 * 512 + 50 * 1024 * 2 * 16 * 256),
        ],
    )
    def test_the_cache_to_the_byte(self, title, n_tokens, numbers):
        shape = al.shape_from_config(config_of(title))
        assert shape.cache_numbers(n_tokens) == numbers
        assert shape.cache_bytes(n_tokens) == 2 * numbers

    @pytest.mark.parametrize(
        "title, n_layers, n_heads", [("Qwen3.5 9B", 24, 32), ("Qwen3-Coder-Next", 36, 32)]
    )
    def test_what_linear_layers_keep(self, title, n_layers, n_heads):
        behind = 3 * (2 * 16 * 128 + 32 * 128)  # three tokens of queries, keys and values
        shape = al.shape_from_config(config_of(title))
        assert shape.state_numbers == n_layers * (n_heads * 128 * 128 + behind)
        assert al.LLAMA3_8B.state_numbers == 0

    def test_shapes_that_have_a_name_here(self):
        assert al.shape_from_config(config_of("GPT-2 small")) == al.GPT2_SMALL
        assert al.shape_from_config(config_of("Llama 3.1 8B")) == al.LLAMA3_8B


# Which layers are without a window, counted from 1; as transformers 5.24 places them.
WINDOWS = {
    "all": ("Mistral 7B v0.1", {"num_hidden_layers": 5}, []),
    "none": ("Mistral 7B v0.1", {"num_hidden_layers": 3, "sliding_window": None}, [1, 2, 3]),
    "every other": ("Gemma 2 9B", {"num_hidden_layers": 5}, [2, 4]),
    "one in six": ("Gemma 3 1B", {"num_hidden_layers": 13, "sliding_window_pattern": ...}, [6, 12]),
    "one in three": ("Gemma 3 1B", {"num_hidden_layers": 7, "sliding_window_pattern": 3}, [3, 6]),
    "one in four": ("OLMo 3.1 32B", {"num_hidden_layers": 9, "layer_types": ...}, [4, 8]),
    "a list": (
        "gpt-oss 20b",
        {"num_hidden_layers": 3, "layer_types": [FULL, SLIDING, FULL]},
        [1, 3],
    ),
    "not in use": ("Qwen2.5 7B", {"num_hidden_layers": 2}, [1, 2]),
    "above": (
        "Qwen2.5 7B",
        {"num_hidden_layers": 4, "use_sliding_window": True, "max_window_layers": 3},
        [1, 2, 3],
    ),
}


class TestWindows:
    @pytest.mark.parametrize("name", WINDOWS)
    def test_layers_that_have_one(self, name):
        title, changes, full = WINDOWS[name]
        config = config_of(title, **changes)
        shape = al.shape_from_config(config)
        n_layers, window = config["num_hidden_layers"], config["sliding_window"] or 0
        windowed = n_layers - len(full)
        assert (shape.window, shape.n_full) == ((window, len(full)) if windowed else (0, 0))
        # One token more than the window is kept where there is none.
        more = shape.cache_numbers(window + 1) - shape.cache_numbers(window)
        assert more == len(full) * 2 * shape.n_kv_heads * shape.d_head


def counted(kind, **changes):
    """A small configuration of the kind, changed; ... takes a line out."""
    config = next(c["config"] for c in COUNTED if c["config"]["model_type"] == kind)
    return {name: value for name, value in (config | changes).items() if value is not ...}


# Layers that read the whole text, counted from 1, of eight; the others keep a state.
HYBRIDS = {
    "one in four": ("qwen3_next", {"full_attention_interval": ...}, [4, 8]),
    "one in three": ("qwen3_next", {"full_attention_interval": 3}, [3, 6]),
    "a list": ("qwen3_5_text", {"layer_types": [FULL] + [LINEAR] * 7}, [1]),
    "no linear one": ("qwen3_5_text", {"layer_types": [FULL] * 8}, list(range(1, 9))),
    "counted from 1": ("kimi_linear", {}, [4, 8]),
    "before a list": ("kimi_linear", {"layer_types": [LINEAR] * 8}, [4, 8]),
    "a list alone": (
        "kimi_linear",
        {"linear_attn_config": ..., "layer_types": [LINEAR, FULL] * 4},
        [2, 4, 6, 8],
    ),
}
# The same of those that read a piece, or a window.
PIECES = {
    "by positions": ("llama4_text", {"no_rope_layers": [1, 0] * 4}, [2, 4, 6, 8]),
    "an empty list": ("llama4_text", {"no_rope_layers": []}, [4, 8]),
    "an interval": ("llama4_text", {"no_rope_layer_interval": 3}, [3, 6]),
    "no pieces": ("llama4_text", {"attention_chunk_size": None}, list(range(1, 9))),
    "the last one always": ("gemma4_text", {}, [6, 8]),
    "whatever a list says": ("gemma4_text", {"layer_types": [FULL] + [SLIDING] * 7}, [1, 8]),
    "letters": ("exaone4", {"layer_types": ..., "sliding_window_pattern": "LG"}, [2, 4, 6, 8]),
}


class TestKindsOfLayers:
    @pytest.mark.parametrize("name", HYBRIDS)
    def test_layers_that_are_linear(self, name):
        kind, changes, full = HYBRIDS[name]
        shape = al.shape_from_config(counted(kind, **changes))
        assert shape.n_linear == 8 - len(full)
        assert (shape.decay != "none") == bool(shape.state_numbers) == (len(full) < 8)

    @pytest.mark.parametrize("name", PIECES)
    def test_layers_that_read_a_part(self, name):
        kind, changes, full = PIECES[name]
        config = counted(kind, **changes)
        shape = al.shape_from_config(config)
        assert (shape.n_full if shape.window else 8) == len(full)
        told = " ".join(meanings(config).values())
        if shape.window and "read the whole text" in told.replace("that read the whole text", ""):
            assert f"layers {', '.join(map(str, full))} read the whole text" in told

    def test_layers_that_have_experts(self):
        def without(kind, **changes):
            return al.shape_from_config(counted(kind, **changes)).n_dense

        dense = ["dense", "sparse"] * 4
        assert without("llama4_text") == 4
        assert without("llama4_text", interleave_moe_layer_step=3) == 6
        assert without("llama4_text", moe_layers=[1, 2, 5]) == 5
        assert without("glm_moe_dsa") == 3
        assert without("glm_moe_dsa", mlp_layer_types=dense) == 4
        assert without("kimi_linear", first_k_dense_replace=...) == 1

    def test_without_experts_there_is_nothing_of_them(self):
        for kind, name in (("qwen3_next", "num_experts"), ("glm4_moe", "n_routed_experts")):
            shape = al.shape_from_config(counted(kind, **{name: 0}))
            assert not (shape.n_experts or shape.n_shared or shape.d_shared or shape.router_bias)

    def test_layers_that_have_an_index(self):
        def with_index(**changes):
            return al.shape_from_config(counted("glm_moe_dsa", **changes)).n_indexed

        assert with_index() == 4  # layers 1, 2, 3 and 7: every fourth, from the third on
        assert with_index(index_topk_freq=..., index_skip_topk_offset=...) == 8
        assert with_index(indexer_types=["full", "shared"] * 4) == 4
        assert with_index(index_topk_pattern="FFSSSSSF") == 3
        shape = al.shape_from_config(counted("deepseek_v32"))
        assert shape.n_indexed == 8 and shape.cache_numbers() == 8 * (20 + 8 + 10)

    def test_layers_that_use_the_keys_and_values_of_others(self):
        config = counted("gemma4_text", num_kv_shared_layers=2, use_double_wide_mlp=True)
        shape, alone = al.shape_from_config(config), al.shape_from_config(counted("gemma4_text"))
        assert (shape.n_kv_shared, shape.n_kv_shared_full, shape.d_ff_shared) == (2, 1, 192)
        kept = alone.cache_numbers(9) - shape.cache_numbers(9)
        assert kept == 9 * (2 * 2 * 16 + 2 * 1 * 32)  # no window is full yet
        assert al.shape_from_config(config | {"sliding_window": None}).n_kv_shared_full == 0

    def test_tables_of_layers(self):
        none, some = (counted("gemma4_text", hidden_size_per_layer_input=d) for d in (0, 8))
        tallies = [al.count_parameters(al.shape_from_config(config)) for config in (none, some)]
        tables = 8 * 100 * 8
        matrices = 3 * 8 * 64 * 8
        assert tallies[1].total - tallies[0].total == tables + matrices + 8 + 8 * 64
        assert (
            al.shape_from_config(
                counted("gemma4_text", hidden_size_per_layer_input=...)
            ).d_per_layer
            == 256
        )

    def test_experts_beside_a_network(self):
        config = counted("gemma4_text", num_experts=4, top_k_experts=1, moe_intermediate_size=24)
        assert not al.shape_from_config(config).n_experts  # no switch, no experts
        shape = al.shape_from_config(config | {"enable_moe_block": True})
        assert (shape.n_experts, shape.n_shared, shape.d_shared, shape.n_norms) == (4, 1, 96, 7)

    def test_one_matrix_for_keys_and_values(self):
        two, one = (counted("gemma4_text", attention_k_eq_v=tied) for tied in (False, True))
        two, one = al.shape_from_config(two), al.shape_from_config(one)
        assert (two.tied_kv, two.n_kv_heads_full, two.d_head_full) == (False, 0, 32)
        assert (one.tied_kv, one.n_kv_heads_full, one.d_head_full) == (True, 1, 32)
        assert one.cache_numbers() == 6 * 2 * 2 * 16 + 2 * 2 * 1 * 32  # both are kept

    def test_a_model_of_several_parts_is_read_by_the_part_that_reads_and_writes(self):
        inner = counted("qwen3_5_text")
        whole = {"model_type": "qwen3_5", "text_config": inner, "vision_config": {"depth": 27}}
        assert al.explain_config(whole) == al.explain_config(inner)
        tied = al.shape_from_config(whole | {"tie_word_embeddings": True})
        assert tied.tied and not al.shape_from_config(inner).tied
        # A kind that is known is read as it is, whatever else it holds.
        assert al.shape_from_config(llama(text_config=inner)) == al.LLAMA3_8B


class TestLines:
    def test_every_line_of_the_published_that_tells_is_explained(self):
        passed_over = {
            *("scale_attn_weights", "sliding_window_size", "mlp_bias", "moe_layer_freq"),
        }
        for title in PUBLISHED:
            config = config_of(title)
            lines = al.explain_config(config).lines
            outer = [name for name, _, _ in lines if "." not in name]
            assert outer == [name for name in config if name in meanings(config)]
            assert set(config) - set(outer) <= passed_over | {"mlp_only_layers"}

    def test_every_name_that_is_read_has_a_meaning(self):
        read = {name for family in FAMILIES.values() for name in family["names"]}
        read -= {name for name in read if "." in name}  # of these the line around them is told
        assert read | {name for group in MORE.values() for name in group} | {"model_type"} == set(
            MEANINGS
        )

    def test_every_case_can_be_told(self):
        """All that a meaning is filled with is there, whatever the case."""
        texts = [
            m
            for meaning in MEANINGS.values()
            for m in (meaning.values() if isinstance(meaning, dict) else [meaning])
        ]
        fields = {field for text in texts for _, field, _, _ in string.Formatter().parse(text)}
        configs = [config_of("Gemma 3 1B", layer_types=None), *(c["config"] for c in COUNTED)]
        told = " ".join(text for config in configs for text in meanings(config).values())
        assert "{" not in told and "None" not in told
        assert fields - {None} <= {
            *("n_heads", "d_head", "d_model", "d_ff", "adds", "group", "width", "window"),
            *("windowed", "pattern", "network", "with_experts", "indexed_layers", "n_chosen"),
            *("state", "linear_group", "n_linear_heads"),
        }

    @pytest.mark.parametrize(
        "title, name, meaning",
        [
            ("Llama 3.1 8B", "num_key_value_heads", "grouped: 4 heads share one key and one value"),
            ("Gemma 3 1B", "num_key_value_heads", "multi-query: all 4 heads share one key and one"),
            ("OLMo 2 1B", "num_key_value_heads", "each head has keys and values of its own"),
            ("DeepSeek-V3", "num_key_value_heads", "nothing: each head makes its keys and values"),
            ("Mistral Nemo 12B", "head_dim", "4,096 in all heads; d_model is 5,120"),
            ("Gemma 2 9B", "sliding_window", "21 of 42 layers read 4,096 tokens back at most"),
            ("Gemma 3 1B", "sliding_window_pattern", "layers 6, 12, 18, 24 read the whole text"),
            ("OLMo 3.1 32B", "layer_types", "layers 4, 8, 12, 16, 20, 24 and so on read the whole"),
            ("Qwen2.5 7B", "sliding_window", "no layer has a window"),
            ("Qwen2.5 7B", "model_type", "what no line says: biases of queries, keys and values"),
            ("Qwen3 8B", "model_type", "a normalisation of queries and keys, one head at a time"),
            ("gpt-oss 20b", "model_type", "a learned sink for each head"),
            ("Llama 3.1 8B", "model_type", "what no line says: nothing of attention"),
            ("DeepSeek-V2-Lite", "q_lora_rank", "queries are made from the token itself"),
            ("Mixtral 8x7B", "intermediate_size", "the width inside an expert"),
            ("Qwen3 30B-A3B", "intermediate_size", "nothing: no layer has a network beside"),
            ("Llama 4 Scout", "attention_chunk_size", "36 of 48 layers read the piece of 8,192"),
            ("Llama 4 Scout", "no_rope_layers", "layers 4, 8, 12, 16, 20, 24 and so on read the"),
            ("Llama 4 Scout", "model_type", "normalised where positions turn them, without scales"),
            ("Qwen3.5 9B", "layer_types", "read the whole text, the others are linear and keep a"),
            (
                "Qwen3.5 9B",
                "linear_num_key_heads",
                "queries and keys of a linear layer, each for 2",
            ),
            ("Qwen3.5 9B", "linear_num_value_heads", "each keeps a state of 16,384 numbers"),
            ("Qwen3.5 9B", "model_type", "a gate on what each head finds; linear layers by the"),
            ("Qwen3-Coder-Next", "full_attention_interval", "one layer in so many is not linear"),
            ("Gemma 4 31B", "attention_k_eq_v", "in layers that read the whole text, one matrix"),
            ("Gemma 4 31B", "num_attention_heads", "their sizes differ from layer to layer"),
            ("Gemma 4 31B", "head_dim", "d_head where there is a window, 256; d_model is 5,376"),
            ("Gemma 4 31B", "global_head_dim", "d_head in layers that read the whole text"),
        ],
    )
    def test_what_a_line_means(self, title, name, meaning):
        assert meaning in meanings(config_of(title))[name]

    @pytest.mark.parametrize(
        "kind, changes, name, meaning",
        [
            ("kimi_linear", {}, "linear_attn_config", "6 heads in a linear layer, each with a"),
            ("kimi_linear", {"mla_use_nope": True}, "mla_use_nope", "nothing is turned"),
            ("kimi_linear", {"mla_use_nope": False}, "mla_use_nope", "the rotated part of each"),
            ("llama4_text", {"use_qk_norm": True}, "use_qk_norm", "without scales of their own"),
            ("llama4_text", {}, "interleave_moe_layer_step", "4 of 8 layers have experts"),
            ("glm4_moe", {}, "use_qk_norm", "normalised, one head at a time"),
            ("glm4_moe", {"use_qk_norm": False}, "use_qk_norm", "are not normalised"),
            ("glm4_moe", {}, "attention_bias", "queries, keys and values have biases"),
            ("glm_moe_dsa", {}, "index_topk_freq", "of its own: 4 of 8 layers, the others use"),
            ("glm_moe_dsa", {"index_topk_freq": 1}, "index_topk_freq", "of its own: every layer"),
            (
                "deepseek_v32",
                {"layer_types": ["indexed_attention"] * 8},
                "layer_types",
                "in every layer a query reads the 16 tokens that an index puts first",
            ),
            (
                "gemma4_text",
                {"attention_k_eq_v": False},
                "num_global_key_value_heads",
                "nothing: all layers have as many key heads",
            ),
            (
                "exaone4",
                {"num_hidden_layers": 12, "layer_types": ..., "sliding_window_pattern": "LG"},
                "sliding_window_pattern",
                "layers 2, 4, 6, 8, 10, 12 read the whole text",  # six are all named
            ),
        ],
    )
    def test_what_a_line_of_a_newer_kind_means(self, kind, changes, name, meaning):
        assert meaning in meanings(counted(kind, **changes))[name]

    def test_lines_inside_a_line(self):
        told = meanings(config_of("Qwen3.5 9B"))
        assert told["rope_parameters.rope_type"] == "positions are not stretched"
        assert "the share of each head" in told["rope_parameters.partial_rotary_factor"]
        assert "rope_parameters.mrope_section" not in told  # of pictures
        told = meanings(config_of("Gemma 4 31B"))
        assert told["rope_parameters.full_attention"] == "in layers that read the whole text"
        assert "as in a head of which" in told["rope_parameters.full_attention.rope_type"]
        assert "the base" in told["rope_parameters.sliding_attention.rope_theta"]
        told = meanings(config_of("gpt-oss 20b"))
        assert "(YaRN)" in told["rope_scaling.rope_type"]
        assert "before stretching stay" in told["rope_scaling.beta_fast"]
        unknown = llama(rope_scaling={"type": "mine", "factor": 2.0})
        assert meanings(unknown)["rope_scaling.type"] == "a way that is not explained here"
        told = meanings(counted("kimi_linear"))
        assert told["linear_attn_config.kda_layers"] == "layers that are linear, counted from 1"

    @pytest.mark.parametrize("name", ["rope_interleaved", "rope_interleave"])
    @pytest.mark.parametrize(("value", "layout"), [(True, "pairs"), (False, "halves")])
    def test_how_positions_turn_is_told(self, name, value, layout):
        told = meanings(config_of("DeepSeek-V3") | {name: value})[name]
        assert told.endswith(f": {layout}") and ("neighbouring" in told) == value

    def test_it_prints_as_a_table(self):
        reading = al.explain_config(config_of("Llama 3.1 8B"))
        assert '  "llama3"  how rotary positions are stretched' in str(reading)
        assert reading.shape == al.LLAMA3_8B

    @pytest.mark.parametrize("title", PUBLISHED)
    def test_no_printed_line_is_wider_than_a_page_shows(self, title):
        """Long meanings go on below themselves, word by word."""
        lines = [
            ("  " * name.count(".") + name.split(".")[-1], value, meaning)
            for name, value, meaning in al.explain_config(config_of(title)).lines
        ]
        rows = str(al.explain_config(config_of(title))).splitlines()
        assert max(map(len, rows)) <= 80
        at = sum(max(len(line[i]) for line in lines) + 2 for i in (0, 1))
        told = "".join(f"\n{row}" if row[:at].strip() else f" {row[at:]}" for row in rows)
        assert [" ".join(row.split()) for row in told.splitlines()[1:]] == list(
            " ".join(line).strip() for line in lines
        )


LLAMA = "Llama 3.1 8B"


def llama(**changes):
    return config_of(LLAMA, **changes)


NONSENSE = {
    "a list": ([llama()], TypeError, "config is a list; expected a dictionary"),
    "a text": (json.dumps(llama()), TypeError, r"config is a text; .* give json\.loads\(text\)"),
    "nothing": (None, TypeError, "config is null; expected a dictionary, as a config.json holds"),
    "an empty one": ({}, ValueError, "does not say its model_type; expected one of: gpt2, llama"),
    "an unknown kind": (llama(model_type="mamba"), ValueError, 'model_type is "mamba", which is'),
    "a list as kind": (llama(model_type=["llama"]), ValueError, r"model_type is \[1\], which is"),
    "several parts, and nothing in one": (
        {"model_type": "gemma3", "text_config": {}, "vision_config": {}},
        ValueError,
        "the config does not say its model_type",
    ),
    "a layer that is not there": (
        counted("kimi_linear", linear_attn_config={"full_attn_layers": [4, 9]}),
        ValueError,
        "linear_attn_config.full_attn_layers has 9; expected layers, 1 to 8",
    ),
    "a layer that is no number": (
        counted("kimi_linear", linear_attn_config={"full_attn_layers": [True]}),
        TypeError,
        "linear_attn_config.full_attn_layers is true; expected a whole number",
    ),
    "a gate of another width": (
        counted("kimi_linear", linear_attn_config={"use_full_rank_gate": True}),
        ValueError,
        "linear_attn_config.use_full_rank_gate is true; only false is counted",
    ),
    "a gate that it has not": (
        counted("qwen3_5_text", attn_output_gate=False),
        ValueError,
        "attn_output_gate is false; only true is counted here",
    ),
    "keys and values that none makes": (
        counted("gemma4_text", num_kv_shared_layers=7),
        ValueError,
        "num_kv_shared_layers is 7: at least one layer of each kind must make the keys",
    ),
    "too few kinds of indexes": (
        counted("glm_moe_dsa", indexer_types=["full"]),
        ValueError,
        "indexer_types has 1 entries; expected a list of 8, one for each layer",
    ),
    "letters of another kind": (
        counted("exaone4", layer_types=..., sliding_window_pattern="GL"),
        TypeError,
        'sliding_window_pattern is "GL"; expected a whole number',
    ),
    "an index of half a head": (
        counted("deepseek_v32", index_n_heads=0.5),
        TypeError,
        "index_n_heads is 0.5; expected a whole number",
    ),
    "no width": (llama(hidden_size=...), ValueError, "does not say hidden_size, which this kind"),
    "null for a width": (llama(hidden_size=None), ValueError, "does not say hidden_size"),
    "no experts": (
        config_of("Mixtral 8x7B", num_local_experts=...),
        ValueError,
        "does not say num_local_experts",
    ),
    "no width of values": (
        config_of("DeepSeek-V3", v_head_dim=...),
        ValueError,
        "does not say v_head_dim",
    ),
    "a text as width": (
        llama(hidden_size="4096"),
        TypeError,
        'hidden_size is "4096"; expected a whole number',
    ),
    "a yes for a number": (llama(num_hidden_layers=True), TypeError, "num_hidden_layers is true"),
    "a number for a yes": (
        llama(tie_word_embeddings=1),
        TypeError,
        "tie_word_embeddings is 1; expected true or false",
    ),
    "no layers": (llama(num_hidden_layers=0), ValueError, "num_hidden_layers is 0; expected at le"),
    "layers without end": (
        llama(num_hidden_layers=10**15),
        ValueError,
        r"num_hidden_layers is 1e\+15; expected at most 10,000",
    ),
    "heads that do not divide": (
        llama(num_attention_heads=7, num_key_value_heads=7),
        ValueError,
        "hidden_size is 4096 and .* by num_attention_heads, 7: num_attention_heads of 4 or 8 .* "
        "or give head_dim",
    ),
    "and no size of heads to give": (
        config_of("GPT-2 small", n_head=7),
        ValueError,
        "n_embd is 768 and cannot be divided by n_head, 7: n_head of 6 or 8 would fit$",
    ),
    "groups that do not divide": (
        llama(num_key_value_heads=5),
        ValueError,
        "num_attention_heads is 32 and cannot be divided by num_key_value_heads, 5",
    ),
    "a window below zero": (
        config_of("Mistral 7B v0.1", sliding_window=-1),
        ValueError,
        "sliding_window is -1; expected at least 0",
    ),
    "a window where none is read": (
        llama(sliding_window=4096),
        ValueError,
        "sliding_window is 4,096: it may change attention and is not understood here. Take the li",
    ),
    "attention in two ways": (
        llama(attention_k_eq_v=True),
        ValueError,
        "attention_k_eq_v is true: it may change attention",
    ),
    "chunks": (llama(attention_chunk_size=8192), ValueError, "attention_chunk_size is 8,192: it"),
    "biases elsewhere": (llama(mlp_bias=True), ValueError, "mlp_bias is true; only false is count"),
    "experts in some layers": (
        config_of("Qwen3 30B-A3B", decoder_sparse_step=2),
        ValueError,
        "decoder_sparse_step is 2; only 1 is counted here",
    ),
    "too few kinds of layers": (
        config_of("gpt-oss 20b", layer_types=[FULL]),
        ValueError,
        "layer_types has 1 entries; expected a list of 24, one for each layer",
    ),
    "a kind of layer": (
        llama(num_hidden_layers=1, layer_types=["linear_attention"]),
        ValueError,
        'layer_types has "linear_attention"; counted here: full_attention',
    ),
    "windows in a list where none is read": (
        llama(num_hidden_layers=1, layer_types=[SLIDING]),
        ValueError,
        'layer_types has "sliding_attention"; counted here: full_attention',
    ),
    "biases with latent numbers": (
        config_of("DeepSeek-V3", attention_bias=True),
        ValueError,
        "attention_bias is true; only false is counted here",
    ),
}


class TestNonsense:
    @pytest.mark.parametrize("name", NONSENSE)
    def test_it_gets_a_sentence(self, name):
        config, error, message = NONSENSE[name]
        with pytest.raises(error, match=message):
            al.shape_from_config(config)

    def test_an_object_of_another_library_is_told_what_to_give(self):
        class Config:
            def to_dict(self):
                return llama()

        with pytest.raises(TypeError, match=r"config is a Config; .* give config\.to_dict\(\)"):
            al.shape_from_config(Config())

    def test_what_is_beside_the_point_is_passed_over(self):
        beside = {
            **{"attention_dropout": 0.1, "_attn_implementation": "sdpa", "pruned_heads": {}},
            **{"torch_dtype": "bfloat16", "a line of my own": [1], "sliding_window": None},
            **{"output_attentions": True, "num_experts": 0, "use_sliding_window": False},
        }
        assert al.shape_from_config(llama(**beside)) == al.LLAMA3_8B

    def test_the_config_stays_as_it_was(self):
        config = config_of("Gemma 3 1B")
        before = json.dumps(config)
        al.explain_config(config)
        assert json.dumps(config) == before

    def test_whole_numbers_may_be_written_with_a_point(self):
        assert al.shape_from_config(llama(hidden_size=4096.0)) == al.LLAMA3_8B

    def test_biases_of_attention_are_read(self):
        shape = al.shape_from_config(llama(attention_bias=True))
        biases = 32 * (4096 + 2 * 8 * 128 + 4096)
        total = PUBLISHED[LLAMA]["parameters"] + biases
        assert shape.biases == "attention" and al.count_parameters(shape).total == total
