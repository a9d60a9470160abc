"""The tiny models: for each family a config with all of its features, its texts, and random weights."""

import math
from dataclasses import dataclass, field

import torch
from transformers import AutoConfig, AutoModelForCausalLM

import attention

_FOLDING = "gemma3"
_CHATML = "llama"
_BRACKETS = "mistral"
# Two styles: headers with BOS, and roles as tags without a special opening token.
_HEADERS = (
    "{{- bos_token -}}{%- for m in messages -%}"
    "{{- '<|im_start|>' + m['role'] + '\\n\\n' + m['content'] | trim + '<|im_end|>' -}}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n\\n' -}}{%- endif -%}"
)
_TAGS = (
    "{%- for m in messages -%}{{- '<|' + m['role'] + '|>\\n' + m['content'] + '<|im_end|>\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>\\n' -}}{%- else -%}{{- eos_token -}}{%- endif -%}"
)


@dataclass(frozen=True)
class Family:
    """A tiny model of a family."""

    model_type: str
    config: dict
    # The committed fixture whose tokenizer it shares, and whose chat template it shares unless it has its own.
    texts: str = _CHATML
    template: str | None = None
    bos_token: str | None = None
    # Indices of the cases that a variant keeps: two show its difference as well as ten do. None: all.
    cases: tuple[int, ...] | None = None
    # Standard deviation of the embedding and of an untied head; factor of queries and keys.
    embedding: float = 0.8
    sharpness: float = 1.0
    seed: int = 0
    # Config fields that a GGUF file of the family cannot contain, with the values that its readers assume.
    gguf: dict = field(default_factory=dict)


_BASE = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
    "initializer_range": 0.25,
    "vocab_size": 512,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": None,
    "tie_word_embeddings": True,
}
_GEMMA = {**_BASE, "vocab_size": 640, "bos_token_id": 2, "eos_token_id": 4, "pad_token_id": 0, "rms_norm_eps": 1e-6}


def _rope(theta: float, **scaling) -> dict:
    return {"rope_theta": theta, "rope_type": "default", **scaling}


_LONGROPE = {
    "rope_type": "longrope",
    "short_factor": [1.0, 1.15, 1.4, 1.9],
    "long_factor": [1.2, 2.1, 4.5, 9.0],
    "partial_rotary_factor": 0.5,
}


def _phi3(original: int, sliding_window: int | None) -> dict:
    return {
        **_BASE,
        "tie_word_embeddings": False,
        "sliding_window": sliding_window,
        "original_max_position_embeddings": original,
        "rope_parameters": _rope(10000.0, **_LONGROPE, original_max_position_embeddings=original),
    }


def _smollm3(no_rope_layers: list[int], **window) -> dict:
    return {
        **_BASE,
        "num_hidden_layers": 5,
        "rms_norm_eps": 1e-6,
        "no_rope_layers": no_rope_layers,
        "rope_parameters": _rope(5000.0),
        **window,
    }


FAMILIES = {
    "llama": Family("llama", {**_BASE, "head_dim": 16, "rope_parameters": _rope(10000.0)}),
    "mistral": Family(
        "mistral",
        {
            **_BASE,
            "vocab_size": 640,
            "bos_token_id": 0,
            "eos_token_id": 1,
            "head_dim": 16,
            "tie_word_embeddings": False,
            "sliding_window": 20,
            "rope_parameters": _rope(10000.0),
        },
        texts=_BRACKETS,
    ),
    "qwen2": Family("qwen2", {**_BASE, "rope_parameters": _rope(1e6)}),
    "qwen3": Family("qwen3", {**_BASE, "head_dim": 24, "rope_parameters": _rope(1e6)}),
    "gemma3": Family(
        "gemma3_text",
        {
            **_GEMMA,
            "num_hidden_layers": 7,
            "intermediate_size": 64,
            "head_dim": 16,
            "query_pre_attn_scalar": 16,
            "sliding_window": 16,
            "rope_parameters": {
                "full_attention": _rope(1e6, rope_type="linear", factor=8.0),
                "sliding_attention": _rope(10000.0),
            },
        },
        texts=_FOLDING,
        embedding=0.15,
    ),
    "gemma2": Family(
        "gemma2",
        {
            **_GEMMA,
            "num_hidden_layers": 4,
            "intermediate_size": 64,
            "head_dim": 24,
            "query_pre_attn_scalar": 40,
            "sliding_window": 16,
            "attn_logit_softcapping": 5.0,
            "final_logit_softcapping": 5.0,
            "rope_parameters": _rope(10000.0),
        },
        texts=_FOLDING,
        embedding=0.15,
        sharpness=1.8,
        seed=9,
        gguf={"query_pre_attn_scalar": 24},
    ),
    "smollm3": Family("smollm3", _smollm3([1, 1, 1, 0, 1]), seed=11),
    "smollm3-nope": Family(
        "smollm3",
        _smollm3([0, 1, 1, 0, 1], use_sliding_window=True, sliding_window=20),
        cases=(0, 8),
        seed=1,
    ),
    "phi3": Family("phi3", _phi3(48, 30), template=_TAGS, seed=6, gguf={"sliding_window": None}),
    "phi3-short": Family("phi3", _phi3(128, None), template=_TAGS, cases=(0, 8), seed=1),
    "olmo2": Family(
        "olmo2",
        {**_BASE, "tie_word_embeddings": False, "bos_token_id": 0, "rope_parameters": _rope(500000.0)},
        template=_HEADERS,
        bos_token="<|endoftext|>",
        sharpness=1.7,
        seed=5,
    ),
    "granite": Family(
        "granite",
        {
            **_BASE,
            "embedding_multiplier": 0.75,
            "attention_multiplier": 0.4,
            "residual_multiplier": 0.7,
            "logits_scaling": 1.6,
            "rope_parameters": _rope(10000.0),
        },
        seed=4,
    ),
}


_SHARPENED = ("q_proj.weight", "k_proj.weight", "q_norm.weight", "k_norm.weight")


def _fill(name: str, parameter: torch.Tensor, family: Family, generator: torch.Generator) -> None:
    """Fills a parameter with random values. None has a value that a loader could assume: norms are not 1, biases not 0."""
    noise = torch.randn(parameter.shape, generator=generator)
    sharp = family.sharpness if name.endswith(_SHARPENED) else 1.0
    if name.endswith("norm.weight"):
        # Gemma's norms multiply by one plus their weight.
        centre = 0.0 if family.model_type.startswith("gemma") else 1.0
        parameter.copy_(sharp * (centre + 0.2 * noise))
    elif name.endswith(".bias"):
        parameter.copy_(0.3 * noise)
    elif name.startswith(("model.embed_tokens", "lm_head")):
        parameter.copy_(family.embedding * noise)
    else:
        parameter.copy_(sharp * 1.3 / math.sqrt(parameter.shape[-1]) * noise)


@torch.no_grad()
def make_model(family: Family, seed: int):
    """Makes a model in f32 with random weights, tied if the config says so."""
    config = AutoConfig.for_model(family.model_type, **family.config)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation=attention.NAME).eval()
    model.config.architectures = [type(model).__name__]
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        _fill(name, parameter, family, generator)
    return model
