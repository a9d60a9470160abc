import type { Chance } from './chance.js';
import type { Grammar } from './grammar.js';
import { type Slots, slotsOf, substitute } from './template.js';

/** Returns the values that a slot can have. If they depend on another slot, `slots` must contain that slot. */
export function valuesOf({ values }: Grammar, slot: string, slots: Slots): readonly string[] {
  const list = values[slot]!;
  return Array.isArray(list) ? list : list.lists[slots[list.by]!]!;
}

/** Draws a value for a slot. */
export function drawValue(grammar: Grammar, chance: Chance, slot: string, slots: Slots): string {
  return chance.choose(valuesOf(grammar, slot, slots));
}

/** Fills the slots of a template, left to right. Draws the values that `slots` lacks and adds them to it. */
export function fill(grammar: Grammar, chance: Chance, template: string, slots: Slots): string {
  for (const slot of slotsOf(template)) slots[slot] ??= drawValue(grammar, chance, slot, slots);
  return substitute(template, slots);
}
