"""Traces: what ``holdfast trace`` writes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import FileError, HoldfastError
from .json_files import FORMATS, check, check_format, parse_json
from .safetensors_file import read_safetensors

_FORMAT = FORMATS["trace"]
_KINDS = ("attention", "hidden")
"""Tensors with a number after their name."""
_NUMBERED = re.compile(rf"({'|'.join(_KINDS)})\.(0|[1-9][0-9]{{0,5}})")


@dataclass(frozen=True, eq=False)
class Trace:
    """One run of a model with its internals.

    Rows and columns are tokens of the input. Shares and attention are between 0 and 1.

    ======================= ================================== =========================================================
    tensor                  type and shape                     contains
    ======================= ================================== =========================================================
    ``ids``                 int64 [tokens]                     the input
    ``logits``              float32 [tokens, vocabulary]       row t predicts the token after t
    ``target.share_before`` float32 [layers, heads, tokens]    share of the target, before the policy
    ``target.share_after``  float32 [layers, heads, tokens]    share of the target, after the policy
    ``span.shares``         float32 [layers, heads, tokens, spans] share of every span, after the policy
    ``attention.L``         float32 [heads, tokens, tokens]    weights of layer L after the policy; row: query, column: key
    ``hidden.I``            float32 [tokens, hidden]           the input of layer I; the last: the output of the final norm
    ``generated``           int64 [generated]                  the greedy continuation
    ======================= ================================== =========================================================
    """

    path: Path
    """The file."""
    record: Mapping[str, Any] = field(repr=False)
    """The record of the run: model, policy, target, spans, receipt, versions and so on."""
    tensors: Mapping[str, NDArray[Any]] = field(repr=False)
    """The tensors in the file, by name."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Returns a tensor.

        :raises HoldfastError: if it is not in the file
        """
        if name not in self.tensors:
            raise HoldfastError(f"{self.path} has no tensor {name}. It has {', '.join(self.tensors)}")
        return self.tensors[name]

    @property
    def tokens(self) -> list[str]:
        """The text of each token, ``[tokens]``; ``?`` for a token without text.

        :raises HoldfastError: if the model had no tokenizer
        """
        texts = self.record["tokens"]
        if texts is None:
            raise HoldfastError(f"{self.path} has no texts of tokens: the model had no usable tokenizer")
        return ["?" if text is None else text for text in texts]

    @property
    def attention(self) -> dict[int, NDArray[np.float32]]:
        """The attention of every layer in the file, ``[heads, tokens, tokens]``, by the layer's number, ascending."""
        return self._numbered("attention")

    @property
    def hidden(self) -> dict[int, NDArray[np.float32]]:
        """The hidden states in the file, ``[tokens, hidden]``, by their number, ascending."""
        return self._numbered("hidden")

    def mean_shares(self) -> pd.DataFrame:
        """Returns the share of the target for every token after it: the decay of attention within the run.

        :returns: one row per token, with the columns ``token`` (its position), ``before`` and ``after`` the policy; means
            over the heads that see furthest, as everywhere in Holdfast
        :raises HoldfastError: if the run had no target, or its shares are not in the file
        """
        if not self.record["targetRanges"]:
            raise HoldfastError(f"{self.path} has no target. Name one with --target, or trace a dialogue with a system message")
        start = max(end for _, end in self.record["targetRanges"])
        layers = self.record["layersInMeans"]
        before, after = (
            self[f"target.share_{when}"][layers, :, start:].mean(axis=(0, 1), dtype=np.float64)
            for when in ("before", "after")
        )
        return pd.DataFrame({"token": np.arange(start, start + len(before)), "before": before, "after": after})

    def _numbered(self, kind: str) -> dict[int, NDArray[Any]]:
        numbers = sorted(int(name.split(".")[1]) for name in self.tensors if name.startswith(f"{kind}."))
        return {number: self.tensors[f"{kind}.{number}"] for number in numbers}


def read_trace(path: str | os.PathLike[str]) -> Trace:
    """Reads a file that ``holdfast trace`` wrote.

    :raises FileError: if it is not one, naming the place
    :raises OSError: if it cannot be opened
    """
    path = Path(path)
    tensors, metadata = read_safetensors(path)
    record = {key: parse_json(value.encode("utf-8", "surrogatepass"), path, f"record, {key}") for key, value in metadata.items()}
    if "format" not in record:
        raise FileError(path, "", "a safetensors file, but not a trace: its metadata has no format")
    check(record, _FORMAT["record"], path, "record")
    check_format(record["format"], _FORMAT["format"], path)
    _check_shapes(tensors, record, path)
    return Trace(path, record, tensors)


def _check_shapes(tensors: Mapping[str, NDArray[Any]], record: Mapping[str, Any], path: Path) -> None:
    """Checks that tensors have the types and shapes of a trace, and agree with each other and the record."""
    sizes: dict[str, tuple[int, str]] = {}

    def agree(name: str, size: int, origin: str) -> None:
        first, where = sizes.setdefault(name, (size, origin))
        if first != size:
            raise FileError(path, origin, f"{size} {name}, but {where} has {first}")

    if record["tokens"] is not None:
        agree("tokens", len(record["tokens"]), "record, tokens")
    agree("spans", len(record["spans"]), "record, spans")
    for name, tensor in tensors.items():
        place = f"tensor {name}"
        numbered = _NUMBERED.fullmatch(name)
        known = _FORMAT["tensors"].get(numbered.group(1) if numbered else name)
        if known is None or name in _KINDS:
            raise FileError(path, place, "not a tensor of a trace")
        type_name = {"f": "F32", "i": "I64"}[tensor.dtype.kind]
        if type_name != known["type"] or tensor.ndim != len(known["shape"]):
            expected = f"{known['type']} [{', '.join(known['shape'])}]"
            raise FileError(path, place, f"expected {expected}, found {type_name} {list(tensor.shape)}")
        for dimension, size in zip(known["shape"], tensor.shape):
            agree(dimension, size, place)
    tokens = sizes.get("tokens", (None, ""))[0]
    layers = sizes.get("layers", (None, ""))[0]
    for index, target in enumerate(record["targetRanges"]):
        if len(target) != 2 or not 0 <= target[0] < target[1] or (tokens is not None and target[1] > tokens):
            raise FileError(path, f"record, targetRanges[{index}]", f"{target} is not a range of tokens")
    if not record["layersInMeans"]:
        raise FileError(path, "record, layersInMeans", "expected at least one layer")
    for index, layer in enumerate(record["layersInMeans"]):
        if layer < 0 or (layers is not None and layer >= layers):
            raise FileError(path, f"record, layersInMeans[{index}]", f"there is no layer {layer}")
