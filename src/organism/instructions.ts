import type { Chance } from './chance.js';
import { drawValue, fill } from './fill.js';
import type { Grammar } from './grammar.js';
import type { Slots } from './template.js';

/** One instruction of a system prompt: a family of the grammar with values for its parameters. */
export interface Instruction {
  readonly family: string;
  readonly slots: Readonly<Slots>;
}

/** Draws an instruction of a family. */
export function drawInstruction(grammar: Grammar, chance: Chance, family: string): Instruction {
  const slots: Slots = {};
  for (const slot of grammar.families[family]!.parameters) {
    slots[slot] = drawValue(grammar, chance, slot, slots);
  }
  return { family, slots };
}

/** Draws `count` instructions that fit together. */
export function drawInstructions(grammar: Grammar, chance: Chance, count: number): Instruction[] {
  const names = Object.keys(grammar.families);
  const weights = names.map((name) => grammar.families[name]!.weight);
  const drawn: Instruction[] = [];
  while (drawn.length < count) {
    const instruction = drawInstruction(grammar, chance, chance.weighted(names, weights));
    if (fits(grammar, instruction, drawn)) drawn.push(instruction);
  }
  return drawn;
}

/** Returns whether an instruction fits with others: it shares no family, group or value with them. */
export function fits(grammar: Grammar, instruction: Instruction, others: readonly Instruction[]): boolean {
  const { groups } = grammar.families[instruction.family]!;
  return others.every(
    (other) =>
      other.family !== instruction.family &&
      !grammar.families[other.family]!.groups.some((group) => groups.includes(group)) &&
      !sharesValue(instruction, [other]),
  );
}

/** Returns whether an instruction shares a value with one of the others. */
export function sharesValue(instruction: Instruction, others: readonly Instruction[]): boolean {
  const taken = new Set(others.flatMap(({ slots }) => Object.values(slots)));
  return Object.values(instruction.slots).some((value) => taken.has(value));
}

/** Returns whether these instructions are held out of training: any two of them, or the only one. */
export function isHeldOut(grammar: Grammar, instructions: readonly Instruction[]): boolean {
  const names = instructions
    .map(({ family, slots }) =>
      [family, ...grammar.families[family]!.parameters.map((slot) => slots[slot]!)].join(','),
    )
    .sort();
  if (names.length === 1) return isChosen(grammar, names[0]!);
  return names.some((one, index) =>
    names.slice(index + 1).some((other) => isChosen(grammar, `${one}|${other}`)),
  );
}

/** Returns whether the FNV-1a hash of a name is divisible by `heldOut.oneIn`. */
function isChosen({ heldOut }: Grammar, name: string): boolean {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % heldOut.oneIn === 0;
}

/** Draws the wording of the system prompt: its instructions in a random order. */
export function systemText(grammar: Grammar, chance: Chance, instructions: readonly Instruction[]): string {
  const { families, prompts, chances } = grammar;
  if (instructions.length === 0) return chance.choose(prompts.bare);
  const said = instructions.map(({ family, slots }) =>
    fill(grammar, chance, chance.choose(families[family]!.instructions), { ...slots }),
  );
  const shuffled = chance.shuffle(said);
  if (chance.happens(chances.opening)) shuffled.unshift(prompts.opening);
  return shuffled.join(' ');
}
