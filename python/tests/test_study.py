from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import holdfast


def results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def test_tables_have_the_values_of_the_records(made: Path) -> None:
    study = holdfast.read_study(made / "study")
    dialogues = [record for record in results(made / "study") if record["kind"] == "dialogue"]
    rounds = [(record["address"], each) for record in dialogues for each in record["rounds"]]
    assert study.rounds["cell"].tolist() == [address for address, _ in rounds]
    assert study.rounds["shareAfter"].tolist() == [each["share"]["after"] for _, each in rounds]
    assert study.rounds["user"].tolist() == [each["user"] for _, each in rounds]
    probes = [probe for _, each in rounds for probe in each["probes"]]
    assert study.probes["score"].tolist() == [probe["score"] for probe in probes]
    assert study.probes["answer"].tolist() == [probe["answer"] for probe in probes]
    heads = [share for _, each in rounds for share in each["heads"]]
    np.testing.assert_array_equal(study.heads["share"], heads)
    costs = [record["sum"] for record in results(made / "study") if record["kind"] == "cost"]
    assert study.costs["sum"].tolist() == costs
    assert len(study.influence) > 0
    chance = [answer for record in results(made / "study") if record["kind"] == "chance" for answer in record["answers"]]
    assert study.chance["score"].tolist() == [answer["score"] for answer in chance]
    assert study.chance["under"].isna().tolist() == [answer["under"] == "none" for answer in chance]


def test_columns_have_one_type_whatever_is_in_them(made: Path) -> None:
    study = holdfast.read_study(made / "study")
    assert study.rounds["round"].dtype == np.int32
    assert study.rounds["systemTokens"].dtype == pd.Int32Dtype()
    assert study.rounds["dialogueRecomputedTokens"].dtype == pd.Int32Dtype()
    assert study.rounds["dialogueRecomputedTokens"].isna().all()
    assert study.rounds["strength"].dtype == np.float64
    assert study.rounds["finished"].dtype == np.bool_
    off = study.rounds[study.rounds["arm"] == "off"]
    assert off["strength"].isna().all()


def test_arms_are_in_the_order_of_the_specification(made: Path) -> None:
    study = holdfast.read_study(made / "study")
    assert study.arms == ["off", "split-softmax, k = 0.6"]
    assert set(study.probes["arm"]) == set(study.arms)


def test_cells_that_failed_or_are_missing_are_shown(copied: Path) -> None:
    study = holdfast.read_study(copied / "study")
    assert (study.cells["state"] == "done").all()
    assert len(study.cells) == len(study.plan) == len(results(copied / "study"))
    path = copied / "study/results.jsonl"
    lines = path.read_text().splitlines()
    failed = json.loads(lines[1])
    failure = {"address": failed["address"], "kind": "failure", "error": "E_ABORTED: stopped"}
    path.write_text("\n".join([lines[0], json.dumps(failure), *lines[3:]]))
    cells = holdfast.read_study(copied / "study").cells.set_index("cell")
    assert cells.loc[failed["address"], "state"] == "failed"
    assert cells.loc[failed["address"], "error"] == "E_ABORTED: stopped"
    assert (cells["state"] == "missing").sum() == 1
    path.write_text(json.dumps({"address": failed["address"], "kind": "failure"}))
    with pytest.raises(holdfast.FileError, match="results.jsonl: line 1, error: missing"):
        _ = holdfast.read_study(copied / "study").cells


def test_tables_of_another_plan_are_refused(copied: Path) -> None:
    path = copied / "study/plan.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line}\n" for line in lines if '"arm":"off"' in line))
    study = holdfast.read_study(copied / "study")
    with pytest.raises(holdfast.FileError, match="rounds.parquet: column cell: the cell .* is not in plan.jsonl. Run"):
        _ = study.rounds
    with pytest.raises(holdfast.FileError, match=r"results.jsonl: line \d+: the cell .* is not in plan.jsonl. Run"):
        _ = study.cells


def test_a_folder_of_another_kind_is_refused(made: Path) -> None:
    with pytest.raises(holdfast.FileError, match="not the folder of a study: study.json is missing. Name"):
        holdfast.read_study(made / "decay")


def test_other_formats_and_broken_lines_are_named(copied: Path) -> None:
    path = copied / "study/study.json"
    text = path.read_text()
    path.write_text(text.replace("holdfast-study-3", "holdfast-study-2"))
    with pytest.raises(holdfast.FileError, match="study.json: format: expected holdfast-study-3, found holdfast-study-2"):
        holdfast.read_study(copied / "study")
    path.write_text(text)
    plan = copied / "study/plan.jsonl"
    plan.write_text(plan.read_text().replace('"seed":0', '"seed":"0"', 1))
    with pytest.raises(holdfast.FileError, match='plan.jsonl: line 1, labels.seed: expected integer, found "0"'):
        holdfast.read_study(copied / "study")
