"""Configurations of published models: their parameters to the last digit, and sentences."""

import json
import string
from datetime import date

import pytest

import attnlib as al
from attnlib.configs import published_configs
from attnlib.configs.families import FAMILIES, MEANINGS, MORE

PUBLISHED = published_configs()
SLIDING, FULL = "sliding_attention", "full_attention"


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
        ],
    )
    def test_the_cache_to_the_byte(self, title, n_tokens, numbers):
        shape = al.shape_from_config(config_of(title))
        assert shape.cache_numbers(n_tokens) == numbers
        assert shape.cache_bytes(n_tokens) == 2 * numbers

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


class TestLines:
    def test_every_line_of_the_published_that_tells_is_explained(self):
        passed_over = {"scale_attn_weights", "sliding_window_size", "mlp_bias", "moe_layer_freq"}
        for title in PUBLISHED:
            config = config_of(title)
            lines = al.explain_config(config).lines
            assert [name for name, _, _ in lines] == [n for n in config if n in meanings(config)]
            assert set(config) - set(meanings(config)) <= passed_over | {"mlp_only_layers"}

    def test_every_name_that_is_read_has_a_meaning(self):
        read = {name for family in FAMILIES.values() for name in family["names"]}
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
        config = config_of("Gemma 3 1B", layer_types=None)
        told = " ".join(meanings(config).values())
        assert "{" not in told and "None" not in told
        assert fields - {None} <= {
            *("n_heads", "d_head", "d_model", "d_ff", "adds", "group", "width", "window"),
            *("windowed", "pattern", "network"),
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
        ],
    )
    def test_what_a_line_means(self, title, name, meaning):
        assert meaning in meanings(config_of(title))[name]

    def test_it_prints_as_a_table(self):
        reading = al.explain_config(config_of("Llama 3.1 8B"))
        rows = str(reading).splitlines()
        assert len(rows) == len(reading.lines)
        assert '  "llama3"  how rotary positions are stretched' in str(reading)
        assert reading.shape == al.LLAMA3_8B


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
    "several parts": (
        {"model_type": "gemma3", "text_config": {}, "vision_config": {}},
        ValueError,
        "a model of several parts: give its text_config",
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
