import { describe, expect, it } from 'vitest';
import { printable } from '../../src/cli/terminal/printable.js';
import { comparedLine, shareLine, sparkline } from '../../src/cli/terminal/share-lines.js';
import { createRoleMeter, layerGroups, shareTable } from '../../src/cli/terminal/share-table.js';
import { RECOMMENDED_HOLD, type Settings, type Turn } from '../../src/dialogue/index.js';

const SETTINGS: Settings = {
  ...RECOMMENDED_HOLD,
  target: { kind: 'prefix' },
  selection: {},
  silence: [],
  guidance: 1,
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

/** Two layers of two heads whose shares are `before` and `after` alike. */
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
    shares: {
      mean: { before, after },
      heads: { before: new Float32Array(4).fill(before), after: new Float32Array(4).fill(after) },
    },
    receipt: null,
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
  it('draws values from zero to the largest, the last of a long course', () => {
    expect(sparkline([0.5, 0.25, 0])).toBe('█▅▁');
    expect(sparkline([])).toBe('');
    expect(sparkline([0, 0])).toBe('▁▁');
    expect(sparkline(Array.from({ length: 99 }, (_, index) => 99 - index)).length).toBe(24);
  });
});

describe('the line under an answer', () => {
  it('tells the share before and after, its course, the strength and the speed', () => {
    expect(shareLine([turn(0.5, 0.5), turn(0.2, 0.25)])).toBe(
      'system prompt 0.200 → 0.250  █▅  split-softmax k=0.96  20.0 tokens/s',
    );
  });

  it('tells a strength that moved, an answer that was stopped, and that there is nothing to measure', () => {
    const moved = turn(0.2, 0.3, { strength: { first: 1, last: 0.83333333 }, finish: 'abort' });
    expect(shareLine([moved])).toMatch(/k=1→0\.8333 .*\(stopped\)$/);
    const off = { ...SETTINGS, policy: 'off', schedule: null } as const;
    expect(shareLine([turn(0, 0, { shares: null, settings: off, strength: null })])).toBe(
      'no prefix to measure  off  20.0 tokens/s',
    );
  });

  it('says whether hold measures or acts', () => {
    const settings = { ...SETTINGS, policy: 'hold', schedule: null } as const;
    expect(shareLine([turn(0.2, 0.2, { settings, strength: null })])).toMatch(
      /hold \(measures this answer\)/,
    );
  });

  it('has both answers of a comparison', () => {
    expect(comparedLine([turn(0.2, 0.2)], [turn(0.2, 0.4)])).toMatch(
      /^off 0\.200 .* {2}\| {2}on 0\.200 → 0\.400 /,
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

  it('has means of each role over the rows, its spans added up, and of the target', () => {
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
    expect(shareTable(meter.means(), turn(0.5, 0.625))).toEqual([
      'share of       all layers      0      1',
      'system              0.500  0.250  0.750',
      'user                0.500  0.750  0.250',
      'prefix before       0.500  0.500  0.500',
      'prefix after        0.625  0.625  0.625',
    ]);
  });
});

describe('on a terminal', () => {
  it('a model cannot move the cursor or change colours', () => {
    expect(printable('a\tb\n\u001b[2Jé\u009b1m🙂\r')).toBe('a\tb\n\ufffd[2Jé\ufffd1m🙂\ufffd');
  });
});
