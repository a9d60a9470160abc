import { describe, expect, it } from 'vitest';
import { comparedLine, shareLine, sparkline } from '../../src/cli/shares/share-lines.js';
import { createRoleMeter, layerGroups, shareTable } from '../../src/cli/shares/share-table.js';
import { type AnswerShares, RECOMMENDED_HOLD, type Settings, type Turn } from '../../src/dialogue/index.js';

const GRID = { layers: 2, heads: 2, windows: [null, null] };

const SETTINGS: Settings = {
  ...RECOMMENDED_HOLD,
  target: { kind: 'message' },
  selection: {},
  cache: 'held',
  silence: [],
  guidance: 1,
  reminder: null,
  sampling: {
    temperature: 0,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    seed: 0,
    topLogProbabilities: 0,
  },
  maxTokens: 8,
  stop: [],
};

/** Returns shares of two layers with two heads each; all heads have the same shares. */
const share = (before: number, after: number): AnswerShares => ({
  mean: { before, after },
  heads: { before: new Float32Array(4).fill(before), after: new Float32Array(4).fill(after) },
});

/** A turn whose prompt has these shares; the sink has .3, and the prefix both. */
function turn(before: number, after: number, changes: Partial<Turn> = {}): Turn {
  return {
    number: 1,
    system: 's',
    user: 'u',
    assistant: 'a',
    ids: [1, 2, 3],
    finish: 'stop',
    settings: SETTINGS,
    strength: { first: 0.96, last: 0.96 },
    begun: 0,
    strengths: null,
    measuring: false,
    notice: null,
    shares: share(before, after),
    parts: {
      prompt: share(before, after),
      words: share(before / 2, after / 2),
      sink: share(0.3, 0.3),
      prefix: share(before + 0.3, after + 0.3),
    },
    receipt: null,
    cleaned: null,
    dropped: [],
    timing: {
      promptTokens: 9,
      reusedTokens: 0,
      prefillMs: 1,
      decodedTokens: 2,
      decodeMs: 100,
      guidance: null,
    },
    ...changes,
  };
}

describe('a sparkline', () => {
  it('draws each share on the same scale: each step doubles the share', () => {
    expect(sparkline([1, 0.5, 0.49, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.0078, 0])).toBe(
      '██▇▇▆▅▄▃▂▁▁',
    );
    expect(sparkline([])).toBe('');
  });

  it('leaves a bar as it was when later turns come, and shows the last of a long course', () => {
    expect(sparkline([0.2, 0.9])).toBe(sparkline([0.2]) + sparkline([0.9]));
    expect(sparkline(Array.from({ length: 99 }, (_, index) => index / 99)).length).toBe(24);
  });
});

describe('the line under an answer', () => {
  it('shows the prompt before and after with its course, the sink, the strength and the speed', () => {
    expect(shareLine([turn(0.5, 0.5), turn(0.014, 0.031)])).toBe(
      'prompt .014 █▂ → .031 · sink .300  split-softmax k=0.96  20.0 tokens/s',
    );
  });

  it('names another target than the prompt, in front', () => {
    const settings = { ...SETTINGS, target: { kind: 'prefix' } } as const;
    expect(shareLine([turn(0.25, 0.25, { settings, shares: share(0.55, 0.6) })])).toMatch(
      /^prefix \.550 █ → \.600 · prompt \.250 · sink \.300 {2}split/,
    );
    const sink = { ...SETTINGS, target: { kind: 'sink' } } as const;
    expect(shareLine([turn(0.25, 0.25, { settings: sink, shares: share(0.3, 0.5) })])).toMatch(
      /^sink \.300 ▇ → \.500 · prompt \.250 {2}split/,
    );
  });

  it('shows a strength that moved, an answer that was stopped, and that there is no prompt', () => {
    const moved = turn(0.2, 0.3, { strength: { first: 1, last: 0.83333333 }, finish: 'abort' });
    expect(shareLine([moved])).toMatch(/k=1→0\.8333 .*\(stopped\)$/);
    const off = { ...SETTINGS, policy: 'off', schedule: null } as const;
    const parts = { prompt: null, words: null, sink: share(0.3, 0.3), prefix: null };
    expect(shareLine([turn(0, 0, { shares: null, parts, settings: off, strength: null })])).toBe(
      'no prompt · sink .300  off  20.0 tokens/s',
    );
    const unseen = { ...parts, prompt: { ...share(0, 0), mean: null } };
    expect(shareLine([turn(0, 0, { parts: unseen, settings: off, strength: null })])).toBe(
      'prompt out of sight · sink .300  off  20.0 tokens/s',
    );
  });

  it('says whether sustain measures or acts', () => {
    const settings = { ...SETTINGS, policy: 'sustain', schedule: null } as const;
    const line = (changes: Partial<Turn>) =>
      shareLine([turn(0.2, 0.2, { settings, strength: null, ...changes })]);
    expect(line({ measuring: true })).toMatch(/ {2}sustain \(measures this answer\) {2}/);
    expect(line({ measuring: false })).toMatch(/ {2}sustain {2}/);
    expect(line({ notice: 'π₁ = 0 changes nothing' })).toMatch(/ {2}sustain \(does not act\) {2}/);
  });

  it('never shows a strength that changes something as the identity', () => {
    const line = (first: number, last: number) => shareLine([turn(0.2, 0.2, { strength: { first, last } })]);
    expect(line(1, 0.99999)).toMatch(/ k=1→0\.99999 /);
    expect(line(0.99996, 0.99996)).toMatch(/ k=0\.99996 /);
    expect(line(1, 1)).toMatch(/ k=1 /);
    expect(line(0.123456, 0.123456)).toMatch(/ k=0\.1235 /);
  });

  it('has both answers of a comparison', () => {
    expect(comparedLine([turn(0.2, 0.2)], [turn(0.2, 0.4)])).toMatch(
      /^off: prompt \.200 ▆ · sink \.300 .* {2}\| {2}on: prompt \.200 ▆ → \.400 · sink \.300 /,
    );
  });
});

