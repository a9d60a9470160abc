import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('the cpu executor survives random requests on random models', () => {
  const script = fileURLToPath(new URL('../../scripts/fuzz-executor.mjs', import.meta.url));
  const run = spawnSync(process.execPath, [script, '--seed', '1', '--count', '150'], { encoding: 'utf8' });
  expect(`${run.stdout}${run.stderr}`.trim()).toMatch(
    /^150 cases, no failure: [1-9]\d* requests answered, [1-9]\d* refused, \d+ aborted, [1-9]\d* changed while they ran; [1-9]\d* sequences copied; the outcome of \d+ calls depended on time; 0 models or executors were not possible$/,
  );
}, 600_000);
