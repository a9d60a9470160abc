from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import holdfast

Header = dict[str, Any]


def test_tensors_have_the_documented_types_and_shapes(made: Path) -> None:
    trace = holdfast.read_trace(made / "before.safetensors")
    tokens, (layers, heads) = len(trace.tokens), trace["target.share_after"].shape[:2]
    shapes = {
        "ids": (tokens,),
        "logits": (tokens, 2048),
        "target.share_before": (layers, heads, tokens),
        "target.share_after": (layers, heads, tokens),
        "span.shares": (layers, heads, tokens, len(trace.record["spans"])),
        "attention.0": (heads, tokens, tokens),
        "attention.3": (heads, tokens, tokens),
        "generated": (2,),
        **{f"hidden.{index}": (tokens, 160) for index in range(layers + 1)},
    }
    assert {name: tensor.shape for name, tensor in trace.tensors.items()} == shapes
    for name, tensor in trace.tensors.items():
        assert tensor.dtype == (np.int64 if name in ("ids", "generated") else np.float32)
        assert tensor.flags.writeable
    assert list(trace.attention) == [0, 3]
    assert list(trace.hidden) == list(range(layers + 1))


def test_numbers_are_in_their_places(made: Path) -> None:
    trace = holdfast.read_trace(made / "before.safetensors")
    # The greedy continuation begins with the likeliest token of the last row.
    assert trace["logits"][-1].argmax() == trace["generated"][0]
    # Attention of a row sums to one, also by spans, and is causal.
    np.testing.assert_allclose(trace.attention[3].sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(trace["span.shares"].sum(axis=-1), 1, atol=1e-5)
    assert np.triu(trace.attention[0], k=1).max() == 0
    # The share of the target is the attention to its tokens.
    (start, end), *_ = trace.record["targetRanges"]
    for layer, weights in trace.attention.items():
        np.testing.assert_allclose(weights[:, :, start:end].sum(axis=-1), trace["target.share_after"][layer], atol=1e-5)
    assert "".join(trace.tokens) == trace.record["text"]


def test_mean_shares_begin_after_the_target_and_show_the_policy(made: Path) -> None:
    trace = holdfast.read_trace(made / "after.safetensors")
    end = trace.record["targetRanges"][-1][1]
    means = trace.mean_shares()
    assert means["token"].tolist() == list(range(end, len(trace.tokens)))
    by_hand = np.mean([trace["target.share_after"][layer, :, -1].mean() for layer in trace.record["layersInMeans"]])
    assert means["after"].iloc[-1] == pytest.approx(by_hand, rel=1e-6)
    assert (means["after"] > means["before"]).all()


def test_a_run_of_plain_tokens_has_no_target(made: Path) -> None:
    trace = holdfast.read_trace(made / "plain.safetensors")
    assert trace["ids"].tolist() == [1, 2, 3]
    with pytest.raises(holdfast.HoldfastError, match="has no target"):
        trace.mean_shares()
    with pytest.raises(holdfast.HoldfastError, match="has no tensor span.shares. It has ids, logits"):
        trace["span.shares"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing.safetensors"):
        holdfast.read_trace(tmp_path / "nothing.safetensors")


def split(path: Path) -> tuple[Header, bytes]:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def join(header: str, data: bytes) -> bytes:
    encoded = header.encode()
    return len(encoded).to_bytes(8, "little") + encoded + data


def set_record(header: Header, key: str, value: object) -> None:
    header["__metadata__"][key] = json.dumps(value)


def set_tensor(header: Header, name: str, **fields: object) -> None:
    header[name].update(fields)


CHANGES: list[tuple[str, Callable[[Header], object], str]] = [
    ("shape of another size", lambda h: set_tensor(h, "ids", shape=[1]), r"tensor ids: expected the bytes \[0, 8\]"),
    ("immense shape", lambda h: set_tensor(h, "ids", shape=[2**62, 2**62]), "tensor ids: expected the bytes"),
    ("negative shape", lambda h: set_tensor(h, "ids", shape=[-1]), r"tensor ids: the shape \[-1\] has a negative number"),
    ("bytes beyond the file", lambda h: set_tensor(h, "hidden.6", shape=[2**40, 160], data_offsets=[h["hidden.6"]["data_offsets"][0], h["hidden.6"]["data_offsets"][0] + 2**40 * 640]), "tensor hidden.6: the bytes .* are not in the file"),
    ("bytes twice", lambda h: set_tensor(h, "logits", data_offsets=[0, 8]), "tensor logits: expected the bytes"),
    ("bytes of nobody", lambda h: h.pop("hidden.6"), r": byte \d+: \d+ bytes belong to no tensor"),
    ("many sides", lambda h: set_tensor(h, "ids", shape=[*h["ids"]["shape"], *[1] * 100]), "tensor ids: the shape .* is not one of an array"),
    ("unknown type", lambda h: set_tensor(h, "ids", dtype="Q9"), "tensor ids: expected the type F32 or I64, found Q9"),
    ("no type", lambda h: h["ids"].pop("dtype"), "header, ids.dtype: missing"),
    ("text for a shape", lambda h: set_tensor(h, "ids", shape=["x"]), r'header, ids.shape\[0\]: expected integer, found "x"'),
    ("metadata of numbers", lambda h: h["__metadata__"].update(policy=1), "header, __metadata__, policy: expected string"),
    ("record that is not JSON", lambda h: h["__metadata__"].update(policy="off"), "record, policy: not JSON"),
    ("no record", lambda h: h.pop("__metadata__"), "not a trace: its metadata has no format"),
    ("other format", lambda h: set_record(h, "format", "holdfast-trace-9"), "format: expected holdfast-trace-1, found holdfast-trace-9"),
    ("record without spans", lambda h: h["__metadata__"].pop("spans"), "record, spans: missing"),
    ("span without a role", lambda h: set_record(h, "spans", [{"turn": 0, "start": 0, "end": 1}]), r"record, spans\[0\].role: missing"),
    ("spans of another number", lambda h: set_record(h, "spans", []), r"tensor span.shares: \d+ spans, but record, spans has 0"),
    ("tokens of another number", lambda h: set_record(h, "tokens", ["a"]), r"tensor \S+: \d+ tokens, but record, tokens has 1"),
    ("target beyond the tokens", lambda h: set_record(h, "targetRanges", [[0, 10**6]]), r"record, targetRanges\[0\]: .* is not a range of tokens"),
    ("target of one number", lambda h: set_record(h, "targetRanges", [[0]]), r"record, targetRanges\[0\]"),
    ("layer that is not there", lambda h: set_record(h, "layersInMeans", [99]), r"record, layersInMeans\[0\]: there is no layer 99"),
    ("no layer in means", lambda h: set_record(h, "layersInMeans", []), "record, layersInMeans: expected at least one layer"),
    ("tensor of another kind", lambda h: h.update({"weights": h.pop("hidden.6")}), "tensor weights: not a tensor of a trace"),
    ("tensor with an odd number", lambda h: h.update({"hidden.06": h.pop("hidden.6")}), "tensor hidden.06: not a tensor of a trace"),
    ("tensor of another rank", lambda h: set_tensor(h, "ids", shape=[1, *h["ids"]["shape"]]), r"tensor ids: expected I64 \[tokens\], found I64 \[1, \d+\]"),
    ("tensors that disagree", lambda h: h["attention.0"]["shape"].reverse(), r"tensor attention.0: \d+ heads, but"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_a_header_that_lies_is_refused_with_its_place(
    copied: Path, change: Callable[[Header], object], message: str
) -> None:
    path = copied / "before.safetensors"
    header, data = split(path)
    change(header)
    path.write_bytes(join(json.dumps(header), data))
    with pytest.raises(holdfast.FileError, match=message) as raised:
        holdfast.read_trace(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert raised.value.path == path


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it has 0 bytes"),
        (b"\x02", "it has 1 bytes"),
        ((2**63).to_bytes(8, "little") + b"{}", "byte 0: the header has 9223372036854775808 bytes, but the file only 2"),
        (join("[]", b""), "header: expected an object, found a list"),
        (join('{"a": 1, "a": 2}', b""), "header: not JSON: the key 'a' appears twice"),
        (join('{"a": NaN}', b""), "header: not JSON: NaN is not a number of JSON"),
        (join("[" * 100_000, b""), "header: lists and objects are nested too deeply"),
        ((3).to_bytes(8, "little") + b'"\xff"', "header: not UTF-8 at byte 1"),
        (b"PAR1" * 100, "the header has"),
    ],
)
def test_bytes_that_are_no_header_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(holdfast.FileError, match=message):
        holdfast.read_trace(path)


def test_every_shorter_file_is_refused(copied: Path) -> None:
    path = copied / "plain.safetensors"
    data = path.read_bytes()
    for length in [*range(0, 200), *range(200, len(data), 997), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(holdfast.FileError):
            holdfast.read_trace(path)


def test_a_header_with_random_faults_is_read_or_refused(copied: Path) -> None:
    path = copied / "plain.safetensors"
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    draw = random.Random(1)
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(draw.randint(1, 3)):
            changed[draw.randrange(end)] = draw.randrange(256)
        path.write_bytes(changed)
        try:
            holdfast.read_trace(path)
        except holdfast.FileError as error:
            assert str(path) in str(error)
