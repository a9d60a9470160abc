"""Writes config.json, GGUF metadata, and the name and shape of every tensor of published models.

    python test/oracle/published.py        # writes test/fixtures/published.json

No weights are fetched or made: transformers creates the models without memory, and the names in a GGUF come from llama.cpp's own
table. The fields of each config.json, including those without effect, are typed in here by hand, not fetched; the factors of LongRoPE
are invented. The GGUF metadata follows llama.cpp's converter. Tensors of layers are listed once, with `{}` for the layer.
"""

import copy
import json
import math
import re
from pathlib import Path

import gguf
import torch
from transformers import AutoConfig, AutoModelForCausalLM

OUT = Path(__file__).parent.parent / "fixtures/published.json"

_SAID = {"attention_dropout": 0.0, "hidden_act": "silu", "initializer_range": 0.02, "torch_dtype": "bfloat16", "use_cache": True}


def _config(model_class: str, model_type: str, sizes: tuple, **fields) -> dict:
    """`sizes`: hidden, MLP, layers, heads, key-value heads, context, vocabulary."""
    names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
             "max_position_embeddings", "vocab_size")  # fmt: skip
    return {"architectures": [model_class], "model_type": model_type, **_SAID, **dict(zip(names, sizes)), **fields}


_GEMMA = {"attention_bias": False, "cache_implementation": "hybrid", "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh",
          "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-6}  # fmt: skip
_PHI = {"attention_bias": False, "embd_pdrop": 0.0, "resid_pdrop": 0.0, "original_max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0}  # fmt: skip
_LONGROPE = {"type": "longrope", "short_factor": [1.0 + i / 64 for i in range(48)], "long_factor": [1.0 + i / 2 for i in range(48)]}

MODELS = {
    "google/gemma-2-2b-it": _config(
        "Gemma2ForCausalLM", "gemma2", (2304, 9216, 26, 8, 4, 8192, 256000), **_GEMMA,
        attn_logit_softcapping=50.0, final_logit_softcapping=30.0, rope_theta=10000.0, sliding_window=4096,
    ),
    "google/gemma-3-1b-it": _config(
        "Gemma3ForCausalLM", "gemma3_text", (1152, 6912, 26, 4, 1, 32768, 262144), **_GEMMA,
        attn_logit_softcapping=None, final_logit_softcapping=None, rope_local_base_freq=10000, rope_scaling=None,
        rope_theta=1000000, sliding_window=512, sliding_window_pattern=6,
    ),
    "HuggingFaceTB/SmolLM3-3B": _config(
        "SmolLM3ForCausalLM", "smollm3", (2048, 11008, 36, 16, 4, 65536, 128256), attention_bias=False,
        layer_types=["full_attention"] * 36, max_window_layers=28, mlp_bias=False, no_rope_layer_interval=4,
        no_rope_layers=[1, 1, 1, 0] * 9, pretraining_tp=2, rms_norm_eps=1e-6, rope_scaling=None, rope_theta=5000000.0,
        sliding_window=None, use_sliding_window=False,
    ),
    "microsoft/Phi-3-mini-4k-instruct": _config(
        "Phi3ForCausalLM", "phi3", (3072, 8192, 32, 32, 32, 4096, 32064), **_PHI, rope_scaling=None, sliding_window=2047,
        tie_word_embeddings=False,
    ),
    "microsoft/Phi-3-mini-128k-instruct": _config(
        "Phi3ForCausalLM", "phi3", (3072, 8192, 32, 32, 32, 131072, 32064), **_PHI, rope_scaling=_LONGROPE,
        sliding_window=262144, tie_word_embeddings=False,
    ),
    "microsoft/Phi-4-mini-instruct": _config(
        "Phi3ForCausalLM", "phi3", (3072, 8192, 32, 24, 8, 131072, 200064), **_PHI, full_attn_mod=1, interpolate_factor=1,
        lm_head_bias=False, mlp_bias=False, partial_rotary_factor=0.75, rope_scaling=_LONGROPE, sliding_window=262144,
        tie_word_embeddings=True,
    ),
    "allenai/OLMo-2-0425-1B-Instruct": _config(
        "Olmo2ForCausalLM", "olmo2", (2048, 8192, 16, 16, 16, 4096, 100352), attention_bias=False, rms_norm_eps=1e-6,
        rope_scaling=None, rope_theta=500000, tie_word_embeddings=False,
    ),
    "ibm-granite/granite-3.3-2b-instruct": _config(
        "GraniteForCausalLM", "granite", (2048, 8192, 40, 32, 8, 131072, 49159), attention_bias=False,
        attention_multiplier=0.015625, embedding_multiplier=12.0, logits_scaling=8.0, mlp_bias=False,
        residual_multiplier=0.22, rms_norm_eps=1e-5, rope_scaling=None, rope_theta=10000000.0, tie_word_embeddings=True,
    ),
    "Qwen/Qwen2.5-0.5B-Instruct": _config(
        "Qwen2ForCausalLM", "qwen2", (896, 4864, 24, 14, 2, 32768, 151936), max_window_layers=21, rms_norm_eps=1e-6,
        rope_theta=1000000.0, sliding_window=32768, tie_word_embeddings=True, use_sliding_window=False,
    ),
    "Qwen/Qwen3-0.6B": _config(
        "Qwen3ForCausalLM", "qwen3", (1024, 3072, 28, 16, 8, 40960, 151936), attention_bias=False, head_dim=128,
        max_window_layers=28, rms_norm_eps=1e-6, rope_scaling=None, rope_theta=1000000, sliding_window=None,
        tie_word_embeddings=True, use_sliding_window=False,
    ),
    "meta-llama/Llama-3.2-1B-Instruct": _config(
        "LlamaForCausalLM", "llama", (2048, 8192, 16, 32, 8, 131072, 128256), attention_bias=False, head_dim=64,
        mlp_bias=False, pretraining_tp=1, rms_norm_eps=1e-5, rope_theta=500000.0, tie_word_embeddings=True,
        rope_scaling={"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                      "original_max_position_embeddings": 8192, "rope_type": "llama3"},
    ),
}  # fmt: skip


def _tensors(config: dict) -> dict[str, list[int]]:
    """Returns the shapes of the stored tensors. A tied head is not stored."""
    read = AutoConfig.for_model(**copy.deepcopy(config))
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(read)
    tied = {"lm_head.weight"} if read.tie_word_embeddings else set()
    return {name: list(tensor.shape) for name, tensor in model.state_dict().items() if name not in tied}


def _once(tensors: dict[str, list[int]], layers: int, layer: str) -> dict[str, list[int]]:
    """Merges the tensors of all layers under one name, and checks that every layer has the same shapes."""
    found: dict[str, list] = {}
    for name, shape in tensors.items():
        found.setdefault(re.sub(layer, r"\1{}.", name), []).append(shape)
    for name, shapes in found.items():
        if shapes != [shapes[0]] * (layers if "{}" in name else 1):
            raise ValueError(f"the layers have different shapes: {name}")
    return {name: shapes[0] for name, shapes in found.items()}


def _gguf(name: str, config: dict, tensors: dict[str, list[int]]) -> dict:
    head_dim = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    rotated = int(config.get("partial_rotary_factor", 1) * head_dim)
    keys = {
        "block_count": config["num_hidden_layers"],
        "context_length": config["max_position_embeddings"],
        "embedding_length": config["hidden_size"],
        "feed_forward_length": config["intermediate_size"],
        "attention.head_count": config["num_attention_heads"],
        "attention.head_count_kv": config["num_key_value_heads"],
        "attention.layer_norm_rms_epsilon": config["rms_norm_eps"],
    }
    if name != "gemma2":
        keys["rope.freq_base"] = config["rope_theta"]
    if name in ("llama", "smollm3", "granite"):
        keys |= {"vocab_size": config["vocab_size"], "rope.dimension_count": head_dim}
    if "head_dim" in config:
        keys |= {"attention.key_length": head_dim, "attention.value_length": head_dim}
    if name.startswith("gemma"):
        keys["attention.sliding_window"] = config["sliding_window"]
    if name == "gemma2":
        keys |= {key: config[key] for key in ("attn_logit_softcapping", "final_logit_softcapping")}
    if name == "granite":
        keys |= {"attention.scale": config["attention_multiplier"], "embedding_scale": config["embedding_multiplier"],
                 "residual_scale": config["residual_multiplier"], "logit_scale": config["logits_scaling"]}  # fmt: skip
    added = {"rope_freqs.weight": [head_dim // 2]} if name == "llama" else {}
    if name == "phi3":
        original = config["original_max_position_embeddings"]
        keys |= {"rope.dimension_count": rotated, "rope.scaling.original_context_length": original,
                 "attention.sliding_window": config["sliding_window"]}  # fmt: skip
        if config["rope_scaling"] is not None:
            stretch = config["max_position_embeddings"] / original
            keys["rope.scaling.attn_factor"] = math.sqrt(1 + math.log(stretch) / math.log(original))
            added = {f"rope_factors_{length}.weight": [rotated // 2] for length in ("long", "short")}
    architecture = next(arch for arch, spelt in gguf.MODEL_ARCH_NAMES.items() if spelt == name)
    names = gguf.get_tensor_name_map(architecture, config["num_hidden_layers"])
    spelt = {names.get_name(key, try_suffixes=(".weight", ".bias")): shape for key, shape in tensors.items()}
    return {
        "metadata": {"general.architecture": name, **{f"{name}.{key}": value for key, value in keys.items()}},
        "tensors": {**_once(spelt, config["num_hidden_layers"], r"^(blk\.)\d+\."), **added},
    }


def main() -> None:
    published = {}
    for model, config in MODELS.items():
        tensors = _tensors(config)
        published[model] = {
            "config": config,
            "parameters": sum(math.prod(shape) for shape in tensors.values()),
            "tensors": _once(tensors, config["num_hidden_layers"], r"^(model\.layers\.)\d+\."),
            "gguf": _gguf(config["model_type"].removesuffix("_text"), config, tensors),
        }
        print(model, published[model]["parameters"])
    lines = ",\n".join(f"{json.dumps(model)}: {json.dumps(said)}" for model, said in published.items())
    OUT.write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
