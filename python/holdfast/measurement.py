"""Measurements of decay: the folders that ``holdfast measure`` writes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from .folders import open_folder
from .json_files import FORMATS, read_lines
from .tables import read_table

_FORMAT = FORMATS["measurement"]
_ESTIMATE = ("value", "low", "high")


@dataclass(frozen=True, eq=False)
class Measurement:
    """How the attention of a model is split over its dialogues. Tables are read when they are asked for."""

    path: Path
    """The folder."""
    summary: Mapping[str, Any] = field(repr=False)
    """The content of ``summary.json``: settings, versions, half-lives, and all that the tables below are made of."""

    @cached_property
    def by_turn(self) -> pd.DataFrame:
        """The decay curve by turn: one row per turn and share.

        Columns: ``turn``; ``tokens``, the mean length of the dialogue before the answer; ``dialogues``, the number that
        reached the turn; ``share``, such as ``prompt`` or ``sink``; its ``value`` over the heads that see furthest, and the
        ends of its 95 % interval, ``low`` and ``high``. NaN where there is none.
        """
        return _curve(self.summary["turns"], ["turn", "tokens", "dialogues"])

    @cached_property
    def by_token(self) -> pd.DataFrame:
        """The same curve by position: ``from`` and ``to`` instead of ``turn`` and ``tokens``, in tokens, ``to`` excluded."""
        return _curve(self.summary["tokens"], ["from", "to", "dialogues"])

    @cached_property
    def heads(self) -> pd.DataFrame:
        """The prompt's share on each head, one row per head, ordered by ``layer`` and ``head``.

        Columns: ``layer``, ``head``; ``inMeans``, whether means include it; ``kind``, such as ``soft``; ``mean``, ``median``,
        ``ninetieth``, ``above`` (a half) and ``below`` (.001) of its rows; ``first`` and ``last`` turn; ``left``, the part
        that is left in the last, with ``leftLow`` and ``leftHigh``. NaN where it cannot be told.

        A map of the heads is ``heads.pivot(index="layer", columns="head", values="mean")``, ``[layers, heads]``.
        """
        spread = ("mean", "median", "ninetieth", "above", "below")
        rows = [
            {
                **{key: head[key] for key in ("layer", "head", "inMeans", "kind")},
                **{key: (head["spread"] or {}).get(key) for key in spread},
                **{key: head[key] for key in ("first", "last")},
                **dict(zip(("left", "leftLow", "leftHigh"), _estimate(head["left"]))),
            }
            for head in self.summary["heads"]
        ]
        numbers = dict.fromkeys([*spread, "first", "last", "left", "leftLow", "leftHigh"], "float64")
        return pd.DataFrame(rows).astype(numbers)

    @cached_property
    def turns(self) -> pd.DataFrame:
        """The dialogues, one row per measured turn, which ``dialogue`` and ``turn`` join with ``shares``.

        Columns: ``dialogue`` (from 0), ``turn`` (from 1), ``complete``, whether the dialogue ran to its end; ``scenario``,
        ``group``, ``system``; ``user``, ``assistant``; ``finish``, ``contextTokens``, ``answerTokens``, ``seed``, ``strength``,
        ``notice``.
        """
        pattern = _FORMAT["dialogues.jsonl"]
        of_turn = [key.removesuffix("?") for key in pattern["turns"][0]]
        of_dialogue = [key for key in pattern if key != "turns"]
        names = [*of_dialogue, *of_turn]
        rows = [
            [*(dialogue[key] for key in of_dialogue), *(turn[key] for key in of_turn)]
            for _, dialogue in read_lines(self.path / "dialogues.jsonl", pattern)
            for turn in dialogue["turns"]
        ]
        return pd.DataFrame(rows, columns=names).astype({"seed": "Int64", "strength": "float64"})

    @cached_property
    def shares(self) -> pd.DataFrame:
        """``shares.parquet``: one row per generated token, layer and head.

        ``dialogue``, ``turn``, ``token``, ``token_id``, ``layer`` and ``head`` are int32, shares float32. ``prompt``,
        ``prompt_after`` and ``prefix`` are targets; ``sink``, ``system``, ``template``, ``user``, ``assistant`` and ``answer``
        sum to 1; ``random`` is NaN until the dialogue contains it.
        """
        rows = self.summary["rows"] * self.summary["layers"] * self.summary["headsPerLayer"]
        return read_table(self.path / "shares.parquet", _FORMAT["tables"]["shares"], rows)


def read_measurement(path: str | os.PathLike[str]) -> Measurement:
    """Reads a folder that ``holdfast measure`` wrote.

    :raises FileError: if it is not one, naming file and place
    :raises OSError: if it cannot be opened
    """
    return Measurement(*open_folder(path, "summary.json", "measurement", "measure", _FORMAT))


def _estimate(found: Mapping[str, Any] | None) -> list[float | None]:
    return [None if found is None else found[key] for key in _ESTIMATE]


def _curve(places: list[dict[str, Any]], keys: list[str]) -> pd.DataFrame:
    rows = [
        [*(place[key] for key in keys), share, *_estimate(found)]
        for place in places
        for share, found in place["shares"].items()
    ]
    frame = pd.DataFrame(rows, columns=[*keys, "share", *_ESTIMATE])
    return frame.astype(dict.fromkeys(_ESTIMATE, "float64"))
