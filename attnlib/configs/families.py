"""What each kind of configuration says, as data: the figure Ledger reads by the same tables.

For each `model_type`: the names of its sizes (`names`, by field of `TransformerShape`) and those of
them that a file may leave out (`free`), what every model of the kind has (`fixed`), what holds
where a file leaves a name out (`usual`), names that may have these values and no others (`only`),
which layers have a window (`windows`: "all", "above" for those from `max_window_layers` on, or n
for all but every nth), and groups of names that are read besides (`more`).

Source: the configuration and model classes of Hugging Face's transformers 5.24.
"""

SIZES = {
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "num_key_value_heads": "n_kv_heads",
    "hidden_size": "d_model",
    "head_dim": "d_head",
    "intermediate_size": "d_ff",
    "vocab_size": "n_vocab",
    "tie_word_embeddings": "tied",
}
NEEDED = ("n_layers", "n_heads", "d_model", "n_vocab", "d_latent")  # null will not do for these

BARE = {"norm": "rms", "gated": True, "tied": False, "biases": False}
LLAMA = {
    "names": SIZES,
    "free": ["tie_word_embeddings", "head_dim", "num_key_value_heads"],
    "fixed": BARE,
    "usual": {},
    "only": {"mlp_bias": [False]},
    "windows": None,
    "more": ["general", "rotary"],
}
GROUPED = LLAMA | {
    "free": ["tie_word_embeddings", "head_dim"],
    "more": ["general", "rotary", "windows"],
}
NO_BIASES = {"mlp_bias": [False], "attention_bias": [False]}
GEMMA = GROUPED | {"fixed": BARE | {"tied": True}, "usual": {"head_dim": 256}}
DEEPSEEK = LLAMA | {
    "names": {k: v for k, v in SIZES.items() if k not in ("head_dim", "num_key_value_heads")}
    | {
        "kv_lora_rank": "d_latent",
        "q_lora_rank": "d_query_latent",
        "qk_rope_head_dim": "d_rotary",
        "v_head_dim": "d_value",
        "n_routed_experts": "n_experts",
        "num_experts_per_tok": "n_active",
        "n_shared_experts": "n_shared",
        "first_k_dense_replace": "n_dense",
        "moe_intermediate_size": "d_expert",
    },
    "free": ["tie_word_embeddings"],
    "only": NO_BIASES | {"moe_layer_freq": [1]},
    "more": ["general", "rotary", "latent"],
}

FAMILIES = {
    "gpt2": {
        "names": {
            "n_layer": "n_layers",
            "n_head": "n_heads",
            "n_embd": "d_model",
            "n_inner": "d_ff",
            "vocab_size": "n_vocab",
            "n_positions": "n_positions",
            "tie_word_embeddings": "tied",
        },
        "free": ["tie_word_embeddings", "n_inner"],
        "fixed": {"norm": "layer", "biases": True},
        "usual": {"n_positions": 1024},
        "only": {"add_cross_attention": [False]},
        "windows": None,
        "more": ["gpt2"],
    },
    "llama": LLAMA,
    "mistral": GROUPED | {"only": NO_BIASES, "windows": "all"},
    "mixtral": GROUPED
    | {
        "only": NO_BIASES,
        "names": SIZES | {"num_local_experts": "n_experts", "num_experts_per_tok": "n_active"},
        "windows": "all",
    },
    "qwen2": GROUPED | {"fixed": BARE | {"biases": "qkv"}, "windows": "above"},
    "qwen3": GROUPED
    | {"fixed": BARE | {"qk_norm": "head"}, "usual": {"head_dim": 128}, "windows": "above"},
    "qwen3_moe": GROUPED
    | {
        "names": SIZES
        | {
            "num_experts": "n_experts",
            "num_experts_per_tok": "n_active",
            "moe_intermediate_size": "d_expert",
        },
        "fixed": BARE | {"qk_norm": "head"},
        "usual": {"head_dim": 128},
        "only": {"mlp_bias": [False], "decoder_sparse_step": [1], "mlp_only_layers": [[]]},
        "windows": "all",
    },
    "gemma": GEMMA | {"more": LLAMA["more"]},
    "gemma2": GEMMA | {"fixed": GEMMA["fixed"] | {"n_norms": 4}, "windows": 2},
    "gemma3_text": GEMMA
    | {
        "fixed": GEMMA["fixed"] | {"n_norms": 4, "qk_norm": "head"},
        "usual": {
            "head_dim": 256,
            "num_attention_heads": 8,
            "num_key_value_heads": 4,
            "vocab_size": 262_208,
        },
        "windows": 6,
    },
    "olmo2": LLAMA | {"fixed": BARE | {"qk_norm": "all"}},
    "olmo3": GROUPED | {"free": LLAMA["free"], "fixed": BARE | {"qk_norm": "all"}, "windows": 4},
    "phi3": GROUPED | {"free": LLAMA["free"], "only": NO_BIASES, "windows": "all"},
    "smollm3": LLAMA | {"fixed": BARE | {"tied": True}},
    "deepseek_v2": DEEPSEEK,
    "deepseek_v3": DEEPSEEK | {"fixed": BARE | {"router_bias": True}},
    "gpt_oss": GROUPED
    | {
        "names": SIZES
        | {
            "num_local_experts": "n_experts",
            "num_experts_per_tok": "n_active",
            "experts_per_token": "n_active",
        },
        "fixed": BARE | {"biases": True, "sinks": True, "router_bias": True},
        "usual": {"head_dim": 64},
        "only": {"attention_bias": [True]},
        "windows": 2,
    },
}

