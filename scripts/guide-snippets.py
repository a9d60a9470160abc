"""Runs the Python of the guide on results of your own, page by page, as a reader would paste it.

    holdfast trace organism --chat d.json --attention all --out traces/before.safetensors
    holdfast trace organism --chat d.json --attention all --policy split-softmax --strength 0.5 --out traces/after.safetensors
    python3 scripts/guide-snippets.py --study studies/controls --measurement decay --traces traces

The blocks of a page share their names, as in a notebook. A page without its folder is left out, and so is a block whose library
is not installed; both are said. Exits with 1 if a block fails. `pip install` what the pages name: pandas, pyarrow, polars,
duckdb, statsmodels, numpy, torch, bertviz, circuitsvis. With R and lme4, its lines in statistics.md are run too.
"""

import argparse
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "docs" / "guide"
sys.path.insert(0, str(ROOT / "python"))  # The Python package, which need not be installed.


def blocks_of(page, language):
    """The code of a page in one language, with the line on which each block begins."""
    text = (GUIDE / page).read_text(encoding="utf-8")
    for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, match.start()) + 2, match.group(1)


def differences_of(study):
    """The table `d` of statistics.md from a study's exports: differences of its last arm from its first. Late rounds stand
    for the seeds of a dialogue, and where every dialogue has a prompt of its own, two of them stand for one: this shows that
    the calls work, not what they find."""
    import pandas as pd

    probes = pd.read_parquet(study / "probes.parquet")
    probes = probes[probes["round"] > probes["round"].median()]
    first, last = probes["arm"].unique()[[0, -1]]
    keys = ["model", "system", "index", "seed", "round"]
    scores = probes.groupby([*keys, "arm"])["score"].mean().unstack("arm")
    d = (scores[last] - scores[first]).rename("difference").dropna().reset_index()
    d["system"] = d.groupby("system").ngroup() // (2 if d["index"].nunique() == d["system"].nunique() else 1)
    d["training"] = d.groupby("model").ngroup() if d["model"].nunique() > 1 else d["round"]
    return d


def run_python(page, names, shown):
    """Runs the blocks of a page, and shows what they print; returns the number that fail."""
    failed = 0
    for line, code in blocks_of(page, "python"):
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), warnings.catch_warnings():
                warnings.simplefilter("error")  # A library that is about to drop a name says so.
                warnings.filterwarnings("ignore", module="statsmodels|torch|bertviz|circuitsvis|IPython")
                exec(compile(code, f"{page}:{line}", "exec"), names)
            print(f"ok       {page}:{line}")
            if shown:
                print(printed.getvalue())
        except ModuleNotFoundError as error:
            print(f"left out {page}:{line}: {error}")
        except Exception:
            failed += 1
            print(f"FAILED   {page}:{line}\n{traceback.format_exc()}")
    return failed


def run_r(page, d):
    """Runs the R of a page on a table; returns the number of blocks that fail."""
    if shutil.which("Rscript") is None:
        print(f"left out {page}, R: no Rscript")
        return 0
    d.to_csv("d.csv", index=False)
    failed = 0
    for line, code in blocks_of(page, "r"):
        run = subprocess.run(
            ["Rscript", "-e", f'd <- read.csv("d.csv")\n{code}'], capture_output=True, text=True
        )
        print(f"{'ok      ' if run.returncode == 0 else 'FAILED  '} {page}:{line}, R")
        if run.returncode != 0:
            failed += 1
            print(run.stderr)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, help="the results folder of a study")
    parser.add_argument("--measurement", type=Path, help="the folder of a measurement")
    parser.add_argument("--traces", type=Path, help="a folder with before.safetensors and after.safetensors")
    parser.add_argument("--show", action="store_true", help="show what the blocks print")
    given = parser.parse_args()
    study, measurement, traces = (
        folder and folder.resolve() for folder in (given.study, given.measurement, given.traces)
    )
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if study is not None:
            Path("results").symlink_to(study)
            failed += run_python("study-results.md", {}, given.show)
            d = differences_of(study)
            failed += run_python("statistics.md", {"d": d.copy()}, given.show)
            failed += run_r("statistics.md", d)
        if measurement is not None:
            Path("decay").symlink_to(measurement)
            failed += run_python("measure.md", {}, given.show)
        if traces is not None:
            for name in ("before.safetensors", "after.safetensors"):
                Path(name).symlink_to(traces / name)
            failed += run_python("trace.md", {}, given.show)
        for name, value in {"--study": study, "--measurement": measurement, "--traces": traces}.items():
            if value is None:
                print(f"left out the pages that need {name}")
        os.chdir(Path(__file__).parent)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
