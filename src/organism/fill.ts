import type { Chance } from './chance.js';
import type { Grammar } from './grammar.js';
import { type Slots, slotsOf, substitute } from './template.js';

/** The values a slot can have. Some lists depend on another slot, which `slots` then holds. */
export function valuesOf({ values }: Grammar, slot: string, slots: Slots): readonly string[] {
  const list = values[slot]!;
  return Array.isArray(list) ? list : list.lists[slots[list.by]!]!;
}

/** A value for a slot. */
export function drawValue(grammar: Grammar, chance: Chance, slot: string, slots: Slots): string {
  return chance.choose(valuesOf(grammar, slot, slots));
}

/** The template with its slots filled, left to right; values not yet known are drawn and put into `slots`. */
export function fill(grammar: Grammar, chance: Chance, template: string, slots: Slots): string {
  for (const slot of slotsOf(template)) slots[slot] ??= drawValue(grammar, chance, slot, slots);
  return substitute(template, slots);
}
