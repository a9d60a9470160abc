import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { linesOf, makePlace, outcomeOf, resultsIn } from './stub-study.js';

interface Line {
  readonly kind: string;
  readonly arm: string;
  readonly index: number;
  readonly error?: string;
}

const SPEC = { name: 'tiny', dialogues: 6, arms: { off: 'o', on: 'n' }, costs: 2, measured: 4 };

describe('the influence of a study', () => {
  it('is measured after the dialogues, on those of the first arm, and is not measured twice', async () => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    await place.run(['run', spec, '--out', 'out', '--jobs', '2']);
    const results = linesOf(place.at('out/results.jsonl')) as (Line & { address: string })[];
    const influence = results.filter(({ kind }) => kind === 'influence');
    expect(influence.map(({ arm, index }) => `${arm} ${index}`)).toEqual(
      [0, 1, 2, 3].flatMap((index) => [`off ${index}`, `on ${index}`]),
    );
    const order = place.executed();
    const lastDialogue = Math.max(
      ...results.filter(({ kind }) => kind === 'dialogue').map(({ address }) => order.indexOf(address)),
    );
    for (const { address } of influence) expect(order.indexOf(address)).toBeGreaterThan(lastDialogue);
    const more = place.spec({ ...SPEC, measured: 5 });
    await place.run(['run', more, '--out', 'out']);
    expect(place.executed()).toHaveLength(order.length + 2);
  });

  it('is in the shard of its dialogue', async () => {
    const place = makePlace();
    const spec = place.spec(SPEC);
    for (const shard of [1, 2, 3]) {
      const { stdout } = await place.run(['run', spec, '--out', `part-${shard}`, '--shard', `${shard}/3`]);
      expect(stdout).toContain(' 0 failed');
    }
    await place.run(['merge', 'part-1', 'part-2', 'part-3', '--out', 'merged']);
    await place.run(['run', spec, '--out', 'whole']);
    expect(resultsIn(place.at('merged'))).toEqual(resultsIn(place.at('whole')));
  });

  it('fails with its dialogue, and is measured when the dialogue is', async () => {
    const place = makePlace();
    const spec = place.spec({ ...SPEC, costs: 0, arms: { throws: 't', on: 'n' } });
    await place.run(['run', spec, '--out', 'out']);
    const errors = (linesOf(place.at('out/results.jsonl')) as Line[]).filter(
      ({ kind }) => kind === 'failure',
    );
    expect(errors).toHaveLength(6 + 8);
    expect(errors.at(-1)!.error).toBe(
      "the untouched model's dialogue, on which influence is measured, is not there: this arm throws",
    );
    const again = ['run', spec, '--out', 'out', '--retry-failed'];
    const { stdout } = await place.run(again, { STUB_HEALED: '1' });
    expect(stdout).toContain(' 0 failed');
  });

  it('is timed by a dry run only on dialogues that are there', async () => {
    const place = makePlace();
    const { stdout, code } = await place.run(['run', place.spec(SPEC), '--out', 'out', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('influence');
    // A dialogue, a cost and an influence of each arm have one pace, the arms too.
    expect(place.executed()).toHaveLength(3);
  });

  it('has the same bytes in any batch, and with shards, on a real model', async () => {
    const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const place = makePlace();
    writeFileSync(
      place.at('real.yaml'),
      `name: real
sources: [organism: { dialogues: 3, rounds: 3 }]
max-tokens: 4
probes: [1, 3]
arms: [off, split-softmax: 0.5, repeat: 2, no-system]
costs: none
influence: { dialogues: 2, rounds: [1, 3] }
analysis: { early: [1, 1], late: [2, 3], primary: late influence }
`,
    );
    const run = async (out: string, ...options: string[]) => {
      const args = [command, 'study', 'run', place.at('real.yaml'), '--out', place.at(out), ...options];
      const { code, stderr, stdout } = await outcomeOf(spawn(process.execPath, args));
      expect(code, stderr).toBe(0);
      expect(stdout).toContain(', 0 failed');
      return resultsIn(place.at(out));
    };
    const single = await run('single', '--jobs', '1', '--batch', '1');
    expect(await run('three', '--jobs', '1', '--batch', '3')).toEqual(single);
    const lines = linesOf(place.at('single/results.jsonl')) as (Line & {
      readonly references: readonly {
        readonly name: string;
        readonly rounds: readonly { readonly round: number; readonly sum: number; readonly count: number }[];
      }[];
    })[];
    const influence = lines.filter(({ kind }) => kind === 'influence');
    // An arm without a system message has no prompt to measure.
    expect(influence.map(({ arm }) => arm)).not.toContain('no-system');
    expect(influence).toHaveLength(2 * 3);
    for (const { references } of influence) {
      expect(references.map(({ name }) => name)).toEqual(['others', 'none']);
      for (const { rounds } of references) {
        expect(rounds.map(({ round }) => round)).toEqual([1, 3]);
        for (const { sum, count } of rounds) {
          expect(count).toBeGreaterThan(0);
          expect(sum).toBeGreaterThan(0);
        }
      }
    }
    // All arms read the same answers.
    const counts = influence
      .filter(({ index }) => index === 0)
      .map(({ references }) => references[0]!.rounds.map(({ count }) => count));
    expect(new Set(counts.map(String)).size).toBe(1);
  });
});
