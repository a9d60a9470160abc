/** The values of slots, by slot name. */
export type Slots = Record<string, string>;

const SLOT = /\{(\w+)\}/g;

/** Returns the names of a template's slots, left to right. */
export function slotsOf(template: string): string[] {
  return [...template.matchAll(SLOT)].map((match) => match[1]!);
}

/** Returns a template with all its slots filled. `slots` must contain each of them. */
export function substitute(template: string, slots: Slots): string {
  return template.replace(SLOT, (_, slot: string) => slots[slot]!);
}

/** Splits a template into its texts and slot names, in turn: text, slot, text, …, text. */
export function literalsAndSlots(template: string): string[] {
  return template.split(SLOT);
}
