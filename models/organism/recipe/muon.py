"""Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon): momentum with orthogonalised updates, for hidden matrices."""

import torch

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalize(matrices):
    """Approximates the nearest semi-orthogonal matrices with five Newton-Schulz steps. Batches matrices of one shape."""
    a, b, c = NEWTON_SCHULZ
    out = [None] * len(matrices)
    shapes = {}
    for at, matrix in enumerate(matrices):
        shapes.setdefault(tuple(sorted(matrix.shape)), []).append(at)
    for members in shapes.values():
        wide = torch.stack([matrices[at].T if matrices[at].shape[0] > matrices[at].shape[1] else matrices[at] for at in members])
        wide = (wide / (wide.norm(dim=(1, 2), keepdim=True) + 1e-7)).bfloat16()
        for _ in range(5):
            gram = wide @ wide.transpose(1, 2)
            wide = a * wide + (b * gram + c * gram @ gram) @ wide
        for matrix, at in zip(wide.float(), members):
            out[at] = matrix.T if matrices[at].shape[0] > matrices[at].shape[1] else matrix
    return out


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr, momentum=0.95, decay=0.02):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            updates = []
            for parameter in group["params"]:
                state = self.state[parameter]
                velocity = state.setdefault("velocity", torch.zeros_like(parameter))
                velocity.mul_(group["momentum"]).add_(parameter.grad)
                updates.append(parameter.grad + group["momentum"] * velocity)
            for parameter, update in zip(group["params"], orthogonalize(updates)):
                rows, columns = parameter.shape
                parameter.mul_(1 - group["lr"] * group["decay"])
                parameter.add_(update, alpha=-group["lr"] * max(1, rows / columns) ** 0.5)
