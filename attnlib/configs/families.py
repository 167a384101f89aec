"""What each kind of configuration says, as data: the figure Ledger reads by the same tables.

For each `model_type`: the names of its sizes (`names`, by field of `TransformerShape`; one with a
dot stands inside another line) and those of them that a file may leave out (`free`), what every
model of the kind has (`fixed`), what holds where a file leaves a name out (`usual`), names that may
have these values and no others (`only`), which layers have a window (`windows`: "all", "above" for
those from `max_window_layers` on, "rotated" for those with positions, or n for all but every nth),
and groups of names that are read besides (`more`). Where a kind differs from the first, also: what
its layers may be called (`kinds`), the name of its window (`window_from`), that its last layer
reads the whole text whatever is said (`last_is_full`), every how many layers one is not linear
(`linear`), the name that says which layers have no experts (`dense_from`), the switch without which
none has any, and with which they stand beside the usual network (`experts_if`), the matrices that
`attention_bias` is about (`biased`), what a switch changes (`switches`), what some of its lines
mean (`means`), and more that no line says (`adds`).

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
KINDS = {  # what files call a layer, and what that is here
    "full_attention": "full",
    "sliding_attention": "window",
    "chunked_attention": "window",
    "linear_attention": "linear",
    "indexed_attention": "full",
}

BARE = {"norm": "rms", "gated": True, "tied": False, "biases": False}
LLAMA = {
    "names": SIZES,
    "free": ["tie_word_embeddings", "head_dim", "num_key_value_heads"],
    "fixed": BARE,
    "usual": {},
    "only": {"mlp_bias": [False]},
    "windows": None,
    "more": ["general", "rotary"],
    "kinds": ["full_attention"],
    "window_from": "sliding_window",
    "last_is_full": False,
    "linear": 0,
    "dense_from": None,
    "experts_if": None,
    "biased": "attention",
    "switches": {},
    "means": {},
    "adds": [],
}
GROUPED = LLAMA | {
    "free": ["tie_word_embeddings", "head_dim"],
    "more": ["general", "rotary", "windows"],
    "kinds": ["full_attention", "sliding_attention"],
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

QWEN_LINEAR = LLAMA | {
    "names": SIZES
    | {
        "linear_num_value_heads": "n_linear_heads",
        "linear_num_key_heads": "n_linear_keys",
        "linear_key_head_dim": "d_linear_key",
        "linear_value_head_dim": "d_linear_value",
        "linear_conv_kernel_dim": "n_taps",
    },
    "free": ["tie_word_embeddings"],
    "fixed": BARE | {"qk_norm": "head", "gates": True, "decay": "head"},
    "usual": {
        "head_dim": 256,
        "linear_num_value_heads": 32,
        "linear_num_key_heads": 16,
        "linear_key_head_dim": 128,
        "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4,
    },
    "only": NO_BIASES | {"attn_output_gate": [True], "use_sliding_window": [False]},
    "more": ["general", "rotary", "linear"],
    "kinds": ["full_attention", "linear_attention"],
    "linear": 4,
}
QWEN_EXPERTS = QWEN_LINEAR | {
    "names": QWEN_LINEAR["names"]
    | {
        "num_experts": "n_experts",
        "num_experts_per_tok": "n_active",
        "moe_intermediate_size": "d_expert",
        "shared_expert_intermediate_size": "d_shared",
    },
    "fixed": QWEN_LINEAR["fixed"] | {"n_shared": 1, "shared_gate": True},
    "free": [*QWEN_LINEAR["free"], "intermediate_size"],
    "only": QWEN_LINEAR["only"] | {"decoder_sparse_step": [1], "mlp_only_layers": [[]]},
}
INDEXED = DEEPSEEK | {
    "names": DEEPSEEK["names"]
    | {
        "index_n_heads": "n_index_heads",
        "index_head_dim": "d_index",
        "index_topk": "n_chosen",
    },
    "fixed": BARE | {"router_bias": True},
    "usual": {"index_head_dim": 128, "index_topk": 2048},
    "more": ["general", "rotary", "latent", "indexed"],
    "kinds": ["full_attention", "indexed_attention"],
    "dense_from": "mlp_layer_types",
}
GEMMA4 = GEMMA | {
    "names": SIZES
    | {
        "global_head_dim": "d_head_full",
        "num_global_key_value_heads": "n_kv_heads_full",
        "attention_k_eq_v": "tied_kv",
        "num_kv_shared_layers": "n_kv_shared",
        "hidden_size_per_layer_input": "d_per_layer",
        "num_experts": "n_experts",
        "top_k_experts": "n_active",
        "moe_intermediate_size": "d_expert",
    },
    "free": [
        *(*GEMMA["free"], "num_global_key_value_heads", "num_experts", "top_k_experts"),
        "moe_intermediate_size",
    ],
    "fixed": GEMMA["fixed"] | {"n_norms": 4, "qk_norm": "head"},
    "usual": {
        "head_dim": 256,
        "global_head_dim": 512,
        "attention_k_eq_v": False,
        "num_kv_shared_layers": 0,
        "hidden_size_per_layer_input": 256,
        "enable_moe_block": False,
    },
    "only": NO_BIASES | {"use_bidirectional_attention": ["vision"]},
    "windows": 6,
    "more": [*GEMMA["more"], "gemma4"],
    "last_is_full": True,
    "adds": ["values normalised without scales"],
    "experts_if": "enable_moe_block",
    "switches": {"enable_moe_block": {"n_norms": 7, "n_shared": 1, "router_scales": True}},
}

FAMILIES = {
    "gpt2": LLAMA
    | {
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
    "ministral3": GROUPED | {"only": NO_BIASES, "windows": "all"},
    "exaone4": GROUPED | {"fixed": BARE | {"qk_norm": "head"}, "only": NO_BIASES, "windows": 4},
    "llama4_text": LLAMA
    | {
        "names": (SIZES | {"intermediate_size": "d_expert"})
        | {
            "intermediate_size_mlp": "d_ff",
            "num_local_experts": "n_experts",
            "num_experts_per_tok": "n_active",
        },
        "fixed": BARE | {"n_shared": 1},
        "usual": {
            "head_dim": 128,
            "intermediate_size_mlp": 16_384,
            "num_local_experts": 16,
            "num_experts_per_tok": 1,
            "attention_chunk_size": 8192,
        },
        "only": NO_BIASES,
        "windows": "rotated",
        "more": ["general", "rotary", "llama4"],
        "kinds": ["full_attention", "chunked_attention"],
        "window_from": "attention_chunk_size",
        "dense_from": "interleave_moe_layer_step",
        "adds": [
            "queries and keys normalised where positions turn them, without scales of their own",
            "an expert that every token goes through",
        ],
        "means": {
            "use_qk_norm": "queries and keys are normalised where positions turn them, without "
            "scales of their own",
            "intermediate_size": "the width inside an expert",
        },
    },
    "gemma4_text": GEMMA4,
    "gemma4_unified_text": GEMMA4,
    "glm4_moe": LLAMA
    | {
        "names": SIZES
        | {
            "n_routed_experts": "n_experts",
            "num_experts_per_tok": "n_active",
            "n_shared_experts": "n_shared",
            "first_k_dense_replace": "n_dense",
            "moe_intermediate_size": "d_expert",
        },
        "free": ["tie_word_embeddings", "head_dim"],
        "fixed": BARE | {"router_bias": True},
        "only": {"mlp_bias": [False], "moe_layer_freq": [1]},
        "more": ["general", "rotary", "switched"],
        "biased": "qkv",
        "switches": {"use_qk_norm": {"qk_norm": "head"}},
    },
    "minimax_m2": LLAMA
    | {
        "names": SIZES | {"num_local_experts": "n_experts", "num_experts_per_tok": "n_active"},
        "free": ["tie_word_embeddings"],
        "fixed": BARE | {"qk_norm": "all", "router_bias": True},
        "usual": {"head_dim": 128},
        "only": NO_BIASES
        | {
            "use_qk_norm": [True],
            "qk_norm_type": ["per_layer"],
            "shared_intermediate_size": [0],
            "use_routing_bias": [True],
            "layernorm_full_attention_beta": [1],
            "layernorm_linear_attention_beta": [1],
        },
        "more": ["general", "rotary", "minimax"],
    },
    "deepseek_v2": DEEPSEEK,
    "deepseek_v3": DEEPSEEK | {"fixed": BARE | {"router_bias": True}},
    "kimi_k2": DEEPSEEK | {"fixed": BARE | {"router_bias": True}},
    "glm4_moe_lite": DEEPSEEK
    | {
        "fixed": BARE | {"router_bias": True},
        "usual": {"first_k_dense_replace": 1},
        "more": [*DEEPSEEK["more"], "dense"],
        "dense_from": "mlp_layer_types",
    },
    "mistral4": DEEPSEEK | {"usual": {"first_k_dense_replace": 0}},
    "deepseek_v32": INDEXED | {"usual": INDEXED["usual"] | {"index_n_heads": 64}},
    "glm_moe_dsa": INDEXED | {"usual": INDEXED["usual"] | {"index_n_heads": 32}},
    "qwen3_next": QWEN_EXPERTS,
    "qwen3_5_text": QWEN_LINEAR,
    "qwen3_5_moe_text": QWEN_EXPERTS,
    "kimi_linear": DEEPSEEK
    | {
        "names": DEEPSEEK["names"]
        | {
            "num_experts": "n_experts",
            "num_local_experts": "n_experts",
            "num_experts_per_token": "n_active",
            "num_shared_experts": "n_shared",
            "linear_num_heads": "n_linear_heads",
            "linear_head_dim": "d_linear_key",
            "linear_conv_kernel_dim": "n_taps",
            "linear_attn_config.num_heads": "n_linear_heads",
            "linear_attn_config.head_dim": "d_linear_key",
            "linear_attn_config.short_conv_kernel_size": "n_taps",
        },
        "fixed": BARE | {"router_bias": True, "decay": "column"},
        "usual": {
            "first_k_dense_replace": 1,
            "linear_attn_config.num_heads": 32,
            "linear_attn_config.head_dim": 128,
            "linear_attn_config.short_conv_kernel_size": 4,
        },
        "only": NO_BIASES
        | {
            "moe_layer_freq": [1],
            "mla_use_output_gate": [False],
            "linear_attn_config.use_full_rank_gate": [False],
        },
        "more": ["general", "rotary", "latent", "kimi"],
        "kinds": ["full_attention", "linear_attention"],
        "linear": 4,
        "dense_from": "mlp_layer_types",
    },
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
    *("num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules"),
    *("quantization_config", "final_logit_softcapping"),
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
    "linear": ["full_attention_interval", "attn_output_gate", "use_sliding_window"],
    "gemma4": ["enable_moe_block", "use_double_wide_mlp", "vocab_size_per_layer_input"],
    "kimi": ["linear_attn_config", "mla_use_nope", "mlp_layer_types", "model_max_length"],
    "indexed": [
        *("indexer_types", "index_topk_freq", "index_topk_pattern", "index_skip_topk_offset"),
        *("mlp_layer_types", "indexer_rope_interleave"),
    ],
    "llama4": [
        *("attention_chunk_size", "use_qk_norm", "moe_layers", "interleave_moe_layer_step"),
        *("attn_temperature_tuning", "floor_scale", "attn_scale"),
    ],
    "switched": ["use_qk_norm"],
    "dense": ["mlp_layer_types"],
    "minimax": ["rotary_dim", "attn_type_list"],
}

# Names that may change attention, unless they are of the second kind.
TELLING = (
    "attn|attention|head|kv|window|rope|rotary|qk|sink|latent|lora|layer_types|expert|moe|mla"
    "|linear|mamba|ssm|^index|compress"
)
HARMLESS = (
    "dropout|pdrop|implementation|^output_|^pruned_heads$|_coef$|^cross_attention_hidden_size$"
    "|^reorder_and_upcast_attn$|^scale_attn_weights$|^qk_head_dim$|^sliding_window_size$"
    "|^mamba_ssm_dtype$|^num_expert_group$|^moe_re|^moe_router|^shared_moe_mode$|^index_share_for_mtp_iteration$"
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
    "gates": {True: "a gate on what each head finds"},
    "decay": {
        "head": "linear layers by the delta rule, each head with a decay of its own",
        "column": "linear layers by the delta rule, each column of a key with a decay of its own",
    },
}

# What the layers that do not read the whole text do.
OTHERS = {
    "window": ("the others have the window", "every layer has the window"),
    "piece": ("the others read their own piece", "every layer reads its own piece"),
    "linear": ("the others are linear and keep a state", "every layer is linear and keeps a state"),
}

# What a line means for attention, where it is read; the first case that holds is told.
MEANINGS = {
    "model_type": "the kind of model; what no line says: {adds}",
    "num_hidden_layers": "layers, one after the other",
    "n_layer": "layers, one after the other",
    "num_attention_heads": {
        "two_sizes": "heads in each layer; their sizes differ from layer to layer",
        "else": "heads in each layer, each with queries of {d_head} numbers",
    },
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
        "latent": "nothing: a head has two parts here, with sizes of their own",
        "two_sizes": "d_head where there is a window, {d_head}; d_model is {d_model}",
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
    "model_max_length": "tokens in the longest text that it is meant for",
    "original_max_position_embeddings": "tokens in the longest text before positions are stretched",
    "initial_context_length": "tokens in the longest text before positions are stretched",
    "tie_word_embeddings": {
        "yes": "one table serves as embedding and unembedding",
        "else": "the unembedding is a table of its own",
    },
    "attention_bias": {
        "qkv": "nothing: queries, keys and values have biases in each model of this kind",
        "biased_qkv": "the matrices of queries, keys and values have biases",
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
    "layer_types": {
        "indexed": "in every layer a query reads the {n_chosen} tokens that an index puts first",
        "else": "what each layer reads: {pattern}",
    },
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
    "no_rope_layers": {
        "pieces": "a 0 stands for a layer without positions: {pattern}",
        "else": "a 0 stands for a layer without positions",
    },
    "attention_chunk_size": {
        "windows": "{windowed} read the piece of {window} tokens that the own one lies in",
        "else": "no layer is held to a piece of the text",
    },
    "attn_temperature_tuning": {
        "yes": "queries grow along the text in layers without positions",
        "else": "queries do not grow along the text",
    },
    "floor_scale": "tokens after which queries begin to grow, where they do",
    "attn_scale": "how fast queries grow, where they do",
    "use_qk_norm": {
        "yes": "queries and keys are normalised, one head at a time",
        "else": "queries and keys are not normalised",
    },
    "interleave_moe_layer_step": "one layer in so many has experts: {with_experts}",
    "moe_layers": "the layers that have experts, counted from 0: {with_experts}",
    "mlp_layer_types": "dense or sparse, one feed-forward network or experts: {with_experts}",
    "intermediate_size_mlp": {
        "none_dense": "nothing: no layer has a network beside its experts",
        "else": "d_ff: the width inside the feed-forward network of layers without experts",
    },
    "shared_expert_intermediate_size": "the width inside the expert that every token goes through",
    "rotary_dim": "numbers in each head that rotary positions turn",
    "attn_type_list": "a 1 stands for a layer with softmax attention",
    "full_attention_interval": "one layer in so many is not linear: {pattern}",
    "linear_num_value_heads": "heads of a linear layer: each keeps a state of {state} numbers",
    "linear_num_key_heads": {
        "linear_grouped": "queries and keys of a linear layer, each for {linear_group} heads",
        "else": "queries and keys of a linear layer, one for each head",
    },
    "linear_num_heads": "heads of a linear layer: each keeps a state of {state} numbers",
    "linear_head_dim": "numbers in a query, a key and a value of a linear layer",
    "linear_key_head_dim": "numbers in a query and a key of a linear layer: rows of a state",
    "linear_value_head_dim": "numbers in a value of a linear layer: columns of a state",
    "linear_conv_kernel_dim": "tokens that queries, keys and values of a linear layer are mixed of",
    "linear_attn_config": "{n_linear_heads} heads in a linear layer, each with a state of {state} "
    "numbers; {pattern}",
    "mla_use_nope": {
        "yes": "nothing is turned: no layer has positions of its own",
        "else": "the rotated part of each head is turned",
    },
    "index_n_heads": "heads of the index, which ranks the tokens of the text for each query",
    "index_head_dim": "numbers in their queries, and in the one key of a token, which is kept too",
    "index_topk": "tokens that a query reads: those that the index puts first",
    "index_topk_freq": "one layer in so many has an index of its own: {indexed_layers}",
    "index_topk_pattern": "F for a layer with an index of its own: {indexed_layers}",
    "index_skip_topk_offset": "where that begins",
    "indexer_types": "full for a layer with an index of its own: {indexed_layers}",
    "indexer_rope_interleave": {
        "yes": "in the index, rotary positions turn neighbouring columns: pairs",
        "else": "in the index, rotary positions turn a column with one half a head away: halves",
    },
    "global_head_dim": "d_head in layers that read the whole text",
    "num_global_key_value_heads": {
        "tied_kv": "heads with keys and values of their own in layers that read the whole text",
        "else": "nothing: all layers have as many key heads",
    },
    "attn_output_gate": "what each head finds is multiplied by a gate that the token makes",
    "hidden_size_per_layer_input": {
        "yes": "numbers that each layer has for a token, in a table of its own",
        "else": "no layer has a table of its own",
    },
    "vocab_size_per_layer_input": "tokens in the tables of layers",
    "num_kv_shared_layers": {
        "yes": "the last layers: they use the keys and values of an earlier one, and keep nothing",
        "else": "no layer uses the keys and values of another",
    },
    "use_double_wide_mlp": {
        "yes": "layers that use the keys of another have a network of twice the width",
        "else": "all networks are of one width",
    },
    "enable_moe_block": {
        "yes": "each layer has experts beside a network that every token goes through",
        "else": "no layer has experts",
    },
    "top_k_experts": "experts that each token goes through",
    "attention_k_eq_v": {
        "yes": "in layers that read the whole text, one matrix makes keys and values",
        "else": "keys and values have a matrix each",
    },
    "no_rope_layer_interval": {
        "pieces": "one layer in so many is without positions: {pattern}",
        "else": "one layer in so many is without positions",
    },
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
    "num_experts_per_token": "experts that each token goes through",
    "num_shared_experts": "more experts, which every token goes through",
    "experts_per_token": "experts that each token goes through",
    "n_shared_experts": "more experts, which every token goes through",
    "first_k_dense_replace": "first layers, which have one feed-forward network and no experts",
    "moe_intermediate_size": "the width inside an expert",
    "num_nextn_predict_layers": "layers that foretell one token more: not counted here",
    "mtp_num_hidden_layers": "layers that foretell one token more: not counted here",
    "num_mtp_modules": "parts that foretell more tokens: not counted here",
    "quantization_config": "numbers are stored in fewer bits: counted here are numbers",
}

# What the lines inside such a line mean, by their names alone.
STRETCHED = {
    "default": "positions are not stretched",
    "linear": "interpolation: every angle is divided by the factor",
    "dynamic": "the base grows with the text, so that slow pairs turn slower (NTK-aware)",
    "yarn": "slow pairs are interpolated, fast ones left alone, and scores grow (YaRN)",
    "llama3": "slow pairs are interpolated, fast ones left alone",
    "longrope": "each pair is slowed by a factor of its own",
    "proportional": "each pair turns as in a head of which all columns were turned",
    "else": "a way that is not explained here",
}
INSIDE = {
    "full_attention": "in layers that read the whole text",
    "sliding_attention": "in layers with a window",
    "rope_type": STRETCHED,
    "type": STRETCHED,
    "rope_theta": MEANINGS["rope_theta"],
    "partial_rotary_factor": MEANINGS["partial_rotary_factor"],
    "factor": "how many times longer texts may become",
    "original_max_position_embeddings": MEANINGS["original_max_position_embeddings"],
    "beta_fast": "pairs that turn more often in the longest text before stretching stay",
    "beta_slow": "pairs that turn less often in it are interpolated wholly",
    "high_freq_factor": "pairs that turn more often in the longest text before stretching stay",
    "low_freq_factor": "pairs that turn less often in it are interpolated wholly",
    "attention_factor": "turned queries and keys are multiplied by this, scores by its square",
    "num_heads": "heads of a linear layer",
    "head_dim": "numbers in a query, a key and a value of a linear layer",
    "short_conv_kernel_size": MEANINGS["linear_conv_kernel_dim"],
    "full_attn_layers": "layers that read the whole text, counted from 1",
    "kda_layers": "layers that are linear, counted from 1",
}
