"""Recomputes the goldens of a fixture folder and prints how far they are from the stored ones."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

import attention
import goldens
import text


def load(folder: Path, **config):
    """Loads a folder's model in f32, with the attention of this oracle."""
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype="float32", attn_implementation=attention.NAME, **config
    ).eval()


def check(folder: Path) -> bool:
    """Prints the largest difference per kind of tensor. Returns whether texts, tokens and, up to f32 rounding, numbers agree."""
    expected = json.loads((folder / "expected.json").read_text())
    held = load_file(folder / "expected.safetensors")
    model, ids = load(folder), expected["ids"]
    found = goldens.compute_tensors(model, ids, expected["cases"])
    if found.keys() != held.keys():
        print(f"{folder}: tensors differ: {sorted(found.keys() ^ held.keys())}")
        return False
    worst = dict.fromkeys(("logits", "attention", "hidden", "share_before", "share_after"), torch.zeros(()))
    for name, tensor in found.items():
        kind = name.split(".")[-1] if name.startswith("case") else name.split(".")[0]
        # Python's max would skip a NaN, which compares false with everything; torch's keeps it.
        worst[kind] = torch.maximum(worst[kind], (tensor - held[name]).abs().max())
    greedy, gap = goldens.compute_greedy(model, ids)
    same_greedy = greedy == expected["greedy"]
    same_text = text.make_text(folder) == json.loads((folder / "text.json").read_text())
    eager = goldens.eager_difference(model, ids)
    numbers = ", ".join(f"{kind} {difference:.1e}" for kind, difference in worst.items())
    print(f"{folder}: {numbers}; greedy {'same' if same_greedy else 'DIFFERS'} (smallest gap {gap:.3f})")
    print(f"  text {'same' if same_text else 'DIFFERS'}, eager differs by {eager:.1e}")
    return same_greedy and same_text and eager < 1e-4 and all(difference < 1e-3 for difference in worst.values())
