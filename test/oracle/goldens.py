"""Golden outputs of a model for a row of tokens: logits, attention, hidden states, shares and continuations."""

import random

import torch
import transformers

import attention
from attention import Intervention

CONTINUED = 24
# Logits and attention take most of the space, so only every eighth row of them and the last are kept.
ROW_STEP = 8
SPLIT = "split-softmax 0.5 on [0,18)"

_CASES = [
    ((0, 18), "split-softmax", 0.5),
    ((0, 18), "split-softmax", 0.9),
    ((0, 18), "split-softmax", 0.0),
    ((1, 18), "split-softmax", 0.5),
    ((20, 30), "boost", 5.0),
    ((0, 18), "boost", 1.0),
    ((3, 18), "floor", 0.6),
    ((0, 1), "split-softmax", 0.3),
]


def make_cases(layers: int, heads: int) -> list[dict]:
    """Returns cases of every policy, several targets, and extreme strengths; case 8 has a strength for each head."""
    draw = random.Random(0)
    each_head = [[round(draw.uniform(0.2, 1), 3) for _ in range(heads)] for _ in range(layers)]
    cases = [*_CASES, ((0, 18), "split-softmax", each_head), ((0, 18), "cap", 0.2)]
    return [
        {"case": i, "target": list(target), "policy": policy, "strength": strength}
        for i, (target, policy, strength) in enumerate(cases)
    ]


def kept_rows(tokens: int) -> list[int]:
    """Returns the rows whose logits and attention are recorded."""
    return sorted({*range(0, tokens, ROW_STEP), tokens - 1})


def _intervention(model, target, policy, strength) -> Intervention:
    shape = (model.config.num_hidden_layers, model.config.num_attention_heads)
    return Intervention(tuple(target), policy, torch.as_tensor(strength, dtype=torch.float64).expand(shape))


@torch.no_grad()
def run(model, ids: list[int], intervention: Intervention | None = None):
    """Runs one pass over all ids, without a cache. Returns the model's output and the record of its attention."""
    record = attention.begin(intervention)
    output = model(torch.tensor([ids]), use_cache=False, output_hidden_states=True)
    return output, record


def compute_tensors(model, ids: list[int], cases: list[dict]) -> dict[str, torch.Tensor]:
    """Returns the tensors of `expected.safetensors`, all f32."""
    rows = kept_rows(len(ids))
    output, record = run(model, ids)
    tensors = {"logits": output.logits[0, rows], "attention": torch.stack(record.weights)[:, :, rows]}
    for i, hidden in enumerate(output.hidden_states):
        tensors[f"hidden.{i}"] = hidden[0]
    for case in cases:
        intervention = _intervention(model, case["target"], case["policy"], case["strength"])
        output, record = run(model, ids, intervention)
        tensors[f"case{case['case']}.logits"] = output.logits[0, rows]
        tensors[f"case{case['case']}.share_before"] = torch.stack(record.before)
        tensors[f"case{case['case']}.share_after"] = torch.stack(record.after)
    return {name: tensor.to(torch.float32).contiguous() for name, tensor in tensors.items()}


def continue_greedily(model, ids: list[int], intervention: Intervention | None) -> tuple[list[int], float]:
    """Returns the continuation, recomputed in full at every step, and the smallest gap between its best two logits."""
    tokens, smallest = list(ids), float("inf")
    for _ in range(CONTINUED):
        best = run(model, tokens, intervention)[0].logits[0, -1].topk(2)
        tokens.append(int(best.indices[0]))
        smallest = min(smallest, float(best.values[0] - best.values[1]))
    return tokens[len(ids) :], smallest


def compute_greedy(model, ids: list[int]) -> tuple[dict[str, list[int]], float]:
    """Returns both continuations of `expected.json`, and the smallest gap: near zero, rounding may change the token."""
    off, off_gap = continue_greedily(model, ids, None)
    split, split_gap = continue_greedily(model, ids, _intervention(model, (0, 18), "split-softmax", 0.5))
    return {"off": off, SPLIT: split}, min(off_gap, split_gap)


def split_logits(model, ids: list[int]) -> torch.Tensor:
    """Returns logits `[rows, vocab]` under split-softmax 0.5 on `[0, 18)`."""
    output, _ = run(model, ids, _intervention(model, (0, 18), "split-softmax", 0.5))
    return output.logits[0, kept_rows(len(ids))].contiguous()


def eager_difference(model, ids: list[int]) -> float:
    """Returns the largest difference from the logits of transformers' own eager attention."""
    ours = run(model, ids)[0].logits
    model.set_attn_implementation("eager")
    theirs = run(model, ids)[0].logits
    model.set_attn_implementation(attention.NAME)
    return float((ours - theirs).abs().max())


def describe(model, ids: list[int], tensors: dict[str, torch.Tensor], cases: list[dict], greedy: dict) -> dict:
    """Returns the contents of `expected.json`."""
    last = tensors["attention"][:, :, -1, :].to(torch.float64)
    share = last[..., :18].sum(-1)
    return {
        "ids": ids,
        "rows": kept_rows(len(ids)),
        "cases": cases,
        "greedy": greedy,
        "layers": model.config.num_hidden_layers,
        "heads": model.config.num_attention_heads,
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "last_row": {
            "mean_entropy_nats": round(float(torch.special.entr(last).sum(-1).mean()), 3),
            "share_0_18_min": round(float(share.min()), 4),
            "share_0_18_max": round(float(share.max()), 4),
        },
    }
