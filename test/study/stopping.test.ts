import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-stopping-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spec = join(folder, 'stopped.yaml');
writeFileSync(
  spec,
  `name: stopped
sources:
  - organism: { dialogues: 12, rounds: 3 }
max-tokens: 32
probes: [1, 3]
analysis: { early: [1, 1], late: [3, 3] }
arms: [off]
costs: none
`,
);

/** Runs the study with the embedded model and passes each line of its progress to `onLine`. */
async function run(onLine: (line: string, stop: (signal: NodeJS.Signals) => void) => void) {
  const child = spawn(process.execPath, [command, 'study', 'run', spec, '--out', join(folder, 'out')]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const line of text.split('\n')) onLine(line, (signal) => child.kill(signal));
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stderr };
}

describe('a study with a real model', () => {
  it('stops on Ctrl-C during forward passes, keeps finished cells, and resumes', async () => {
    let isStopping = false;
    const stopped = await run((line, stop) => {
      // Only once: a second Ctrl-C would not wait for the passes.
      if (isStopping || !/^[1-9]\d* of 24 cells/.test(line)) return;
      isStopping = true;
      stop('SIGINT');
    });
    expect(stopped.stderr).toMatch(/stopped: \d+ of 24 cells are done and kept in .* To resume: /);
    expect(stopped, stopped.stderr).toMatchObject({ code: 130, signal: null });
    const kept = readdirSync(join(folder, 'out/cells'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.json'),
    );
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(24);
    const whole = await run(() => {});
    expect(whole, whole.stderr).toMatchObject({ code: 0, signal: null });
    expect(readdirSync(join(folder, 'out'))).toContain('results.jsonl');
  });
});
