import { describe, expect, it } from 'vitest';
import { gpuName, hasNoGpu } from '../support/gpu.js';
import { expectFailure, fixture, holdfast, succeed } from './holdfast.js';
import { hasScript, type } from './terminal.js';

const llama = fixture('models/llama');
const SMALL = ['--prompt', '40', '--tokens', '3', '--rounds', '2'];
/** One round: that a profile has the medians of rounds, and counts one pass, is in src/cli/bench/run.test.ts. */
const ONCE = ['--prompt', '40', '--tokens', '1', '--rounds', '1'];

describe('holdfast bench', () => {
  it('times the prompt and decoding of each kind', async () => {
    const report = JSON.parse(await succeed(['bench', llama, ...SMALL, '--json']));
    expect(report).toMatchObject({ executor: 'cpu', prompt: 40, tokens: 3, rounds: 2, profiles: null });
    expect(report.figures.prefillMs.length).toBe(2);
    expect(Object.keys(report.figures.decodeMs)).toEqual(['off', 'measured', 'split-softmax']);
    for (const times of Object.values<number[]>(report.figures.decodeMs)) {
      expect(times.length).toBe(6);
      expect(times.every((ms) => ms > 0)).toBe(true);
    }
  });

  it('shows medians, and ratios to the untouched model', async () => {
    const text = await succeed(['bench', llama, ...SMALL]);
    expect(text).toMatch(/prompt of 40 tokens: \d+ ms, \d+ tokens\/s/);
    expect(text).toMatch(/\noff +\d+\.\d\d +\d+\.\d +1\.00 × off\n/);
    expect(text).toMatch(/\nsplit-softmax +\d+\.\d\d +\d+\.\d +\d+\.\d\d × off\n/);
  });

  it.skipIf(!hasScript)('shows its progress on a terminal, and removes it at the end', async () => {
    // Long enough for a line that is drawn a few times a second.
    const { screen } = await type(
      ['bench', llama, '--prompt', '100', '--tokens', '20', '--rounds', '60'],
      [],
    );
    expect(screen).toMatch(/\r.\[Kround \d+ of 60: [^\r]*\r.\[K[^\r]*medians/);
  });

  it('refuses a profile if kernels are not timed, and more tokens than the model takes', async () => {
    expectFailure(
      await holdfast(['bench', llama, ...SMALL, '--profile']),
      2,
      /E_USAGE: the cpu executor cannot time its kernels .*--executor gpu/,
    );
    expectFailure(
      await holdfast(['bench', llama, '--prompt', '100000']),
      2,
      /E_USAGE: 100000 tokens in the prompt and 32 decoded exceed the model's context of \d+/,
    );
  });

  it.skipIf(hasNoGpu())(`profiles every kernel on ${gpuName}`, async () => {
    const report = JSON.parse(
      await succeed(['bench', llama, ...ONCE, '--executor', 'gpu', '--profile', '--json']),
    );
    const { decode, prefill } = report.profiles;
    // Six dispatches for each of three layers, the final norm, the head, and the three that pick the token.
    const dispatches = Object.fromEntries(
      decode.kernels.map(({ kernel, dispatches }: { kernel: string; dispatches: number }) => [
        kernel,
        dispatches,
      ]),
    );
    expect(dispatches).toEqual({
      norm: 1,
      'query, key, value': 3,
      rotate: 3,
      attention: 3,
      output: 3,
      'gate and up': 3,
      down: 3,
      head: 1,
      weigh: 1,
      rank: 1,
      pick: 1,
    });
    for (const { kernels, bandwidth } of [decode, prefill]) {
      expect(bandwidth).toBeGreaterThan(0);
      for (const { kernel, ms } of kernels) expect(ms, kernel).toBeGreaterThan(0);
    }
    const bytesOf = (profile: typeof decode, name: string): number =>
      profile.kernels.find(({ kernel }: { kernel: string }) => kernel === name).bytes;
    // 512 rows of 64 weights in f32. A matrix counts once, however many rows the pass has: 3 of 64 by 64.
    expect(bytesOf(decode, 'head')).toBe(4 * 512 * 64);
    for (const profile of [decode, prefill]) expect(bytesOf(profile, 'output')).toBe(3 * 4 * 64 * 64);
    // Keys and values of two heads of 16 numbers, shared by four heads, in three layers.
    expect(bytesOf(prefill, 'attention')).toBe(3 * 2 * 4 * 2 * 16 * 40);
    expect(bytesOf(decode, 'attention')).toBe(3 * 2 * 4 * 2 * 16 * 41);
  });
});
