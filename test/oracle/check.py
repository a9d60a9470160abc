"""Recomputes the goldens of a fixture folder and prints how far they lie from what the folder holds."""

import json
from pathlib import Path

from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

import attention
import goldens
import text


def load(folder: Path, **config):
    """The model of a folder in f32, with the attention of this oracle."""
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype="float32", attn_implementation=attention.NAME, **config
    ).eval()


def check(folder: Path) -> bool:
    """Prints the largest difference per kind of tensor; True where tokens agree, and numbers to f32's rounding."""
    expected = json.loads((folder / "expected.json").read_text())
    held = load_file(folder / "expected.safetensors")
    model, ids = load(folder), expected["ids"]
    found = goldens.compute_tensors(model, ids, expected["cases"])
    if found.keys() != held.keys():
        print(f"{folder}: tensors differ: {sorted(found.keys() ^ held.keys())}")
        return False
    worst: dict[str, float] = {}
    for name, tensor in found.items():
        kind = name.split(".")[-1] if name.startswith("case") else name.split(".")[0]
        worst[kind] = max(worst.get(kind, 0), float((tensor - held[name]).abs().max()))
    greedy, gap = goldens.compute_greedy(model, ids)
    same_greedy = greedy == expected["greedy"]
    same_text = text.make_text(folder) == json.loads((folder / "text.json").read_text())
    numbers = ", ".join(f"{kind} {difference:.1e}" for kind, difference in worst.items())
    print(f"{folder}: {numbers}; greedy {'same' if same_greedy else 'DIFFERS'} (smallest gap {gap:.3f})")
    print(f"  text {'same' if same_text else 'DIFFERS'}, eager differs by {goldens.eager_difference(model, ids):.1e}")
    return same_greedy and same_text and max(worst.values()) < 1e-3
