import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HOLD } from '../../../test/support/hold-fixtures.js';
import { POLICIES, strengthProblem } from '../../attention/index.js';
import { HoldfastError } from '../../errors.js';
import { parsePlacedSpec, parseSpec } from './parse.js';
import type { ArmSpec } from './spec.js';

/** Returns the arms of one item of the list. */
const armsOf = (item: string): readonly ArmSpec[] =>
  parseSpec(`name: x\nsources: organism\narms:\n  - ${item}\n`, 'x.yaml').arms;

const namesOf = (item: string): readonly string[] => armsOf(item).map(({ name }) => name);

/** Returns the problems of one item, which begins at line 4, column 5. */
function problemsOf(item: string): readonly string[] {
  try {
    armsOf(item);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_SPEC') return error.problems;
    throw error;
  }
  return [];
}

const OFF: ArmSpec = {
  name: 'off',
  policy: 'off',
  schedule: null,
  target: { kind: 'message' },
  on: { kind: 'all' },
  silence: null,
  repeatEvery: null,
  guidance: null,
  noSystem: false,
};
const constant = (strength: number) => ({ kind: 'constant', strength }) as const;

describe('an arm', () => {
  it.each<[string, Partial<ArmSpec>]>([
    ['off', {}],
    ['sustain', { policy: 'sustain', name: 'sustain' }],
    // As older studies call it.
    ['hold', { policy: 'sustain', name: 'sustain' }],
    [
      '{ hold: { layers: [1] } }',
      { policy: 'sustain', on: { kind: 'grid', layers: [1], heads: null }, name: 'sustain, layers 1' },
    ],
    ['cap: 0.1', { policy: 'cap', schedule: constant(0.1), name: 'cap, κ = 0.1' }],
    [
      'cap: { schedule: "per-turn:1,0.2,0.1" }',
      {
        policy: 'cap',
        schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.1 },
        name: 'cap, κ 1 → 0.2, 0.1 a turn',
      },
    ],
    ['boost: 2', { policy: 'boost', schedule: constant(2), name: 'boost, M = 2' }],
    ['boost: { strength: 2, name: twice }', { policy: 'boost', schedule: constant(2), name: 'twice' }],
    [
      'split-softmax: { schedule: "per-turn:1,0.6,0.04" }',
      {
        policy: 'split-softmax',
        schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 },
        name: 'split-softmax, k 1 → 0.6, 0.04 a turn',
      },
    ],
    [
      'split-softmax: { schedule: "per-token:1,0.4,0.2" }',
      {
        policy: 'split-softmax',
        schedule: { kind: 'per-token', from: 1, to: 0.4, rate: 0.2 },
        name: 'split-softmax, k 1 → 0.4, 0.2 · ln(t/|system|)',
      },
    ],
    [
      'floor: { schedule: "target:0.4" }',
      { policy: 'floor', schedule: { kind: 'target', share: 0.4 }, name: 'floor, mean share 0.4' },
    ],
    ['no-system', { noSystem: true, name: 'no-system' }],
    ['{ no-system: true, name: bare }', { noSystem: true, name: 'bare' }],
    ['repeat: 4', { repeatEvery: 4, name: 'repeat every 4' }],
    ['guidance: 1.5', { guidance: 1.5, name: 'guidance, γ = 1.5' }],
    ['reminder: true', { reminder: true, name: 'reminder' }],
    ['reminder: Keep to it.', { reminder: 'Keep to it.', name: 'reminder "Keep to it."' }],
    [
      '{ split-softmax: 0.7, cache: clean }',
      {
        policy: 'split-softmax',
        schedule: constant(0.7),
        cache: 'clean',
        name: 'split-softmax, k = 0.7, clean cache',
      },
    ],
    [
      'split-softmax: { strength: 0.7, cache: held }',
      { policy: 'split-softmax', schedule: constant(0.7), name: 'split-softmax, k = 0.7' },
    ],
    [
      '{ knock-out: sink, cache: clean }',
      {
        policy: 'floor',
        schedule: constant(1),
        target: { kind: 'not', of: { kind: 'sink' } },
        cache: 'clean',
        name: 'knock-out sink, clean cache',
      },
    ],
    [
      '{ name: both, policy: split-softmax, strength: 0.7, repeat: 4, guidance: 2 }',
      { name: 'both', policy: 'split-softmax', schedule: constant(0.7), repeatEvery: 4, guidance: 2 },
    ],
    [
      '{ split-softmax: 0.7, repeat: 4 }',
      {
        policy: 'split-softmax',
        schedule: constant(0.7),
        repeatEvery: 4,
        name: 'split-softmax, k = 0.7, repeat every 4',
      },
    ],
    [
      'split-softmax:\n    strength: 0.7\n    target: random:3',
      {
        policy: 'split-softmax',
        schedule: constant(0.7),
        target: { kind: 'random', seed: 3 },
        name: 'split-softmax, k = 0.7, target random:3',
      },
    ],
    [
      'knock-out: prefix',
      {
        policy: 'floor',
        schedule: constant(1),
        target: { kind: 'not', of: { kind: 'prefix' } },
        name: 'knock-out prefix',
      },
    ],
    [
      '{ floor: 0.2, target: not:sink }',
      {
        policy: 'floor',
        schedule: constant(0.2),
        target: { kind: 'not', of: { kind: 'sink' } },
        name: 'floor, ψ = 0.2, target not:sink',
      },
    ],
    [
      'silence: top 5 by share',
      { silence: { kind: 'top', count: 5, by: 'share' }, name: 'silence top 5 by share' },
    ],
  ])('%s', (item, arm) => {
    expect(armsOf(item)).toEqual([{ ...OFF, ...arm }]);
  });

  it.each<[string, ArmSpec['on'], string]>([
    ['heads: all', { kind: 'all' }, 'split-softmax, k = 0.7'],
    ['heads: bottom 3 by decay', { kind: 'bottom', count: 3, by: 'decay' }, 'bottom 3 by decay'],
    ['heads: random 10 seed 3', { kind: 'random', count: 10, seed: 3 }, 'random 10 seed 3'],
    [
      'heads: [[2, 0], [4, 3]]',
      {
        kind: 'pairs',
        pairs: [
          [2, 0],
          [4, 3],
        ],
      },
      'heads 2.0 4.3',
    ],
    ['heads: [0, 1]', { kind: 'grid', layers: null, heads: [0, 1] }, 'heads 0 1'],
    ['layers: [2, 4]', { kind: 'grid', layers: [2, 4], heads: null }, 'layers 2 4'],
    ['layers: 2, heads: 1', { kind: 'grid', layers: [2], heads: [1] }, 'layers 2 heads 1'],
  ])('acts on %s', (heads, on, words) => {
    const [arm] = armsOf(`split-softmax: { strength: 0.7, ${heads} }`);
    expect(arm!.on).toEqual(on);
    expect(arm!.name).toContain(words);
  });
});

