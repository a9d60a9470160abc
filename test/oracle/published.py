"""Writes config.json, GGUF metadata, and the name and shape of every tensor of published models.

    python test/oracle/published.py        # writes test/fixtures/published.json

No weights are fetched or made: transformers creates the models without memory, and the names in a GGUF come from llama.cpp's own
table. Each config.json has the fields of the published file, those without effect too, except for its origin (`_name_or_path`,
`auto_map`, `transformers_version`). The GGUF metadata follows llama.cpp's converter. Tensors of layers are listed once, with `{}` for
the layer.
"""

import copy
import json
import math
import re
from pathlib import Path

import gguf
import numpy
import torch
from transformers import AutoConfig, AutoModelForCausalLM

OUT = Path(__file__).parent.parent / "fixtures/published.json"

_SAID = {"attention_dropout": 0.0, "hidden_act": "silu", "initializer_range": 0.02, "torch_dtype": "bfloat16", "use_cache": True}
_ABSENT = object()


def _config(model_class: str, model_type: str, sizes: tuple, tokens: tuple, **fields) -> dict:
    """`sizes`: hidden, MLP, layers, heads, key-value heads, context, vocabulary; `tokens`: ids of bos, eos and, if stated, padding."""
    names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
             "max_position_embeddings", "vocab_size")  # fmt: skip
    ids = dict(zip(("bos_token_id", "eos_token_id", "pad_token_id"), tokens))
    config = {"architectures": [model_class], "model_type": model_type, **_SAID, **dict(zip(names, sizes)), **ids, **fields}
    return {name: value for name, value in config.items() if value is not _ABSENT}


