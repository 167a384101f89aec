"""Small configurations of the kinds of models that came in 2025 and 2026, one or two of each.

And of two older ones that are not among the published configurations of `attnlib.configs`.
Sizes are of different numbers where they can be, so that none stands for another.
"""

BASE = {
    **{"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 8},
    **{"num_attention_heads": 4, "vocab_size": 100},
}
GROUPED = BASE | {"num_key_value_heads": 2, "head_dim": 24}
ROUTED = {"num_experts_per_tok": 2, "moe_intermediate_size": 32}
LINEAR = {
    **{"linear_num_key_heads": 2, "linear_num_value_heads": 6, "linear_key_head_dim": 8},
    **{"linear_value_head_dim": 12, "linear_conv_kernel_dim": 3},
}
LATENT = BASE | {
    **{"kv_lora_rank": 20, "q_lora_rank": 24, "qk_nope_head_dim": 12, "qk_rope_head_dim": 8},
    **{"v_head_dim": 16, "num_key_value_heads": 4, "n_routed_experts": 5, "n_shared_experts": 1},
    **{"first_k_dense_replace": 2, "rope_interleave": True},
}
INDEX = {"index_n_heads": 3, "index_head_dim": 10, "index_topk": 16}
GEMMA4 = GROUPED | {
    **{"global_head_dim": 32, "num_global_key_value_heads": 1, "attention_k_eq_v": True},
    **{"hidden_size_per_layer_input": 0, "num_kv_shared_layers": 0, "sliding_window": 16},
}
KIMI = {k: v for k, v in LATENT.items() if k != "n_routed_experts"}
LLAMA4 = GROUPED | {
    **{"intermediate_size_mlp": 160, "num_local_experts": 4, "num_experts_per_tok": 1},
    **{"attention_chunk_size": 32, "use_qk_norm": True, "attn_temperature_tuning": 4},
}
GLM4 = GROUPED | ROUTED | {"n_routed_experts": 5, "n_shared_experts": 2, "first_k_dense_replace": 1}
QWEN_NEXT = (
    GROUPED
    | ROUTED
    | LINEAR
    | {"model_type": "qwen3_next", "num_experts": 6, "shared_expert_intermediate_size": 48}
)
QWEN35 = GROUPED | LINEAR | {"model_type": "qwen3_5_text", "full_attention_interval": 4}

RECENT = {
    "Gemma": GROUPED | {"model_type": "gemma"},
    "SmolLM3": GROUPED | {"model_type": "smollm3", "num_hidden_layers": 6},
    "Qwen3-Next": QWEN_NEXT,
    "Qwen3.5": QWEN35,
    "Qwen3.5, listed": QWEN35
    | {
        "layer_types": ["full_attention"] + ["linear_attention"] * 7,
        "linear_num_key_heads": 6,
        "mtp_num_hidden_layers": 1,
        "mamba_ssm_dtype": "float32",
    },
    "Qwen3.5, softmax alone": QWEN35 | {"full_attention_interval": 1},
    "Qwen3.5 of several parts": {
        "model_type": "qwen3_5",
        "vision_config": {"hidden_size": 11, "num_heads": 3},
        "text_config": QWEN35,
        "tie_word_embeddings": True,
    },
    "Qwen3.5 with experts": QWEN_NEXT
    | {"model_type": "qwen3_5_moe_text", "shared_expert_intermediate_size": 32},
    "Kimi Linear": KIMI
    | ROUTED
    | {
        "model_type": "kimi_linear",
        "q_lora_rank": None,
        "num_local_experts": 5,
        "mla_use_nope": True,
        "first_k_dense_replace": 1,
        "linear_attn_config": {
            "head_dim": 8,
            "num_heads": 6,
            "short_conv_kernel_size": 4,
            "full_attn_layers": [4, 7],
            "kda_layers": [1, 2, 3, 5, 6, 8],
        },
    },
    "Llama 4": LLAMA4 | {"model_type": "llama4_text", "interleave_moe_layer_step": 2},
    "Llama 4, listed": LLAMA4
    | {
        "model_type": "llama4_text",
        "no_rope_layers": [1, 1, 0, 1, 1, 1, 0, 1],
        "moe_layers": [1, 3, 5],
    },
    "Gemma 4": GEMMA4 | {"model_type": "gemma4_text"},
    "Gemma 4, two matrices": GEMMA4
    | {
        "model_type": "gemma4_text",
        "attention_k_eq_v": False,
        "layer_types": ["full_attention"]
        + ["sliding_attention"] * 7,  # the last is full for all that
    },
    "Gemma 4 without windows": GEMMA4
    | {"model_type": "gemma4_unified_text", "sliding_window": None},
    "Gemma 4 with tables": GEMMA4
    | {
        "model_type": "gemma4_text",
        "hidden_size_per_layer_input": 6,
        "num_kv_shared_layers": 2,
        "use_double_wide_mlp": True,
    },
    "Gemma 4 with experts": GEMMA4
    | {
        "model_type": "gemma4_text",
        "enable_moe_block": True,
        "num_experts": 5,
        "top_k_experts": 2,
        "moe_intermediate_size": 24,
    },
    "GLM-4.5": GLM4 | {"model_type": "glm4_moe", "attention_bias": True, "use_qk_norm": True},
    "GLM-4.7 Flash": LATENT
    | ROUTED
    | {"model_type": "glm4_moe_lite", "mlp_layer_types": ["dense"] + ["sparse"] * 7},
    "MiniMax-M2": GROUPED
    | {
        "model_type": "minimax_m2",
        "num_local_experts": 5,
        "num_experts_per_tok": 2,
        "rotary_dim": 12,
        "attn_type_list": [1] * 8,
    },
    "Mistral 4": LATENT | ROUTED | {"model_type": "mistral4"},
    "Ministral 3": GROUPED | {"model_type": "ministral3", "sliding_window": None},
    "EXAONE 4": GROUPED
    | {"model_type": "exaone4", "sliding_window": 16, "sliding_window_pattern": "LLG"},
    "Kimi K2": LATENT | ROUTED | {"model_type": "kimi_k2", "n_shared_experts": 2},
    "DeepSeek-V3.2": LATENT | ROUTED | INDEX | {"model_type": "deepseek_v32"},
    "GLM-5": LATENT
    | ROUTED
    | INDEX
    | {
        "model_type": "glm_moe_dsa",
        "index_topk_freq": 4,
        "index_skip_topk_offset": 3,
        "mlp_layer_types": ["dense"] * 3 + ["sparse"] * 5,
        "layer_types": ["indexed_attention"] * 8,
    },
    "GLM-5, by letters": LATENT
    | ROUTED
    | INDEX
    | {"model_type": "glm_moe_dsa", "index_topk_pattern": "FFSSFSSS"},
}
