from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import holdfast

SPEAKERS = ["sink", "system", "template", "user", "assistant", "answer"]


def test_shares_have_the_documented_columns(made: Path) -> None:
    measurement = holdfast.read_measurement(made / "decay")
    shares = measurement.shares
    keys = ["dialogue", "turn", "token", "token_id", "layer", "head"]
    assert shares.columns.tolist()[:6] == keys
    assert all(shares[key].dtype == np.int32 for key in keys)
    assert all(shares[column].dtype == np.float32 for column in shares.columns[6:])
    np.testing.assert_allclose(shares[SPEAKERS].sum(axis=1), 1, atol=1e-5)
    assert len(shares) == measurement.summary["rows"] * len(measurement.heads)


def test_the_curve_is_the_mean_of_the_shares(made: Path) -> None:
    measurement = holdfast.read_measurement(made / "decay")
    heads = measurement.heads
    shares = measurement.shares.merge(heads.loc[heads["inMeans"], ["layer", "head"]])
    curve = measurement.by_turn.set_index(["share", "turn"])["value"]
    for share in ("prompt", "sink", "user"):
        means = shares.groupby("turn")[share].mean()
        np.testing.assert_allclose(curve[share].to_numpy(), means.to_numpy(), atol=1e-5)
    assert measurement.by_turn["low"].dtype == np.float64
    assert measurement.by_turn["low"].isna().all()  # Two dialogues have no interval.
    assert measurement.by_token.columns.tolist() == ["from", "to", "dialogues", "share", "value", "low", "high"]


def test_a_map_of_the_heads_has_their_means(made: Path) -> None:
    measurement = holdfast.read_measurement(made / "decay")
    found = measurement.heads.pivot(index="layer", columns="head", values="mean").to_numpy()
    assert found.shape == (measurement.summary["layers"], measurement.summary["headsPerLayer"])
    one = measurement.shares.query("layer == 2 and head == 1")["prompt"].mean()
    assert found[2, 1] == pytest.approx(one, abs=1e-5)


def test_turns_join_the_shares(made: Path) -> None:
    measurement = holdfast.read_measurement(made / "decay")
    counts = measurement.shares.groupby(["dialogue", "turn"])["token"].nunique()
    turns = measurement.turns.set_index(["dialogue", "turn"])
    assert counts.to_dict() == turns["answerTokens"].to_dict()
    assert turns["complete"].all()
    assert turns.loc[(0, 1), "user"].startswith("island")


def test_a_folder_of_another_kind_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere"):
        holdfast.read_measurement(tmp_path / "nowhere")
    with pytest.raises(holdfast.FileError, match="not the folder of a measurement: summary.json is missing. Name"):
        holdfast.read_measurement(made / "study")


def edit(path: Path, change: Callable[[Any], object]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(format="holdfast-decay-1"), "format: expected holdfast-decay-2, found holdfast-decay-1. Install"),
        (lambda s: s["turns"][1]["shares"]["sink"].update(value="x"), r'turns\[1\].shares.sink.value: expected number, found "x"'),
        (lambda s: s["heads"][3].pop("inMeans"), r"heads\[3\].inMeans: missing"),
        (lambda s: s.update(rows=True), "rows: expected integer, found true"),
        (lambda s: s.update(rows=10**30), "rows: expected integer"),
        (lambda s: s.update(turns={}), "turns: expected a list, found an object"),
    ],
)
def test_a_summary_that_is_not_one_is_refused_with_its_place(
    copied: Path, change: Callable[[Any], object], message: str
) -> None:
    edit(copied / "decay/summary.json", change)
    with pytest.raises(holdfast.FileError, match=f"summary.json: {message}"):
        holdfast.read_measurement(copied / "decay")


def test_a_broken_line_is_named(copied: Path) -> None:
    path = copied / "decay/dialogues.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1].replace('"user"', '"person"', 1)]))
    with pytest.raises(holdfast.FileError, match=r"dialogues.jsonl: line 2, turns\[0\].user: missing"):
        _ = holdfast.read_measurement(copied / "decay").turns
    path.write_text(f"{lines[0]}\n{lines[1][:100]}")
    with pytest.raises(holdfast.FileError, match="dialogues.jsonl: line 2: not JSON"):
        _ = holdfast.read_measurement(copied / "decay").turns


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns="sink"), "column sink: missing"),
        (lambda table: table.astype({"turn": "int64"}), "column turn: expected the type int32, found int64"),
        (lambda table: table.astype({"prompt": "float64"}), "column prompt: expected the type float, found double"),
        (lambda table: table.assign(prompt=table["prompt"].where(table["turn"] > 1)), r"column prompt: \d+ values are missing"),
        (lambda table: table.iloc[1:], r"the table has \d+ rows, but the summary counts \d+"),
    ],
)
def test_a_table_that_is_not_one_of_shares_is_refused(
    copied: Path, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    path = copied / "decay/shares.parquet"
    change(pd.read_parquet(path)).to_parquet(path, index=False)
    with pytest.raises(holdfast.FileError, match=f"shares.parquet: {message}"):
        _ = holdfast.read_measurement(copied / "decay").shares


def test_a_shorter_table_is_refused(copied: Path) -> None:
    path = copied / "decay/shares.parquet"
    data = path.read_bytes()
    for length in (0, 4, 11, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(holdfast.FileError, match="shares.parquet: not a readable Parquet file"):
            _ = holdfast.read_measurement(copied / "decay").shares


def test_a_table_with_random_faults_is_read_or_refused(copied: Path) -> None:
    path = copied / "decay/shares.parquet"
    data = path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    draw = random.Random(1)
    refused = 0
    for _ in range(200):
        changed = bytearray(data)
        for _ in range(draw.randint(1, 3)):
            changed[draw.randrange(footer, len(data))] = draw.randrange(256)
        path.write_bytes(changed)
        try:
            _ = holdfast.read_measurement(copied / "decay").shares
        except holdfast.FileError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ")
    assert refused > 50


def test_tables_are_read_once_and_only_when_they_are_asked_for(copied: Path) -> None:
    measurement = holdfast.read_measurement(copied / "decay")
    first = measurement.shares
    shutil.rmtree(copied / "decay")
    assert measurement.shares is first
    with pytest.raises(FileNotFoundError, match="dialogues.jsonl"):
        _ = measurement.turns
