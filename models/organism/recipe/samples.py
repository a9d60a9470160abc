"""Writes ../samples.jsonl: dialogues and instructions by seed, for the tests of src/organism in Holdfast."""

import json
from pathlib import Path

import grammar
from chance import Chance

HERE = Path(__file__).parent
LENGTHS = json.loads((HERE / "recipe.json").read_text())["lengths"]


def training_dialogue(seed):
    return {"seed": seed, "messages": grammar.draw_training_dialogue(Chance(seed), LENGTHS)}


def instruction_set(seed):
    chance = Chance(seed)
    instructions = grammar.draw_instructions(chance, chance.weighted([1, 2, 3], grammar.CHANCES["instructions"]))
    return {"seed": seed, "instructions": instructions, "heldOut": grammar.is_held_out(instructions)}


if __name__ == "__main__":
    lines = [training_dialogue(seed) for seed in range(1, 201)] + [instruction_set(seed) for seed in range(201, 301)]
    (HERE.parent / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