GENERAL = [
    *("max_position_embeddings", "original_max_position_embeddings", "initial_context_length"),
    *("num_nextn_predict_layers", "quantization_config", "final_logit_softcapping"),
    *("attention_bias", "layer_types", "query_pre_attn_scalar", "attn_logit_softcapping"),
]
MORE = {
    "general": GENERAL,
    "gpt2": ["scale_attn_by_inverse_layer_idx", "quantization_config"],
    "rotary": [
        *("rope_theta", "rope_local_base_freq", "rope_scaling", "rope_parameters"),
        *("partial_rotary_factor", "rope_interleaved", "rope_interleave"),
        *("no_rope_layers", "no_rope_layer_interval"),
    ],
    "windows": [
        *("sliding_window", "use_sliding_window", "max_window_layers"),
        *("sliding_window_pattern", "_sliding_window_pattern"),
    ],
    "latent": ["head_dim", "num_key_value_heads", "qk_nope_head_dim"],
}

# Names that may change attention, unless they are of the second kind.
TELLING = "attn|attention|head|kv|window|rope|rotary|qk|sink|latent|lora|layer_types|expert|moe|mla"
HARMLESS = (
    "dropout|pdrop|implementation|^output_|^pruned_heads$|_coef$|^cross_attention_hidden_size$"
    "|^reorder_and_upcast_attn$|^scale_attn_weights$|^qk_head_dim$|^sliding_window_size$"
)

# What a kind of model has that its file does not say.
ADDS = {
    "n_norms": {4: "a normalisation of what each part of a layer adds"},
    "qk_norm": {
        "head": "a normalisation of queries and keys, one head at a time",
        "all": "a normalisation of queries and keys, all heads together",
    },
    "biases": {"qkv": "biases of queries, keys and values"},
    "sinks": {True: "a learned sink for each head"},
}

