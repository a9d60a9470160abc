"""Safetensors files: 8 bytes with the length of a JSON header, the header, and the tensors' bytes."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from .errors import FileError
from .json_files import check, parse_json

_TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "I64": np.dtype("<i8")}
_ENTRY = {"dtype": "string", "shape": ["integer"], "data_offsets": ["integer"]}


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, str]]:
    """Reads all tensors of a file, and its metadata.

    Every length in the file is compared with the file's size before memory is taken for it, and the tensors must fill the
    file exactly. So a file never takes more memory than its own size.

    :raises FileError: if the file is not safetensors, or has types other than F32 and I64
    """
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size < 8:
            raise FileError(path, "", f"not a safetensors file: it has {size} bytes, and the header's length takes 8")
        length = int.from_bytes(file.read(8), "little")
        if length > size - 8:
            raise FileError(path, "byte 0", f"the header has {length} bytes, but the file only {size - 8} after it")
        header = parse_json(file.read(length), path, "header")
        metadata = header.pop("__metadata__", {}) if isinstance(header, dict) else {}
        check(metadata, {"*": "string"}, path, "header, __metadata__")
        check(header, {"*": _ENTRY}, path, "header")
        at = 0
        tensors = {}
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            place = f"tensor {name}"
            dtype = _TYPES.get(entry["dtype"])
            if dtype is None:
                raise FileError(path, place, f"expected the type F32 or I64, found {entry['dtype']}")
            shape, offsets = entry["shape"], entry["data_offsets"]
            if any(side < 0 for side in shape):
                raise FileError(path, place, f"the shape {shape} has a negative number")
            count = math.prod(shape)
            if offsets != [at, at + count * dtype.itemsize]:
                expected = [at, at + count * dtype.itemsize]
                raise FileError(path, place, f"expected the bytes {expected} for the shape {shape}, found {offsets}")
            if offsets[1] > size - 8 - length:
                raise FileError(path, place, f"the bytes {offsets} are not in the file, which has {size} bytes")
            tensors[name] = _read_array(file, dtype, count, shape, path, place)
            at = offsets[1]
        if at != size - 8 - length:
            raise FileError(path, f"byte {8 + length + at}", f"{size - 8 - length - at} bytes belong to no tensor")
    return tensors, metadata


def _read_array(
    file: Any, dtype: np.dtype[Any], count: int, shape: list[int], path: Path, place: str
) -> np.ndarray[Any, Any]:
    values = np.fromfile(file, dtype, count)
    if len(values) != count:
        raise FileError(path, place, "the file became shorter while it was read")
    try:
        return values.reshape(shape)
    except ValueError as error:
        raise FileError(path, place, f"the shape {shape} is not one of an array: {error}") from error
