"""Writes rope.json: inverse frequencies and attention scaling of every rope type, as transformers computes them."""

import json
from pathlib import Path

from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.phi3.modeling_phi3 import Phi3RotaryEmbedding

_LLAMA3 = {
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
    "rope_theta": 500000.0,
}
_YARN = {"factor": 4.0, "original_max_position_embeddings": 32768, "rope_theta": 1000000.0}
_SHORT_YARN = {"factor": 16.0, "original_max_position_embeddings": 128, "rope_theta": 10000.0}
_LONGROPE = {
    "short_factor": [1.0, 1.05, 1.1, 1.2, 1.4, 1.7, 2.1, 2.6],
    "long_factor": [1.0, 1.3, 1.9, 3.0, 5.0, 9.0, 17.0, 32.0],
    "original_max_position_embeddings": 4096,
    "rope_theta": 10000.0,
}

# Type, parameters, head dim, max_position_embeddings, and sequence lengths.
_SETTINGS = [
    ("default", {"rope_theta": 10000.0}, 16, 2048, [None]),
    ("default", {"rope_theta": 1000000.0}, 128, 32768, [None]),
    ("default", {"rope_theta": 10000.0, "partial_rotary_factor": 0.75}, 32, 2048, [None]),
    ("default", {"rope_theta": 10000.0, "partial_rotary_factor": 0.4}, 80, 2048, [None]),
    ("linear", {"rope_theta": 10000.0, "factor": 4.0}, 16, 2048, [None, 4096]),
    ("linear", {"rope_theta": 1000000.0, "factor": 8.0, "partial_rotary_factor": 0.5}, 32, 2048, [None]),
    ("dynamic", {"rope_theta": 10000.0, "factor": 2.0}, 16, 2048, [None, 1000, 2048, 2049, 3000, 8192]),
    ("dynamic", {"rope_theta": 500000.0, "factor": 1.0}, 64, 4096, [8192]),
    ("dynamic", {"rope_theta": 10000.0, "factor": 4.0, "partial_rotary_factor": 0.5}, 32, 512, [512, 600]),
    ("llama3", _LLAMA3, 128, 131072, [None]),
    ("llama3", {**_LLAMA3, "factor": 32.0}, 64, 131072, [None, 200000]),
    ("llama3", {**_LLAMA3, "original_max_position_embeddings": 256, "high_freq_factor": 8.0}, 16, 2048, [None]),
    ("llama3", {**_LLAMA3, "partial_rotary_factor": 0.5}, 64, 131072, [None]),
    ("yarn", _YARN, 128, 131072, [None, 200000]),
    ("yarn", _SHORT_YARN, 16, 2048, [None]),
    ("yarn", {**_SHORT_YARN, "truncate": False}, 16, 2048, [None]),
    ("yarn", {**_YARN, "truncate": False}, 128, 131072, [None]),
    ("yarn", {**_YARN, "beta_fast": 16.0, "beta_slow": 2.0}, 64, 131072, [None]),
    ("yarn", {**_YARN, "attention_factor": 1.25}, 64, 131072, [None]),
    ("yarn", {**_YARN, "mscale": 0.707, "mscale_all_dim": 1.0}, 64, 131072, [None]),
    ("yarn", {**_YARN, "mscale": 1.0, "mscale_all_dim": 1.0}, 64, 131072, [None]),
    # One of mscale and mscale_all_dim alone has no effect.
    ("yarn", {**_YARN, "mscale": 0.707}, 64, 131072, [None]),
    ("yarn", {**_YARN, "mscale": 0.707, "mscale_all_dim": 1.0, "attention_factor": 1.1}, 64, 131072, [None]),
    ("yarn", {**_YARN, "factor": 1.0}, 64, 32768, [None]),
    ("yarn", {**_YARN, "partial_rotary_factor": 0.5}, 64, 131072, [None]),
    ("longrope", _LONGROPE, 16, 131072, [None, 4096, 4097, 131072]),
    ("longrope", {**_LONGROPE, "partial_rotary_factor": 0.5}, 32, 131072, [4096, 5000]),
    ("longrope", {**_LONGROPE, "attention_factor": 1.5}, 16, 131072, [4096, 5000]),
    ("longrope", {**_LONGROPE, "factor": 8.0}, 16, 131072, [4096, 5000]),
    ("longrope", _LONGROPE, 16, 4096, [4096, 5000]),
]


def _compute(kind: str, parameters: dict, head_dim: int, max_length: int, seq_len: int | None) -> dict:
    config = {
        "hidden_size": 4 * head_dim,
        "num_attention_heads": 4,
        "head_dim": head_dim,
        "max_position_embeddings": max_length,
        "rope_parameters": {"rope_type": kind, **parameters},
    }
    # The default type has no function in the table; Phi-3's also supports partial rotation.
    compute = ROPE_INIT_FUNCTIONS.get(kind, Phi3RotaryEmbedding.compute_default_rope_parameters)
    # LlamaConfig completes its parameters in place, so give it a copy.
    read = LlamaConfig(**{**config, "rope_parameters": dict(config["rope_parameters"])})
    inv_freq, scaling = compute(read, seq_len=seq_len)
    return {
        "type": kind,
        "config": config,
        "head_dim": head_dim,
        "seq_len": seq_len,
        "inv_freq": inv_freq.tolist(),
        "attention_scaling": float(scaling),
    }


def write(path: Path) -> None:
    """Writes a list of `{type, config, head_dim, seq_len, inv_freq, attention_scaling}`; numbers are exact f32."""
    made = [
        _compute(kind, parameters, head_dim, max_length, seq_len)
        for kind, parameters, head_dim, max_length, lengths in _SETTINGS
        for seq_len in lengths
    ]
    path.write_text(json.dumps(made, indent=1))
    print(f"{path}: {len(made)} settings")
