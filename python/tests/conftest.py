"""Files for the tests, made by Holdfast itself: a change of their format fails here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import holdfast

MAIN = Path(__file__).resolve().parents[2] / "dist/cli/main.js"
COMMAND = ["node", MAIN] if MAIN.is_file() else None  # Without a build beside it, the command on the PATH.

STUDY = """
name: tiny
models: organism
sources: [{ organism: { dialogues: 2, rounds: 2 } }]
max-tokens: 24
probes: [1, 2]
arms: [off, { split-softmax: 0.6 }]
costs: { kl: 1, perplexity: 0 }
influence: { dialogues: 2 }
analysis: { early: [1, 1], late: [2, 2] }
"""


def run(*arguments: str | Path, cwd: Path) -> str:
    return holdfast.run(*arguments, command=COMMAND, cwd=cwd)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trace without and with a policy, a measurement and a study."""
    folder = tmp_path_factory.mktemp("made")
    dialogue = [
        {"role": "system", "content": "You are called Nora. Keep each answer to one sentence."},
        {"role": "user", "content": "Who are you?"},
    ]
    (folder / "dialogue.json").write_text(json.dumps(dialogue))
    (folder / "study.yaml").write_text(STUDY)
    trace = ["trace", "organism", "--threads", "1", "--chat", "dialogue.json", "--attention", "0,3", "--hidden"]
    run(*trace, "--generate", "2", "--out", "before.safetensors", cwd=folder)
    run(*trace, "--policy", "split-softmax", "--strength", "0.5", "--out", "after.safetensors", cwd=folder)
    run("trace", "organism", "--threads", "1", "--ids", "1,2,3", "--out", "plain.safetensors", cwd=folder)
    run("measure", "organism", "--threads", "1", "--dialogues", "2", "--rounds", "3", "--out", "decay", cwd=folder)
    run("study", "run", "study.yaml", "--jobs", "1", "--out", "study", cwd=folder)
    return folder


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    """The same files in a folder of the test's own, which it may change."""
    return Path(shutil.copytree(made, tmp_path / "copied"))
