import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MUTANTS, SUITES } from '../scripts/mutants.mjs';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

it('the mutants change one place of the sources as they are, and have a suite that exists', () => {
  const sources = new Map(MUTANTS.map(({ file }) => [file, read(file)]));
  const stale = MUTANTS.filter(({ file, find }) => sources.get(file)!.split(find).length !== 2);
  expect(stale.map(({ name }) => name)).toEqual([]);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  for (const { name, suite, find, put } of MUTANTS) {
    expect(put, name).not.toBe(find);
    const file = SUITES[suite]?.at(-1) ?? '';
    expect(existsSync(new URL(`../${file}`, import.meta.url)), `${name}: ${file}`).toBe(true);
  }
});
