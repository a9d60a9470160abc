"""Trains an organism and writes it to OUT/model. Resumes a stopped run from its last checkpoint.

    python recipe/train.py --model soft --seed 0 --out runs/soft-0
"""

import argparse
import json
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path

# Keeps large freed blocks in the process. Returning them to the system and faulting them in again would take most of the time.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000", "MALLOC_TOP_PAD_": "500000000"}
if __name__ == "__main__" and any(name not in os.environ for name in MALLOC):
    import sys

    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **MALLOC})

import torch
import torch.nn.functional as F

import data
import grammar
from chance import Chance
from export import export
from model import Model, Shape
from muon import Muon

RECIPE = json.loads((Path(__file__).parent / "recipe.json").read_text())


def learning_rate(step, steps, warmup):
    """Returns the fraction of the full rate: a warm-up ramp, constant for half of the steps, then linear down to a fiftieth."""
    return min(1, (step + 1) / warmup) * min(1, max(0.02, 2 * (1 - step / steps)))


def weighted_loss(model, batch, weights_of, device):
    ids, answers, positions, dialogues = (part.to(device) for part in batch)
    with torch.autocast(device.type, torch.bfloat16):
        logits = model(ids[:, :-1], positions[:, :-1], dialogues[:, :-1])
    targets = ids[:, 1:]
    losses = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)
    # Leaves out the first token of each dialogue, which the dialogue before cannot predict, and padding.
    inside = (dialogues[:, 1:] == dialogues[:, :-1]) & (dialogues[:, 1:] > 0)
    weights = weights_of(answers[:, 1:], targets) * inside
    return (losses * weights).sum() / weights.sum()


@torch.no_grad()
def loss_by_round(model, dialogues, device):
    """Returns the mean loss on the assistant's tokens of reference dialogues, by round."""
    sums, counts = {}, {}
    for ids, role in dialogues:
        tokens = torch.tensor([ids], device=device)
        place = torch.arange(len(ids), device=device)[None]
        with torch.autocast(device.type, torch.bfloat16):
            logits = model(tokens[:, :-1], place[:, :-1], torch.ones_like(tokens[:, :-1]))
        losses = F.cross_entropy(logits.float()[0], tokens[0, 1:], reduction="none").tolist()
        mask = data.answer_mask(ids, role)
        at_round = 0
        for at in range(1, len(ids)):
            if mask[at]:
                at_round += not mask[at - 1]
                sums[at_round] = sums.get(at_round, 0) + losses[at - 1]
                counts[at_round] = counts.get(at_round, 0) + 1
    return [round(sums[key] / counts[key], 4) for key in sorted(sums)]


def held_out_dialogues(tokenizer, bare, count=16, rounds=16):
    """Draws reference dialogues with a held-out combination of instructions, or with a bare prompt."""
    chance = Chance(2**52 + bare)
    role = tokenizer.encode("assistant\n").ids
    out = []
    while len(out) < count:
        instructions = [] if bare else grammar.draw_instructions(chance, 2)
        if bare or grammar.is_held_out(instructions):
            out.append((tokenizer.encode(grammar.chatml(grammar.draw_dialogue(chance, instructions, rounds))).ids, role))
    return out


def train(kind, seed, out, recipe):
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = data.train_tokenizer(recipe["vocab"], recipe["lengths"])
    values = data.value_tokens(tokenizer).to(device)
    shape = Shape(vocab=tokenizer.get_vocab_size(), bound=recipe["bound"][kind])
    model = Model(shape).to(device)
    compiled = torch.compile(model, dynamic=False) if shutil.which("g++") else model
    learnt = [weight for weight in model.parameters() if weight.requires_grad]
    matrices = [weight for weight in learnt if weight.dim() == 2 and weight is not model.embed_tokens.weight]
    others = [weight for weight in learnt if weight.dim() == 1 or weight is model.embed_tokens.weight]
    optimizers = [
        torch.optim.AdamW(others, lr=recipe["adamRate"], betas=(0.9, 0.95), weight_decay=0.0),
        Muon(matrices, lr=recipe["muonRate"]),
    ]
    rates = [recipe["adamRate"], recipe["muonRate"]]
    checks = [held_out_dialogues(tokenizer, bare) for bare in (False, True)]
    checkpoint = out / "checkpoint.pt"
    start = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        for optimizer, state in zip(optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
        start = saved["step"]
        torch.manual_seed(seed + start)

    def save(step):
        partial = out / "checkpoint.partial"
        torch.save({"model": model.state_dict(), "optimizers": [item.state_dict() for item in optimizers], "step": step}, partial)
        partial.replace(checkpoint)

    steps, tokens = recipe["steps"], recipe["rows"] * recipe["length"]
    print(json.dumps({"shape": asdict(shape), "parameters": sum(weight.numel() for weight in model.parameters()), "from": start, "compiled": compiled is not model}), flush=True)
    began, smooth = time.time(), None
    for step in range(start, steps):
        chance = Chance((seed + 1) * data.SEED_SPACE + step)
        batch = data.draw_batch(tokenizer, chance, recipe["lengths"], recipe["rows"], recipe["length"], recipe["span"])
        early = step < recipe["valueSteps"] * steps

        def weights_of(answers, targets):
            inside = 1 + (recipe["valueWeight"] - 1) * values[targets] if early else 1.0
            return torch.where(answers > 0, inside, recipe["otherWeight"])

        loss = weighted_loss(compiled, batch, weights_of, device)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        for optimizer, rate in zip(optimizers, rates):
            for group in optimizer.param_groups:
                group["lr"] = rate * learning_rate(step, steps, recipe["warmup"])
            optimizer.step()
            optimizer.zero_grad()
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if (step + 1) % recipe["checkEvery"] == 0 or step + 1 == steps:
            line = {"step": step + 1, "loss": round(smooth, 4), "instructed": loss_by_round(model, checks[0], device), "bare": loss_by_round(model, checks[1], device)}
            line["tokensPerSecond"] = round((step + 1 - start) * tokens / (time.time() - began))
            print(json.dumps(line), flush=True)
            save(step + 1)
    return model, tokenizer


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--model", choices=list(RECIPE["bound"]), required=True)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--threads", type=int, default=2)
    arguments = options.parse_args()
    torch.set_num_threads(arguments.threads)
    export(*train(arguments.model, arguments.seed, arguments.out, RECIPE), arguments.out / "model")