_GEMMA = {"attention_bias": False, "cache_implementation": "hybrid", "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh",
          "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-6}  # fmt: skip
_PHI = {"attention_bias": False, "embd_pdrop": 0.0, "resid_pdrop": 0.0, "original_max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0}  # fmt: skip
_SMOLLM2 = {"attention_bias": False, "is_llama_config": True, "mlp_bias": False, "pretraining_tp": 1, "rms_norm_eps": 1e-5,
            "rope_interleaved": False, "rope_scaling": None, "rope_theta": 100000, "tie_word_embeddings": True}  # fmt: skip


def _f32(*values: float) -> list[float]:
    return [float(numpy.float32(value)) for value in values]


# fmt: off
_PHI_3_5_SHORT = _f32(
    1, 1.02, 1.03, 1.03, 1.05, 1.05, 1.05, 1.05, 1.05, 1.0699999, 1.0999999, 1.1099999, 1.1599998, 1.1599998, 1.1699998, 1.2899998,
    1.3399998, 1.6799998, 1.7899998, 1.8199998, 1.8499998, 1.8799998, 1.9099997, 1.9399997, 1.9899997, 2.0199997, 2.0199997,
    2.0199997, 2.0199997, 2.0199997, 2.0199997, 2.0299997, 2.0299997, 2.0299997, 2.0299997, 2.0299997, 2.0299997, 2.0299997,
    2.0299997, 2.0299997, 2.0799997, 2.0899997, 2.1899996, 2.2199996, 2.5899994, 2.7299995, 2.7499995, 2.8399994,
)
_PHI_3_5_LONG = _f32(
    1.08, 1.11, 1.14, 1.34, 1.5899999, 1.6, 1.62, 2.6200001, 3.23, 3.23, 4.79, 7.4, 7.7000003, 9.09, 12.2, 17.67, 24.460001,
    28.570002, 30.420002, 30.840002, 32.590004, 32.930004, 42.320004, 44.960003, 50.340004, 50.450005, 57.550003, 57.930004,
    58.210003, 60.140003, 62.610004, 62.620003, 62.710003, 63.140003, 63.140003, 63.770004, 63.930004, 63.960003, 63.97, 64.03, 64.07,
    64.08, 64.12, 64.41, 64.48, 64.51, 64.53, 64.84,
)
_PHI_4_LONG = [
    1, 1.118320672, 1.250641126, 1.398617824, 1.564103225, 1.74916897, 1.956131817, 2.187582649, 2.446418898, 2.735880826,
    3.059592084, 3.421605075, 3.826451687, 4.279200023, 4.785517845, 5.351743533, 5.984965424, 6.693110555, 7.485043894, 8.370679318,
    9.36110372, 10.4687158, 11.70738129, 13.09260651, 14.64173252, 16.37415215, 18.31155283, 20.47818807, 22.90118105, 25.61086418,
    28.64115884, 32.03, 32.1, 32.13, 32.23, 32.6, 32.61, 32.64, 32.66, 32.7, 32.71, 32.93, 32.97, 33.28, 33.49, 33.5, 44.16, 47.77,
]
# fmt: on

MODELS = {
    "google/gemma-2-2b-it": _config(
        "Gemma2ForCausalLM", "gemma2", (2304, 9216, 26, 8, 4, 8192, 256000), (2, [1, 107], 0), **_GEMMA,
        attn_logit_softcapping=50.0, final_logit_softcapping=30.0, hidden_act="gelu_pytorch_tanh", rope_theta=10000.0,
        sliding_window=4096,
    ),
    "google/gemma-3-1b-it": _config(
        "Gemma3ForCausalLM", "gemma3_text", (1152, 6912, 26, 4, 1, 32768, 262144), (2, [1, 106], 0), **_GEMMA,
        attn_logit_softcapping=None, final_logit_softcapping=None, hidden_act=_ABSENT, rope_local_base_freq=10000, rope_scaling=None,
        rope_theta=1000000, sliding_window=512, sliding_window_pattern=6,
    ),
    "HuggingFaceTB/SmolLM3-3B": _config(
        "SmolLM3ForCausalLM", "smollm3", (2048, 11008, 36, 16, 4, 65536, 128256), (128000, 128012, 128004), attention_bias=False,
        layer_types=["full_attention"] * 36, max_window_layers=28, mlp_bias=False, no_rope_layer_interval=4,
        no_rope_layers=[1, 1, 1, 0] * 9, pretraining_tp=2, rms_norm_eps=1e-6, rope_scaling=None, rope_theta=5000000.0,
        sliding_window=None, use_cache=False, use_sliding_window=False,
    ),
    "microsoft/Phi-3-mini-4k-instruct": _config(
        "Phi3ForCausalLM", "phi3", (3072, 8192, 32, 32, 32, 4096, 32064), (1, 32000, 32000), **_PHI, rope_scaling=None,
        sliding_window=2047, tie_word_embeddings=False,
    ),
    "microsoft/Phi-3.5-mini-instruct": _config(
        "Phi3ForCausalLM", "phi3", (3072, 8192, 32, 32, 32, 131072, 32064), (1, 32000, 32000), **_PHI, sliding_window=262144,
        tie_word_embeddings=False,
        rope_scaling={"type": "longrope", "short_factor": _PHI_3_5_SHORT, "long_factor": _PHI_3_5_LONG},
    ),
    "microsoft/Phi-4-mini-instruct": _config(
        "Phi3ForCausalLM", "phi3", (3072, 8192, 32, 24, 8, 131072, 200064), (199999, 199999, 199999), **_PHI, full_attn_mod=1,
        interpolate_factor=1, lm_head_bias=False, mlp_bias=False, partial_rotary_factor=0.75, sliding_window=262144,
        tie_word_embeddings=True,
        rope_scaling={"type": "longrope", "short_factor": [1.0] * 48, "long_factor": _PHI_4_LONG},
    ),
    # As mlc-llm has it, without the fields that it does not read.
    "allenai/OLMo-2-1124-7B": _config(
        "Olmo2ForCausalLM", "olmo2", (4096, 11008, 32, 32, 32, 4096, 100352), (), attention_dropout=_ABSENT, initializer_range=_ABSENT,
        rms_norm_eps=1e-6, rope_theta=500000.0, tie_word_embeddings=False, torch_dtype="float32",
    ),
    "ibm-granite/granite-3.3-8b-instruct": _config(
        "GraniteForCausalLM", "granite", (4096, 12800, 40, 32, 8, 131072, 49159), (0, 0, 0), attention_bias=False,
        attention_multiplier=0.0078125, embedding_multiplier=12.0, logits_scaling=16.0, mlp_bias=False,
        residual_multiplier=0.22, rms_norm_eps=1e-5, rope_scaling=None, rope_theta=10000000.0, tie_word_embeddings=True,
    ),
    "Qwen/Qwen2.5-0.5B-Instruct": _config(
        "Qwen2ForCausalLM", "qwen2", (896, 4864, 24, 14, 2, 32768, 151936), (151643, 151645), max_window_layers=21, rms_norm_eps=1e-6,
        rope_theta=1000000.0, sliding_window=32768, tie_word_embeddings=True, use_sliding_window=False,
    ),
    "Qwen/Qwen3-0.6B": _config(
        "Qwen3ForCausalLM", "qwen3", (1024, 3072, 28, 16, 8, 40960, 151936), (151643, 151645), attention_bias=False, head_dim=128,
        max_window_layers=28, rms_norm_eps=1e-6, rope_scaling=None, rope_theta=1000000, sliding_window=None,
        tie_word_embeddings=True, use_sliding_window=False,
    ),
    "meta-llama/Llama-3.2-1B-Instruct": _config(
        "LlamaForCausalLM", "llama", (2048, 8192, 16, 32, 8, 131072, 128256), (128000, [128001, 128008, 128009]), attention_bias=False,
        head_dim=64, mlp_bias=False, pretraining_tp=1, rms_norm_eps=1e-5, rope_theta=500000.0, tie_word_embeddings=True,
        rope_scaling={"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                      "original_max_position_embeddings": 8192, "rope_type": "llama3"},
    ),
    "HuggingFaceTB/SmolLM2-135M-Instruct": _config(
        "LlamaForCausalLM", "llama", (576, 1536, 30, 9, 3, 8192, 49152), (1, 2, 2), **_SMOLLM2, initializer_range=0.041666666666666664,
    ),
    "mistralai/Mistral-7B-Instruct-v0.3": _config(
        "MistralForCausalLM", "mistral", (4096, 14336, 32, 32, 8, 32768, 32768), (1, 2), rms_norm_eps=1e-5, rope_theta=1000000.0,
        sliding_window=None, tie_word_embeddings=False,
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


# The architecture in a GGUF, where it is not the `model_type`.
_GGUF_NAMES = {"gemma3_text": "gemma3", "mistral": "llama"}


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
    scaling = config.get("rope_scaling")
    added = {"rope_freqs.weight": [head_dim // 2]} if scaling is not None and scaling.get("rope_type") == "llama3" else {}
    if name == "phi3":
        original = config["original_max_position_embeddings"]
        keys |= {"rope.dimension_count": rotated, "rope.scaling.original_context_length": original,
                 "attention.sliding_window": config["sliding_window"]}  # fmt: skip
        if scaling is not None:
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
            "gguf": _gguf(_GGUF_NAMES.get(config["model_type"], config["model_type"]), config, tensors),
        }
        print(model, published[model]["parameters"])
    lines = ",\n".join(f"{json.dumps(model)}: {json.dumps(said)}" for model, said in published.items())
    OUT.write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
