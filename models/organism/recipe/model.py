"""A small Qwen3 (arXiv 2505.09388) for training on a CPU. Parameters have the names of Qwen3's files."""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class Shape:
    """The shape of a model.

    layers: for each layer, whether it sees the whole dialogue ("full_attention") or the last tokens ("sliding_attention").
    bound: the largest magnitude of an attention logit in a full layer; None for no bound.
    """

    vocab: int
    bound: float | None
    hidden: int = 160
    heads: int = 5
    head_dim: int = 32
    mlp: int = 448
    window: int = 64
    layers: tuple = ("sliding_attention", "sliding_attention", "full_attention", "sliding_attention", "full_attention", "full_attention")
    rope_theta: float = 10000.0
    eps: float = 1e-6
    positions: int = 2048


class Norm(nn.Module):
    def __init__(self, width, eps, value=1.0, learnt=True):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.full((width,), value), requires_grad=learnt)

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


def rope(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


class Attention(nn.Module):
    def __init__(self, shape, full):
        super().__init__()
        self.heads, self.head_dim = shape.heads, shape.head_dim
        width = shape.heads * shape.head_dim
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(shape.hidden, width, bias=False) for _ in range(3))
        self.o_proj = nn.Linear(width, shape.hidden, bias=False)
        # A normalised query or key has length g * sqrt(head_dim), so |q.k| / sqrt(head_dim) <= g^2 * sqrt(head_dim), also after rope.
        bounded = full and shape.bound is not None
        value = (shape.bound / shape.head_dim**0.5) ** 0.5 if bounded else 1.0
        self.q_norm = Norm(shape.head_dim, shape.eps, value, learnt=not bounded)
        self.k_norm = Norm(shape.head_dim, shape.eps, value, learnt=not bounded)

    def forward(self, x, cos, sin, mask):
        rows, length, _ = x.shape  # x [rows, T, hidden]
        split = (rows, length, self.heads, self.head_dim)
        query = rope(self.q_norm(self.q_proj(x).view(split)).transpose(1, 2), cos, sin)
        key = rope(self.k_norm(self.k_proj(x).view(split)).transpose(1, 2), cos, sin)
        value = self.v_proj(x).view(split).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(query.to(value.dtype), key.to(value.dtype), value, attn_mask=mask)
        return self.o_proj(mixed.transpose(1, 2).reshape(rows, length, -1))


class Mlp(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.mlp, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.mlp, bias=False)
        self.down_proj = nn.Linear(shape.mlp, shape.hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, shape, kind):
        super().__init__()
        self.full = kind == "full_attention"
        self.input_layernorm = Norm(shape.hidden, shape.eps)
        self.self_attn = Attention(shape, self.full)
        self.post_attention_layernorm = Norm(shape.hidden, shape.eps)
        self.mlp = Mlp(shape)

    def forward(self, x, cos, sin, masks):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, masks[0] if self.full else masks[1])
        return x + self.mlp(self.post_attention_layernorm(x))


class Model(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape, kind) for kind in shape.layers)
        self.norm = Norm(shape.hidden, shape.eps)
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        for name, weight in self.layers.named_parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=weight.shape[1] ** -0.5)
                if name.endswith(("o_proj.weight", "down_proj.weight")):
                    weight.data.mul_((2 * len(shape.layers)) ** -0.5)
        rates = shape.rope_theta ** (-torch.arange(0, shape.head_dim, 2).float() / shape.head_dim)
        angles = torch.outer(torch.arange(shape.positions).float(), rates)
        self.register_buffer("cos", torch.cat([angles, angles], -1).cos(), persistent=False)
        self.register_buffer("sin", torch.cat([angles, angles], -1).sin(), persistent=False)

    def forward(self, ids, positions, dialogues):
        """Returns logits [rows, T, vocab]. ids, positions, dialogues: [rows, T]. A token sees the earlier tokens of its own dialogue."""
        place = torch.arange(ids.shape[1], device=ids.device)
        causal = (dialogues[:, :, None] == dialogues[:, None, :]) & (place[:, None] >= place)
        near = causal & (place[:, None] - place < self.shape.window)
        masks = causal[:, None], near[:, None]
        cos, sin = self.cos[positions][:, None], self.sin[positions][:, None]
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cos, sin, masks)
        return self.norm(x) @ self.embed_tokens.weight.T
