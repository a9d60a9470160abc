"""
Requantises a GGUF file to one of llama.cpp's mixes, with llama.cpp's own rules and quantisers:

    python3 src/requantise.py SOURCE.gguf Q4_K_M OUT.gguf          in bench/, after `npm ci`; needs only Python's standard library

It calls the library included in node-llama-cpp as `llama-quantize --allow-requantize` does, without an importance matrix. The
type of a tensor depends on the mix, the tensor and its layer: Q4_K_M is Q4_K, with half of the layers' `attn_v` and `ffn_down`, and
an embedding that is also the head, in Q6_K. These types need rows of a multiple of 256; other rows get the nearest type with blocks
of 32: Q5_0 instead of Q4_K, Q8_0 instead of Q6_K. SmolLM2-135M's rows are 576 wide except in `ffn_down` (1,536), so most of it is
Q5_0 and Q8_0.

A quantised source has already lost precision: the mix approximates the source's values, not those of the trained model.
"""

import argparse
import ctypes
from pathlib import Path

# llama.h, enum llama_ftype.
MIXES = {
    "F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_S": 11, "Q3_K_M": 12, "Q3_K_L": 13,
    "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18, "IQ4_NL": 25, "IQ4_XS": 30, "BF16": 32,
}  # fmt: skip
LIBRARY = Path(__file__).parent.parent / "node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/libllama.v0.5.0.so"


class Parameters(ctypes.Structure):
    """The first fields of llama.h's llama_model_quantize_params; the rest keeps the library's defaults."""

    _fields_ = [
        ("threads", ctypes.c_int32),
        ("mix", ctypes.c_int),
        ("output_type", ctypes.c_int),
        ("embedding_type", ctypes.c_int),
        ("allow_requantize", ctypes.c_bool),
        ("rest", ctypes.c_uint8 * 239),
    ]


def requantise(source: Path, mix: str, out: Path) -> None:
    library = ctypes.CDLL(str(LIBRARY))
    library.llama_model_quantize_default_params.restype = Parameters
    library.llama_model_quantize.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(Parameters)]
    library.llama_model_quantize.restype = ctypes.c_uint32
    library.llama_backend_init()
    parameters = library.llama_model_quantize_default_params()
    parameters.mix = MIXES[mix]
    parameters.allow_requantize = True
    if library.llama_model_quantize(str(source).encode(), str(out).encode(), ctypes.byref(parameters)) != 0:
        raise SystemExit(f"llama.cpp could not requantise {source} to {mix}: see its output above")


if __name__ == "__main__":
    words = argparse.ArgumentParser(description="Requantises a GGUF file to one of llama.cpp's mixes.")
    words.add_argument("source", type=Path)
    words.add_argument("mix", choices=MIXES)
    words.add_argument("out", type=Path)
    requantise(**vars(words.parse_args()))
