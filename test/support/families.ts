import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FAMILIES as LISTED } from '../../src/architectures/families.js';

export type FamilyName = (typeof LISTED)[number]['name'];

/** Names of all families. Each has a tiny model and its golden outputs in test/fixtures/models. */
export const FAMILIES: readonly FamilyName[] = LISTED.map(({ name }) => name);

/** Further tiny models: variants of families. */
export const VARIANTS = ['smollm3-nope', 'phi3-short'] as const;
export type Variant = (typeof VARIANTS)[number];

/**
 * Returns the path of a tiny model's file, or of its folder.
 * @throws Error if there is no such model
 */
export function tinyModel(name: string, file = ''): string {
  const path = fileURLToPath(new URL(`../fixtures/models/${name}/${file}`, import.meta.url));
  if (existsSync(path)) return path;
  throw new Error(`there is no ${path}: run python test/oracle/make.py ${name}`);
}
