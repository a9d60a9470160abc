"""Fits mixed models to a study's exports with Holdfast, statsmodels and lme4, and prints their numbers side by side.

The calls are those of docs/guide/statistics.md, on tables that `study run` writes. Needs pandas, pyarrow and statsmodels,
and `npm run build` first; R with lme4 is used if `Rscript` is there.

    python3 scripts/statistics-beside-python.py studies/controls --arm 'split-softmax, k = 0.7' --against off --late 8-16

Exits with 1 if a number differs from Holdfast's by more than one hundredth of the standard error (means and standard errors)
or of the total variance (parts).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM

ROOT = Path(__file__).resolve().parent.parent

# Formulas of lme4, the columns of nested groups from the outermost, and the crossed column.
MODELS = [
    ("difference ~ 1 + (1 | system)", ["system"], None),
    ("difference ~ 1 + (1 | group / system)", ["group", "system"], None),
    ("difference ~ 1 + (1 | system) + (1 | round)", ["system"], "round"),
    ("difference ~ 1 + (1 | group / system) + (1 | round)", ["group", "system"], "round"),
]


def differences(folder, arm, against, late):
    """One row per dialogue and late round: the difference of two arms, with its groups."""
    probes = pd.read_parquet(folder / "probes.parquet")
    probes = probes[probes["round"].between(*late)]
    keys = ["model", "source", "group", "system", "index", "seed", "round"]
    means = probes.groupby(keys + ["arm"])["score"].mean().unstack("arm")
    return (means[arm] - means[against]).rename("difference").dropna().reset_index()


def by_holdfast(rows, nested, crossed):
    script = """
    import { nestedMean } from './dist/statistics/index.js';
    const { nested, crossed, rows } = JSON.parse(await new Response(process.stdin).text());
    const fit = nestedMean(rows.map((row) => ({
      value: row.difference,
      groups: nested.map((name) => row[name]),
      ...(crossed === null ? {} : { crossed: row[crossed] }),
    })));
    console.log(JSON.stringify(fit));
    """
    data = {"nested": nested, "crossed": crossed, "rows": json.loads(rows.to_json(orient="records"))}
    run = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        input=json.dumps(data), capture_output=True, text=True, check=True, cwd=ROOT,
    )
    fit = json.loads(run.stdout)
    groups = rows[nested[0]].nunique()
    if crossed is not None:
        groups = min(groups, rows[crossed].nunique())
    from scipy.stats import t

    error = (fit["mean"]["high"] - fit["mean"]["value"]) / t.ppf(0.975, groups - 1)
    parts = fit["variances"] if crossed is None else [*fit["variances"][:-1], fit["crossedVariance"], fit["variances"][-1]]
    return [fit["mean"]["value"], error, *parts]


def by_statsmodels(rows, nested, crossed):
    rows = rows.rename(columns={"group": "part"}).assign(all=1)  # `group` is no name for a formula
    nested = ["part" if name == "group" else name for name in nested]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if crossed is not None:
            # A prompt has one name in all groups, so it needs no `group:system`.
            names = [*nested, crossed]
            model = MixedLM.from_formula(
                "difference ~ 1", rows, groups="all", vc_formula={name: f"0 + C({name})" for name in names}
            )
            fit = model.fit()
            components = [fit.vcomp[model.exog_vc.names.index(name)] for name in names]
        elif len(nested) == 1:
            fit = MixedLM.from_formula("difference ~ 1", rows, groups=nested[0]).fit()
            components = [fit.cov_re.iloc[0, 0]]
        else:
            fit = MixedLM.from_formula(
                "difference ~ 1", rows, groups=nested[0], re_formula="1",
                vc_formula={nested[1]: f"0 + C({nested[1]})"},
            ).fit()
            components = [fit.cov_re.iloc[0, 0], fit.vcomp[0]]
    return [fit.fe_params.iloc[0], fit.bse_fe.iloc[0], *components, fit.scale]


def by_lme4(rows, formula, nested, crossed):
    order = [*([nested[0]] if len(nested) == 1 else [nested[0], f"{nested[1]}:{nested[0]}"]), *([crossed] if crossed else [])]
    script = """
    suppressMessages(library(lme4))
    d <- read.csv("%s")
    fit <- lmer(%s, data = d)
    v <- as.data.frame(VarCorr(fit))
    v <- v$vcov[match(c(%s, "Residual"), v$grp)]
    cat(sprintf("%%.10g", c(fixef(fit), sqrt(vcov(fit)[1, 1]), v)))
    """
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        rows.to_csv(file.name, index=False)
        text = script % (file.name, formula, ", ".join(f'"{name}"' for name in order))
        run = subprocess.run(["Rscript", "-e", text], capture_output=True, text=True, check=True)
    return [float(number) for number in run.stdout.split()]


def has_lme4():
    try:
        return subprocess.run(["Rscript", "-e", "library(lme4)"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arm", required=True)
    parser.add_argument("--against", required=True)
    parser.add_argument("--late", default="8-16", help="rounds, FIRST-LAST")
    options = parser.parse_args()
    late = [int(round) for round in options.late.split("-")]
    rows = differences(options.folder, options.arm, options.against, late)
    print(f"{options.arm} − {options.against}, rounds {options.late}: {len(rows)} differences of {rows['system'].nunique()} prompts\n")
    print("| model | by | mean | standard error | variances, the residual last |\n| --- | --- | --: | --: | --- |")
    differs = False
    with_lme4 = has_lme4()
    for formula, nested, crossed in MODELS:
        ours = by_holdfast(rows, nested, crossed)
        results = {"Holdfast": ours, "statsmodels": by_statsmodels(rows, nested, crossed)}
        if with_lme4:
            results["lme4"] = by_lme4(rows, formula, nested, crossed)
        for name, numbers in results.items():
            mean, error, *parts = numbers
            print(f"| `{formula}` | {name} | {mean:.6f} | {error:.6f} | {', '.join(f'{part:.6f}' for part in parts)} |")
            off_mean = max(abs(mean - ours[0]), abs(error - ours[1])) / ours[1]
            off_parts = max(abs(part - own) for part, own in zip(parts, ours[2:])) / sum(ours[2:])
            differs = differs or off_mean > 0.01 or off_parts > 0.01
    if not with_lme4:
        print("\nlme4 was not compared: no Rscript with lme4.")
    sys.exit(1 if differs else 0)


main()
