import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { forecast } from '../../src/findings/index.js';
import { openStudy } from '../../src/study/index.js';
import { expectFailure, holdfast, succeed, temporaryFile, temporaryFolder } from './holdfast.js';

it('study init writes an example that can be run, and that will be able to tell', async () => {
  const file = join(temporaryFolder(), 'mine.yaml');
  const told = await succeed(['study', 'init', file]);
  expect(told).toMatch(/study run .*mine\.yaml'? --dry-run\n$/);
  const study = await openStudy(file, {}, {});
  expect(study.notices).toEqual([]);
  expect(forecast(study)).toEqual([]);
  expect(study.sources).toMatchObject([{ dialogues: 20, prompts: 20, probed: true }]);
  // What it suggests instead is written as the specification takes it.
  const text = readFileSync(file, 'utf8')
    .replace('  - organism: {', '#')
    .replace('#  - script', '  - script');
  await openStudy(temporaryFile('other.yaml', text), {}, {});
});

it('study init replaces no file unasked', async () => {
  const file = temporaryFile('mine.yaml', 'of before');
  expectFailure(
    await holdfast(['study', 'init', file]),
    1,
    /E_UNWRITABLE: the file exists .*\. Choose another name, .*--force\n$/,
  );
  expect(readFileSync(file, 'utf8')).toBe('of before');
  await succeed(['study', 'init', file, '--force']);
  expect(readFileSync(file, 'utf8')).toMatch(/^# A study/);
});
