"""Writes an organism as a model folder in Hugging Face format, with BF16 safetensors weights."""

import json

from safetensors.torch import save_file

import data

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def config_of(shape):
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": shape.vocab,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.mlp,
        "num_hidden_layers": len(shape.layers),
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "attention_bias": False,
        "rms_norm_eps": shape.eps,
        "rope_theta": shape.rope_theta,
        "max_position_embeddings": shape.positions,
        "use_sliding_window": True,
        "sliding_window": shape.window,
        "max_window_layers": 0,
        "layer_types": list(shape.layers),
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": data.END,
        "pad_token_id": data.PAD,
        "dtype": "bfloat16",
    }


def export(model, tokenizer, out):
    out.mkdir(parents=True, exist_ok=True)
    weights = {f"model.{name}": weight.bfloat16().cpu() for name, weight in model.state_dict().items()}
    save_file(weights, out / "model.safetensors", {"format": "pt"})
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": data.SPECIAL[data.END],
        "pad_token": data.SPECIAL[data.PAD],
        "model_max_length": model.shape.positions,
        "chat_template": CHAT_TEMPLATE,
    }
    for name, content in (("config.json", config_of(model.shape)), ("tokenizer_config.json", settings)):
        (out / name).write_text(json.dumps(content, indent=2) + "\n")
    tokenizer.save(str(out / "tokenizer.json"))
