/**
 * Inputs of earlier runs that take branches which the seeds do not: `corpus/TARGET.txt`, an input a line, in base64. Every run
 * begins with them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const fileOf = (target) => new URL(`corpus/${target}.txt`, import.meta.url);

/** Returns the inputs that are kept of a target, none for one without a file. */
export function readCorpus(target) {
  const file = fileOf(target);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => new Uint8Array(Buffer.from(line, 'base64')));
}

/** Replaces the inputs that are kept of a target. */
export function writeCorpus(target, inputs) {
  mkdirSync(new URL('.', fileOf(target)), { recursive: true });
  const lines = inputs.map((input) => `${Buffer.from(input).toString('base64')}\n`);
  writeFileSync(fileOf(target), lines.sort().join(''));
}
