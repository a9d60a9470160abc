/** What the slots of a text hold, by name. */
export type Slots = Record<string, string>;

const SLOT = /\{(\w+)\}/g;

/** Names of the slots of a template, left to right. */
export function slotsOf(template: string): string[] {
  return [...template.matchAll(SLOT)].map((match) => match[1]!);
}

/** The template with all its slots filled; `slots` holds each of them. */
export function substitute(template: string, slots: Slots): string {
  return template.replace(SLOT, (_, slot: string) => slots[slot]!);
}

/** What stands between the slots of a template and their names, in turn: text, slot, text, …, text. */
export function literalsAndSlots(template: string): string[] {
  return template.split(SLOT);
}
