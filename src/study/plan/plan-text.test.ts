import { describe, expect, it } from 'vitest';
import { foundFor } from '../../../test/support/study-fixtures.js';
import { NOW } from '../../../test/support/text-fixtures.js';
import { parseSpec } from '../spec/index.js';
import { expand } from './expand.js';
import { planText } from './plan-text.js';

const spec = parseSpec(
  [
    'name: small',
    'question: Why?',
    'sources: [organism: { dialogues: 50, name: trials }]',
    'costs: { kl: 3, perplexity: 0 }',
    'arms: [off, boost: 2]',
  ].join('\n'),
  'x.yaml',
);
const cells = [...expand(spec, foundFor(spec), NOW, [])];

describe('planText', () => {
  it('counts the cells of every arm', () => {
    expect(planText(spec, cells, null)).toEqual([
      'small: Why?',
      '',
      'model     source  arm           dialogues  costs',
      'organism  trials  off                  50      3',
      'organism  trials  boost, M = 2         50      3',
      '',
      '50 dialogues × 1 seed, 106 cells',
    ]);
  });

  it('counts the cells of rankings and of chance apart from the arms', () => {
    const [first] = cells;
    const others = (['ranking', 'chance', 'chance'] as const).map((kind) => ({ ...first!, kind }));
    const lines = planText(spec, [...cells, ...others], ({ kind }) => (kind === 'chance' ? 60_000 : 0));
    expect(lines.filter((line) => line.includes('('))).toEqual([
      'organism  trials  (ranking heads)          1      0    0 s',
      'organism  trials  (chance)                 2      0  2 min',
    ]);
    expect(lines.at(-1)).toBe('50 dialogues × 1 seed, 109 cells, 2 min on one thread');
  });

  it('counts dialogues and seeds apart, although the table multiplies them', () => {
    const seeded = { ...spec, seeds: [0, 4] };
    const lines = planText(seeded, [...expand(seeded, foundFor(seeded), NOW, [])], null);
    expect(lines[3]).toMatch(/ 100 +3$/);
    expect(lines.at(-1)).toBe('50 dialogues × 2 seeds, 206 cells');
  });

  it('shows the time if it is known', () => {
    const lines = planText(spec, cells, ({ kind }) => (kind === 'cost' ? 500 : 1200));
    expect(lines[3]).toMatch(/ {2}62 s$/);
    expect(lines.at(-1)).toBe('50 dialogues × 1 seed, 106 cells, 2 min on one thread');
  });
});
