import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** Returns the source files, except tests, whose text matches. */
const filesWith = (pattern: RegExp): string[] =>
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .filter((name) => pattern.test(readFileSync(`${SRC}/${name}`, 'utf8')))
    .sort();

it('the clock is read in one place; only retries of a download and the age of files compare with it too', () => {
  expect(filesWith(/new Date\(\)|Date\.now\(\)/)).toEqual([
    'hub/hub-http.ts',
    'study/folder/folder.ts',
    'text/moment.ts',
  ]);
});

it('the current moment is taken only where a dialogue, a study or a command begins', () => {
  expect(filesWith(/\bcurrentMoment\(\)/)).toEqual([
    'cli/inspect/template-probe.ts',
    'cli/measure/source.ts',
    'cli/serve/serve.ts',
    'dialogue/compare.ts',
    'dialogue/forced-chat.ts',
    'dialogue/open-chat.ts',
    'organism/reference-pass.ts',
    'organism/run-trial.ts',
    'studio/written.ts',
    'study/run/study-moment.ts',
    'text/moment.ts',
  ]);
});
