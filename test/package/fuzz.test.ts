import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** The short form of `npm run fuzz`, see docs/reliability.md: enough to notice a reader that no longer checks its input. */
it('what reads foreign files and requests stands some hundred changed inputs each', () => {
  const script = fileURLToPath(new URL('../../fuzz/main.mjs', import.meta.url));
  const run = spawnSync(process.execPath, [script, 'all', '--runs', '400'], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  const lines = run.stdout.trim().split('\n');
  expect(lines.map((line) => line.replace(/:.*/, ''))).toEqual([
    ...['config', 'dialogue', 'gguf', 'record', 'safetensors', 'server', 'study', 'template', 'tokenizer'],
  ]);
  for (const line of lines) expect(line).toMatch(/: 400 runs .*, 0 findings /);
}, 300_000);