describe('the former name of a policy', () => {
  const noticesOf = (...items: readonly string[]): readonly string[] =>
    parsePlacedSpec(
      `name: x\nsources: organism\narms:\n${items.map((item) => `  - ${item}\n`).join('')}`,
      'x.yaml',
    ).notices;

  it('leads to one notice, however the arms are written', () => {
    const notice = 'the policy hold is now called sustain; --hold is split-softmax';
    for (const item of ['hold', '{ policy: hold }', 'hold: { layers: [1] }']) {
      expect(noticesOf('off', item), item).toEqual([notice]);
    }
    expect(noticesOf('hold', 'hold: { layers: [1] }')).toEqual([notice]);
    expect(noticesOf('off', 'sustain', '{ name: hold, policy: sustain, layers: [1] }')).toEqual([]);
  });
});

describe('an arm with a hold', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hold-arm-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, hold: object): void => writeFileSync(join(folder, name), JSON.stringify(hold));
  const specOf = (item: string) =>
    parsePlacedSpec(`name: x\nsources: organism\narms:\n  - off\n  - ${item}\n`, join(folder, 'study.yaml'));
  const OFF = { ...HOLD.settings, policy: 'off', schedule: null, layers: null };
  write('hold.json', HOLD);
  write('heads.json', { ...HOLD, settings: { ...HOLD.settings, layers: null, pairs: [[2, 1]] } });
  write('off.json', { ...HOLD, verdict: 'nothing helps', settings: OFF });
  write('clean.json', { ...HOLD, settings: { ...HOLD.settings, layers: null, cache: 'clean' } });
  write('dialogue.json', { format: 'holdfast-dialogue' });

  it('is the arm with the same settings, written by hand', () => {
    const { spec, holds } = specOf('hold: hold.json');
    expect(spec.arms[1]).toEqual(armsOf('split-softmax: { strength: 0.5, layers: [0, 2] }')[0]);
    expect([...holds]).toEqual([[spec.arms[1]!.name, HOLD]]);
    const [, pairs] = specOf('{ hold: heads.json, name: held, repeat: 4 }').spec.arms;
    expect(pairs).toEqual(armsOf('{ split-softmax: 0.5, heads: [[2, 1]], name: held, repeat: 4 }')[0]);
  });

  it('has the kind of cache of the hold, or of the arm if the hold names none', () => {
    const [, clean] = specOf('hold: clean.json').spec.arms;
    expect(clean).toEqual(armsOf('split-softmax: { strength: 0.5, cache: clean }')[0]);
    const [, ...both] = specOf('{ hold: hold.json, cache: [held, clean] }').spec.arms;
    expect(both.map(({ cache }) => cache)).toEqual([undefined, 'clean']);
  });

  it('is still the policy sustain where hold has no text', () => {
    expect(specOf('hold: { layers: [1] }').spec.arms[1]!.policy).toBe('sustain');
    expect(specOf('hold').spec.arms[1]!.policy).toBe('sustain');
  });

  it.each([
    ['hold: none.json', /5:.* hold: there is no such file/],
    ['hold: dialogue.json', /5:.* hold: not a hold: .*dialogue\.json/],
    ['hold: off.json', /5:5 hold: the file says that nothing helps: use the arm off/],
    ['{ hold: hold.json, layers: [1] }', /5:5 layers: cannot be combined with hold/],
    ['{ hold: clean.json, cache: held }', /5:5 cache: cannot be combined with hold/],
    ['{ hold: hold.json, policy: boost }', /5:5 policy: cannot be combined with hold/],
  ])('is refused: %s', (item, problem) => {
    expect(() => specOf(item)).toThrow(problem);
  });
});