describe('the table of shares', () => {
  it('groups layers as equally as possible', () => {
    expect(layerGroups(2)).toEqual([
      { first: 0, end: 1 },
      { first: 1, end: 2 },
    ]);
    expect(layerGroups(30).map(({ first, end }) => end - first)).toEqual([8, 7, 8, 7]);
  });

  it('has means of each role over the rows, its spans added up, and of the prompt and the prefix', () => {
    const span = (role: 'user' | 'system', ...layers: number[]) => ({
      role,
      turn: 0,
      start: 0,
      end: 1,
      share: 0,
      layers: Float64Array.from(layers),
    });
    const meter = createRoleMeter()
      .add({
        shares: {
          target: null,
          spans: [span('user', 0.25, 0.5), span('user', 0.25, 0), span('system', 0.5, 0.5)],
        },
      })
      .add({ shares: { target: null, spans: [span('user', 1, 0), span('system', 0, 1)] } });
    expect(shareTable(meter.means(), turn(0.5, 0.625), GRID)).toEqual([
      'share of       all layers      0      1',
      'prompt before       0.500  0.500  0.500',
      'prompt after        0.625  0.625  0.625',
      'prefix before       0.800  0.800  0.800',
      'prefix after        0.925  0.925  0.925',
      '',
      'every token by role, after the policy (these rows sum to 1)',
      'its words           0.500  0.250  0.750',
      'user                0.500  0.750  0.250',
    ]);
  });

  it('takes means over the layers that see furthest, and has a dash for a layer that sees nothing of a target', () => {
    const meter = createRoleMeter().add({
      shares: {
        target: null,
        spans: [
          { role: 'user', turn: 0, start: 0, end: 1, share: 0.5, layers: Float64Array.of(1, 0.5) },
          { role: 'system', turn: 0, start: 1, end: 2, share: 0.5, layers: Float64Array.of(0, 0.5) },
        ],
      },
    });
    const none = Number.NaN;
    const prompt = {
      mean: { before: 0.5, after: 0.5 },
      heads: { before: Float32Array.of(none, none, 0.5, 0.5), after: Float32Array.of(none, none, 0.5, 0.5) },
    };
    const off = { ...SETTINGS, policy: 'off', schedule: null } as const;
    const parts = { prompt, words: null, sink: null, prefix: null };
    const rows = shareTable(meter.means(), turn(0.5, 0.5, { settings: off, parts }), {
      ...GRID,
      windows: [4, null],
    });
    expect(rows).toEqual([
      'share of   layers 1      0      1',
      'prompt        0.500      -  0.500',
      '',
      'every token by role (these rows sum to 1)',
      'its words     0.500  0.000  0.500',
      'user          0.500  1.000  0.500',
    ]);
  });

  it('has one row for the prompt and one for the prefix if no policy acts, and any other target by name', () => {
    const meter = createRoleMeter().add({ shares: { target: null, spans: [] } });
    const off = { ...SETTINGS, policy: 'off', schedule: null, target: { kind: 'template' } } as const;
    const rows = shareTable(meter.means(), turn(0.5, 0.5, { settings: off, shares: share(0.2, 0.2) }), GRID);
    expect(rows.slice(1).map((row) => row.split(/ {2,}/)[0])).toEqual([
      'prompt',
      'prefix',
      'template',
      '',
      'every token by role (these rows sum to 1)',
    ]);
  });
});
