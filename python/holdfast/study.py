"""Studies: the folders that ``holdfast study run`` writes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from .errors import FileError
from .folders import open_folder
from .json_files import FORMATS, check, read_lines
from .tables import read_table

_FORMAT = FORMATS["study"]
_OUTDATED = "Run holdfast study status on the folder: it writes the tables again"


@dataclass(frozen=True, eq=False)
class Study:
    """The results of a study. Tables are read when they are asked for.

    Every table begins with the columns ``cell``, ``model``, ``executor``, ``precision``, ``source``, ``arm``, ``seed`` and
    ``index``. Integers are int32, or ``Int32`` in columns that may have no value; shares, scores and sums are float64, NaN
    without a value. docs/guide/study-results.md describes every column.
    """

    path: Path
    """The folder."""
    record: Mapping[str, Any] = field(repr=False)
    """The content of ``study.json``: name, models, versions, specification, and the locked plan of the analysis."""
    plan: pd.DataFrame = field(repr=False)
    """The cells of the study, one row per cell: ``cell`` (its address), ``kind``, ``measure``, and their labels."""

    @property
    def arms(self) -> list[str]:
        """The names of the arms, in the order of the specification. Others are compared with the first."""
        return [arm["name"] for arm in self.record["spec"]["arms"]]

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The plan with what became of each cell: ``state`` (``done``, ``failed`` or ``missing``) and ``error``."""
        path = self.path / "results.jsonl"
        states: dict[str, str] = {}
        errors: dict[str, str] = {}
        known = set(self.plan["cell"])
        for origin, result in read_lines(path, _FORMAT["results.jsonl"]):
            address = result["address"]
            if address not in known:
                raise FileError(path, origin, f"the cell {address} is not in plan.jsonl", _OUTDATED)
            failed = result["kind"] == "failure"
            states[address] = "failed" if failed else "done"
            if failed:
                check(result, _FORMAT["failure"], path, origin)
                errors[address] = result["error"]
        state = self.plan["cell"].map(states).fillna("missing")
        return self.plan.assign(state=state, error=self.plan["cell"].map(errors))

    @cached_property
    def rounds(self) -> pd.DataFrame:
        """One row per round of each dialogue: its texts, shares before and after the policy, controls and scores."""
        return self._table("rounds")

    @cached_property
    def probes(self) -> pd.DataFrame:
        """One row per probe: ``scenario``, ``round``, ``label``, ``question``, ``answer`` and ``score``, from 0 to 1."""
        return self._table("probes")

    @cached_property
    def chance(self) -> pd.DataFrame:
        """One row per answer to a probe without its prompt."""
        return self._table("chance")

    @cached_property
    def costs(self) -> pd.DataFrame:
        """One row per held-out item and arm. A mean is the sum of ``sum`` divided by the sum of ``count``."""
        return self._table("costs")

    @cached_property
    def influence(self) -> pd.DataFrame:
        """One row per arm, effect, reference and round, in nats. A mean is the sum of ``sum`` divided by the sum of ``count``."""
        return self._table("influence")

    @cached_property
    def heads(self) -> pd.DataFrame:
        """One row per head and round, of dialogues and of rankings: the mean ``share`` of the prompt."""
        return self._table("heads")

    def _table(self, name: str) -> pd.DataFrame:
        path = self.path / f"{name}.parquet"
        table = read_table(path, _FORMAT["tables"][name])
        unplanned = table.loc[~table["cell"].isin(self.plan["cell"]), "cell"]
        if len(unplanned) > 0:
            raise FileError(path, "column cell", f"the cell {unplanned.iloc[0]} is not in plan.jsonl", _OUTDATED)
        return table


def read_study(path: str | os.PathLike[str]) -> Study:
    """Reads a folder that ``holdfast study run`` wrote.

    A study that is still running has the tables of its last run; ``holdfast study status`` writes those of the cells that
    are done.

    :raises FileError: if it is not one, naming file and place
    :raises OSError: if it cannot be opened
    """
    folder, record = open_folder(path, "study.json", "study", "study run", _FORMAT)
    pattern = _FORMAT["plan.jsonl"]
    labels = list(pattern["labels"])
    rows = [
        [cell["address"], cell["kind"], cell["measure"], *(cell["labels"][key] for key in labels)]
        for _, cell in read_lines(folder / "plan.jsonl", pattern)
    ]
    return Study(folder, record, pd.DataFrame(rows, columns=["cell", "kind", "measure", *labels]))