describe('a grid', () => {
  it('has an arm for each value', () => {
    expect(namesOf('split-softmax: [0.9, 0.7]')).toEqual([
      'split-softmax, k = 0.9',
      'split-softmax, k = 0.7',
    ]);
    expect(namesOf('repeat: [2, 4]')).toEqual(['repeat every 2', 'repeat every 4']);
    expect(namesOf('reminder: [true, Keep to it.]')).toEqual(['reminder', 'reminder "Keep to it."']);
    expect(namesOf('split-softmax: { strength: [0.9, 0.7], cache: [held, clean] }')).toEqual([
      'split-softmax, k = 0.9',
      'split-softmax, k = 0.9, clean cache',
      'split-softmax, k = 0.7',
      'split-softmax, k = 0.7, clean cache',
    ]);
  });

  it('has an arm for each combination, and adds to a given name what varies', () => {
    const arms =
      '{ name: ablation, split-softmax: 0.5, heads: [top 1 by share, top 5 by share], target: [message, sink] }';
    expect(namesOf(arms)).toEqual([
      'ablation, top 1 by share',
      'ablation, top 5 by share',
      'ablation, target sink, top 1 by share',
      'ablation, target sink, top 5 by share',
    ]);
  });

  it('is limited to 1000 arms', () => {
    const list = JSON.stringify(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(problemsOf(`{ boost: ${list}, repeat: ${list} }`)).toEqual([
      '4:5 more than 1000 arms in one item',
    ]);
  });
});

describe('an invalid arm', () => {
  it.each<[string, string]>([
    ['of', `4:5 policy: "of" is not a policy. Known: ${POLICIES.join(', ')}`],
    ['boots: 2', '4:5 boots: unknown key; did you mean boost?'],
    ['{ boost: 2, haeds: all }', '4:17 haeds: unknown key; did you mean heads?'],
    ['boost', '4:5 the policy boost needs a strength or a schedule'],
    ['boost: {}', '4:5 the policy boost needs a strength or a schedule'],
    ['boost: { strength: 2, schedule: constant }', '4:5 strength and schedule: give only one of them'],
    [
      'boost: { schedule: sometimes }',
      '4:24 schedule: "sometimes" is not a schedule. Write constant, per-turn:FROM,TO,STEP, per-token:FROM,TO,RATE or target:SHARE (steps and rates from 0, a share from 0 to 1)',
    ],
    [
      'split-softmax: { schedule: "per-turn:1,2,0.1" }',
      '4:32 schedule: split-softmax takes k from 0 to 1, not 2',
    ],
    ['split-softmax: [0.5, 1.5]', '4:26 strength: split-softmax takes k from 0 to 1, not 1.5'],
    ['sustain: 0.5', `4:5 ${strengthProblem('sustain', true)}`],
    ['{ boost: 2, floor: 0.1 }', '4:17 policy: given twice in one arm'],
    ['target: sink', '4:5 target: needs a policy, and this arm has none'],
    [
      '{ boost: 2, target: sunk }',
      '4:25 target: "sunk" is not a target. Write message, content, prefix, sink, template, random:SEED or START:END (token indices, START < END), or not: before one of these',
    ],
    [
      '{ knock-out: prefix, boost: 2 }',
      '4:5 policy: cannot be combined with knock-out, which is a policy itself',
    ],
    [
      '{ boost: 2, heads: top ten }',
      '4:24 heads: "top ten" is not a choice of heads; write all, top N by share, top N by decay, bottom N by share, bottom N by decay, random N seed S, or heads by number',
    ],
    ['{ boost: 2, heads: none }', '4:24 heads: "none" is not a choice of heads; use the arm off'],
    ['{ boost: 2, heads: [[1, 2, 3]] }', '4:25 heads: expected a pair, [layer, head]'],
    ['{ boost: 2, heads: [[1, 2], [1, 2]] }', '4:24 heads: [1, 2] is listed twice'],
    ['{ boost: 2, heads: [-1] }', '4:25 heads: expected a whole number from 0 to 4095, not -1'],
    [
      '{ boost: 2, layers: 1, heads: top 2 by share }',
      '4:5 layers: can be combined only with heads by number, not with pairs or words',
    ],
    [
      '{ no-system: true, boost: 2, target: sink }',
      '4:5 policy: cannot be combined with no-system, which is a whole arm',
    ],
    ['{ no-system: true, repeat: 4 }', '4:5 repeat: cannot be combined with no-system, which is a whole arm'],
    ['no-system: false', '4:16 no-system: expected true; leave the key out to keep the system message'],
    ['no-systems', `4:5 policy: "no-systems" is not a policy. Known: ${POLICIES.join(', ')}`],
    ['no-system\n  - { name: bare, no-system: true }', '5:5 the arm "bare" is the same as "no-system"'],
    ['cache: clean', '4:5 cache: needs a policy, and this arm has none'],
    ['{ boost: 2, cache: dirty }', '4:24 cache: expected one of held, clean, not "dirty"'],
    [
      '{ no-system: true, reminder: true }',
      '4:5 reminder: cannot be combined with no-system, which is a whole arm',
    ],
    ['{ repeat: 2, reminder: true }', '4:5 repeat and reminder: give only one of them'],
    ['reminder: false', '4:15 reminder: expected text, not false'],
    ['boost: 2\n  - { boost: 2, cache: held }', '5:5 the arm "boost, M = 2" is listed twice'],
    ['repeat: 0', '4:13 repeat: expected a whole number from 1 to 1000, not 0'],
    ['guidance: 0.5', '4:15 guidance: expected a number from 1 to 100, not 0.5'],
    [
      '[off]',
      '4:5 arms: expected a mapping with name, policy, strength, schedule, target, knock-out, layers, heads, cache, silence, repeat, reminder, guidance, no-system, hold, measure, not a list',
    ],
    ['off\n  - off', '5:5 the arm "off" is listed twice'],
    ['boost: 2\n  - { name: again, boost: 2 }', '5:5 the arm "again" is the same as "boost, M = 2"'],
    ['{ name: a, boost: 2 }\n  - { name: a, boost: 3 }', '5:5 two arms are named "a": rename one'],
  ])('%s', (item, problem) => {
    expect(problemsOf(item)).toEqual([problem]);
  });
});
