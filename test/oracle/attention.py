"""Attention that transformers' models call instead of their own, with a share policy between softmax and values.

The share of a target is the attention that a row gives to the keys inside it; a policy maps it to another share, and
the weights on both sides are scaled so that the row still sums to one. Shares are formed from the log-sum-exp of each
side, never from one common maximum, which underflows.
"""

from dataclasses import dataclass, field

import torch
from torch.nn.functional import logsigmoid
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

NAME = "golden"


@dataclass
class Intervention:
    """A policy on the keys `[start, end)`, with its strength for each layer and head: `[layers, heads]`."""

    target: tuple[int, int]
    policy: str
    strength: torch.Tensor


@dataclass
class Record:
    """The attention of one pass, layer by layer: weights `[heads, T, T]`, and shares of the target `[heads, T]`."""

    weights: list[torch.Tensor] = field(default_factory=list)
    before: list[torch.Tensor] = field(default_factory=list)
    after: list[torch.Tensor] = field(default_factory=list)


# A model calls the attention of its layers with its own arguments, so the intervention of a pass is kept here.
_intervention: Intervention | None = None
_record = Record()


def begin(intervention: Intervention | None) -> Record:
    """Sets the intervention of the next pass. Returns its record, which that pass fills."""
    global _intervention, _record
    _intervention, _record = intervention, Record()
    return _record


def map_share(policy: str, log_share: torch.Tensor, strength: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the share after a policy, and its complement, computed separately: 1 - share loses precision near one."""
    complement = -torch.expm1(log_share)
    if policy == "split-softmax":
        log_after = strength * log_share
        return log_after.exp(), -torch.expm1(log_after)
    if policy == "boost":
        boosted = strength * log_share.exp()
        return boosted / (boosted + complement), complement / (boosted + complement)
    if policy == "floor":
        below = log_share.exp() < strength
        return torch.where(below, strength, log_share.exp()), torch.where(below, 1 - strength, complement)
    if policy == "cap":
        above = log_share.exp() > strength
        return torch.where(above, strength, log_share.exp()), torch.where(above, 1 - strength, complement)
    raise ValueError(f"policy is {policy!r}, expected split-softmax, boost, floor or cap")


def _apply(scores: torch.Tensor, visible: torch.Tensor, intervention: Intervention, layer: int):
    """Returns weights, share before and share after, for f64 scores `[heads, T, T]` that are -inf for unseen keys."""
    start, end = intervention.target
    keys = torch.arange(scores.shape[-1])
    targeted = (keys >= start) & (keys < end)
    inside = scores.masked_fill(~targeted, -torch.inf)
    outside = scores.masked_fill(targeted, -torch.inf)
    sees_inside = (visible & targeted).any(-1)
    mixed = sees_inside & (visible & ~targeted).any(-1)

    log_share = logsigmoid(inside.logsumexp(-1) - outside.logsumexp(-1))
    strength = intervention.strength[layer].to(torch.float64)[:, None]
    share, rest = map_share(intervention.policy, log_share, strength)
    # A row that sees nothing on one side has no softmax there. Below, such rows get the plain softmax.
    split = torch.nan_to_num(inside.softmax(-1)) * share[..., None]
    split += torch.nan_to_num(outside.softmax(-1)) * rest[..., None]

    weights = torch.where(mixed[..., None], split, scores.softmax(-1))
    before = torch.where(mixed, log_share.exp(), sees_inside.to(torch.float64))
    return weights, before, torch.where(mixed, share, before)


def golden_attention(module, query, key, value, attention_mask, scaling=None, softcap=None, **_):
    """Computes transformers' eager attention `[1, heads, T, headDim]`, with an f64 softmax, then the policy."""
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    scores = query @ key.transpose(2, 3) * scaling
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    visible = attention_mask[0] == 0
    scores = scores[0].to(torch.float64).masked_fill(~visible, -torch.inf)

    if _intervention is None:
        weights = scores.softmax(-1)
    else:
        weights, before, after = _apply(scores, visible, _intervention, module.layer_idx)
        _record.before.append(before)
        _record.after.append(after)
    _record.weights.append(weights)
    weights = weights[None].to(query.dtype)
    return (weights @ value).transpose(1, 2).contiguous(), weights


AttentionInterface.register(NAME, golden_attention)
AttentionMaskInterface.register(NAME, eager_mask)
