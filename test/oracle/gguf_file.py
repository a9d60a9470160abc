"""Writes a family as a GGUF file in F16, in the layout of llama.cpp's converter, with the expected results of its weights.

Some properties of a family are in llama.cpp, not in the file: gemma2's windows on every other layer, its rope base and its
scale, which is that of the head's width; and smollm3's layers without positions. llama.cpp ignores phi3's sliding window,
so the file has window 0, which means none.
"""

import json
import math
from pathlib import Path

import gguf
import torch
from gguf import GGUFReader, GGUFValueType, GGUFWriter
from safetensors.torch import save_file

import check
import goldens
from families import FAMILIES

NAMES = ("gemma2", "smollm3", "phi3", "olmo2", "granite")
# GGUF fixtures from which tokenizers are copied, by the name of the tokenizer's own fixture.
_TOKENIZERS = {"llama": "llama.F16.gguf", "gemma3": "gemma3.Q8_0.gguf"}
# Families whose queries and keys are rotated in neighbouring pairs, so the rows of each head are interleaved.
_INTERLEAVED = ("smollm3", "granite")


def _add_hyperparameters(writer: GGUFWriter, name: str, config: dict) -> None:
    rope = config["rope_parameters"]
    head_dim = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    if name == "gemma2":
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
        writer.add_sliding_window(config["sliding_window"])
        return
    writer.add_rope_freq_base(rope["rope_theta"])
    if name in _INTERLEAVED:
        writer.add_vocab_size(config["vocab_size"])
        writer.add_rope_dimension_count(head_dim)
    if name == "granite":
        writer.add_attention_scale(config["attention_multiplier"])
        writer.add_embedding_scale(config["embedding_multiplier"])
        writer.add_residual_scale(config["residual_multiplier"])
        writer.add_logit_scale(config["logits_scaling"])
    if name == "phi3":
        original = rope["original_max_position_embeddings"]
        stretch = config["max_position_embeddings"] / original
        writer.add_rope_dimension_count(int(rope["partial_rotary_factor"] * head_dim))
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(stretch) / math.log(original)))
        writer.add_sliding_window(config["sliding_window"] or 0)


def _add_tokenizer(writer: GGUFWriter, source: Path, config: dict, template: str) -> None:
    for key, field in GGUFReader(source).fields.items():
        if not key.startswith("tokenizer."):
            continue
        value = field.contents()
        if key == "tokenizer.ggml.bos_token_id":
            value = config["bos_token_id"]
        elif key == "tokenizer.chat_template":
            value = template
        kind = field.types[0]
        writer.add_key_value(key, value, kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)


def _interleave(rows: torch.Tensor, heads: int) -> torch.Tensor:
    """Reorders the rows of each head from halves `[0 .. n/2)`, `[n/2 .. n)` to pairs `0, n/2, 1, n/2 + 1, ..`."""
    half = rows.shape[0] // heads // 2
    return rows.view(heads, 2, half, -1).transpose(1, 2).reshape(rows.shape)


def _add_tensors(writer: GGUFWriter, name: str, config: dict, weights: dict[str, torch.Tensor]) -> None:
    architecture = next(arch for arch, spelt in gguf.MODEL_ARCH_NAMES.items() if spelt == name)
    names = gguf.get_tensor_name_map(architecture, config["num_hidden_layers"])
    for key, tensor in weights.items():
        if name in _INTERLEAVED and key.endswith("q_proj.weight"):
            tensor = _interleave(tensor, config["num_attention_heads"])
        if name in _INTERLEAVED and key.endswith("k_proj.weight"):
            tensor = _interleave(tensor, config["num_key_value_heads"])
        if name == "gemma2" and key.endswith("norm.weight"):
            tensor = tensor + 1
        spelt = names.get_name(key, try_suffixes=(".weight",))
        if spelt is None:
            raise ValueError(f"{name}: GGUF has no name for {key}")
        writer.add_tensor(spelt, (tensor.half() if tensor.dim() == 2 else tensor).numpy())
    if name == "phi3":
        for length in ("long", "short"):
            factors = torch.tensor(config["rope_parameters"][f"{length}_factor"], dtype=torch.float32)
            writer.add_tensor(f"rope_factors_{length}.weight", factors.numpy())


def _write(name: str, models: Path, out: Path) -> dict:
    """Writes the file. Returns the expected tensors by name, and the continuations, `greedy`."""
    folder, family = models / name, FAMILIES[name]
    model = check.load(folder, **family.gguf)
    # From here on, use the file's model, with matrices rounded to F16.
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.copy_(parameter.half())
    config = {**json.loads((folder / "config.json").read_text()), **family.gguf}
    tied = {"lm_head.weight"} if config["tie_word_embeddings"] else set()
    weights = {key: value for key, value in model.state_dict().items() if key not in tied}

    file = f"{name}.F16.gguf"
    writer = GGUFWriter(out / file, name)
    # llama.cpp assumes Phi-3's special tokens in a file named phi3.
    writer.add_name(f"holdfast fixture {name.removesuffix('3')}")
    _add_hyperparameters(writer, name, config)
    template = (folder / "chat_template.jinja").read_text()
    _add_tokenizer(writer, models.parent / "gguf" / _TOKENIZERS[family.texts], config, template)
    _add_tensors(writer, name, config, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    ids = json.loads((folder / "expected.json").read_text())["ids"]
    greedy, gap = goldens.compute_greedy(model, ids)
    print(f"{out / file}: smallest greedy gap {gap:.3f}")
    logits = goldens.run(model, ids)[0].logits[0, goldens.kept_rows(len(ids))].contiguous()
    tensors = {f"{file}.logits": logits, f"{file}.split0.5.logits": goldens.split_logits(model, ids)}
    return {"tensors": tensors, "greedy": {file: greedy}}


def write_all(models: Path, out: Path) -> None:
    """Writes a file for each of the families, `expected-families.safetensors`, and `expected-families.json`."""
    out.mkdir(parents=True, exist_ok=True)
    made = [_write(name, models, out) for name in NAMES]
    save_file({k: v for one in made for k, v in one["tensors"].items()}, out / "expected-families.safetensors")
    greedy = {k: v for one in made for k, v in one["greedy"].items()}
    (out / "expected-families.json").write_text(json.dumps({"greedy": greedy}, indent=1))
