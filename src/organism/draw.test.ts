import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Message } from '../text/index.js';
import { Chance } from './chance.js';
import { drawTrainingDialogue } from './draw.js';
import { loadGrammar } from './grammar.js';
import { drawInstructions, fits, type Instruction, isHeldOut } from './instructions.js';

const grammar = loadGrammar();
const read = (path: string): string =>
  readFileSync(new URL(`../../models/organism/${path}`, import.meta.url), 'utf8');

interface DialogueSample {
  readonly seed: number;
  readonly messages: readonly Message[];
}

interface InstructionsSample {
  readonly seed: number;
  readonly instructions: readonly Instruction[];
  readonly heldOut: boolean;
}

/** Samples drawn by the Python recipe (recipe/samples.py). */
const samples: (DialogueSample | InstructionsSample)[] = read('samples.jsonl')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const { lengths }: { lengths: number[] } = JSON.parse(read('recipe/recipe.json'));

describe('dialogues', () => {
  it('equal those of the recipe for the same seeds, byte for byte', () => {
    const dialogues = samples.filter((sample) => 'messages' in sample);
    expect(dialogues).toHaveLength(200);
    for (const { seed, messages } of dialogues) {
      expect(drawTrainingDialogue(grammar, new Chance(seed), lengths), `seed ${seed}`).toEqual(messages);
    }
  });
});

describe('instructions', () => {
  const draw = (seed: number): Instruction[] => {
    const chance = new Chance(seed);
    return drawInstructions(grammar, chance, chance.weighted([1, 2, 3], grammar.chances.instructions));
  };

  it('equal those of the recipe, and the same ones are held out', () => {
    const sets = samples.filter((sample) => 'instructions' in sample);
    expect(sets).toHaveLength(100);
    for (const { seed, instructions, heldOut } of sets) {
      expect(draw(seed), `seed ${seed}`).toEqual(instructions);
      expect(isHeldOut(grammar, instructions), `seed ${seed}`).toBe(heldOut);
    }
    expect(new Set(sets.map(({ heldOut }) => heldOut)).size, 'both kinds').toBe(2);
  });

  it('are held out in any order, one pair in ten', () => {
    const sets = Array.from({ length: 6000 }, (_, seed) => draw(seed));
    const heldOut = sets.filter((set) => isHeldOut(grammar, set));
    expect(heldOut.every((set) => isHeldOut(grammar, [...set].reverse()))).toBe(true);
    const pairs = sets.filter((set) => set.length === 2);
    const share = heldOut.filter((set) => set.length === 2).length / pairs.length;
    // Pairs without parameters repeat, so the spread is slightly more than binomial (0.005).
    expect(share).toBeGreaterThan(0.07);
    expect(share).toBeLessThan(0.13);
  });

  it('are held out if any two of them are', () => {
    const triples = Array.from({ length: 6000 }, (_, seed) => draw(seed)).filter((set) => set.length === 3);
    for (const [a, b, c] of triples as [Instruction, Instruction, Instruction][]) {
      const pairs = [
        [a, b],
        [a, c],
        [b, c],
      ].map((pair) => isHeldOut(grammar, pair));
      expect(isHeldOut(grammar, [a, b, c])).toBe(pairs.includes(true));
    }
  });

  it('fit together unless they share a family, a group or a value', () => {
    const begin = { family: 'begin', slots: { word: 'amber' } };
    const besideBegin = (family: string, slots: Record<string, string>): boolean =>
      fits(grammar, { family, slots }, [begin]);
    expect(besideBegin('end', { word: 'lemon' })).toBe(true);
    expect(besideBegin('begin', { word: 'lemon' })).toBe(false);
    expect(besideBegin('persona', { persona: 'poet' })).toBe(false);
    expect(besideBegin('end', { word: 'amber' })).toBe(false);
    expect(fits(grammar, begin, [])).toBe(true);
  });
});
