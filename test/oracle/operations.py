"""Writes the result of every operation of a model, for `holdfast trace --against`; see README.md.

    python test/oracle/operations.py FOLDER --ids 1,2,3 --out FILE

FOLDER is a model of a family that transformers reads, of any size. The default of --ids is the ids of its expected.json.
Operations have the names of the reference executor: `hidden.0`, `layers.0.query` and so on, each `[T, width]`, and `logits`
are the last; `ids` are the tokens.
"""

import argparse
import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

import attention
import check

# Norms by the names in a layer. In most families, `post_attention_layernorm` is before the MLP.
_LLAMA = {"input_layernorm": "attentionNorm", "post_attention_layernorm": "mlpNorm"}
_POST = {"post_attention_layernorm": "postAttentionNorm", "post_feedforward_layernorm": "postMlpNorm"}
_GEMMA = {"input_layernorm": "attentionNorm", "pre_feedforward_layernorm": "mlpNorm", **_POST}


def _norms(layer) -> dict[str, str]:
    if hasattr(layer, "pre_feedforward_layernorm"):
        return _GEMMA
    return _LLAMA if hasattr(layer, "input_layernorm") else _POST


def _parts(config) -> dict[str, tuple[list[str], list[int]]]:
    """Returns the parts of each projection's output with their widths; fused projections have several."""
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    queries, keys = config.num_attention_heads * head_dim, config.num_key_value_heads * head_dim
    return {
        "self_attn.q_proj": (["query"], [queries]),
        "self_attn.k_proj": (["key"], [keys]),
        "self_attn.v_proj": (["value"], [keys]),
        "self_attn.qkv_proj": (["query", "key", "value"], [queries, keys, keys]),
        "self_attn.o_proj": (["output"], [config.hidden_size]),
        "mlp.gate_proj": (["gate"], [config.intermediate_size]),
        "mlp.up_proj": (["up"], [config.intermediate_size]),
        "mlp.gate_up_proj": (["gate", "up"], [config.intermediate_size] * 2),
        "mlp.down_proj": (["down"], [config.hidden_size]),
    }


def _by_token(tensor: torch.Tensor, tokens: int) -> torch.Tensor:
    """Reshapes `[1, T, width]`, `[1, T, heads, headDim]` or `[1, heads, T, headDim]` to `[T, width]`."""
    tensor = tensor[0]
    if tensor.dim() == 3 and tensor.shape[0] != tokens:
        tensor = tensor.transpose(0, 1)
    return tensor.reshape(tokens, -1).float().contiguous().clone()


def record(model, ids: list[int]) -> dict[str, torch.Tensor]:
    """Runs one pass and returns its operations by name."""
    found: dict[str, torch.Tensor] = {}
    heads = {model.config.num_attention_heads, model.config.num_key_value_heads}
    if len(ids) in heads:
        raise ValueError(f"the number of tokens equals the number of heads: {len(ids)}; give one token more or fewer")

    def keep(name: str, tensor: torch.Tensor) -> None:
        found[name] = _by_token(tensor, len(ids))

    def after(module, names: list[str], widths: list[int] | None = None) -> None:
        def hook(_, __, output):
            for name, part in zip(names, [output] if widths is None else output.split(widths, -1)):
                keep(name, part)

        module.register_forward_hook(hook)

    def before(module, name: str) -> None:
        # Some modules get their input by name.
        def hook(_, inputs, named):
            keep(name, inputs[0] if inputs else named["hidden_states"])

        module.register_forward_pre_hook(hook, with_kwargs=True)

    def rotated(module, query, key, *args, **named):
        keep(f"layers.{module.layer_idx}.queryRotated", query)
        keep(f"layers.{module.layer_idx}.keyRotated", key)
        return attention.golden_attention(module, query, key, *args, **named)

    transformers.AttentionInterface.register("recorded", rotated)
    transformers.AttentionMaskInterface.register("recorded", attention.eager_mask)
    model.set_attn_implementation("recorded")

    for index, layer in enumerate(model.model.layers):
        prefix = f"layers.{index}"
        before(layer, f"hidden.{index}")
        for norm, name in _norms(layer).items():
            after(getattr(layer, norm), [f"{prefix}.{name}"])
        for norm, name in {"q_norm": "queryNorm", "k_norm": "keyNorm"}.items():
            if hasattr(layer.self_attn, norm):
                after(getattr(layer.self_attn, norm), [f"{prefix}.{name}"])
        for path, (names, widths) in _parts(model.config).items():
            block, projection = path.split(".")
            module = getattr(getattr(layer, block), projection, None)
            if module is not None:
                after(module, [f"{prefix}.{name}" for name in names], widths)
        before(layer.self_attn.o_proj, f"{prefix}.heads")
        before(layer.mlp.down_proj, f"{prefix}.gated")
    after(model.model.norm, [f"hidden.{len(model.model.layers)}"])
    attention.begin(None)
    with torch.no_grad():
        keep("logits", model(torch.tensor([ids]), use_cache=False).logits)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the result of every operation of a model.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ids", help="token ids, such as 1,2,3 (default: those of the folder's expected.json)")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.ids is not None:
        ids = [int(part) for part in given.ids.split(",")]
    else:
        ids = json.loads((given.folder / "expected.json").read_text())["ids"]
    found = record(check.load(given.folder), ids)
    save_file({"ids": torch.tensor(ids), **found}, given.out)
    print(f"{given.out}: {len(found)} operations on {len(ids)} tokens; to compare with them:")
    print(f"holdfast trace {given.folder} --executor reference --against {given.out}")


if __name__ == "__main__":
    main()
