"""Makes tiny random models with golden outputs; see README.md.

    python test/oracle/make.py FAMILY [--out FOLDER] [--seed N]
    python test/oracle/make.py --all [--out FOLDER]
    python test/oracle/make.py --check FOLDER ...
    python test/oracle/make.py --goldens FOLDER ...
    python test/oracle/make.py --gguf [--out FOLDER]
    python test/oracle/make.py --rope [--out FILE]
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

import check
import gguf_file
import goldens
import hub_config
import rope
import text
from families import FAMILIES, make_model

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
MODELS = FIXTURES / "models"
# Families whose committed models were made by an earlier script. This script draws other weights.
EARLIER = {"llama", "mistral", "qwen2", "qwen3", "gemma3"}
TEXT_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def _write_texts(name: str, folder: Path) -> list[int]:
    family = FAMILIES[name]
    for file in TEXT_FILES:
        source, copy = MODELS / family.texts / file, folder / file
        if source.resolve() != copy.resolve():
            shutil.copyfile(source, copy)
    if family.template is not None:
        (folder / "chat_template.jinja").write_text(family.template)
    if family.bos_token is not None:
        path = folder / "tokenizer_config.json"
        config = {**json.loads(path.read_text()), "bos_token": family.bos_token}
        path.write_text(json.dumps(config, indent=2))
    return text.write_text(folder)


def _check_hub_spelling(folder: Path, ids: list[int], model) -> None:
    """Checks that transformers reads the same model from the hub's format of the config."""
    with tempfile.TemporaryDirectory() as copy:
        shutil.copyfile(folder / "config.v4.json", Path(copy) / "config.json")
        shutil.copyfile(folder / "model.safetensors", Path(copy) / "model.safetensors")
        if not torch.equal(goldens.run(check.load(Path(copy)), ids)[0].logits, goldens.run(model, ids)[0].logits):
            raise ValueError(f"{folder}: config.v4.json gives another model than config.json")


def make(name: str, folder: Path, seed: int) -> None:
    """Writes a folder as in test/fixtures/models: the files of a model, and its goldens."""
    family = FAMILIES[name]
    folder.mkdir(parents=True, exist_ok=True)
    ids = _write_texts(name, folder)

    made = make_model(family, seed)
    made.config.save_pretrained(folder)
    hub_config.write(folder)
    tied = {"lm_head.weight"} if made.config.tie_word_embeddings else set()
    weights = {key: value for key, value in made.state_dict().items() if key not in tied}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    print(f"{folder}: made with seed {seed}")
    write_goldens(folder, name, ids, [])


def write_goldens(folder: Path, name: str, ids: list[int], held: list[dict]) -> None:
    """Writes the goldens of the model in a folder: keeps the cases in `held` and adds those that are missing."""
    # Compute goldens with the model as read back from its files.
    model, family = check.load(folder), FAMILIES[name]
    cases = goldens.make_cases(model.config.num_hidden_layers, model.config.num_attention_heads)
    kept = cases if family.cases is None else [cases[i] for i in family.cases]
    cases = [*held, *({**case, "case": i} for i, case in enumerate(kept) if i >= len(held))]
    tensors = goldens.compute_tensors(model, ids, cases)
    greedy, gap = goldens.compute_greedy(model, ids)
    save_file(tensors, folder / "expected.safetensors")
    expected = goldens.describe(model, ids, tensors, cases, greedy)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1))
    _check_hub_spelling(folder, ids, model)

    eager = goldens.eager_difference(model, ids)
    if not eager < 1e-4:
        raise ValueError(f"{folder}: logits differ from transformers' eager attention: {eager}")
    logits = tensors["logits"]
    moved = max(float((tensors[f"case{i}.logits"] - logits).abs().max()) for i in range(len(cases)))
    print(f"{folder}: logits {logits.min():.1f} to {logits.max():.1f}, policies move them by {moved:.1f}")
    print(f"  eager differs by {eager:.1e}, smallest greedy gap {gap:.3f}")
    print(f"  {expected['last_row']}, greedy {greedy}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes tiny random models with golden outputs.")
    parser.add_argument("family", nargs="?", choices=FAMILIES)
    parser.add_argument("--all", action="store_true", help="every family")
    parser.add_argument("--out", type=Path, help="output folder or file (default: in test/fixtures)")
    parser.add_argument("--seed", type=int, help="seed of the random weights (default: one per family)")
    parser.add_argument("--check", type=Path, nargs="+", metavar="FOLDER", help="recompute goldens and compare")
    parser.add_argument("--goldens", type=Path, nargs="+", metavar="FOLDER", help="recompute goldens of a model")
    parser.add_argument("--gguf", action="store_true", help="write GGUF files of five families")
    parser.add_argument("--rope", action="store_true", help="write inverse frequencies of every rope type")
    given = parser.parse_args()
    modes = [given.family, given.all or None, given.check, given.goldens, given.gguf or None, given.rope or None]
    if modes.count(None) != len(modes) - 1:
        parser.error("give one of FAMILY, --all, --check, --goldens, --gguf and --rope")
    transformers.utils.logging.disable_progress_bar()
    # Parallel sums depend on the number of processors.
    torch.set_num_threads(1)

    if given.check is not None:
        return 0 if all([check.check(folder) for folder in given.check]) else 1
    if given.goldens is not None:
        for folder in given.goldens:
            held = json.loads((folder / "expected.json").read_text())
            write_goldens(folder, folder.name, held["ids"], held["cases"])
        return 0
    if given.gguf:
        gguf_file.write_all(MODELS, given.out or FIXTURES / "gguf")
        return 0
    if given.rope:
        rope.write(given.out or FIXTURES / "rope.json")
        return 0
    names = list(FAMILIES) if given.all else [given.family]
    if given.out is None and not EARLIER.isdisjoint(names):
        parser.error(f"--out is required for {', '.join(sorted(EARLIER))}: their committed models are not overwritten")
    for name in names:
        out = (given.out or MODELS) / name if given.all or given.out is None else given.out
        make(name, out, FAMILIES[name].seed if given.seed is None else given.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