# What a line means for attention, where it is read; the first case that holds is told.
MEANINGS = {
    "model_type": "the kind of model; what no line says: {adds}",
    "num_hidden_layers": "layers, one after the other",
    "n_layer": "layers, one after the other",
    "num_attention_heads": "heads in each layer, each with queries of {d_head} numbers",
    "n_head": "heads in each layer, each with queries, keys and values of {d_head} numbers",
    "num_key_value_heads": {
        "latent": "nothing: each head makes its keys and values from the latent numbers",
        "own": "each head has keys and values of its own",
        "one": "multi-query: all {n_heads} heads share one key and one value",
        "else": "grouped: {group} heads share one key and one value",
    },
    "hidden_size": "d_model: the numbers that stand for a token between layers",
    "n_embd": "d_model: the numbers that stand for a token between layers",
    "head_dim": {
        "latent": "here the rotated part of a head, as in qk_rope_head_dim",
        "else": "d_head: numbers in a query and a key, {width} in all heads; d_model is {d_model}",
    },
    "intermediate_size": {
        "none_dense": "nothing: no layer has a network beside its experts",
        "else": "d_ff: the width inside {network}",
    },
    "n_inner": "d_ff: the width inside the feed-forward network, {d_ff}",
    "vocab_size": "tokens, each with a row in the table of embeddings",
    "n_positions": "rows in a learned table of positions: no text can be longer",
    "max_position_embeddings": "tokens in the longest text that it is meant for",
    "original_max_position_embeddings": "tokens in the longest text before positions are stretched",
    "initial_context_length": "tokens in the longest text before positions are stretched",
    "tie_word_embeddings": {
        "yes": "one table serves as embedding and unembedding",
        "else": "the unembedding is a table of its own",
    },
    "attention_bias": {
        "qkv": "nothing: queries, keys and values have biases in each model of this kind",
        "yes": "the matrices of attention have biases",
        "else": "no matrix of attention has a bias",
    },
    "sliding_window": {
        "windows": "{windowed} read {window} tokens back at most, the own one included",
        "else": "no layer has a window: each reads the whole text",
    },
    "use_sliding_window": {
        "windows": "the window is in use",
        "else": "the window, if one is named, is not in use",
    },
    "max_window_layers": {
        "above": "layers that read the whole text; those above have the window",
        "else": "nothing: it does not place a window here",
    },
    "layer_types": "what each layer reads: {pattern}",
    "sliding_window_pattern": "one layer in so many is without a window: {pattern}",
    "_sliding_window_pattern": "one layer in so many is without a window: {pattern}",
    "rope_theta": "the base of rotary positions: the larger, the slower the slowest pair turns",
    "rope_local_base_freq": "the base of rotary positions in layers with a window",
    "rope_scaling": {
        "yes": "how rotary positions are stretched for longer texts",
        "else": "rotary positions are not stretched",
    },
    "rope_parameters": "the base of rotary positions, and how they are stretched",
    "partial_rotary_factor": "the share of each head's numbers that rotary positions turn",
    "rope_interleaved": {
        "yes": "rotary positions turn neighbouring columns: pairs",
        "else": "rotary positions turn a column with one half a head away: halves",
    },
    "rope_interleave": {
        "yes": "rotary positions turn neighbouring columns: pairs",
        "else": "rotary positions turn a column with one half a head away: halves",
    },
    "no_rope_layers": "a 0 stands for a layer without positions",
    "no_rope_layer_interval": "one layer in so many is without positions",
    "query_pre_attn_scalar": "scores are divided by the root of this number",
    "attn_logit_softcapping": {
        "yes": "scores are bent so that none lies beyond this number (soft-capping)",
        "else": "scores are not capped",
    },
    "final_logit_softcapping": {
        "yes": "the last scores, those of tokens, are capped in the same way",
        "else": "the last scores, those of tokens, are not capped",
    },
    "scale_attn_by_inverse_layer_idx": "scores are also divided by the number of the layer",
    "kv_lora_rank": "latent attention: the numbers that keys and values of all heads are made from",
    "q_lora_rank": {
        "yes": "the numbers that the queries of all heads are made from",
        "else": "queries are made from the token itself",
    },
    "qk_nope_head_dim": "the part of d_head that rotary positions leave alone",
    "qk_rope_head_dim": "the part of d_head that they turn; its key is one for all heads, and kept",
    "v_head_dim": "d_value: numbers in a value",
    "num_local_experts": "experts in a layer: feed-forward networks of which a router chooses",
    "num_experts": "experts in a layer: feed-forward networks of which a router chooses",
    "n_routed_experts": "experts in a layer: feed-forward networks of which a router chooses",
    "num_experts_per_tok": "experts that each token goes through",
    "experts_per_token": "experts that each token goes through",
    "n_shared_experts": "more experts, which every token goes through",
    "first_k_dense_replace": "first layers, which have one feed-forward network and no experts",
    "moe_intermediate_size": "the width inside an expert",
    "num_nextn_predict_layers": "layers that foretell one token more: not counted here",
    "quantization_config": "numbers are stored in fewer bits: counted here are numbers",
}
